package org.parfocal;

import static org.parfocal.Tiny.assertFails;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import org.junit.jupiter.api.Test;

/** Pixels, shapes and sizes that cannot be are refused in words. */
class RefusalTest extends TinyModel {
    private static final int WIDTH = 37;
    private static final int HEIGHT = 29;
    private static final int COUNT = WIDTH * HEIGHT;
    private static final Layout FRAME = Layout.of(WIDTH, HEIGHT);

    @Test
    void buffersThatCannotBeUsedAreRefusedInWords() {
        ShortBuffer good = ByteBuffer.allocateDirect(2 * COUNT)
                .order(ByteOrder.nativeOrder())
                .asShortBuffer();
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(ShortBuffer.allocate(COUNT), good, FRAME),
                "src is a ShortBuffer on the heap");
        ByteBuffer bytes = ByteBuffer.allocateDirect(COUNT * 2);
        ByteOrder other =
                ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(good, bytes.order(other).asShortBuffer(), FRAME),
                "dst is a ShortBuffer of the other byte order");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(good, good.asReadOnlyBuffer(), FRAME),
                "dst is a ShortBuffer that is read-only");
        assertFails(Status.INVALID_ARGUMENT, () -> model.restore(null, good, FRAME), "src is null");
    }

    @Test
    void shapesThatDifferAreRefusedInWords() {
        short[] frame = new short[COUNT];
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(
                        PixelType.U16, frame, FRAME, new short[COUNT], Layout.of(HEIGHT, WIDTH), null, null),
                "src has 37 x 29 pixels, 1 channel, 1 plane and dst 29 x 37 pixels, 1 channel, 1 plane; expected "
                        + "the same shape");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(PixelType.U16, frame, FRAME, frame, FRAME.planes(2), null, null),
                "and dst 37 x 29 pixels, 1 channel, 2 planes");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(PixelType.U16, frame, FRAME, frame, FRAME.channels(3), null, null),
                "3 channels, 1 plane");
    }

    @Test
    void sizesThatDoNotFitAreRefusedInWords() {
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(new short[COUNT - 1], WIDTH, HEIGHT),
                "pixels has 1072 elements, width x height is 37 x 29; expected 1073 elements");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(new byte[0], 0, 5),
                "width x height is 0 x 5; expected sizes of at least 1");
        // 46341 squared is beyond an int.
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(new float[100], 46341, 46341),
                "expected 2147488281 elements");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(new byte[COUNT], new byte[COUNT - 1], FRAME),
                "dst has 1072 elements");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(new byte[COUNT], new byte[COUNT], FRAME.offset(1)),
                "1073 elements",
                "from element 1");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(new byte[COUNT], new byte[COUNT], FRAME.offset(-1)),
                "offset = -1");
        assertFails(Status.INVALID_ARGUMENT, () -> model.restore(new byte[4], new byte[4], Layout.of(0, 4)), "width");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(new byte[COUNT], new byte[COUNT], FRAME.strides(1, -WIDTH, 0, 0)),
                "-37");
    }

    @Test
    void arraysOfAnotherKindAreRefusedInWords() {
        short[] frame = new short[COUNT];
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(PixelType.U8, frame, FRAME, frame, FRAME, null, null),
                "short[]",
                "byte[]");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(PixelType.F32, new double[COUNT], FRAME, new float[COUNT], FRAME, null, null),
                "double[]",
                "float[]");
        assertFails(
                Status.INVALID_ARGUMENT, () -> model.restore(new int[COUNT], new int[COUNT], FRAME), "packed colours");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restore(null, frame, FRAME, frame, FRAME, null, null),
                "type is null; expected a PixelType");
        assertFails(
                Status.INVALID_ARGUMENT, () -> model.restore(frame, frame, null), "from is null; expected a Layout");
        assertFails(Status.INVALID_ARGUMENT, () -> model.restore((short[]) null, 4, 4), "pixels is null");
    }

    @Test
    void stacksThatAreIncompleteAreRefusedInWords() {
        short[][] two = {new short[COUNT], new short[COUNT]};
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restorePlanes(two, new short[3][COUNT], FRAME, null, null),
                "src has 2 planes and dst 3");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restorePlanes(new short[0][], new short[0][], FRAME, null, null),
                "src has 0 planes");
        assertFails(
                Status.INVALID_ARGUMENT, () -> model.restorePlanes(new Object[1], two, FRAME, null, null), "planes");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restorePlanes(new Object[2], two, FRAME, null, null),
                "src[0] is null; expected byte[]");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restorePlanes(new Object[] {two[0], null}, two, FRAME, null, null),
                "src plane 1 is null");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restorePlanes(new Object[] {two[0], new byte[COUNT]}, two, FRAME, null, null),
                "src plane 1 is byte[]");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restorePlanes(two, new Object[] {two[0], two[0]}, FRAME, null, null),
                "same array");
        assertFails(
                Status.INVALID_ARGUMENT,
                () -> model.restorePlanes(new String[] {"a", "b"}, two, FRAME, null, null),
                "src[0] is a String");
    }
}
