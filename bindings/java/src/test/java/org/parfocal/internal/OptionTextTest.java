package org.parfocal.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

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
    void whiteSpaceIsUnicodes() {
        // Tab, line breaks, next line, no-break space, ideographic space: what Rust's char::is_whitespace takes.
        assertEquals(Arrays.asList("a=1", "b=2", "c=3", "d=4"), OptionText.pairs("a=1\u00a0b=2\u0085\r\nc=3\u3000d=4"));
        // A unit separator is none, though Character.isWhitespace says so.
        assertEquals(Arrays.asList("a=1\u001fb=2"), OptionText.pairs("a=1\u001fb=2"));
    }

    @Test
    void onlyAKeyOfItsOwnCounts() {
        assertEquals("/a b/lib.so", OptionText.value("device=cpu runtime='/a b/lib.so'", "runtime"));
        assertNull(OptionText.value("x='see runtime=/lib.so'", "runtime"));
    }
}
