"""The adapter over time: late frames, the log, a configuration file, loading and unloading, memory."""

import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import CAMERA, PARFOCAL, ROOT, TINY, Microscope, core


def test_late_frames_are_skipped_where_that_is_wanted(tmp_path):
    microscope = Microscope(width=512, height=512)
    log = tmp_path / "frames.csv"
    # The released model needs hundreds of milliseconds for such a frame on one thread.
    microscope.set(Model="", SkipWhenLate="Yes", TimeBudgetMs=1, FrameLog=log)
    assert microscope.get("ActiveDevice") == "cpu, 1 threads"
    raw = microscope.raw()
    np.testing.assert_array_equal(microscope.image(), raw)
    assert microscope.counts() == (0, 1, 0) and microscope.get("LastError") == ""
    waves = microscope.waves()
    log = tmp_path / "sequence.csv"
    microscope.set(Mode="restore", FrameLog=log, ResetCounters="Yes")
    frames = microscope.sequence(9)
    assert all(frame.tobytes() in waves for frame in frames), "the camera's own pixels"
    assert microscope.counts() == (0, 9, 0)
    # Restoring is tried again after 1 frame, then after 3, then after 7.
    tried = [line["done"] == "late" for line in microscope.log(log)]
    assert [i for i, t in enumerate(tried) if t] == [0, 2, 6]
    assert {line["done"] for line in microscope.log(log)} == {"late", "late, not tried"}

    # A large enough budget takes effect at once, not after the frames that were to be skipped.
    microscope.set(TimeBudgetMs=60000, ResetCounters="Yes")
    raw = microscope.raw()
    assert (microscope.image() != raw).any()
    assert microscope.counts() == (1, 0, 0)
    microscope.set(SkipWhenLate="No", TimeBudgetMs=1, ResetCounters="Yes")
    raw = microscope.raw()
    assert (microscope.image() != raw).any()
    assert microscope.counts() == (1, 0, 0), "without it every frame is restored, however long it takes"
    assert float(microscope.get("LatencyMsMedian")) > 1
    microscope.core.reset()


def test_nothing_is_late_within_the_budget(microscope, command):
    microscope.set(SkipWhenLate="Yes", TimeBudgetMs=60000)
    raw = microscope.raw()
    np.testing.assert_array_equal(microscope.image(), command(raw))
    assert len(microscope.sequence(20)) == 20
    assert microscope.counts() == (21, 0, 0)


def test_the_log_says_what_was_done_to_each_frame(microscope, tmp_path):
    log = tmp_path / "frames.csv"
    microscope.pixels("16bit")
    microscope.set(FrameLog=log, Mode="score only")
    microscope.core.snapImage()
    microscope.image()
    microscope.set(Mode="restore")
    microscope.image()
    microscope.image()
    microscope.set(Mode="off")
    microscope.image()
    microscope.set(FrameLog="")
    microscope.image()
    lines = microscope.log(log)
    assert [line["done"] for line in lines] == ["scored", "restored", "restored before", "off"]
    assert [line["frame"] for line in lines] == ["1", "2", "3", "4"]
    assert all((line["width"], line["height"], line["bytes_per_pixel"]) == ("96", "80", "2") for line in lines)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines)
    assert float(lines[0]["score"]) > 0 and not any(line["score"] for line in lines[1:])
    # Another run appends.
    microscope.set(FrameLog=log)
    microscope.image()
    assert [line["frame"] for line in microscope.log(log)] == ["1", "2", "3", "4", "6"]


def test_the_configuration_file_of_the_documentation(tmp_path):
    text = (ROOT / "docs/microscope-control.md").read_text()
    (lines,) = re.findall(r"```text\n(# Parfocal.*?)```", text, re.DOTALL)
    file = tmp_path / "microscope.cfg"
    file.write_text(
        f"Property,Core,Initialize,0\nDevice,{CAMERA},DemoCamera,DCam\n{lines}Property,Core,Camera,{CAMERA}\n"
    )
    microscope = core()
    microscope.loadSystemConfiguration(str(file))
    label = microscope.getImageProcessorDevice()
    assert label and microscope.getDeviceLibrary(label) == "Parfocal"
    microscope.setProperty(label, "Model", str(TINY))
    microscope.snapImage()
    microscope.getImage()
    assert microscope.getProperty(label, "FramesProcessed") == "1"
    assert microscope.getProperty(label, "LastError") == ""


