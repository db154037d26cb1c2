package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.parfocal.Tiny.assertFails;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same pixels give the same bytes, however they lie in Java's memory. */
class RestoreTest extends TinyModel {
    private static final int WIDTH = 37;
    private static final int HEIGHT = 29;
    private static final int COUNT = WIDTH * HEIGHT;
    private static final int PLANES = 3;
    private static final Layout FRAME = Layout.of(WIDTH, HEIGHT);

    @TempDir
    Path temporary;

    @Test
    void theNetworkChangesTheFrame() {
        short[] frame = Tiny.shorts(COUNT, 1);
        assertFalse(Arrays.equals(frame, model.restore(frame, WIDTH, HEIGHT)));
    }

    @Test
    void numbersAreThoseOfTheNetwork() {
        // foreign.onnx halves what it sees: lo + (x - lo) / 2, where lo is the percentile 0.1 of the frame.
        float[] frame = Tiny.floats(COUNT, 5);
        float[] sorted = frame.clone();
        Arrays.sort(sorted);
        double rank = 0.001 * (COUNT - 1);
        double low = sorted[(int) rank] + (rank - (int) rank) * (sorted[(int) rank + 1] - sorted[(int) rank]);
        try (ParfocalModel halves = ParfocalModel.open(Tiny.model("foreign.onnx"), Tiny.OPTIONS)) {
            float[] restored = halves.restore(frame, WIDTH, HEIGHT);
            for (int i = 0; i < COUNT; i++) {
                assertEquals(low + (frame[i] - low) / 2, restored[i], 1e-4);
            }
        }
    }

    @Test
    void anArrayThatIsThereGetsWhatANewOneWould() {
        byte[] bytes = Tiny.bytes(COUNT, 1);
        byte[] byteRoom = new byte[COUNT];
        model.restore(bytes, byteRoom, FRAME);
        assertArrayEquals(model.restore(bytes, WIDTH, HEIGHT), byteRoom);
        short[] shorts = Tiny.shorts(COUNT, 1);
        short[] shortRoom = new short[COUNT];
        model.restore(shorts, shortRoom, FRAME);
        assertArrayEquals(model.restore(shorts, WIDTH, HEIGHT), shortRoom);
        float[] floats = Tiny.floats(COUNT, 1);
        float[] floatRoom = new float[COUNT];
        model.restore(floats, floatRoom, FRAME);
        assertArrayEquals(model.restore(floats, WIDTH, HEIGHT), floatRoom);
    }

    @Test
    void inPlaceIsTheSame() {
        short[] frame = Tiny.shorts(COUNT, 2);
        short[] expected = model.restore(frame, WIDTH, HEIGHT);
        model.restore(frame, frame, FRAME);
        assertArrayEquals(expected, frame);
    }

    @Test
    void directBuffersAreTheSame() {
        byte[] bytes = Tiny.bytes(COUNT, 2);
        ByteBuffer byteRoom = ByteBuffer.allocateDirect(COUNT);
        ByteBuffer source = ByteBuffer.allocateDirect(COUNT);
        // The position stays at the end: only the layout counts.
        source.put(bytes);
        model.restore(source, byteRoom, FRAME);
        byte[] gotBytes = new byte[COUNT];
        byteRoom.get(gotBytes);
        assertArrayEquals(model.restore(bytes, WIDTH, HEIGHT), gotBytes);

        short[] shorts = Tiny.shorts(COUNT, 2);
        ShortBuffer shortBuffer = room(2).asShortBuffer();
        shortBuffer.put(shorts);
        model.restore(shortBuffer, shortBuffer, FRAME);
        short[] gotShorts = new short[COUNT];
        ((ShortBuffer) shortBuffer.position(0)).get(gotShorts);
        assertArrayEquals(model.restore(shorts, WIDTH, HEIGHT), gotShorts);

        float[] floats = Tiny.floats(COUNT, 2);
        FloatBuffer floatBuffer = room(4).asFloatBuffer();
        floatBuffer.put(floats);
        model.restore(floatBuffer, floatBuffer, FRAME);
        float[] gotFloats = new float[COUNT];
        ((FloatBuffer) floatBuffer.position(0)).get(gotFloats);
        assertArrayEquals(model.restore(floats, WIDTH, HEIGHT), gotFloats);
    }

    private static ByteBuffer room(int size) {
        return ByteBuffer.allocateDirect(COUNT * size).order(ByteOrder.nativeOrder());
    }

