package org.parfocal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The supported platforms, with their names in Fiji and in jars, and the library's file names there. */
enum Platform {
    LINUX_64("linux64", "linux_64"),
    LINUX_ARM64("linux-arm64", "linux_arm64"),
    MACOS_64("macos64", "osx_64"),
    MACOS_ARM64("macos-arm64", "osx_arm64"),
    WINDOWS_64("win64", "windows_64"),
    WINDOWS_ARM64("win-arm64", "windows_arm64");

    private final String fiji;
    private final String jar;

    Platform(String fiji, String jar) {
        this.fiji = fiji;
        this.jar = jar;
    }

    /** The platform of this Java; null if it is not supported. */
    static Platform current() {
        return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    }

    /** By the Java in use, not the machine: a 32-bit Java would need a 32-bit library, which does not exist. */
    static Platform of(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        String arch = osArch.toLowerCase(Locale.ROOT);
        boolean intel = arch.equals("amd64") || arch.equals("x86_64");
        boolean arm = arch.equals("aarch64") || arch.equals("arm64");
        if (!intel && !arm) {
            return null;
        }
        if (os.startsWith("linux")) {
            return intel ? LINUX_64 : LINUX_ARM64;
        }
        if (os.startsWith("mac")) {
            return intel ? MACOS_64 : MACOS_ARM64;
        }
        if (os.startsWith("windows")) {
            return intel ? WINDOWS_64 : WINDOWS_ARM64;
        }
        return null;
    }

    /** The folder's name in Fiji's {@code lib}. */
    String fiji() {
        return fiji;
    }

    /** The folder's name in a jar's {@code natives}, and in messages. */
    String jar() {
        return jar;
    }

    boolean isWindows() {
        return this == WINDOWS_64 || this == WINDOWS_ARM64;
    }

    boolean isMac() {
        return this == MACOS_64 || this == MACOS_ARM64;
    }

    /** The library's file names, in search order. */
    List<String> libraryNames(int abi) {
        if (isWindows()) {
            return Arrays.asList("parfocal.dll");
        }
        return isMac() ? Arrays.asList("libparfocal.dylib") : Arrays.asList("libparfocal.so." + abi, "libparfocal.so");
    }

    /** ONNX Runtime's file names beside the library, the same as in the engine's {@code src}. */
    List<String> runtimeNames() {
        if (isWindows()) {
            return Arrays.asList("parfocal_onnxruntime.dll", "onnxruntime.dll");
        }
        if (isMac()) {
            return Arrays.asList("libparfocal_onnxruntime.dylib", "libonnxruntime.dylib");
        }
        return Arrays.asList("libparfocal_onnxruntime.so", "libonnxruntime.so", "libonnxruntime.so.1");
    }

    static String join(List<Platform> platforms) {
        List<String> names = new ArrayList<>();
        for (Platform platform : platforms) {
            names.add(platform.jar);
        }
        return String.join(", ", names);
    }
}
