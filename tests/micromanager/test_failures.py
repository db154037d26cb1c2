"""Failures leave the camera's own pixels and a message; live view goes on."""

import os
import shutil

import numpy as np
import pytest
from conftest import ROOT, TINY, core


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"Model": "/no/such/model.onnx"}, "/no/such/model.onnx"),
        ({"Model": ROOT / "README.md"}, "README.md"),
        ({"Device": "toaster"}, "device=toaster"),
        ({"Device": "cpu threads=2"}, "device=cpu threads=2"),
        ({"Device": "cuda:77"}, "device=cuda:77"),
        ({"OpenOptions": "speed=high"}, "'speed'"),
        ({"OpenOptions": "threads=3"}, "'threads' stands there twice"),
        ({"RunOptions": "tile=huge"}, "tile"),
        ({"RunOptions": "normalize=7:3"}, "normalize"),
    ],
)
def test_a_failure_leaves_the_frame(microscope, tmp_path, properties, message):
    log = tmp_path / "frames.csv"
    microscope.set(FrameLog=log)
    raw = microscope.raw()
    microscope.set(**properties)
    np.testing.assert_array_equal(microscope.image(), raw)
    assert microscope.counts() == (0, 0, 1)
    assert message in microscope.get("LastError")
    line = microscope.log(log)[-1]
    assert line["done"] == "failed" and message in line["message"]
    # Live view goes on, and works once the settings are right.
    waves = microscope.waves()
    microscope.set(Mode="restore", ResetCounters="Yes")
    assert all(frame.tobytes() in waves for frame in microscope.sequence(3)), "the camera's own pixels"
    assert microscope.counts() == (0, 0, 3)
    microscope.set(Model=TINY, Device="cpu", OpenOptions="", RunOptions="", ResetCounters="Yes")
    microscope.core.snapImage()
    microscope.image()
    assert microscope.counts() == (1, 0, 0) and microscope.get("LastError") == ""


def test_a_bad_model_is_told_before_the_first_frame(microscope):
    microscope.set(Model="/no/such/model.onnx")
    assert microscope.get("ActiveDevice") == ""
    assert "/no/such/model.onnx" in microscope.get("LastError")
    microscope.set(Mode="restore", ResetCounters="Yes")
    assert "/no/such/model.onnx" in microscope.get("LastError"), "as long as it holds"
    microscope.set(Mode="off")
    assert microscope.get("LastError") == "" and microscope.get("ActiveDevice") == "", "nothing needs a model"
    microscope.set(Mode="restore", Model=TINY)
    assert microscope.get("ActiveDevice") == "cpu, 1 threads"
    assert microscope.get("LastError") == ""


def test_a_model_that_has_come_is_found(microscope, tmp_path):
    file = tmp_path / "model.onnx"
    microscope.set(Model=file)
    assert str(file) in microscope.get("LastError")
    shutil.copy(TINY, file)
    microscope.set(Model=file)
    assert microscope.get("LastError") == "" and microscope.get("ActiveDevice") == "cpu, 1 threads"


def test_a_long_message_is_cut_between_characters(microscope):
    microscope.set(Model="/" + "µ" * 480 + ".onnx")
    told = microscope.get("LastError")
    assert 900 < len(told.encode()) < 1024 and "µ" in told


def test_a_log_that_cannot_be_written_stops_nothing(microscope, tmp_path):
    microscope.set(FrameLog=tmp_path / "none" / "frames.csv")
    microscope.core.snapImage()
    microscope.image()
    assert microscope.counts() == (1, 0, 0)
    told = microscope.get("LastError")
    assert "FrameLog" in told and "cannot be opened" in told and "No such file" in told and "choose a file" in told
    # The message stays as long as it is true, whatever else is set.
    microscope.set(ResetCounters="Yes", RunOptions="tile=32")
    assert microscope.get("LastError") == told
    (tmp_path / "none").mkdir()
    microscope.set(FrameLog=tmp_path / "none" / "frames.csv")
    assert microscope.get("LastError") == ""
    microscope.image()
    assert len(microscope.log(tmp_path / "none" / "frames.csv")) == 1


def test_a_log_on_a_full_disk_stops_nothing(microscope):
    microscope.set(FrameLog="/dev/full")
    for _ in range(2):
        microscope.core.snapImage()
        microscope.image()
    assert microscope.counts() == (2, 0, 0)
    assert "FrameLog /dev/full: cannot be written" in microscope.get("LastError")


def test_values_that_cannot_be_are_refused(microscope):
    for name, value in [
        ("Mode", "restored"),
        ("TimeBudgetMs", "0"),
        ("TimeBudgetMs", "60001"),
        ("TimeBudgetMs", "nan"),
        ("TimeBudgetMs", "33.5 ms"),
        ("TimeBudgetMs", ""),
        ("Threads", "-1"),
        ("FourBytePixels", "BGR"),
        ("SkipWhenLate", "1"),
    ]:
        before = microscope.get(name)
        with pytest.raises(RuntimeError, match=f'Cannot set property "{name}" to "{value}"'):
            microscope.set(**{name: value})
        assert microscope.get(name) == before
    # A point is one in every locale (test_live.py).
    microscope.set(TimeBudgetMs="33.5", SkipWhenLate="Yes")
    assert microscope.get("TimeBudgetMs") == "33.5"
    microscope.core.snapImage()
    microscope.image()
    assert sum(microscope.counts()) == 1


def test_an_adapter_for_another_interface_is_refused(tmp_path):
    refusing = core(os.environ["PARFOCAL_OLD_ADAPTER"])
    with pytest.raises(RuntimeError, match='Failed to load device adapter "Parfocal"'):
        refusing.loadDevice("Restore", "Parfocal", "Parfocal")
    file = tmp_path / "microscope.cfg"
    file.write_text("Device,Restore,Parfocal,Parfocal\n")
    numbers = "MMCore requires 75; device adapter has 74"
    with pytest.raises(OSError, match=rf"Incompatible device interface version \({numbers}\)"):
        refusing.loadSystemConfiguration(str(file))
    page = (ROOT / "docs/microscope-control.md").read_text()
    assert f"Incompatible device interface version ({numbers})" in page