    @Test
    void anArrayAndABufferMayBeMixed() {
        short[] frame = Tiny.shorts(COUNT, 9);
        ShortBuffer buffer = room(2).asShortBuffer();
        buffer.put(frame);
        short[] restored = new short[COUNT];
        model.restore(PixelType.U16, buffer, FRAME, restored, FRAME, null, null);
        assertArrayEquals(model.restore(frame, WIDTH, HEIGHT), restored);
    }

    @Test
    void aRectangleOfALargerFrameIsRestoredAloneAndTheRestStays() {
        int largeWidth = 64;
        int largeHeight = 50;
        short[] large = Tiny.shorts(largeWidth * largeHeight, 3);
        short[] cut = new short[COUNT];
        int x0 = 11;
        int y0 = 7;
        for (int y = 0; y < HEIGHT; y++) {
            System.arraycopy(large, (y0 + y) * largeWidth + x0, cut, y * WIDTH, WIDTH);
        }
        short[] expected = model.restore(cut, WIDTH, HEIGHT);
        Layout inside = FRAME.offset(y0 * largeWidth + x0).strides(1, largeWidth, 0, 0);
        // Out of the large frame into a small one, and in place.
        short[] small = new short[COUNT];
        model.restore(PixelType.U16, large, inside, small, FRAME, null, null);
        assertArrayEquals(expected, small);
        short[] whole = large.clone();
        model.restore(whole, whole, inside);
        for (int y = 0; y < largeHeight; y++) {
            for (int x = 0; x < largeWidth; x++) {
                boolean in = x >= x0 && x < x0 + WIDTH && y >= y0 && y < y0 + HEIGHT;
                short should = in ? expected[(y - y0) * WIDTH + x - x0] : large[y * largeWidth + x];
                assertEquals(should, whole[y * largeWidth + x]);
            }
        }
    }

    @Test
    void stacksAreTheSameInOneArrayAndInMany() {
        short[] packed = new short[COUNT * PLANES];
        short[][] each = new short[PLANES][];
        for (int plane = 0; plane < PLANES; plane++) {
            each[plane] = Tiny.shorts(COUNT, plane);
            System.arraycopy(each[plane], 0, packed, plane * COUNT, COUNT);
        }
        short[] expected = new short[COUNT * PLANES];
        model.restore(packed, expected, FRAME.planes(PLANES));
        for (int plane = 0; plane < PLANES; plane++) {
            assertArrayEquals(
                    model.restore(each[plane], WIDTH, HEIGHT),
                    Arrays.copyOfRange(expected, plane * COUNT, (plane + 1) * COUNT));
        }
        short[][] room = Tiny.room(each);
        model.restorePlanes(each, room, FRAME, null, null);
        Object[] objects = each.clone();
        model.restorePlanes(objects, objects, FRAME, "", null);
        for (int plane = 0; plane < PLANES; plane++) {
            short[] should = Arrays.copyOfRange(expected, plane * COUNT, (plane + 1) * COUNT);
            assertArrayEquals(should, room[plane]);
            assertArrayEquals(should, each[plane], "in place");
        }
    }

    @Test
    void stacksOfBytesAndFloatsToo() {
        byte[][] bytes = {Tiny.bytes(COUNT, 1), Tiny.bytes(COUNT, 2)};
        byte[][] byteRoom = new byte[2][COUNT];
        model.restorePlanes(bytes, byteRoom, FRAME, null, null);
        assertArrayEquals(model.restore(bytes[1], WIDTH, HEIGHT), byteRoom[1]);
        float[][] floats = {Tiny.floats(COUNT, 1), Tiny.floats(COUNT, 2)};
        float[][] floatRoom = new float[2][COUNT];
        model.restorePlanes(floats, floatRoom, FRAME, null, null);
        assertArrayEquals(model.restore(floats[1], WIDTH, HEIGHT), floatRoom[1]);
    }

    @Test
    void normalisingTheStackReachesAllItsArrays() {
        short[][] each = {Tiny.shorts(COUNT, 1), new short[COUNT]};
        for (int i = 0; i < COUNT; i++) {
            each[1][i] = (short) ((each[0][i] & 0xffff) / 2);
        }
        short[] packed = new short[2 * COUNT];
        System.arraycopy(each[0], 0, packed, 0, COUNT);
        System.arraycopy(each[1], 0, packed, COUNT, COUNT);
        short[][] room = Tiny.room(each);
        model.restorePlanes(each, room, FRAME, "normalize=stack", null);
        Layout stack = FRAME.planes(2);
        model.restore(PixelType.U16, packed, stack, packed, stack, "normalize=stack", null);
        assertArrayEquals(Arrays.copyOf(packed, COUNT), room[0]);
        assertFalse(Arrays.equals(model.restore(each[0], WIDTH, HEIGHT), room[0]), "each for itself is another result");
    }

