package org.parfocal;

/**
 * How a camera packs pixels of 10 or 12 bits without gaps (GenICam PFNC). Take the one that the camera's PixelFormat
 * names: {@link #MONO12P} and {@link #MONO12_PACKED} are not the same.
 */
public enum Packing {
    /** Four pixels of 10 bits in five bytes, lowest bits first. */
    MONO10P(1),
    /** Two pixels of 12 bits in three bytes, lowest bits first. */
    MONO12P(2),
    /** GigE Vision: two pixels of 10 bits in three bytes; their low bits share the middle byte. */
    MONO10_PACKED(3),
    /** GigE Vision: two pixels of 12 bits in three bytes; their low bits share the middle byte. */
    MONO12_PACKED(4);

    private final int code;

    Packing(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
