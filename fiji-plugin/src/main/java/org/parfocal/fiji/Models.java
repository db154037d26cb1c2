package org.parfocal.fiji;

import java.io.File;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.parfocal.ParfocalModel;

/**
 * The open models. The first command opens one, later commands use it again.
 *
 * <p>A model is lent for one run. Two unused ones stay open, so that switching between two devices or files opens
 * nothing; older ones are closed once their last run is over. A file that has changed is opened again.
 */
final class Models {
    /** How many unused models stay open. Each holds the network's weights, and on a GPU its working memory. */
    static final int KEPT = 2;

    /** Least recently used first. Guarded by itself. */
    private static final Map<String, Entry> ENTRIES = new LinkedHashMap<>(8, 0.75f, true);

    private Models() {}

    /**
     * Lends a model, and opens it if necessary. Close the lease after the run.
     *
     * @param path an ONNX file or a model's name; null or blank for the default
     * @param options options of opening, such as {@code "device=cpu threads=2"}; null or blank for the defaults
     * @throws org.parfocal.ParfocalException if it cannot be opened, with a message to show
     */
    static Lease lease(String path, String options) {
        String file = path == null ? "" : path.trim();
        String text = options == null ? "" : options.trim();
        Entry entry;
        boolean first = false;
        List<Entry> unused;
        synchronized (ENTRIES) {
            String key = key(file, text);
            entry = ENTRIES.get(key);
            if (entry == null) {
                entry = new Entry(file, text, key);
                ENTRIES.put(key, entry);
                first = true;
            }
            entry.users++;
            unused = unused();
        }
        close(unused);
        if (first) {
            entry.opening.run();
        }
        try {
            return new Lease(entry, entry.model());
        } catch (RuntimeException | Error failed) {
            synchronized (ENTRIES) {
                entry.users--;
                ENTRIES.remove(entry.key, entry);
            }
            throw failed;
        }
    }

    /** Closes all models: unused ones now, others after their runs. */
    static void closeAll() {
        List<Entry> unused;
        synchronized (ENTRIES) {
            for (Entry entry : ENTRIES.values()) {
                entry.replaced = true;
            }
            unused = unused();
        }
        close(unused);
    }

    /** The number of models that are open or being opened. */
    static int open() {
        synchronized (ENTRIES) {
            return ENTRIES.size();
        }
    }

    /** Removes from the table the models to close. The caller holds its lock. */
    private static List<Entry> unused() {
        List<Entry> unused = new ArrayList<>();
        int left = ENTRIES.size();
        for (Iterator<Entry> entries = ENTRIES.values().iterator(); entries.hasNext(); ) {
            Entry entry = entries.next();
            if (entry.users == 0 && (entry.replaced || left > KEPT || entry.outdated())) {
                entries.remove();
                unused.add(entry);
                left--;
            }
        }
        return unused;
    }

    private static void close(List<Entry> entries) {
        for (Entry entry : entries) {
            entry.model().close();
        }
    }

    private static String key(String path, String options) {
        if (path.isEmpty()) {
            return "\n" + options;
        }
        File file = new File(path).getAbsoluteFile();
        return file.getPath() + "\n" + options + "\n" + file.lastModified() + "\n" + file.length();
    }

    private static final class Entry {
        final String path;
        final String options;
        final String key;
        final FutureTask<ParfocalModel> opening;
        /** Set before {@link #opening} is done. */
        private ModelDescription description;

        int users;
        boolean replaced;

        Entry(String path, String options, String key) {
            this.path = path;
            this.options = options;
            this.key = key;
            opening = new FutureTask<>(this::open);
        }

        private ParfocalModel open() {
            ParfocalModel model = ParfocalModel.open(path, options);
            description = ModelDescription.parse(model.describe());
            return model;
        }

        /** Whether the file has changed since. */
        boolean outdated() {
            return !key.equals(key(path, options));
        }

        ParfocalModel model() {
            boolean interrupted = false;
            try {
                while (true) {
                    try {
                        return opening.get();
                    } catch (InterruptedException later) {
                        interrupted = true;
                    } catch (ExecutionException failed) {
                        Throwable cause = failed.getCause();
                        if (cause instanceof Error) {
                            throw (Error) cause;
                        }
                        throw (RuntimeException) cause;
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    /** A model, lent for one run. */
    static final class Lease implements AutoCloseable {
        private final Entry entry;
        private final ParfocalModel model;
        private boolean closed;

        private Lease(Entry entry, ParfocalModel model) {
            this.entry = entry;
            this.model = model;
        }

        ParfocalModel model() {
            return model;
        }

        /** The description from when the model was opened: later runs add warnings that belong to their images. */
        ModelDescription description() {
            return entry.description;
        }

        @Override
        public void close() {
            List<Entry> unused;
            synchronized (ENTRIES) {
                if (closed) {
                    return;
                }
                closed = true;
                entry.users--;
                unused = unused();
            }
            Models.close(unused);
        }
    }
}
