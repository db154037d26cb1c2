package org.parfocal;

/** The pixel types that can be restored. */
public enum PixelType {
    /** 8 bits, unsigned: {@code byte[]}, or {@code int[]} of packed colours. */
    U8(1),
    /** 16 bits, unsigned: {@code short[]}. */
    U16(2),
    /** 32-bit floating point: {@code float[]}. */
    F32(3);

    private final int code;

    PixelType(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
