"""Frames a second of the simulated camera: alone, and with each mode of the adapter; bench.py [WIDTH HEIGHT
EXPOSURE_MS]

All cases run in turns in one process; figures are medians of the rounds. The camera has 16 bits; the released model
runs on one thread.
"""

import statistics
import sys
import time

from conftest import Microscope

ROUNDS = 3
SECONDS = 4.0


def sequence(microscope, seconds) -> float:
    """Frames a second of a sequence of some seconds; MMCore's buffer drops older frames."""
    core = microscope.core
    core.startContinuousSequenceAcquisition(0)
    start, frames = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        if core.getRemainingImageCount():
            core.popNextImage()
            frames += 1
        else:
            time.sleep(0.0005)
    elapsed = time.monotonic() - start
    core.stopSequenceAcquisition()
    return frames / elapsed


def main() -> None:
    width, height, exposure = (int(word) for word in (sys.argv[1:] or ["512", "512", "20"]))
    microscope = Microscope(width, height)
    core = microscope.core
    microscope.pixels("16bit")
    core.setExposure(exposure)
    microscope.set(Model="", Threads=1)
    cases = {
        "camera alone": None,
        "off": {"Mode": "off"},
        "score only": {"Mode": "score only"},
        f"restore, late after {exposure} ms skipped": {
            "Mode": "restore",
            "SkipWhenLate": "Yes",
            "TimeBudgetMs": exposure,
        },
        "restore": {"Mode": "restore", "SkipWhenLate": "No"},
    }
    print(
        f"micromanager: {width}x{height}, 16 bits, exposure {exposure} ms, released model, threads=1; medians of "
        f"{ROUNDS} rounds in turns"
    )
    rates = {name: [] for name in cases}
    counts = {}
    for _ in range(ROUNDS):
        for name, properties in cases.items():
            core.setProperty("Core", "ImageProcessor", "Restore" if properties else "")
            microscope.set(**(properties or {}), ResetCounters="Yes")
            rates[name].append(sequence(microscope, SECONDS))
            counts[name] = (*microscope.counts(), microscope.get("LatencyMsMedian"), microscope.get("LatencyMsP95"))
    alone = statistics.median(rates["camera alone"])
    for name, measured in rates.items():
        rate = statistics.median(measured)
        processed, skipped, failed, median, p95 = counts[name]
        print(
            f"micromanager: {name}: {rate:.2f} frames/s (from {min(measured):.2f} to {max(measured):.2f}), "
            f"{1000 / rate - 1000 / alone:+.2f} ms a frame; last round {processed} processed, {skipped} skipped, "
            f"{failed} failed, "
            f"latency median {float(median):.2f} ms, p95 {float(p95):.2f} ms"
        )
    microscope.core.reset()


if __name__ == "__main__":
    main()
