package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.parfocal.TestPixels.F32;
import static org.parfocal.TestPixels.U16;
import static org.parfocal.TestPixels.U8;
import static org.parfocal.TestPixels.shape;

import java.awt.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pixels in every place where Java may keep them are restored alike, and nothing else is touched. */
class NativeLayoutTest extends NativeModel {
    private static final int WIDTH = 40;
    private static final int HEIGHT = 32;
    private static final int AREA = WIDTH * HEIGHT;
    private static final short MARK = 12345;

    @Test
    void arraysGiveWhatFilesGive(@TempDir Path folder) throws IOException {
        for (String name : new String[] {"u8", "u16", "f32", "rgb8", "nan", "17x23", "1x1", "1xN", "constant"}) {
            Path input = TestPixels.file("tests/data/good/" + name + ".tif");
            Path output = folder.resolve(name + ".tif");
            Native.restoreFile(model, 0, input.toString(), output.toString(), "");
            Raster before = ImageIO.read(input.toFile()).getRaster();
            Raster after = ImageIO.read(output.toFile()).getRaster();
            int channels = before.getNumBands();
            long[] shape = shape(before.getWidth(), before.getHeight(), channels, 1);
            float[] expected = samples(after);
            float[] src = samples(before);
            float[] found = new float[src.length];
            int bits = before.getSampleModel().getSampleSize(0);
            if (bits == 8) {
                byte[] pixels = new byte[src.length];
                for (int i = 0; i < src.length; i++) {
                    pixels[i] = (byte) src[i];
                }
                TestPixels.restore(model, U8, pixels, pixels, shape);
                for (int i = 0; i < src.length; i++) {
                    found[i] = pixels[i] & 0xff;
                }
            } else if (bits == 16) {
                short[] pixels = new short[src.length];
                for (int i = 0; i < src.length; i++) {
                    pixels[i] = (short) (int) src[i];
                }
                TestPixels.restore(model, U16, pixels, pixels, shape);
                for (int i = 0; i < src.length; i++) {
                    found[i] = pixels[i] & 0xffff;
                }
            } else {
                assertEquals(32, bits, name);
                TestPixels.restore(model, F32, src, found, shape);
            }
            assertArrayEquals(expected, found, name);
        }
    }

    private static float[] samples(Raster raster) {
        return raster.getPixels(0, 0, raster.getWidth(), raster.getHeight(), (float[]) null);
    }

    @Test
    void anyOffsetAndStrides() {
        short[] packed = TestPixels.shorts(AREA, 1);
        short[] expected = TestPixels.restored(model, packed, shape(WIDTH, HEIGHT, 1, 1));
        assertFalse(Arrays.equals(packed, expected));
        // Rows with a gap, every third element, columns: near ones are copied with what lies between, far ones one by
        // one.
        long[][] all = {
            {1, WIDTH + 5, 0, 0},
            {3, 3 * WIDTH, 0, 0},
            {HEIGHT, 1, 0, 0},
            {2 * HEIGHT + 3, 2, 0, 0},
            {64, 1, 0, 0},
            {65, 2, 0, 0}
        };
        for (long[] strides : all) {
            for (int offset : new int[] {0, 7}) {
                int length = offset + 5 + (int) ((WIDTH - 1) * strides[0] + (HEIGHT - 1) * strides[1]);
                short[] src = new short[length];
                Arrays.fill(src, MARK);
                short[] both = src.clone();
                short[] wanted = src.clone();
                for (int i = 0; i < AREA; i++) {
                    int at = offset + (int) (i % WIDTH * strides[0] + i / WIDTH * strides[1]);
                    src[at] = packed[i];
                    wanted[at] = expected[i];
                }
                short[] unchanged = src.clone();
                long[] shape = shape(WIDTH, HEIGHT, 1, 1);
                Native.restore(model, 0, U16, src, offset, strides, both, offset, strides, shape, "");
                assertArrayEquals(wanted, both, "strides " + Arrays.toString(strides));
                assertArrayEquals(unchanged, src);
                Native.restore(model, 0, U16, src, offset, strides, src, offset, strides, shape, "");
                assertArrayEquals(wanted, src, "in place, strides " + Arrays.toString(strides));
            }
        }
    }

