package org.parfocal;

import java.io.IOException;

/**
 * Does one thing many times and prints resident memory, in MiB, after the first half and at the end: for
 * {@link MemoryTest}.
 */
final class MemoryMain {
    private MemoryMain() {}

    private interface Step {
        void run() throws InterruptedException;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        int times = Integer.parseInt(arguments[1]);
        switch (arguments[0]) {
            case "restore":
                try (ParfocalModel model = Tiny.open()) {
                    short[] frame = Tiny.shorts(128 * 128, 1);
                    measure(times, () -> model.restore(frame, 128, 128));
                }
                break;
            case "open":
                measure(times, () -> Tiny.open().close());
                break;
            case "forget":
                measure(times, () -> {
                    for (int i = 0; i < 20; i++) {
                        Tiny.open();
                    }
                    Memory.collectUntil(() -> Handle.open() == 0);
                });
                break;
            default:
                throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void measure(int times, Step step) throws IOException, InterruptedException {
        for (int i = 0; i < times; i++) {
            if (i == times / 2) {
                System.out.print(Memory.residentMib() + " ");
            }
            step.run();
        }
        System.out.println(Memory.residentMib());
    }
}
