"""Fields of users' focal stacks: the measured shifts and exposures are true, and faults are named."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from training.data import bbbc006, stacks
from training.data import fields as focal
from training.finetune import make_stacks
from training.optics.demo_specimen import SCOPE
from training.optics.microscope import convolve, transfer_function
from training.optics.specimen import nuclei

SIZE = 128
SHIFTS = ((1.3, -0.6), (0.0, 0.0), (-0.7, 2.2))
EXPOSURES = ((0.9, 40.0), (1.0, 0.0), (1.1, -60.0))


def stack(seed=1, shifts=SHIFTS, exposures=EXPOSURES, defocus_um=(-3.0, 0.0, 4.0)):
    """uint16 [Z, SIZE, SIZE]: planes of known shift and exposure, with a little noise."""
    from scipy import ndimage

    random = np.random.default_rng(seed)
    whole = SIZE + 64
    specimen = nuclei(whole, random) + 0.1
    planes = []
    for um, shift, (gain, offset) in zip(defocus_um, shifts, exposures, strict=True):
        light = ndimage.shift(convolve(specimen, transfer_function(SCOPE, um, whole)), shift, order=3, mode="reflect")
        counts = gain * (4000 * light[32:-32, 32:-32] + 500) + offset
        planes.append(counts + 10 * random.standard_normal(counts.shape))
    return np.clip(np.rint(planes), 0, 65535).astype(np.uint16)


@pytest.fixture
def folder(tmp_path):
    for seed in range(3):
        tifffile.imwrite(tmp_path / f"f{seed}.tif", stack(seed), photometric="minisblack", metadata={"axes": "ZYX"})
    return tmp_path


def test_shift_and_exposure_are_found_and_undone(folder):
    fields = focal.fields_of_stacks(folder)
    assert [f.name for f in fields] == ["f0", "f1", "f2"] and all(f.sharp == 1 for f in fields)
    for one in fields:
        for plane, shift, (gain, offset) in zip(one.planes, SHIFTS, EXPOSURES, strict=True):
            assert plane.shift_px == pytest.approx(shift, abs=0.12)
            assert plane.gain == pytest.approx(gain, rel=0.03)
            # The target is the sharp plane with this plane's exposure.
            expected = gain * one.reference.mean() + offset
            assert one.target(plane).mean() == pytest.approx(expected, rel=0.03)
        assert one.notes[0].startswith("drifts by up to 2.") and one.notes[1].startswith("exposure 0.")
        assert one.planes[1].steps == 0 and np.array_equal(one.target(one.planes[1]), one.reference)


def test_layouts(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", stack(1), imagej=True, metadata={"axes": "ZYX"})
    two = np.stack([stack(2), stack(3)], 1)
    tifffile.imwrite(tmp_path / "b.tif", two, imagej=True, metadata={"axes": "ZCYX"})
    for number, plane in enumerate(stack(4)):
        (tmp_path / "c").mkdir(exist_ok=True)
        tifffile.imwrite(tmp_path / "c" / f"{number:02d}.tif", plane)
    found = stacks.read_stacks(tmp_path)
    assert [f.name for f in found] == ["a", "b, channel 0", "b, channel 1", "c"] and found[3].names == [
        "00",
        "01",
        "02",
    ]
    assert [f.place for f in found] == ["a", "b", "b", "c"]
    for number, one in enumerate(found):
        assert np.array_equal(one.planes, stack(number + 1) if number < 3 else stack(4))


def test_colours_are_fields_of_their_own(tmp_path):
    (tmp_path / "a").mkdir()
    for number, plane in enumerate(stack()):
        Image.fromarray(
            np.stack([plane // 256, plane // 512, plane // 300, 255 + 0 * plane], -1).astype(np.uint8)
        ).save(tmp_path / "a" / f"{number}.png")
    found = stacks.read_stacks(tmp_path)
    assert [f.name for f in found] == [f"a, channel {c}" for c in range(3)] and found[0].planes.shape == (3, SIZE, SIZE)


def test_a_colour_of_nothing_but_noise_is_left_out(tmp_path):
    (tmp_path / "a").mkdir()
    for number, plane in enumerate(stack()):
        noise = np.random.default_rng(number).integers(0, 3, plane.shape, np.uint8)
        colours = np.stack([noise, (plane // 40).clip(0, 255).astype(np.uint8), noise], -1)
        Image.fromarray(colours).save(tmp_path / "a" / f"{number}.png")
    said = []
    (one,) = focal.fields_of_stacks(tmp_path, said.append)
    assert one.name == "a, channel 1" and one.place == "a"
    assert [words.startswith(f"[{i + 1}/3] left out: field a, channel {i}") for i, words in enumerate(said)] == [
        True,
        False,
        True,
    ]
    assert sum(note.startswith("left out: field a, channel ") for note in one.notes) == 2  # which the report prints
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 3, (SIZE, SIZE, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "a" / f"{number}.png")
    with pytest.raises(ValueError, match="field a, channel 0"):
        focal.fields_of_stacks(tmp_path)


def write(folder, planes, name="bad.tif"):
    tifffile.imwrite(folder / name, planes, photometric="minisblack", metadata={"axes": "ZYX"[-planes.ndim :]})


def constant(planes):
    planes[2] = 77
    return planes


def elsewhere(planes):
    return np.stack([stack(9)[1], planes[1], planes[2]])


def inverted(planes):
    return np.stack([8000 - planes[0], planes[1], planes[2]]).astype(np.uint16)


def not_finite(planes):
    planes = planes.astype(np.float32)
    planes[0, 3, 3] = np.nan
    return planes


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda p: p[1],
            r"field bad: 1 plane\(s\) \(bad\.tif, grey, 128x128 px, 1 channel\(s\)\); a focal stack needs at least 2",
        ),
        (
            lambda p: np.stack([p[1]] * 3),
            r"field bad: no plane is sharper than the others \(focus scores .*through focus",
        ),
        (lambda p: p[[1, 0, 2]], r"field bad: the sharpest plane is its first \(0\), so focus may lie outside"),
        (
            lambda p: np.stack([np.roll(p[0], 20, 1), p[1], p[2]]),
            r"field bad, plane 0: lies \+.* px across .*more than 6",
        ),
        (elsewhere, r"field bad, plane 0: (does not show what the sharp plane shows|lies .* px across)"),
        (
            inverted,
            r"field bad, plane 0: is bright where the sharp plane is dark \(correlation -0\.\d\d\); .*leave this "
            r"plane out",
        ),
        (constant, r"field bad, plane 2: every pixel is 77; leave this field out"),
        (not_finite, r"field bad, plane 0: 1 pixels are not finite"),
        (lambda p: p[:, :40], r"field bad: 128x40 px; expected at least 64 each way"),
        (lambda p: p.astype(np.int32), r"field bad: pixels are int32; expected 8 or 16-bit unsigned or 32-bit float"),
        (lambda p: (p // 256).astype(np.uint8), r"field f0: pixels are uint16, but field bad has uint8"),
    ],
)
def test_bad_fields_are_named(folder, change, message):
    planes = change(stack(5))
    write(folder, planes)
    with pytest.raises(ValueError, match=message):
        focal.fields_of_stacks(folder)


def test_two_planes_are_enough_where_one_is_sharp(folder):
    write(folder, stack(5)[1:])
    assert focal.fields_of_stacks(folder)[0].sharp == 0


def test_bad_folders(tmp_path):
    with pytest.raises(ValueError, match="nowhere: no such folder; expected one TIFF"):
        stacks.read_stacks(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no stack; expected one TIFF"):
        stacks.read_stacks(tmp_path)
    (tmp_path / "cut.tif").write_bytes(b"II*\0")
    with pytest.raises(ValueError, match=r"cut\.tif: cannot be read as a TIFF"):
        stacks.read_stacks(tmp_path)
    (tmp_path / "cut.tif").unlink()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"field empty: 0 plane\(s\); a focal stack needs at least 2"):
        stacks.read_stacks(tmp_path)
    for number, size in enumerate((96, 96, 80)):
        Image.fromarray(np.zeros((size, 96), np.uint8)).save(tmp_path / "empty" / f"{number}.png")
    with pytest.raises(
        ValueError,
        match=r"2\.png: uint8 80x96 with 1 channel \(rows x columns\), but 0\.png is uint8 96x96 with 1 channel; the "
        r"planes of a field",
    ):
        stacks.read_stacks(tmp_path)


def test_split_keeps_channels_together_and_needs_three_fields():
    made = lambda n: [focal.Field(f"f{i}, channel {c}", [], 0, place=f"f{i}") for i in range(n) for c in range(2)]
    parts = focal.split(made(10))
    assert [len(p) for p in parts] == [12, 4, 4]
    places = [{f.name.split(",")[0] for f in part} for part in parts]
    assert not (places[0] & places[1] or places[0] & places[2] or places[1] & places[2])
    assert [len(p) for p in focal.split(made(3))] == [2, 2, 2]
    with pytest.raises(ValueError, match=r"2 field\(s\); expected at least 3.*Take more fields"):
        focal.split(made(2))


def test_pairs(tmp_path):
    for name in ("blurred", "sharp"):
        (tmp_path / name).mkdir()
    for seed in range(3):
        planes = stack(seed)
        tifffile.imwrite(tmp_path / "blurred" / f"f{seed}.tif", planes[0])
        tifffile.imwrite(tmp_path / "sharp" / f"f{seed}.tif", planes[1])
    fields = focal.fields_of_pairs(tmp_path)
    assert [f.name for f in fields] == ["f0", "f1", "f2"] and all(f.sharp == 1 and len(f.planes) == 2 for f in fields)
    assert fields[0].planes[0].shift_px == pytest.approx(SHIFTS[0], abs=0.12)
    tifffile.imwrite(tmp_path / "sharp" / "f2.tif", stack()[1].astype(np.float32))
    with pytest.raises(
        ValueError,
        match=r"f2\.tif: uint16 128x128 with 1 channel\(s\), but .*f2\.tif is float32 .*a pair must be of one type "
        r"and size",
    ):
        focal.fields_of_pairs(tmp_path)


def test_pairs_that_are_exchanged_or_the_same(tmp_path):
    for name in ("blurred", "sharp"):
        (tmp_path / name).mkdir()
    planes = stack(1)
    tifffile.imwrite(tmp_path / "blurred" / "cell.tif", planes[1])
    tifffile.imwrite(tmp_path / "sharp" / "cell.tif", planes[0])
    (tmp_path / "blurred" / "notes.txt").write_text("x")
    with pytest.raises(
        ValueError,
        match=r"field cell: its image in sharp/ is not clearly sharper .*are the folders exchanged\?.*focus score",
    ):
        focal.fields_of_pairs(tmp_path)
    tifffile.imwrite(tmp_path / "sharp" / "cell.tif", planes[1])
    with pytest.raises(
        ValueError, match=r"blurred/cell\.tif and .*sharp/cell\.tif are the same image; expected one out of focus"
    ):
        focal.fields_of_pairs(tmp_path)


def bbbc006_like(folder, sharpest=16):
    """BBBC006's own folders and names: three places, two stains each."""
    still = {"shifts": ((0, 0),) * 4, "exposures": ((1, 0),) * 4}
    for number, (well, stain) in enumerate((w, c) for w in ("a01_s1", "a01_s2", "p24_s1") for c in ("w1", "w2")):
        defocus = dict(zip((2, 6, 10, 16), (-6.0, -5.0, -3.0, 0.0), strict=True))
        defocus[16], defocus[sharpest] = (defocus[sharpest], 0.0) if number == 0 else (defocus[16], defocus[sharpest])
        for z, plane in zip(defocus, stack(number, defocus_um=defocus.values(), **still), strict=True):
            into = folder / f"BBBC006_v1_images_z_{z:02d}"
            into.mkdir(exist_ok=True)
            tifffile.imwrite(into / f"mcf-z-stacks-03212011_{well}_{stain}1a2b3c.tif", plane)