def test_the_script_of_the_documentation():
    text = (ROOT / "docs/microscope-control.md").read_text()
    (script,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    made = core()
    made.loadDevice(CAMERA, "DemoCamera", "DCam")
    made.initializeDevice(CAMERA)
    made.setCameraDevice(CAMERA)
    names = {"core": made}
    exec(script, names)
    assert names["restored"].shape == (512, 512)
    assert made.getProperty("Restore", "FramesProcessed") == "1"


def test_unload_and_load_again(microscope, command):
    for _ in range(3):
        raw = microscope.raw()
        np.testing.assert_array_equal(microscope.image(), command(raw))
        microscope.core.unloadDevice(PARFOCAL)
        assert microscope.core.getImageProcessorDevice() == ""
        microscope.core.snapImage()
        microscope.image()
        microscope.load()
    microscope.core.unloadAllDevices()
    assert microscope.core.getLoadedDevices() == ("Core",)


def test_two_adapters_in_one_core(microscope, command):
    microscope.core.loadDevice("Other", "Parfocal", "Parfocal")
    microscope.core.initializeDevice("Other")
    microscope.core.setProperty("Other", "Mode", "score only")
    raw = microscope.raw()
    microscope.core.setProperty("Core", "ImageProcessor", "Other")
    np.testing.assert_array_equal(microscope.image(), raw)
    microscope.core.setProperty("Core", "ImageProcessor", PARFOCAL)
    np.testing.assert_array_equal(microscope.image(), command(raw))
    assert microscope.core.getProperty("Other", "FramesProcessed") == "1" and microscope.counts() == (1, 0, 0)


def resident() -> int:
    """Bytes of memory in use."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.parametrize("late", ["No", "Yes"])
def test_memory_is_flat_over_5000_frames(late):
    microscope = Microscope(width=64, height=64)
    microscope.pixels("16bit")
    microscope.core.setExposure(1)
    microscope.set(SkipWhenLate=late, TimeBudgetMs=60000)
    microscope.core.setCircularBufferMemoryFootprint(4)

    def run(frames):
        with microscope.acquisition(frames, overflow=True) as running:
            while running():
                time.sleep(0.005)

    run(1000)
    before = resident()
    run(4000)
    grown = resident() - before
    print(f"resident memory after 1000 and 5000 frames: {before / 2**20:.1f} MiB, {grown / 2**10:+.0f} KiB")
    assert microscope.counts() == (5000, 0, 0)
    # A lost frame of 8 KiB would be 32 MiB.
    assert grown < 2 * 2**20
    microscope.core.reset()


def test_a_reader_of_properties_does_not_wait_for_a_frame():
    """The user's window reads properties while the camera's thread restores, for hundreds of milliseconds on one
    thread.
    """
    microscope = Microscope(width=512, height=512)
    microscope.set(Model="", ResetCounters="Yes")
    assert microscope.get("ActiveDevice") == "cpu, 1 threads"
    reads = {0: 0, 1: 0, 2: 0, 3: 0}
    with microscope.acquisition(3) as running:
        while running():
            reads[microscope.count("FramesProcessed")] += 1
            assert microscope.get("LastError") == "" and microscope.get("ActiveDevice") == "cpu, 1 threads"
            microscope.get("LatencyMsP95")
    assert microscope.counts() == (3, 0, 0)
    # A reader that waited for the frame in work would read once or twice for each frame.
    assert min(reads[done] for done in (0, 1, 2)) > 10
    microscope.core.reset()


def test_settings_may_change_while_frames_come():
    microscope = Microscope(width=64, height=64)
    changes = 0
    with microscope.acquisition(200, overflow=True) as running:
        while running():
            microscope.set(Threads=1 + changes % 2, Mode=("restore", "score only", "off")[changes % 3])
            changes += 1
    assert changes > 3 and microscope.count("FramesFailed") == 0 and microscope.get("LastError") == ""
    microscope.core.reset()


def test_live_numbers():
    """Queue depth, the age of the frame that is shown, dropped frames (FramesSkipped) and the load, while frames come
    and after them.
    """
    microscope = Microscope(width=512, height=512)
    microscope.set(Model="", ResetCounters="Yes")
    assert microscope.get("ActiveDevice") == "cpu, 1 threads"
    assert microscope.count("QueueDepth") == 0 and float(microscope.get("FrameAgeMs")) == 0
    depths, shares = set(), []
    with microscope.acquisition(4) as running:
        while running():
            depths.add(microscope.count("QueueDepth"))
            shares.append(float(microscope.get("CpuShare")))
            time.sleep(0.01)
    # One frame is in work nearly all the time, on the camera's thread.
    assert 1 in depths and max(depths) == 1, depths
    assert max(shares) > 0.1, shares
    assert microscope.count("QueueDepth") == 0 and microscope.counts() == (4, 0, 0)
    first = float(microscope.get("FrameAgeMs"))
    time.sleep(0.2)
    later = float(microscope.get("FrameAgeMs"))
    assert first > 1 and 190 <= later - first < 5000, (first, later)
    time.sleep(0.6)
    microscope.get("CpuShare")
    time.sleep(1.0)
    assert float(microscope.get("CpuShare")) < 0.05, "nothing runs"
    assert all(microscope.core.isPropertyReadOnly(PARFOCAL, name) for name in ("QueueDepth", "FrameAgeMs", "CpuShare"))
    microscope.core.reset()


COMMA = """
import ctypes, locale, sys
sys.path.insert(0, sys.argv[1])
libc = ctypes.CDLL(None)
libc.setlocale.restype = ctypes.c_char_p
if libc.setlocale(locale.LC_ALL, b"de_DE.UTF-8") is None:
    sys.exit(77)
from conftest import Microscope
microscope = Microscope()
microscope.set(FrameLog=sys.argv[2], Mode="score only", TimeBudgetMs="33.5")
assert microscope.get("TimeBudgetMs") == "33.5", microscope.get("TimeBudgetMs")
microscope.core.snapImage()
microscope.image()
print(microscope.get("FocusScore"))
"""


def test_figures_do_not_depend_on_the_locale_of_the_host(tmp_path):
    """Java and Qt set the user's locale for the process, where 0.5 may be written 0,5: two columns of the log."""
    places = tmp_path / "locales"
    places.mkdir()
    made = (
        subprocess.run(
            ["localedef", "-i", "de_DE", "-f", "UTF-8", "--no-archive", places / "de_DE.UTF-8"],
            capture_output=True,
            check=False,
        )
        if shutil.which("localedef")
        else None
    )
    if made is None or not (places / "de_DE.UTF-8").is_dir():
        reason = "no localedef or no source of de_DE on this machine (Debian: apt-get install locales)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    log = tmp_path / "frames.csv"
    ran = subprocess.run(
        [sys.executable, "-B", "-c", COMMA, pathlib.Path(__file__).parent, log],
        env=os.environ | {"LOCPATH": str(places)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    (line,) = csv.DictReader(log.open(newline=""))
    assert float(line["milliseconds"]) > 0
    assert float(line["score"]) == float(ran.stdout) > 0
    assert None not in line and "," not in ran.stdout
