package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.parfocal.TestPixels.F32;
import static org.parfocal.TestPixels.U16;
import static org.parfocal.TestPixels.U8;
import static org.parfocal.TestPixels.shape;
import static org.parfocal.Tiny.assertFails;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import org.junit.jupiter.api.Test;

/** Everything that cannot be meant is refused in words, and nothing is written. */
class NativeRefusalTest extends NativeModel {
    private static final long[] TWO = shape(10, 8, 1, 2);
    private static final int AREA = 80;

    /** As src of two planes of 16 bits, and as dst unless it is only good to read. */
    private static void refused(String words, Object pixels) {
        Object good = new short[2 * AREA];
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, pixels, 0, null, good, 0, null, TWO, ""),
                "src" + words);
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, good, 0, null, pixels, 0, null, TWO, ""),
                "dst" + words);
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.focusScore(U16, pixels, 0, null, TWO, new double[2]),
                "src" + words);
    }

    @Test
    void pixelsThatAreNone() {
        refused(" is null; expected short[]", null);
        refused(
                " is java.lang.String; expected short[], a direct ShortBuffer, or Object[] with such an array for "
                        + "each plane",
                "x");
        refused(" is float[]; expected short[]", new float[2 * AREA]);
        refused(" is byte[]; expected short[]", new byte[4 * AREA]);
        refused(" is char[]; expected short[]", new char[2 * AREA]);
        refused(" is java.util.ArrayList; expected short[]", new java.util.ArrayList<Object>());
        refused(
                " is int[], which holds packed colours: 8-bit pixels of 3 channels; the pixels were given as 16-bit "
                        + "with 1 channels",
                new int[2 * AREA]);
        refused(
                " has 159 elements; shape 10x8, 1 channels, 2 planes with strides [x 1, y 10, channel 1, plane 80] "
                        + "from element 0 on takes at least 160",
                new short[2 * AREA - 1]);
        refused(" has 0 elements", new short[0]);
    }

    @Test
    void planesThatAreNone() {
        short[] plane = new short[AREA];
        refused(
                " has arrays for 1 planes, and the shape has 2 planes; expected one array for each plane",
                new Object[] {plane});
        refused(" has arrays for 3 planes", new short[3][AREA]);
        refused(" has arrays for 0 planes", new Object[0]);
        refused(" plane 0 is null; expected short[]", new Object[] {null, plane});
        refused(" plane 1 is null; expected short[]", new short[][] {plane, null});
        refused(" plane 1 is float[]; expected short[] for 16-bit pixels", new Object[] {plane, new float[AREA]});
        refused(" plane 1 is short[][]; expected short[]", new Object[] {plane, new short[1][AREA]});
        refused(" plane 1 is java.lang.Integer; expected short[]", new Object[] {plane, 5});
        refused(" is Object[] of int[], which holds packed colours", new Object[] {new int[AREA], new int[AREA]});
        refused(" plane 1 has 79 elements", new Object[] {plane, new short[AREA - 1]});
        // Colours and bytes do not mix.
        Object mixed = new Object[] {new int[AREA], new byte[3 * AREA]};
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> TestPixels.restore(model, U8, mixed, new byte[6 * AREA], shape(10, 8, 3, 2)),
                "src plane 1 is byte[]; expected int[] for 8-bit pixels");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> TestPixels.restore(model, U8, new int[2 * AREA], new byte[2 * AREA], TWO),
                "src is int[], which holds packed colours: 8-bit pixels of 3 channels; the "
                        + "pixels were given as 8-bit with 1 channels: expected byte[]");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> TestPixels.restore(model, U8, new Object(), new byte[2 * AREA], TWO),
                "src is java.lang.Object; expected byte[], int[] of packed colours, a direct "
                        + "ByteBuffer, or Object[]");
    }

    @Test
    void buffersThatCannotBeUsed() {
        ByteBuffer memory = ByteBuffer.allocateDirect(4 * AREA);
        ByteOrder other =
                ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        refused(" is a ShortBuffer on the heap; expected a direct one, or its array()", ShortBuffer.allocate(2 * AREA));
        refused(
                " is a ShortBuffer of the other byte order; expected ByteOrder.nativeOrder()",
                memory.order(other).asShortBuffer());
        ShortBuffer good = memory.order(ByteOrder.nativeOrder()).asShortBuffer();
        refused(" is java.nio.Direct", memory);
        refused(" is java.nio.Direct", memory.asCharBuffer());
        refused(
                ": shape 10x8, 1 channels, 2 planes with strides [x 1, y 10, channel 1, plane 80] reaches sample 159, "
                        + "but there are only 159 samples",
                ((ByteBuffer) memory.limit(4 * AREA - 2))
                        .slice()
                        .order(ByteOrder.nativeOrder())
                        .asShortBuffer());
        refused(
                ": shape 10x8, 1 channels, 2 planes with strides [x 1, y 10, channel 1, plane 80] reaches sample 159, "
                        + "but there are only 0 samples",
                ByteBuffer.allocateDirect(0).order(ByteOrder.nativeOrder()).asShortBuffer());
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> TestPixels.restore(model, U16, new short[2 * AREA], good.asReadOnlyBuffer(), TWO),
                "dst is a ShortBuffer that is read-only; expected one that can be written");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, good, 0, null, good, 1, null, shape(10, 8, 1, 1), ""),
                "src and dst overlap: bytes 0 to 160 of src, and dst begins at byte 2");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, good, 161, null, good, 0, null, TWO, ""),
                "src offset = 161; the ShortBuffer has 160 elements");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, good, -1, null, good, 0, null, TWO, ""),
                "src offset = -1; expected the element of the first pixel, 0 or more");
    }

    @Test
    void placesThatCannotBe() {
        short[] src = new short[2 * AREA];
        short[] dst = new short[2 * AREA];
        String[] words = {
            "offset = -1; expected the element of the first pixel, 0 or more",
            "from element 1 on takes at least 161",
            "from element 9223372036854775807 on takes at least"
        };
        long[] offsets = {-1, 1, Long.MAX_VALUE};
        for (int i = 0; i < offsets.length; i++) {
            long offset = offsets[i];
            assertFails(
                    Status.INVALID_ARGUMENT,
                    () -> Native.restore(model, 0, U16, src, offset, null, dst, 0, null, TWO, ""),
                    words[i]);
            assertFails(
                    Status.INVALID_ARGUMENT,
                    () -> Native.restore(model, 0, U16, src, 0, null, dst, offset, null, TWO, ""),
                    words[i]);
        }
        long[] back = {1, -10, 0, 80};
        long[] shared = {1, 5, 0, 80};
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, src, 0, back, dst, 0, null, TWO, ""),
                "src: strides [x 1, y -10, channel 0, plane 80]: expected none below 0");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, src, 0, null, dst, 0, shared, TWO, ""),
                "dst: strides [x 1, y 5, channel 0, plane 80]");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, src, 0, new long[3], dst, 0, null, TWO, ""),
                "src strides has 3 numbers; expected 4: x, y, channel, plane");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(
                        model, 0, U16, src, 0, new long[] {Long.MAX_VALUE, 1, 1, 1}, dst, 0, null, TWO, ""),
                "they overflow");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, src, 0, null, dst, 0, null, null, ""),
                "shape is null; expected long[4]");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, src, 0, null, dst, 0, null, new long[] {10, 8}, ""),
                "shape has 2 numbers; expected 4: width, height, channels, planes");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, src, 0, null, dst, 0, null, shape(10, -8, 1, 1), ""),
                "expected width, height, channels and planes of at least 1");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, src, 0, null, dst, 0, null, shape(10, 8, 1, 0), ""),
                "expected width, height, channels and planes of at least 1");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, 4, src, 0, null, dst, 0, null, TWO, ""),
                "pixel_type = 4");
    }

    @Test
    void overlapThatIsNotInPlace() {
        short[] a = new short[2 * AREA];
        short[] b = new short[2 * AREA];
        long[] one = shape(10, 8, 1, 1);
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, a, 0, null, a, 79, null, one, ""),
                "dst is the array of src, and they overlap: elements 0 to 79 of src, 79 to 158 " + "of dst; expected");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, 0, U16, a, 0, null, a, 0, new long[] {2, 20, 0, 0}, one, ""),
                "dst is the array of src, and they overlap");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> TestPixels.restore(model, U16, a, new Object[] {b, b}, TWO),
                "dst plane 0 and dst plane 1 are the same array");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> TestPixels.restore(model, U16, new Object[] {a, new short[AREA]}, new Object[] {b, a}, TWO),
                "dst plane 1 is the array of src plane 0, and they overlap");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> TestPixels.restore(model, U16, a, new Object[] {b, a}, TWO),
                "dst plane 1 is the array of src, and they overlap");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> TestPixels.restore(model, U16, new Object[] {b, a}, a, TWO),
                "dst is the array of src plane 1, and they overlap");
        assertArrayEquals(new short[2 * AREA], a);
    }

    @Test
    void handlesOptionsAndTexts() {
        short[] pixels = new short[AREA];
        long[] one = shape(10, 8, 1, 1);
        for (long handle : new long[] {0, 7, -1, Long.MIN_VALUE}) {
            assertFails(Status.INVALID_HANDLE, () -> TestPixels.restore(handle, U16, pixels, pixels, one), "model");
            assertFails(Status.INVALID_HANDLE, () -> Native.modelDescribe(handle), "model");
            assertFails(Status.INVALID_HANDLE, () -> Native.modelClose(handle), "model");
            assertFails(Status.INVALID_HANDLE, () -> Native.restoreFile(handle, 0, "a", "b", ""), "model");
            assertFails(Status.INVALID_HANDLE, () -> Native.taskProgress(handle, new long[3]), "task");
            assertFails(Status.INVALID_HANDLE, () -> Native.taskCancel(handle), "task");
            assertFails(Status.INVALID_HANDLE, () -> Native.taskClose(handle), "task");
            assertFails(Status.INVALID_HANDLE, () -> Native.taskDescribe(handle), "task");
        }
        assertFails(Status.INVALID_HANDLE, () -> Native.taskCancel(model), "a model");
        assertFails(
                Status.INVALID_HANDLE,
                () -> Native.restore(model, model, U16, pixels, 0, null, pixels, 0, null, one, ""),
                "a model");
        assertFails(
                Status.BAD_OPTION,
                () -> Native.restore(model, 0, U16, pixels, 0, null, pixels, 0, null, one, "tiles=4"),
                "tiles");
        assertFails(Status.BAD_OPTION, () -> Native.modelOpen("", "threads=0"), "threads");
        assertFails(Status.BAD_OPTION, () -> Native.modelOpen("", "device=\ud800"), "options '");
        assertFails(Status.BAD_OPTION, () -> Native.modelOpen("", "device=cpu\u0000"));
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.modelOpen("a\u0000b", ""),
                "path 'a\\0b' has a NUL character, which no file name can have");
        assertFails(Status.INVALID_ARGUMENT, () -> Native.modelOpen("a\udc00b", ""), "has half of a surrogate pair");
        assertFails(Status.NOT_FOUND, () -> Native.modelOpen("/nowhere/model.onnx", null), "no such file");
        assertFails(Status.MODEL, () -> Native.modelOpenMemory(new byte[9], ""));
        assertFails(Status.INVALID_ARGUMENT, () -> Native.modelOpenMemory(null, ""), "onnx is null");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restoreFile(model, 0, null, "b", ""),
                "input is empty; expected the path of a file");
        assertFails(Status.INVALID_ARGUMENT, () -> Native.restoreFile(model, 0, "a", "", ""), "output is empty");
        assertFails(
                Status.NOT_FOUND,
                () -> Native.restoreFile(model, 0, "/nowhere/a.tif", "/nowhere/b.tif", ""),
                "nowhere");
    }

    @Test
    void roomForResults() {
        long task = Native.taskCreate();
        assertFails(
                Status.INVALID_ARGUMENT, () -> Native.taskProgress(task, null), "progress is null; expected long[3]");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.taskProgress(task, new long[2]),
                "progress has room for 2 numbers; expected 3");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.focusScore(F32, new float[AREA], 0, null, shape(10, 8, 1, 1), null),
                "scores is null");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.focusScore(F32, new float[2 * AREA], 0, null, TWO, new double[1]),
                "scores has room for 1 numbers; expected one for each of 2 planes");
        // A refused call does not use a task up; a run does, and a second one is refused.
        short[] pixels = TestPixels.shorts(AREA, 1);
        long[] one = shape(10, 8, 1, 1);
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, task, U16, null, 0, null, pixels, 0, null, one, ""),
                "src is null");
        Native.restore(model, task, U16, pixels, 0, null, pixels, 0, null, one, "");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> Native.restore(model, task, U16, pixels, 0, null, pixels, 0, null, one, ""),
                "create a task for each run");
        Native.taskClose(task);
        assertFails(Status.INVALID_HANDLE, () -> Native.taskClose(task), "closed");
    }
}