    @Test
    void oneSampleMayStandForARow() {
        short[] rows = TestPixels.shorts(HEIGHT, 2);
        short[] wide = new short[AREA];
        for (int i = 0; i < AREA; i++) {
            wide[i] = rows[i / WIDTH];
        }
        short[] expected = TestPixels.restored(model, wide, shape(WIDTH, HEIGHT, 1, 1));
        short[] found = new short[AREA];
        Native.restore(model, 0, U16, rows, 0, new long[] {0, 1, 0, 0}, found, 0, null, shape(WIDTH, HEIGHT, 1, 1), "");
        assertArrayEquals(expected, found);
    }

    @Test
    void twoHalvesOfOneArrayAreSeparate() {
        short[] both = Arrays.copyOf(TestPixels.shorts(AREA, 3), 2 * AREA);
        short[] expected = TestPixels.restored(model, Arrays.copyOf(both, AREA), shape(WIDTH, HEIGHT, 1, 1));
        Native.restore(model, 0, U16, both, 0, null, both, AREA, null, shape(WIDTH, HEIGHT, 1, 1), null);
        assertArrayEquals(expected, Arrays.copyOfRange(both, AREA, 2 * AREA));
        assertArrayEquals(TestPixels.shorts(AREA, 3), Arrays.copyOf(both, AREA));
    }

    @Test
    void anArrayForEachPlane() {
        int planes = 3;
        short[] whole = TestPixels.shorts(planes * AREA, 4);
        short[] expected = TestPixels.restored(model, whole, shape(WIDTH, HEIGHT, 1, planes));
        Object[] src = new Object[planes];
        Object[] dst = new short[planes][];
        for (int plane = 0; plane < planes; plane++) {
            src[plane] = Arrays.copyOfRange(whole, plane * AREA, (plane + 1) * AREA);
            dst[plane] = new short[AREA + plane];
        }
        TestPixels.restore(model, U16, src, dst, shape(WIDTH, HEIGHT, 1, planes));
        assertPlanes(expected, dst);
        TestPixels.restore(model, U16, src, src, shape(WIDTH, HEIGHT, 1, planes));
        assertPlanes(expected, src);
        // The same source twice, one array into planes, planes into one array, the same array as one and as the only
        // plane.
        Object[] same = {whole, whole};
        Object[] two = {new short[AREA], new short[AREA]};
        TestPixels.restore(model, U16, same, two, shape(WIDTH, HEIGHT, 1, 2));
        assertArrayEquals((short[]) two[0], (short[]) two[1]);
        TestPixels.restore(model, U16, whole, dst, shape(WIDTH, HEIGHT, 1, planes));
        assertPlanes(expected, dst);
        Object[] one = {Arrays.copyOf(whole, AREA)};
        TestPixels.restore(model, U16, one, one[0], shape(WIDTH, HEIGHT, 1, 1));
        assertPlanes(expected, one);
    }

    private static void assertPlanes(short[] expected, Object[] planes) {
        for (int plane = 0; plane < planes.length; plane++) {
            short[] wanted = Arrays.copyOfRange(expected, plane * AREA, (plane + 1) * AREA);
            assertArrayEquals(wanted, Arrays.copyOf((short[]) planes[plane], AREA), "plane " + plane);
        }
    }

    @Test
    void coloursInEveryOrder() {
        byte[] interleaved = TestPixels.bytes(3 * AREA, 5);
        byte[] expected = new byte[3 * AREA];
        long[] shape = shape(WIDTH, HEIGHT, 3, 1);
        TestPixels.restore(model, U8, interleaved, expected, shape);
        assertFalse(Arrays.equals(interleaved, expected));
        int[] packed = new int[AREA];
        byte[] planar = new byte[3 * AREA];
        for (int i = 0; i < AREA; i++) {
            packed[i] = i << 24;
            for (int channel = 0; channel < 3; channel++) {
                packed[i] |= (interleaved[3 * i + channel] & 0xff) << 16 - 8 * channel;
                planar[channel * AREA + i] = interleaved[3 * i + channel];
            }
        }
        int[] alone = new int[AREA];
        Arrays.fill(alone, 0x7f000000);
        TestPixels.restore(model, U8, packed, alone, shape);
        long[] strides = {1, WIDTH, AREA, 0};
        Native.restore(model, 0, U8, planar, 0, strides, planar, 0, strides, shape, "");
        Object[] many = {packed.clone(), packed};
        TestPixels.restore(model, U8, many, many, shape(WIDTH, HEIGHT, 3, 2));
        for (int i = 0; i < AREA; i++) {
            int colour =
                    (expected[3 * i] & 0xff) << 16 | (expected[3 * i + 1] & 0xff) << 8 | expected[3 * i + 2] & 0xff;
            assertEquals(0x7f000000 | colour, alone[i], "alpha of dst stays");
            assertEquals(i << 24 | colour, packed[i], "in place, second plane");
            assertEquals(i << 24 | colour, ((int[]) many[0])[i]);
            for (int channel = 0; channel < 3; channel++) {
                assertEquals(expected[3 * i + channel], planar[channel * AREA + i]);
            }
        }
        // A rectangle of a colour image, and every second pixel of its rows: strides count pixels.
        int[] wide = new int[5 + 2 * AREA];
        for (int i = 0; i < AREA; i++) {
            wide[5 + 2 * i] = packed[i];
        }
        int[] before = wide.clone();
        long[] second = {2, 2 * WIDTH, 99, 99};
        Native.restore(model, 0, U8, wide, 5, second, wide, 5, second, shape, "");
        TestPixels.restore(model, U8, packed, packed, shape);
        for (int i = 0; i < wide.length; i++) {
            assertEquals(i >= 5 && i % 2 == 1 ? packed[(i - 5) / 2] : before[i], wide[i]);
        }
    }

