package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.ImagePlus;
import org.junit.jupiter.api.Test;

/** The plugin understands an option in quotes as the engine does. */
class QuotedOptionsTest {
    @Test
    void aQuotedPixelSize() {
        ImagePlus result = Images.restore(Images.single(8, 32, 32), Images.CPU + "options=[pixel_size_um='0.3']");
        assertTrue(result.getInfoProperty().contains("pixel_size_um='0.3'"));
        assertEquals(0.3, PixelSize.micrometres(result, "pixel_size_um='0.3'"));
    }

    @Test
    void aQuotedNormalizationOfAVirtualStack() {
        String message = Images.message(
                new ImagePlus("virtual", Images.virtual(20, 20, 3)), Images.CPU + "options=[normalize='stack']");
        assertTrue(message.contains("normalize=stack looks at all planes together"), message);
    }
}
