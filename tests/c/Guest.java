import org.parfocal.ParfocalException;
import org.parfocal.ParfocalModel;
import org.parfocal.Status;

/**
 * A JVM with the library in it: MODEL live SECONDS opens, restores and lives on; MODEL leave MICROSECONDS ends while
 * threads restore.
 */
final class Guest {
    private static final int SIDE = 256;

    private Guest() {}

    private static void restore(ParfocalModel model) {
        short[] pixels = new short[SIDE * SIDE];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (short) (400 + i * 7 % 901);
        }
        model.restore(pixels, SIDE, SIDE);
    }

    public static void main(String[] arguments) throws InterruptedException {
        String path = arguments[0];
        int number = Integer.parseInt(arguments[2]);
        if (arguments[1].equals("live")) {
            try (ParfocalModel model = ParfocalModel.open(path, "device=cpu threads=2")) {
                restore(model);
                Thread.sleep(number * 1000L);
            }
            return;
        }
        for (int i = 0; i < 2; i++) {
            Thread thread = new Thread(() -> {
                try (ParfocalModel model = ParfocalModel.open(path, "device=cpu threads=2")) {
                    while (true) {
                        restore(model);
                    }
                } catch (ParfocalException e) {
                    // Nothing else may end a run than the end of the JVM.
                    if (e.status() != Status.CLOSED) {
                        System.err.println(e.status() + " " + e.getMessage());
                    }
                }
            });
            thread.setDaemon(true);
            thread.start();
        }
        Thread.sleep(number / 1000);
        System.exit(7);
    }
}
