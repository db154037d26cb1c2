package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Numbers that are written down twice are the same in both places. */
class ContractTest {
    private static String text(String file) throws IOException {
        Path root = Paths.get(System.getProperty("parfocal.models"))
                .resolve("../..")
                .normalize();
        return new String(Files.readAllBytes(root.resolve(file)), "UTF-8");
    }

    private static Map<String, Integer> enumerators(String prefix) throws IOException {
        Map<String, Integer> found = new TreeMap<>();
        Matcher matcher =
                Pattern.compile("\\b" + prefix + "_(\\w+) = (\\d+)[,\\s]").matcher(text("include/parfocal.h"));
        while (matcher.find()) {
            found.put(matcher.group(1), Integer.valueOf(matcher.group(2)));
        }
        return found;
    }

    @Test
    void statusesAreTheHeaders() throws IOException {
        Map<String, Integer> own = new TreeMap<>();
        for (Status status : Status.values()) {
            own.put(status.name(), status.code());
            assertEquals(status, Status.of(status.code()));
        }
        assertEquals(enumerators("PARFOCAL_STATUS"), own);
        assertEquals(Status.INTERNAL, Status.of(1000));
    }

    @Test
    void pixelTypesAreTheHeaders() throws IOException {
        Map<String, Integer> own = new TreeMap<>();
        for (PixelType type : PixelType.values()) {
            own.put(type.name(), type.code());
        }
        assertEquals(enumerators("PARFOCAL_PIXEL"), own);
    }

    @Test
    void theInterfaceIsTheEngines() throws IOException {
        assertTrue(Pattern.compile("(?m)^abi = " + Libraries.ABI + "$")
                .matcher(text("Cargo.toml"))
                .find());
    }

    @Test
    void theRuntimesNamesAreTheEngines() throws IOException {
        String engine = text("src/network/runtime.rs");
        for (Platform platform : Platform.values()) {
            for (String name : platform.runtimeNames()) {
                assertTrue(engine.contains("\"" + name + "\""), name);
            }
        }
    }
}
