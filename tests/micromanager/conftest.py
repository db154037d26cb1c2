"""Micro-Manager's core with its simulated camera and the adapter under test.

PARFOCAL_ADAPTER is a folder with the adapter and its library, PARFOCAL_OLD_ADAPTER one with an adapter for another
device interface, and PARFOCAL_COMMAND the command that results are compared with.
"""

import contextlib
import csv
import os
import pathlib
import subprocess
import time

import mm_test_adapters
import numpy as np
import pymmcore
import pytest
import tifffile

ROOT = pathlib.Path(__file__).parents[2]
TINY = ROOT / "tests/models/tiny.onnx"
CAMERA, PARFOCAL = "Camera", "Restore"


def core(folder=None) -> pymmcore.CMMCore:
    """A core that finds the simulated camera and the adapter."""
    made = pymmcore.CMMCore()
    adapter = folder or os.environ["PARFOCAL_ADAPTER"]
    made.setDeviceAdapterSearchPaths([str(mm_test_adapters.device_adapter_path()), str(adapter)])
    return made


def threads() -> set:
    """The threads of this process."""
    return set(os.listdir("/proc/self/task"))


class Microscope:
    """A core with a camera and the adapter as its image processor, with the tests' model on one thread."""

    def __init__(self, width=96, height=80):
        self.core = core()
        self.core.loadDevice(CAMERA, "DemoCamera", "DCam")
        self.core.initializeDevice(CAMERA)
        self.core.setCameraDevice(CAMERA)
        # Long enough for waves in 8 bits.
        self.core.setExposure(20)
        self.core.setProperty(CAMERA, "OnCameraCCDXSize", width)
        self.core.setProperty(CAMERA, "OnCameraCCDYSize", height)
        self.load()

    def load(self):
        self.core.loadDevice(PARFOCAL, "Parfocal", "Parfocal")
        self.core.initializeDevice(PARFOCAL)
        self.set(Model=TINY, Device="cpu", Threads=1)
        self.core.setProperty("Core", "ImageProcessor", PARFOCAL)

    def set(self, **properties):
        for name, value in properties.items():
            self.core.setProperty(PARFOCAL, name, str(value))

    def get(self, name) -> str:
        return self.core.getProperty(PARFOCAL, name)

    def count(self, name) -> int:
        return int(self.get(name))

    def counts(self) -> tuple:
        """Frames processed, skipped, failed."""
        return tuple(self.count(name) for name in ("FramesProcessed", "FramesSkipped", "FramesFailed"))

    def pixels(self, kind):
        self.core.setProperty(CAMERA, "PixelType", kind)

    def raw(self) -> np.ndarray:
        """Snaps, and returns the camera's own pixels, which stay in its buffer."""
        mode = self.get("Mode")
        self.set(Mode="off")
        self.core.snapImage()
        frame = self.image()
        self.set(Mode=mode)
        return frame

    def image(self) -> np.ndarray:
        return self.core.getImage().copy()

    @contextlib.contextmanager
    def acquisition(self, count, overflow=False):
        """An acquisition of `count` frames. Yields a function that returns whether it is still running.

        DemoCamera reports its end before its thread has ended, and crashes if it is unloaded then: so wait for the
        thread.
        """
        before = threads()
        self.core.startSequenceAcquisition(count, 0, not overflow)
        begun = threads() - before
        limit = time.monotonic() + 300

        def running():
            assert time.monotonic() < limit, "the acquisition does not end"
            return self.core.isSequenceRunning()

        yield running
        while running() or (begun and begun <= threads()):
            time.sleep(0.001)

    def sequence(self, count) -> list:
        """The frames of an acquisition."""
        frames = []
        with self.acquisition(count) as running:
            while running() or self.core.getRemainingImageCount() > 0:
                if self.core.getRemainingImageCount() > 0:
                    frames.append(self.core.popNextImage().copy())
                else:
                    time.sleep(0.001)
        assert len(frames) == count
        return frames

    def waves(self) -> dict:
        """The camera's own frames, by their bytes; its waves repeat after some frames. Leaves the mode off."""
        self.set(Mode="off")
        return {frame.tobytes(): frame for frame in self.sequence(24)}

    def log(self, path) -> list:
        """The log's lines after its header, as dictionaries."""
        with open(path, newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def microscope():
    made = Microscope()
    yield made
    made.core.reset()


@pytest.fixture
def command(tmp_path):
    """A function that restores a frame with the command line, with the tests' model on one thread."""
    calls = iter(range(10**6))

    def restore(frame: np.ndarray, *options: str) -> np.ndarray:
        number = next(calls)
        before, after = tmp_path / f"in-{number}.tif", tmp_path / f"out-{number}.tif"
        tifffile.imwrite(before, frame, photometric="rgb" if frame.ndim == 3 else "minisblack")
        command = [os.environ["PARFOCAL_COMMAND"], "restore", str(before), "-o", str(after), "--model", str(TINY)]
        subprocess.run([*command, "--device", "cpu", "--threads", "1", *options], check=True, capture_output=True)
        return tifffile.imread(after)

    return restore
