package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.parfocal.Tiny.assertFails;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening, describing and closing models; several threads on one. */
@NeedsLibrary
class ModelTest {
    @TempDir
    Path temporary;

    @Test
    void opensInEveryWay() throws IOException {
        byte[] file = Files.readAllBytes(Paths.get(Tiny.model("tiny.onnx")));
        short[] frame = Tiny.shorts(40 * 30, 1);
        try (ParfocalModel fromFile = Tiny.open();
                ParfocalModel fromMemory = ParfocalModel.openMemory(file, Tiny.OPTIONS)) {
            assertTrue(fromFile.describe().contains("\"name\":\"tiny\""), fromFile.describe());
            assertArrayEquals(fromFile.restore(frame, 40, 30), fromMemory.restore(frame, 40, 30));
        }
        try (ParfocalModel built = ParfocalModel.open();
                ParfocalModel one = ParfocalModel.open("device=cpu threads=1");
                ParfocalModel empty = ParfocalModel.open("", "")) {
            for (ParfocalModel model : new ParfocalModel[] {built, one, empty}) {
                assertTrue(model.describe().contains("\"name\":\"parfocal-w"), model.describe());
            }
            assertTrue(one.describe().contains("\"threads\":1,"), one.describe());
        }
    }

    @Test
    void whatCannotBeOpenedIsSaidInWords() throws IOException {
        assertFails(
                Status.NOT_FOUND,
                () -> ParfocalModel.open(temporary.resolve("none.onnx").toString(), null),
                "none.onnx");
        Path text = Files.write(temporary.resolve("text.onnx"), "not a network".getBytes("US-ASCII"));
        assertFails(Status.MODEL, () -> ParfocalModel.open(text.toString(), null), "text.onnx");
        assertFails(Status.MODEL, () -> ParfocalModel.open(Tiny.model("custom.onnx"), null), "com.example");
        assertFails(Status.MODEL, () -> ParfocalModel.openMemory(new byte[10], null));
        assertFails(Status.INVALID_ARGUMENT, () -> ParfocalModel.openMemory(null, null), "onnx is null");
        assertFails(Status.BAD_OPTION, () -> ParfocalModel.open("speed=fast"), "speed", "device");
        assertFails(Status.BAD_OPTION, () -> ParfocalModel.open("threads=none"), "threads", "none");
        assertFails(Status.DEVICE, () -> ParfocalModel.open("device=cuda"), "cuda");
        assertFails(
                Status.RUNTIME,
                () -> ParfocalModel.open("runtime=/nowhere/libonnxruntime.so"),
                "/nowhere/libonnxruntime.so");
    }

    @Test
    void namesBeyondAsciiWork() throws IOException {
        Path file =
                Files.copy(Paths.get(Tiny.model("tiny.onnx")), temporary.resolve("modèle \u5149 \uD83D\uDD2C.onnx"));
        try (ParfocalModel model = ParfocalModel.open(file.toString(), Tiny.OPTIONS)) {
            assertTrue(model.describe().contains("\"tiny\""));
        }
    }

    @Test
    void onceClosedEveryCallSaysSo() {
        ParfocalModel model = Tiny.open();
        model.close();
        model.close();
        short[] frame = Tiny.shorts(16, 1);
        String words = "this model is closed; expected an open one: open it again with ParfocalModel.open";
        assertFails(Status.INVALID_HANDLE, model::describe, words);
        assertFails(Status.INVALID_HANDLE, () -> model.restore(frame, 4, 4), words);
        assertFails(
                Status.INVALID_HANDLE,
                () -> model.restoreFile(temporary.resolve("a"), temporary.resolve("b"), null, null),
                words);
        assertFails(
                Status.INVALID_HANDLE, () -> ParfocalStream.open(model, PixelType.U8, Layout.of(4, 4), null), words);
        try (ParfocalTask task = new ParfocalTask()) {
            assertFails(
                    Status.INVALID_HANDLE,
                    () -> model.restore(PixelType.U16, frame, Layout.of(4, 4), frame, Layout.of(4, 4), null, task),
                    words);
            assertEquals(0, task.total());
        }
    }

    @Test
    void closingWaitsForTheRun() throws InterruptedException {
        short[][] stack = Tiny.longStack();
        short[][] restored = Tiny.room(stack);
        ParfocalModel model = Tiny.open();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (ParfocalTask task = new ParfocalTask()) {
            Thread runner =
                    new Thread(() -> model.restorePlanes(stack, restored, Layout.of(Tiny.SIDE, Tiny.SIDE), null, task));
            runner.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
            runner.start();
            while (task.planesDone() < 2) {
                Thread.sleep(1);
            }
            Thread closer = new Thread(model::close);
            closer.start();
            while (closer.getState() != Thread.State.WAITING) {
                Thread.sleep(1);
            }
            assertTrue(task.planesDone() < stack.length, "the run was over before it was closed");
            assertFails(Status.INVALID_HANDLE, model::describe, "closed");
            closer.join();
            assertEquals(stack.length, task.planesDone());
            runner.join();
        }
        assertNull(failure.get());
        assertArrayEquals(restored[0], restored[stack.length - 1]);
    }

    @Test
    void closingFromItsOwnProgressListenerIsRefused() throws InterruptedException {
        short[][] stack = Tiny.longStack();
        short[][] restored = Tiny.room(stack);
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        ParfocalModel model = Tiny.open();
        try (ParfocalTask task = new ParfocalTask()) {
            task.onProgress((done, total, planes) -> {
                try {
                    model.close();
                } catch (ParfocalException e) {
                    thrown.set(e);
                    task.cancel();
                }
            });
            assertFails(
                    Status.CANCELLED,
                    () -> model.restorePlanes(stack, restored, Layout.of(Tiny.SIDE, Tiny.SIDE), null, task));
            assertTrue(
                    thrown.get()
                            .getMessage()
                            .startsWith("a model cannot be closed from the progress listener of its own run"),
                    String.valueOf(thrown.get()));
        }
        assertTrue(model.describe().contains("tiny"));
        model.close();
    }

    @Test
    void eightThreadsOnOneModelGetTheSame() throws InterruptedException {
        int threads = 8;
        short[][] expected = new short[threads][];
        List<String> failures = new ArrayList<>();
        try (ParfocalModel model = Tiny.open()) {
            for (int i = 0; i < threads; i++) {
                expected[i] = model.restore(Tiny.shorts(64 * 48, i), 64, 48);
            }
            List<Thread> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int seed = i;
                all.add(new Thread(() -> {
                    for (int round = 0; round < 25; round++) {
                        short[] got = model.restore(Tiny.shorts(64 * 48, seed), 64, 48);
                        if (!java.util.Arrays.equals(expected[seed], got)) {
                            synchronized (failures) {
                                failures.add("thread " + seed + ", round " + round);
                            }
                        }
                    }
                }));
            }
            all.forEach(thread -> thread.setUncaughtExceptionHandler((t, e) -> {
                synchronized (failures) {
                    failures.add(e.toString());
                }
            }));
            all.forEach(Thread::start);
            for (Thread thread : all) {
                thread.join();
            }
        }
        assertEquals(new ArrayList<String>(), failures);
    }
}
