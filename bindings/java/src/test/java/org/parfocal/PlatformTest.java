package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Java says of itself, and the folders and files that follow. */
class PlatformTest {
    @ParameterizedTest
    @CsvSource({
        "Linux, amd64, LINUX_64, linux64, linux_64",
        "Linux, aarch64, LINUX_ARM64, linux-arm64, linux_arm64",
        "Mac OS X, x86_64, MACOS_64, macos64, osx_64",
        "Mac OS X, aarch64, MACOS_ARM64, macos-arm64, osx_arm64",
        "Windows 11, amd64, WINDOWS_64, win64, windows_64",
        "Windows 11, aarch64, WINDOWS_ARM64, win-arm64, windows_arm64",
    })
    void isKnownByItsNames(String os, String arch, Platform expected, String fiji, String jar) {
        assertEquals(expected, Platform.of(os, arch));
        assertEquals(fiji, expected.fiji());
        assertEquals(jar, expected.jar());
    }

    @ParameterizedTest
    @CsvSource({"Linux, i386", "Linux, riscv64", "SunOS, amd64", "Windows 10, x86", "'', ''"})
    void thereIsNoneForOthers(String os, String arch) {
        assertNull(Platform.of(os, arch));
    }

    @Test
    void libraryNamesCarryTheInterfaceOnLinux() {
        assertEquals(Arrays.asList("libparfocal.so.3", "libparfocal.so"), Platform.LINUX_64.libraryNames(3));
        assertEquals(Arrays.asList("libparfocal.dylib"), Platform.MACOS_ARM64.libraryNames(3));
        assertEquals(Arrays.asList("parfocal.dll"), Platform.WINDOWS_64.libraryNames(3));
    }
}
