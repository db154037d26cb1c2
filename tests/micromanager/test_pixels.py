"""The pixels: the same as from the command line, restored once, and nothing else changes."""

import json
import os
import subprocess

import numpy as np
import pytest
import tifffile


@pytest.mark.parametrize("kind", ["8bit", "16bit"])
def test_a_snap_equals_the_command_line(microscope, command, kind):
    microscope.pixels(kind)
    raw = microscope.raw()
    restored = microscope.image()
    assert restored.dtype == {"8bit": np.uint8, "16bit": np.uint16}[kind]
    np.testing.assert_array_equal(restored, command(raw))
    assert (restored != raw).mean() > 0.1, "this model changes what it sees"
    assert microscope.counts() == (1, 0, 0)


def test_options_reach_the_run(microscope, command):
    microscope.pixels("16bit")
    raw = microscope.raw()
    microscope.set(RunOptions="tile=32 halo=exact normalize=0:60000")
    np.testing.assert_array_equal(
        microscope.image(), command(raw, "--tile", "32", "--halo", "exact", "--normalize", "0:60000")
    )


@pytest.mark.parametrize("kind", ["8bit", "16bit"])
def test_a_frame_is_not_restored_twice(microscope, command, kind):
    microscope.pixels(kind)
    microscope.core.snapImage()
    first = microscope.image()
    for _ in range(3):
        np.testing.assert_array_equal(microscope.image(), first)
    assert microscope.counts() == (1, 0, 0)
    raw = microscope.raw()
    np.testing.assert_array_equal(microscope.image(), command(raw), "the camera's next frame")
    assert microscope.counts() == (2, 0, 0)


def test_two_cameras_in_turns(microscope, command):
    """getImage(channel) of a multi-camera device returns buffers in turns, too."""
    microscope.core.loadDevice("Second", "DemoCamera", "DCam")
    microscope.core.initializeDevice("Second")
    frames = {}
    for camera in ("Camera", "Second"):
        microscope.core.setCameraDevice(camera)
        frames[camera] = command(microscope.raw())
    for camera in ("Camera", "Second", "Camera", "Second"):
        microscope.core.setCameraDevice(camera)
        np.testing.assert_array_equal(microscope.image(), frames[camera])
    assert microscope.counts() == (2, 0, 0)


def test_what_one_model_restored_is_not_restored_by_another(microscope):
    microscope.core.snapImage()
    first = microscope.image()
    microscope.set(Model="")
    np.testing.assert_array_equal(microscope.image(), first)
    assert microscope.counts() == (1, 0, 0)
    raw = microscope.raw()
    assert (microscope.image() != raw).any()
    assert microscope.counts() == (2, 0, 0)


@pytest.mark.parametrize("kind", ["8bit", "16bit"])
def test_every_frame_of_an_acquisition_is_restored(microscope, command, tmp_path, kind):
    microscope.pixels(kind)
    waves = microscope.waves()
    expected = {command(frame).tobytes() for frame in waves.values()}
    assert 2 < len(expected) == len(waves) < 24
    log = tmp_path / "frames.csv"
    microscope.set(Mode="restore", FrameLog=log)
    frames = microscope.sequence(24)
    assert all(frame.tobytes() in expected for frame in frames)
    assert len({frame.tobytes() for frame in frames}) == len(waves)
    assert microscope.counts() == (24, 0, 0)
    assert [line["done"] for line in microscope.log(log)] == ["restored"] * 24
    assert 0 < float(microscope.get("LatencyMsMedian")) <= float(microscope.get("LatencyMsP95"))


def test_colours_where_they_are_declared(microscope, command):
    microscope.pixels("32bitRGB")
    raw = microscope.raw()
    assert raw.dtype == np.uint32
    np.testing.assert_array_equal(microscope.image(), raw)
    assert microscope.counts() == (0, 0, 0), "4 bytes may be anything, unless they are declared"
    channels = raw.view(np.uint8).reshape(*raw.shape, 4)
    microscope.set(FourBytePixels="RGBA")
    restored = microscope.image().view(np.uint8).reshape(channels.shape)
    np.testing.assert_array_equal(restored[..., :3], command(np.ascontiguousarray(channels[..., :3])))
    np.testing.assert_array_equal(restored[..., 3], channels[..., 3], "what is no colour")
    assert (restored != channels).any()
    assert microscope.counts() == (1, 0, 0)


@pytest.mark.parametrize("kind", ["32bit", "64bitRGB"])
def test_other_formats_pass(microscope, tmp_path, kind):
    log = tmp_path / "frames.csv"
    microscope.pixels(kind)
    microscope.set(FrameLog=log)
    raw = microscope.raw()
    np.testing.assert_array_equal(microscope.image(), raw)
    assert microscope.counts() == (0, 0, 0)
    assert [line["done"] for line in microscope.log(log)] == ["off", "untouched format"]


@pytest.mark.parametrize("kind", ["8bit", "16bit", "32bitRGB"])
def test_scores_are_those_of_the_command_line(microscope, tmp_path, kind):
    microscope.pixels(kind)
    # Scoring needs no model, so a missing one is no error.
    microscope.set(Model="/no/such/model.onnx", FourBytePixels="RGBA")
    assert "no/such" in microscope.get("LastError")
    microscope.set(Mode="score only")
    raw = microscope.raw()
    assert microscope.get("FocusScore") == ""
    np.testing.assert_array_equal(microscope.image(), raw)
    file = tmp_path / "frame.tif"
    if kind == "32bitRGB":
        tifffile.imwrite(
            file, np.ascontiguousarray(raw.view(np.uint8).reshape(*raw.shape, 4)[..., :3]), photometric="rgb"
        )
    else:
        tifffile.imwrite(file, raw)
    told = subprocess.run(
        [os.environ["PARFOCAL_COMMAND"], "score", "--json", str(file)], check=True, capture_output=True
    )
    ((score,),) = [file["scores"] for file in json.loads(told.stdout)["files"]]
    assert float(microscope.get("FocusScore")) == pytest.approx(score, rel=1e-8)
    assert microscope.counts() == (1, 0, 0) and microscope.get("LastError") == ""
