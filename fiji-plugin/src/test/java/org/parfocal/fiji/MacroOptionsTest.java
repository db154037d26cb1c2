package org.parfocal.fiji;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a macro tells a command: checkboxes are words without a value. */
class MacroOptionsTest {
    private static MacroOptions options(String text) {
        return new MacroOptions("Focus Score", text, "planes", "plot", "clear");
    }

    @Test
    void aCheckboxIsTickedByItsWordAlone() {
        MacroOptions told = options("planes=[plot clear=1] clear ");
        assertTrue(told.ticked("clear"));
        assertFalse(told.ticked("plot"), "it stands in a value only");
        assertTrue(options("plot").ticked("plot"));
    }

    @ParameterizedTest
    @CsvSource({
        "plot=true, true",
        "planes=all plot=false clear, false",
        "clear plot=[yes please], yes please",
        "plot=, ''"
    })
    void aCheckboxWithAValueIsRefusedInWords(String text, String value) {
        Problem refused = assertThrows(Problem.class, () -> options(text).ticked("plot"));
        assertEquals(
                "Focus Score: plot=" + value
                        + " cannot be: \"plot\" is a checkbox and has no value. Write \"plot\" alone to tick it, "
                        + "or leave it out.",
                refused.getMessage());
    }
}
