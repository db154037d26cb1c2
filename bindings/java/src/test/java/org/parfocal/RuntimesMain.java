package org.parfocal;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Collections;

/**
 * Parfocal and another program's ONNX Runtime in one process, each before and after the other: for
 * {@link TwoRuntimesTest}.
 */
final class RuntimesMain {
    /** Multiples of 16: nothing is padded. */
    private static final int WIDTH = 96;

    private static final int HEIGHT = 80;

    private RuntimesMain() {}

    public static void main(String[] arguments) throws OrtException {
        float[] frame = Tiny.floats(WIDTH * HEIGHT, 11);
        float[] ours;
        float[] theirs;
        if (arguments[0].equals("parfocal")) {
            ours = parfocal(frame);
            theirs = other(frame);
        } else {
            theirs = other(frame);
            ours = parfocal(frame);
        }
        if (!Arrays.equals(ours, parfocal(frame)) || !Arrays.equals(theirs, other(frame))) {
            System.out.println("a second run gave other numbers");
        }
        float[] sorted = frame.clone();
        Arrays.sort(sorted);
        double range = sorted[sorted.length - 1] - sorted[0];
        double largest = 0;
        double change = 0;
        for (int i = 0; i < ours.length; i++) {
            largest = Math.max(largest, Math.abs(ours[i] - theirs[i]) / range);
            change = Math.max(change, Math.abs(ours[i] - frame[i]) / range);
        }
        try (ParfocalModel model = Tiny.open()) {
            String version = model.describe().replaceAll(".*\"runtime_version\":\"([^\"]*)\".*", "$1");
            System.out.println((largest < 1e-4 ? "equal" : "differ by " + largest)
                    + (change > 0.01 ? "" : ", and nothing was done") + "; " + version + " and "
                    + OrtEnvironment.getEnvironment().getVersion());
        }
    }

    private static float[] parfocal(float[] frame) {
        try (ParfocalModel model = Tiny.open()) {
            return model.restore(frame, WIDTH, HEIGHT);
        }
    }

    /** The network by the other runtime, with the arithmetic around it of docs/decisions/numbers.md. */
    private static float[] other(float[] frame) throws OrtException {
        double low = percentile(frame, 0.001);
        double high = percentile(frame, 0.999);
        float[] image = new float[frame.length];
        for (int i = 0; i < image.length; i++) {
            image[i] = (float) ((frame[i] - low) / (high - low));
        }
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(Tiny.model("tiny.onnx"), new OrtSession.SessionOptions());
                OnnxTensor tensor = OnnxTensor.createTensor(
                        environment, FloatBuffer.wrap(image), new long[] {1, 1, HEIGHT, WIDTH});
                OrtSession.Result result = session.run(Collections.singletonMap("image", tensor))) {
            float[] restored = new float[frame.length];
            ((OnnxTensor) result.get(0)).getFloatBuffer().get(restored);
            for (int i = 0; i < restored.length; i++) {
                restored[i] = (float) (restored[i] * (high - low) + low);
            }
            return restored;
        }
    }

    private static double percentile(float[] frame, double share) {
        float[] sorted = frame.clone();
        Arrays.sort(sorted);
        double rank = share * (sorted.length - 1);
        int below = (int) rank;
        return sorted[below] + (rank - below) * (sorted[below + 1] - sorted[below]);
    }
}
