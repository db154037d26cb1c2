"""Folders of stacks and pairs: what becomes a stack, under which name, and what is refused."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from training.data import fields as focal
from training.data import stacks
from training.data.intensity import normalisation_range
from training.tests.data.test_fields import SIZE, stack


def as_8_bit(planes):
    return (planes // 40).clip(0, 255).astype(np.uint8)


def test_folders_with_dots_keep_their_names(tmp_path):
    for name in ("slide.1", "slide.2"):
        (tmp_path / name).mkdir()
        for i, plane in enumerate(stack(int(name[-1]))):
            tifffile.imwrite(tmp_path / name / f"z{i}.tif", plane)
    assert [f.name for f in stacks.read_stacks(tmp_path)] == ["slide.1", "slide.2"]


def test_two_fields_of_one_name(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", stack(1), photometric="minisblack")
    tifffile.imwrite(tmp_path / "a.tiff", stack(2), photometric="minisblack")
    with pytest.raises(ValueError, match="two fields are called a; rename one of them"):
        stacks.read_stacks(tmp_path)


def test_a_name_that_speaks_of_channels_parts_nothing(tmp_path):
    """Four files are four places, whatever their names."""
    for i in range(4):
        tifffile.imwrite(tmp_path / f"a, channel {i}.tif", stack(i), photometric="minisblack")
    parts = focal.split([focal.measured(one) for one in stacks.read_stacks(tmp_path)])
    assert [len(p) for p in parts] == [2, 1, 1]


def test_the_same_field_twice(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", stack(1), photometric="minisblack")
    planes = stack(2)
    planes[2] = stack(1)[0]  # one plane is enough
    tifffile.imwrite(tmp_path / "b.tif", planes, photometric="minisblack")
    with pytest.raises(
        ValueError,
        match="field b, plane 2: the same image as plane 0 of field a; each field must be a place of its own",
    ):
        stacks.read_stacks(tmp_path)


def test_planes_of_a_folder_are_ordered_by_number_and_the_order_is_told(tmp_path):
    (tmp_path / "a").mkdir()
    names = [f"img_z{i}" for i in range(1, 13)]
    planes = [np.random.default_rng(i).integers(0, 99, (SIZE, SIZE), np.uint8) for i in range(12)]
    for name, plane in zip(names, planes, strict=True):
        Image.fromarray(plane).save(tmp_path / "a" / f"{name}.png")
    (one,) = stacks.read_stacks(tmp_path)
    assert one.names == names and np.array_equal(one.planes, planes)
    assert one.notes == ["12 files, in this order: " + ", ".join(names)]


@pytest.mark.parametrize("mode", ["green", "green with alpha", "all alike"])
def test_channels_that_show_nothing_are_left_out(tmp_path, mode):
    (tmp_path / "a").mkdir()
    planes = as_8_bit(stack())
    for i, plane in enumerate(planes):
        empty, alpha = np.zeros_like(plane), np.full_like(plane, 255)
        shown = {
            "green": [empty, plane, empty],
            "green with alpha": [empty, plane, empty, alpha],
            "all alike": [plane] * 3,
        }[mode]
        Image.fromarray(np.stack(shown, -1)).save(tmp_path / "a" / f"{i}.png")
    (one,) = stacks.read_stacks(tmp_path)
    assert one.name == "a" and np.array_equal(one.planes, planes)
    note = (
        "its colours are alike; read as grey"
        if mode == "all alike"
        else "channel 0, 2 left out: every pixel of it is alike"
    )
    assert note in one.notes


def test_colours_of_a_frame_share_one_range(tmp_path):
    """Colours share a range, as in the engine; each channel of a microscope is a frame of its own."""
    planes = stack().astype(np.float32)
    both = np.stack([planes, 0.5 * planes[:, ::-1] + 7, 0.25 * planes[:, :, ::-1]], 1)  # Z, C
    tifffile.imwrite(tmp_path / "channels.tif", both, imagej=True, metadata={"axes": "ZCYX"})
    (tmp_path / "colours").mkdir()
    for i, plane in enumerate(both + 1):
        tifffile.imwrite(tmp_path / "colours" / f"{i}.tif", np.moveaxis(plane, 0, -1), photometric="rgb")
    fields = {one.name: focal.measured(one, sharp=1) for one in stacks.read_stacks(tmp_path)}
    for c in range(3):
        for i in range(3):
            assert fields[f"channels, channel {c}"].planes[i].range == normalisation_range(both[i, c])
            assert fields[f"colours, channel {c}"].planes[i].range == normalisation_range((both + 1)[i])


@pytest.mark.parametrize(
    "shape, axes, found",
    [
        ((3, 1, 80, 90), "ZQYX", (1, 3, 80, 90)),
        ((1, 2, 3, 80, 90), "TCZYX", (2, 3, 80, 90)),
        ((80, 90, 3), "YXZ", (1, 3, 80, 90)),
        ((2, 80, 90), "CYX", (2, 1, 80, 90)),
        ((3, 80, 90), "SYX", (3, 1, 80, 90)),
        ((5, 4, 80, 90), "ZSYX", (3, 5, 80, 90)),
        ((2, 5, 80, 90), "SZYX", (1, 5, 80, 90)),
        ((5, 80, 90, 1), "ZYXS", (1, 5, 80, 90)),
    ],
)
def test_axes_are_taken_by_their_letters(tmp_path, shape, axes, found):
    image = np.arange(np.prod(shape)).reshape(shape)
    made, _ = stacks._laid_out(tmp_path, image, axes)
    assert made.shape == found
    index = dict(zip(axes, (0,) * len(axes), strict=True)) | {"Y": 7, "X": 11}
    assert made[0, 0, 7, 11] == image[tuple(index[a] for a in axes)]
    if found[1] > 1:
        deep = next(a for a in axes if a in "ZT" and shape[axes.index(a)] > 1)
        assert made[0, 2, 7, 11] == image[tuple((index | {deep: 2})[a] for a in axes)]


@pytest.mark.parametrize(
    "shape, axes, message",
    [
        (
            (3, 2, 80, 90),
            "ZTYX",
            r"shape \(3, 2, 80, 90\), axes ZTYX: several planes along Z and T; expected one stack",
        ),
        ((3, 2, 80, 90), "ZRYX", r"shape \(3, 2, 80, 90\), axes ZRYX: 2 along R; expected one stack"),
        ((2, 80, 90, 3), "CYXS", r"axes CYXS: several channels of several colours"),
        ((80, 90, 7), "YXS", r"shape \(80, 90, 7\), axes YXS: 7 samples in a pixel; expected 1 \(grey\) or 3"),
        ((5, 90), "ZX", r"shape \(5, 90\), axes ZX; expected planes of rows and columns"),
    ],
)
def test_odd_axes_are_refused_with_their_shape(tmp_path, shape, axes, message):
    with pytest.raises(ValueError, match=message):
        stacks._laid_out(tmp_path / "a.tif", np.zeros(shape), axes)


def test_channels_first_files_of_a_folder(tmp_path):
    (tmp_path / "a").mkdir()
    both = [stack(1), stack(2)]
    for i in range(3):
        two = np.stack([both[0][i], both[1][i]])
        tifffile.imwrite(tmp_path / "a" / f"{i}.tif", two, imagej=True, metadata={"axes": "CYX"})
    found = stacks.read_stacks(tmp_path)
    assert [f.name for f in found] == ["a, channel 0", "a, channel 1"] and all(
        np.array_equal(f.planes, p) for f, p in zip(found, both, strict=True)
    )


def test_a_stack_among_the_planes_of_a_folder(tmp_path):
    (tmp_path / "a").mkdir()
    tifffile.imwrite(tmp_path / "a" / "0.tif", stack(), photometric="minisblack", metadata={"axes": "ZYX"})
    with pytest.raises(
        ValueError, match=r"0\.tif: holds 3 planes \(shape \(3, 128, 128\)\); expected one in each file"
    ):
        stacks.read_stacks(tmp_path)


def test_positions_of_one_data_set_are_fields_of_their_own(tmp_path):
    from training.tests.data.test_tiff import data_set, pages

    data_set(tmp_path)
    found = stacks.read_stacks(tmp_path)
    assert [f.name for f in found] == [f"MMStack_Pos{i}.ome" for i in range(4)]
    assert all(np.array_equal(f.planes, pages(3, i)) for i, f in enumerate(found))
