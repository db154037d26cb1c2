"""The layouts of training/data/images.py, and the messages on bad ones."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from training.data import images as data


def picture(shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype)


def test_all_kinds_of_files(tmp_path):
    (tmp_path / "fluorescence").mkdir()
    (tmp_path / "slides-he").mkdir()
    Image.fromarray(picture((120, 130))).save(tmp_path / "fluorescence" / "grey.png")
    tifffile.imwrite(
        tmp_path / "fluorescence" / "first.tif", picture((2, 120, 130), np.uint16), photometric="minisblack"
    )
    Image.fromarray(picture((120, 130, 3))).save(tmp_path / "slides-he" / "rgb.png")
    Image.fromarray(np.repeat(picture((120, 130, 1)), 3, 2)).save(tmp_path / "bf_grey.png")
    Image.fromarray(picture((20, 20))).save(tmp_path / "small.png")
    found = data.load_sharp(tmp_path)
    kinds = [(s.source, s.modality) for s in found]
    assert kinds.count(("fluorescence", "fluorescence")) == 3
    assert kinds.count(("slides-he", "brightfield")) == 3
    assert kinds.count(("bf_grey.png", "brightfield")) == 1  # equal channels count once
    assert len(found) == 7
    assert all(s.plane.min() >= 0 and s.plane.max() <= 1.5 for s in found)


def test_the_layout_of_the_readme(tmp_path):
    for name in ("fluorescence/cells/a01.tif", "brightfield/slides/b01.png"):
        path = tmp_path / "train" / name
        path.parent.mkdir(parents=True)
        Image.fromarray(picture((120, 130))).save(path)
    found = data.load_sharp(tmp_path / "train")
    assert [(s.source, s.modality) for s in found] == [("brightfield", "brightfield"), ("fluorescence", "fluorescence")]
    assert data.source_counts(found) == {"brightfield": 1, "fluorescence": 1}
    field = tmp_path / "STACKS" / "field1"
    field.mkdir(parents=True)
    for name in ("02", "00", "01"):
        Image.fromarray(picture((30, 40))).save(field / f"{name}.png")
    assert [n for n, _ in data.load_stack(field)] == ["00", "01", "02"]


def test_crop_mirrors_what_is_too_small():
    random = np.random.default_rng(0)
    assert data.crop(np.ones((40, 200), np.float16), 96, 1.0, random).shape == (96, 96)
    assert data.crop(np.ones((400, 300), np.float16), 96, 2.3, random).shape == (96, 96)


def test_stacks_and_pairs(tmp_path):
    tifffile.imwrite(tmp_path / "field.tif", picture((5, 30, 40), np.uint16), photometric="minisblack")
    assert [n for n, _ in data.load_stack(tmp_path / "field.tif")] == ["0", "1", "2", "3", "4"]
    for folder in ("blurred", "sharp"):
        (tmp_path / "pairs" / folder).mkdir(parents=True)
        Image.fromarray(picture((30, 40))).save(tmp_path / "pairs" / folder / "a.png")
    assert len(data.load_pairs(tmp_path / "pairs")) == 1
    Image.fromarray(picture((30, 41))).save(tmp_path / "pairs" / "sharp" / "a.png")
    with pytest.raises(ValueError, match=r"a\.png.*\(30, 40\).*\(30, 41\).*one shape"):
        data.load_pairs(tmp_path / "pairs")


def test_messages(tmp_path):
    with pytest.raises(ValueError, match="nowhere.*no such folder"):
        data.load_sharp(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no image of at least"):
        data.load_sharp(tmp_path)
    (tmp_path / "bad.png").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match=r"bad\.png: cannot be read as an image"):
        data.load_sharp(tmp_path)
    Image.fromarray(picture((30, 40))).save(tmp_path / "one.png")
    with pytest.raises(ValueError, match="focal stack"):
        data.load_stack(tmp_path / "absent")
    tifffile.imwrite(tmp_path / "single.tif", picture((1, 30, 40)), photometric="minisblack")
    with pytest.raises(ValueError, match=r"single\.tif.*at least 2"):
        data.load_stack(tmp_path / "single.tif")


@pytest.mark.parametrize(
    "names",
    [
        [f"img_z{i}" for i in range(1, 13)],
        ["-02", "-01", "+00", "+01", "+02", "+10"],
        ["z_-10um", "z_-2um", "z_0um", "z_3um", "z_12um"],
        ["a-1", "a-2", "a-10"],  # every name has the minus, so it separates word and number
        ["z0.5", "z1.25", "z1.5", "z10.0"],
        ["left", "right"],
    ],
)
def test_names_are_ordered_by_their_numbers(names):
    for seed in range(3):
        shuffled = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
        assert data.in_order(shuffled) == names


def test_planes_of_a_folder_come_in_that_order(tmp_path):
    for i in range(1, 13):
        Image.fromarray(np.full((30, 40), i, np.uint8)).save(tmp_path / f"img_z{i}.png")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    assert [int(plane[0, 0]) for _, plane in data.load_stack(tmp_path)] == list(range(1, 13))


def test_pairs_pass_over_what_is_no_image(tmp_path):
    for folder in ("blurred", "sharp"):
        (tmp_path / folder).mkdir()
        Image.fromarray(picture((30, 40))).save(tmp_path / folder / "a.png")
    (tmp_path / "blurred" / "Thumbs.db").write_bytes(b"x")
    assert len(data.load_pairs(tmp_path)) == 1
