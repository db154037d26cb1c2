package org.parfocal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;

/** Calls each native method, well and badly, with every kind of pixels; prints "done": for {@link CheckJniTest}. */
final class ExerciseMain {
    private ExerciseMain() {}

    public static void main(String[] arguments) throws Exception {
        Parfocal.version();
        Parfocal.abiVersion();
        Parfocal.doctor();
        Layout frame = Layout.of(20, 18);
        int count = 20 * 18;
        fails(() -> ParfocalModel.open("/none", null));
        try (ParfocalModel model =
                ParfocalModel.openMemory(Files.readAllBytes(Paths.get(Tiny.model("tiny.onnx"))), Tiny.OPTIONS)) {
            model.describe();
            model.restore(Tiny.bytes(count, 1), 20, 18);
            model.restore(Tiny.shorts(count, 1), 20, 18);
            model.restore(Tiny.floats(count, 1), 20, 18);
            model.restore(new int[] {1, 200, 77, 0x10203, 5, 6, 7, 8, 9}, 3, 3);
            ByteBuffer bytes = ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder());
            model.restore(bytes, bytes, frame);
            model.restore(bytes.asShortBuffer(), bytes.asShortBuffer(), frame);
            model.restore(bytes.asFloatBuffer(), bytes.asFloatBuffer(), frame);
            short[] wide = Tiny.shorts(3 * count, 1);
            model.restore(wide, wide, frame.strides(3, 60, 0, 0));
            short[][] stack = java.util.Arrays.copyOf(Tiny.longStack(), 100);
            try (ParfocalTask task = new ParfocalTask().onProgress((done, total, planes) -> {})) {
                model.restorePlanes(stack, Tiny.room(stack), Layout.of(Tiny.SIDE, Tiny.SIDE), "normalize=stack", task);
                task.describe();
                fails(() -> model.restorePlanes(stack, Tiny.room(stack), Layout.of(Tiny.SIDE, Tiny.SIDE), null, task));
            }
            try (ParfocalTask task = new ParfocalTask()) {
                task.cancel();
                fails(() -> model.restorePlanes(stack, Tiny.room(stack), Layout.of(Tiny.SIDE, Tiny.SIDE), null, task));
            }
            fails(() -> model.restore(PixelType.U8, new Object(), frame, null, frame, "tile=none", null));
            fails(() -> model.restorePlanes(new Object[] {wide, "text"}, new Object[] {wide, wide}, frame, null, null));
            Path output = Files.createTempFile("parfocal", ".tif");
            Files.delete(output);
            Path input = Paths.get(System.getProperty("parfocal.models")).resolve("../data/good/rgb8.tif");
            model.restoreFile(input, output, null, null);
            fails(() -> model.restoreFile(input, output, null, null));
            Files.delete(output);
            Parfocal.focusScore(
                    PixelType.U16, stack, Layout.of(Tiny.SIDE, Tiny.SIDE).planes(stack.length));
            fails(() -> Parfocal.focusScore(PixelType.F32, new float[2], frame));
            stream(model, frame, count);
        }
        System.out.println("done");
    }

    private static void stream(ParfocalModel model, Layout frame, int count) {
        try (ParfocalStream stream = ParfocalStream.open(model, PixelType.U16, frame, null)) {
            stream.submit(Tiny.shorts(count, 1), 1);
            stream.receive(new short[count], -1);
            stream.receive(new short[count], 10);
            fails(() -> stream.submit(new byte[1], 1));
            stream.describe();
        }
    }

    private static void fails(Runnable call) {
        try {
            call.run();
        } catch (ParfocalException e) {
            return;
        }
        throw new AssertionError("a bad call succeeded");
    }
}
