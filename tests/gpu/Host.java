import org.parfocal.ParfocalException;
import org.parfocal.ParfocalModel;
import org.parfocal.Status;

/** Restores a frame on WebGPU in software and on the CPU: Host MODEL. */
final class Host {
    private static final int SIDE = 32;

    private Host() {}

    public static void main(String[] arguments) {
        float[] frame = new float[SIDE * SIDE];
        for (int i = 0; i < frame.length; i++) {
            frame[i] = (float) (100 + 50 * Math.sin(0.3 * (i % SIDE)) + i / SIDE);
        }
        float[] cpu = restored(arguments[0], "device=cpu", "\"device\":\"cpu\"", frame);
        String options = "device=webgpu software_adapter=on";
        float[] gpu = restored(arguments[0], options, "\"device\":\"webgpu:0\"", frame);
        float least = Float.MAX_VALUE;
        float most = -Float.MAX_VALUE;
        float worst = 0;
        for (int i = 0; i < frame.length; i++) {
            least = Math.min(least, cpu[i]);
            most = Math.max(most, cpu[i]);
            worst = Math.max(worst, Math.abs(cpu[i] - gpu[i]));
        }
        check(worst <= 1e-4 * (most - least), "WebGPU differs by " + worst + " of " + (most - least));
        try (ParfocalModel model = ParfocalModel.open(arguments[0], "device=webgpu")) {
            check(false, "a program on the processor was chosen unasked: " + model.describe());
        } catch (ParfocalException e) {
            check(e.status() == Status.DEVICE && e.getMessage().contains("software_adapter=on"), e.toString());
        }
    }

    private static float[] restored(String path, String options, String device, float[] frame) {
        try (ParfocalModel model = ParfocalModel.open(path, options)) {
            String described = model.describe();
            check(described.contains(device), options + ": no " + device + " in " + described);
            return model.restore(frame, SIDE, SIDE);
        }
    }

    private static void check(boolean right, String otherwise) {
        if (!right) {
            throw new AssertionError(otherwise);
        }
    }
}