    @Test
    void directBuffers() {
        short[] packed = TestPixels.shorts(2 * AREA, 6);
        long[] shape = shape(WIDTH, HEIGHT, 1, 2);
        short[] expected = TestPixels.restored(model, packed, shape);
        ShortBuffer src = ByteBuffer.allocateDirect(2 * (2 * AREA + 9))
                .order(ByteOrder.nativeOrder())
                .asShortBuffer();
        src.position(9);
        src.put(packed);
        // Neither position nor limit counts; only reading needs no permission to write.
        short[] found = new short[2 * AREA];
        Native.restore(model, 0, U16, src.asReadOnlyBuffer(), 9, null, found, 0, null, shape, "");
        assertArrayEquals(expected, found);
        Native.restore(model, 0, U16, src, 9, null, src, 9, null, shape, "");
        src.position(9);
        src.get(found);
        assertArrayEquals(expected, found);
        Object[] planes = {new short[AREA], new short[AREA]};
        src.position(9);
        src.put(packed);
        src.position(9);
        Native.restore(model, 0, U16, src.slice(), 0, null, planes, 0, null, shape, "");
        assertPlanes(expected, planes);

        ByteBuffer bytes = ByteBuffer.allocateDirect(AREA);
        byte[] array = TestPixels.bytes(AREA, 7);
        bytes.put(array);
        byte[] wanted = new byte[AREA];
        TestPixels.restore(model, U8, array, wanted, shape(WIDTH, HEIGHT, 1, 1));
        TestPixels.restore(model, U8, bytes, array, shape(WIDTH, HEIGHT, 1, 1));
        assertArrayEquals(wanted, array);
        FloatBuffer floats = ByteBuffer.allocateDirect(4 * AREA)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        float[] numbers = TestPixels.floats(AREA, 8);
        TestPixels.restore(model, F32, numbers, floats, shape(WIDTH, HEIGHT, 1, 1));
        TestPixels.restore(model, F32, numbers, numbers, shape(WIDTH, HEIGHT, 1, 1));
        float[] copied = new float[AREA];
        floats.get(copied);
        assertArrayEquals(numbers, copied);
    }

    @Test
    void scoresOfEveryPlace() {
        float[] soft = new float[AREA];
        float[] sharp = new float[AREA];
        for (int i = 0; i < AREA; i++) {
            int x = i % WIDTH;
            soft[i] = (float) Math.sin(x * 0.15);
            sharp[i] = (float) Math.sin(x * 0.6);
        }
        double[] scores = new double[3];
        Object[] planes = {soft, sharp, new float[AREA]};
        Native.focusScore(F32, planes, 0, null, shape(WIDTH, HEIGHT, 1, 3), scores);
        assertEquals(0.0, scores[2]);
        assertTrue(scores[1] > 2 * scores[0] && scores[0] > 0, Arrays.toString(scores));
        FloatBuffer buffer = ByteBuffer.allocateDirect(12 * AREA)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        buffer.put(soft);
        buffer.put(sharp);
        double[] again = {0, 0, 0, 7};
        Native.focusScore(F32, buffer, 0, null, shape(WIDTH, HEIGHT, 1, 3), again);
        assertArrayEquals(new double[] {scores[0], scores[1], 0, 7}, again);
    }
}