def test_bbbc006(tmp_path):
    bbbc006_like(tmp_path)
    fields = bbbc006.fields(tmp_path)
    assert [f.name for f in fields][:3] == ["a01 s1, channel 1", "a01 s1, channel 2", "a01 s2, channel 1"]
    assert all(f.planes[f.sharp].name == "z16" and [p.steps for p in f.planes] == [-3, -2, -1, 0] for f in fields)
    assert [len(p) for p in focal.split(fields)] == [2, 2, 2]  # both stains of a site on one side
    (tmp_path / "BBBC006_v1_images_z_06").rename(tmp_path / "other")
    with pytest.raises(ValueError, match="has no folder BBBC006_v1_images_z_06"):
        bbbc006.fields(tmp_path)


def test_fields_of_bbbc006_with_a_fault_are_left_out(tmp_path):
    bbbc006_like(tmp_path, sharpest=10)
    said = []
    fields = bbbc006.fields(tmp_path, said.append)
    assert len(fields) == 5 and len(said) == 6
    assert "[1/6] left out: field a01 s1, channel 1: plane z16 is not the sharpest (focus score" in said[0]
    assert said[5].startswith("[6/6] field p24 s1, channel 2: sharpest plane z16")
    (tmp_path / "BBBC006_v1_images_z_16" / "mcf-z-stacks-03212011_a01_s1_w21a2b3c.tif").write_bytes(b"II*")
    with pytest.raises(
        ValueError,
        match=r"2 place\(s\) are left of 3; expected at least 3; the last fault was: .*cannot be read as a TIFF",
    ):
        bbbc006.fields(tmp_path)


