package org.parfocal;

/** An opened model. It may be used from several threads at once. */
public final class ParfocalModel implements AutoCloseable {
    private final long handle;

    private ParfocalModel(long handle) {
        this.handle = handle;
    }

    /**
     * Opens a model file; null or "" is the model inside the library.
     *
     * @param options those of opening, as text: {@code "device=cpu threads=2"}; null or "" for the defaults
     */
    public static ParfocalModel open(String path, String options) {
        Libraries.load();
        return new ParfocalModel(Native.modelOpen(path, options));
    }

    /** What runs, and how, as JSON. */
    public String describe() {
        return Native.modelDescribe(handle);
    }

    /**
     * Restores a frame or a stack. Each plane is written whole or not at all, in order.
     *
     * @param type of the pixels
     * @param src an array of the type, a direct buffer, or {@code Object[]} with an array for each plane; {@code int[]} are packed colours
     * @param from where the pixels lie in it
     * @param dst what is written: separate from {@code src}, or the same with the same layout
     * @param to where they go, of the same shape
     * @param options those of a run; null or "" for the defaults
     * @param task for progress and cancel; null for none
     */
    public void restore(PixelType type, Object src, Layout from, Object dst, Layout to, String options, ParfocalTask task) {
        Native.restore(handle, task == null ? 0 : task.handle(), type.code(), src, from.offset(), from.strides(), dst,
                to.offset(), to.strides(), from.shape(), options);
    }

    @Override
    public void close() {
        Native.modelClose(handle);
    }
}
