package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ij.ImagePlus;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Values are found in the engine's options as the engine reads them. */
class OptionTextTest {
    @Test
    void valuesWithAndWithoutQuotes() {
        assertEquals("512", OptionText.value("threads=2  tile=512\n", "tile"));
        assertEquals("0.3", OptionText.value("pixel_size_um='0.3' tile=512", "pixel_size_um"));
        assertEquals("512", OptionText.value("model='a tile=9 b' tile=512", "tile"));
        assertEquals("it's a \\ b", OptionText.value("x='it\\'s a \\\\ b'", "x"));
        assertEquals("", OptionText.value("x=", "x"));
        assertNull(OptionText.value("retile=512 tile", "tile"));
        assertNull(OptionText.value("", "tile"));
    }

    @Test
    void pairsAsTheEngineReadsThem() {
        assertEquals(
                Arrays.asList("a='x \\' =y'", "b='\\\\'", "c=it's", "d", "e=''"),
                OptionText.pairs(" a='x \\' =y'\tb='\\\\' c=it's d\ne=''"));
        assertEquals("it's", OptionText.value("c=it's d=2", "c"), "a quote opens a value only where it begins");
        assertEquals("C:\\some\\where", OptionText.value("c=C:\\some\\where", "c"));
    }

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