def test_a_part_of_bbbc006_is_evenly_chosen():
    assert focal.spread(list(range(100)), 5) == [0, 25, 50, 74, 99] and focal.spread([1, 2], 5) == [1, 2]


def test_few_places_choose_of_many_fields():
    parts = focal.split([focal.Field(f"f{i}", [], 0) for i in range(100)])
    assert [len(p) for p in parts] == [72, 8, 20]


def test_a_part_of_a_target_is_that_part(folder):
    one = focal.fields_of_stacks(folder)[0]
    for plane in one.planes:
        whole = one.target(plane)
        for window in (np.s_[0:40, 60:128], np.s_[50:90, 20:61]):
            assert np.abs(one.target(plane, window) - whole[window]).max() < 1e-3  # counts of thousands


def test_planes_beyond_measuring_are_left_out(folder):
    """Beyond the largest blur the fit would report a drift and an exposure that are not there."""
    still = {"shifts": ((0, 0),) * 4, "exposures": ((1, 0),) * 4}
    planes = stack(5, defocus_um=(-3.0, 0.0, 3.0, 16.0), **still)
    write(folder, planes)
    one = focal.fields_of_stacks(folder)[0]
    assert [p.name for p in one.planes] == ["0", "1", "2"] and one.sharp == 1
    assert any(n.startswith("plane 3 left out: blurred by 14 px or more") for n in one.notes)
    write(folder, planes[[1, 3]])
    with pytest.raises(
        ValueError, match="field bad: every plane but the sharp one is blurred by 14 px or more; take planes nearer"
    ):
        focal.fields_of_stacks(folder)


def test_the_limit_of_the_shift_holds_after_the_refinement(folder, monkeypatch):
    monkeypatch.setattr(focal, "shift_against", lambda *_: (0.0, 6.0))
    monkeypatch.setattr(focal, "LEAST_LIKENESS", -2.0)
    monkeypatch.setattr(focal, "exposure_against", lambda *_: (1.0, 0.0, (0.0, 0.9), 2.0))
    with pytest.raises(ValueError, match=r"field f0, plane 0: lies \+8\.7 px across and \+0\.0 px down .*more than 6"):
        focal.fields_of_stacks(folder)


def test_stacks_to_try_with_have_the_faults_that_they_claim(tmp_path):
    make_stacks.main(["--out", str(tmp_path), "--fields", "1", "--planes", "5"])
    (one,) = focal.fields_of_stacks(tmp_path)
    assert one.sharp == 2 and any("drifts" in n for n in one.notes)
    with pytest.raises(SystemExit, match="make-stacks: --fields 0, --planes 9: expected at least 1 and 3"):
        make_stacks.main(["--out", str(tmp_path), "--fields", "0"])