    @Test
    void coloursAreTheSamePackedInterleavedAndApart() {
        byte[] interleaved = Tiny.bytes(COUNT * 3, 4);
        byte[] apart = new byte[COUNT * 3];
        int[] packed = new int[COUNT];
        for (int i = 0; i < COUNT; i++) {
            int red = interleaved[3 * i] & 0xff;
            int green = interleaved[3 * i + 1] & 0xff;
            int blue = interleaved[3 * i + 2] & 0xff;
            apart[i] = (byte) red;
            apart[COUNT + i] = (byte) green;
            apart[2 * COUNT + i] = (byte) blue;
            packed[i] = i << 24 | red << 16 | green << 8 | blue;
        }
        byte[] expected = new byte[COUNT * 3];
        model.restore(interleaved, expected, FRAME.channels(3));
        byte[] apartRoom = new byte[COUNT * 3];
        model.restore(apart, apartRoom, FRAME.channels(3).strides(1, WIDTH, COUNT, 0));
        int[] colours = model.restore(packed, WIDTH, HEIGHT);
        int[] room = new int[COUNT];
        Arrays.fill(room, 0x55000000);
        model.restore(packed, room, FRAME.channels(3));
        for (int i = 0; i < COUNT; i++) {
            int colour =
                    (expected[3 * i] & 0xff) << 16 | (expected[3 * i + 1] & 0xff) << 8 | expected[3 * i + 2] & 0xff;
            assertEquals(i << 24 | colour, colours[i], "alpha is that of the input");
            assertEquals(0x55000000 | colour, room[i], "alpha stays as it was");
            assertEquals(expected[3 * i + 1], apartRoom[COUNT + i]);
        }
        int[][] stack = {packed};
        model.restorePlanes(stack, stack, FRAME.channels(3), null, null);
        assertArrayEquals(colours, packed);
    }

    @Test
    void pixelsThatAreNoNumbersComeBack() {
        float[] frame = Tiny.floats(COUNT, 6);
        frame[17] = Float.NaN;
        frame[18] = Float.POSITIVE_INFINITY;
        try (ParfocalTask task = new ParfocalTask()) {
            float[] restored = new float[COUNT];
            model.restore(PixelType.F32, frame, FRAME, restored, FRAME, null, task);
            assertTrue(Float.isNaN(restored[17]));
            assertEquals(Float.POSITIVE_INFINITY, restored[18]);
            assertTrue(task.describe().contains("\"nonfinite\":2"), task.describe());
        }
    }

    @Test
    void filesAreRestoredWholeAndNeverReplaced() throws IOException {
        Path input = Paths.get(System.getProperty("parfocal.models"))
                .resolve("../data/good/u16.tif")
                .normalize();
        Path output = temporary.resolve("résultat.tif");
        try (ParfocalTask task = new ParfocalTask()) {
            model.restoreFile(input, output, "normalize=frame", task);
            assertEquals(1, task.planesDone());
            assertEquals(task.total(), task.done());
        }
        assertTrue(Files.size(output) > 100);
        assertFails(Status.EXISTS, () -> model.restoreFile(input, output, null, null), "résultat.tif");
        assertFails(
                Status.NOT_FOUND,
                () -> model.restoreFile(temporary.resolve("none.tif"), temporary.resolve("x.tif"), null, null),
                "none.tif");
        Path text = Files.write(temporary.resolve("text.tif"), new byte[100]);
        assertFails(Status.FORMAT, () -> model.restoreFile(text, temporary.resolve("x.tif"), null, null), "text.tif");
        assertFails(Status.INVALID_ARGUMENT, () -> model.restoreFile(null, output, null, null), "input is null");
        assertFails(
                Status.BAD_OPTION,
                () -> model.restoreFile(input, temporary.resolve("x.tif"), "device=cpu", null),
                "device");
        assertFails(
                Status.BAD_OPTION,
                () -> model.restoreFile(input, temporary.resolve("x.tif"), "pyramid=keep", null),
                "pyramid=keep: expected rebuild, drop");
        Path ome = temporary.resolve("ome.tif");
        model.restoreFile(input, ome, "format=ome-tiff pyramid=drop", null);
        assertTrue(new String(Files.readAllBytes(ome), StandardCharsets.ISO_8859_1).contains("<OME "));
    }
}
