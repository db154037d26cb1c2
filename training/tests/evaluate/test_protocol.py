"""Measures against figures worked out by hand, the engine's rules in Python, and layouts and messages of evaluate."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import ndimage

from training.evaluate import metrics, protocol, restore

SAME = lambda x: x


def halves(x):
    return 0.5 * x


@pytest.fixture
def scene():
    random = np.random.default_rng(4)
    return ndimage.gaussian_filter(random.standard_normal((90, 117)), 3) * 2000 + 1000


def test_measures():
    reference = np.linspace(0, 100, 10001).reshape(73, 137)
    span = np.subtract(*np.percentile(reference, (99.9, 0.1)))
    assert metrics.psnr(reference + 1, reference) == pytest.approx(20 * np.log10(span))
    assert metrics.gain_and_offset((reference - 3) / 2, reference) == pytest.approx((2, 3))
    assert metrics.gain_and_offset(np.full_like(reference, 7), reference) == pytest.approx((1, 43))
    assert metrics.psnr(reference, reference) == float("inf")
    assert metrics.ssim(reference, reference) == pytest.approx(1)


def test_integers_round_half_to_even_and_saturate():
    image = np.array([-3.0, 0.5, 1.5, 2.5, 254.6, 999.0])
    assert restore.to_type(image, np.uint8).tolist() == [0, 0, 2, 2, 255, 255]
    assert restore.to_type(np.array([65534.5, 7e4]), np.uint16).tolist() == [65534, 65535]


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (17, 23), (48, 32), (37, 50, 3)])
def test_an_idle_network_changes_nothing(shape):
    frame = np.random.default_rng(0).integers(0, 4000, shape).astype(np.uint16)
    seen = []

    def network(x):
        seen.append(x.shape)
        return x

    assert np.array_equal(restore.to_type(restore.restore(frame, network), np.uint16), frame)
    assert all(s[1] == 1 and s[2] % 16 == 0 and s[3] % 16 == 0 for s in seen)


def test_non_finite_pixels_come_back_and_the_network_sees_the_median():
    frame = np.arange(35 * 37, dtype=np.float32).reshape(35, 37)
    frame[3, 4], frame[5, 6] = np.nan, -np.inf
    finite = np.isfinite(frame)
    seen = []
    restored = restore.restore(frame, lambda x: (seen.append(x), x)[1])
    assert np.isnan(restored[3, 4]) and restored[5, 6] == -np.inf
    assert np.abs(restored[finite] - frame[finite]).max() < 1e-6 * np.ptp(frame[finite])
    assert seen[0][0, 0, 3, 4] == pytest.approx(np.median(seen[0][0, 0, :35, :37][finite]))


def test_fit_takes_out_gain_and_offset_only(scene):
    """The fit makes up for a network that halves contrast; the raw figure and the fitted gain show it."""
    row = protocol.evaluate_plane("s", "0", 1.0, "um", scene, scene, halves)
    assert row.psnr_after > 60 and row.gain_fit_after == pytest.approx(2, rel=1e-3)
    assert row.raw_after < 20 and row.psnr_to_input == pytest.approx(row.raw_after, abs=0.01)


def test_lost_grain_and_lost_structure_are_told_apart(scene):
    """Smoothing by a pixel reduces the variance of white noise to 1 / (4 pi) and leaves large structures alone."""
    grain = np.random.default_rng(0).standard_normal(scene.shape)
    with_grain = lambda x: x + 0.02 * np.pad(grain, ((0, -scene.shape[0] % 16), (0, -scene.shape[1] % 16)))[None, None]
    row = protocol.evaluate_plane("s", "0", 0.0, "um", scene, scene, lambda x: with_grain(x).astype(np.float32))
    assert row.smoothed_to_input - row.psnr_to_input == pytest.approx(10 * np.log10(4 * np.pi), abs=0.5)
    row = protocol.evaluate_plane("s", "0", 0.0, "um", scene, scene, lambda x: 0.9 * x)
    assert row.smoothed_to_input - row.psnr_to_input == pytest.approx(0, abs=0.7)
    assert "s, in focus (0): the same, both smoothed by 1 px" in protocol.summary([row])


def test_planes_of_another_size_are_laid_onto_the_sharp_one(scene):
    sharp = np.clip(scene, 0, 65535).astype(np.uint16)
    moved = ndimage.gaussian_filter(ndimage.shift(scene, (2.5, -1.5), order=3, mode="nearest"), 2)
    smaller = ndimage.zoom(moved, (88 / 90, 114 / 117), order=3)
    row = protocol.evaluate_plane("s", "1", 1.0, "steps", smaller, sharp, SAME)
    unaligned = metrics.psnr(moved[8:-8, 8:-8], scene[8:-8, 8:-8])
    assert row.psnr_before > unaligned + 3 and row.psnr_before == pytest.approx(row.psnr_after)


def rows_of(out: str) -> list[dict]:
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(out, parse_constant=refuse)["rows"]


@pytest.fixture
def idle(monkeypatch):
    monkeypatch.setattr(restore, "load_network", lambda path, threads: SAME)


def test_own_stack_and_pairs(scene, tmp_path, capsys, idle):
    planes = np.stack([ndimage.gaussian_filter(scene, s) for s in (2, 0, 3)]).clip(0, 65535).astype(np.uint16)
    tifffile.imwrite(tmp_path / "field.tif", planes, photometric="minisblack")
    protocol.main(["--model", "m.onnx", "--stack", str(tmp_path / "field.tif"), "--focus", "1", "--json"])
    rows = rows_of(capsys.readouterr().out)
    assert [r["distance"] for r in rows] == [-1, 0, 1]
    assert rows[1]["psnr_before"] is None and 10 < rows[2]["psnr_before"] < rows[0]["psnr_before"]
    for folder, plane in (("blurred", planes[0]), ("sharp", planes[1])):
        (tmp_path / "pairs" / folder).mkdir(parents=True)
        Image.fromarray(plane).save(tmp_path / "pairs" / folder / "a.tif")
    protocol.main(["--model", "m.onnx", "--pairs", str(tmp_path / "pairs"), "--json"])
    (pair,) = rows_of(capsys.readouterr().out)
    assert pair["psnr_before"] == pytest.approx(rows[0]["psnr_before"])
    protocol.main(["--model", "m.onnx", "--stack", str(tmp_path / "field.tif"), "--focus", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert len({line.count("|") for line in lines[:5]}) == 1 and "in focus" in lines[3]


def test_summary_takes_the_planes_that_the_release_is_judged_on():
    def row(stack, distance, gained, after=20.0):
        return protocol.Row(stack, "p", distance, "", after - gained, after, 0, 0, 0, 0, 1.0 + gained / 100, 0, 33.0)

    rows = [row("tissue-brightfield", d, g) for d, g in ((-5, 1.0), (-3, 2.0), (3, -1.0), (5, 0.0), (4, 9.0), (0, 0.0))]
    rows += [row("reflected-brightfield", d, g) for d, g in ((-5.34, 3.0), (6.52, 1.0), (10.23, 50.0))]
    found = protocol.summary(rows)
    assert found["tissue-brightfield, 3 and 5 planes"] == {
        "mean_gain_db": pytest.approx(0.5),
        "worst_gain_db": pytest.approx(-1.0),
        "fitted_gain": pytest.approx([0.99, 1.02]),
    }
    assert found["reflected-brightfield, 5 to 8 um"]["mean_gain_db"] == pytest.approx(2.0)
    assert found["tissue-brightfield, in focus (p): PSNR(restored, input)"] == 33.0
    assert not any(name.startswith("nucleus") for name in found)


def test_messages(tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no model")
    stack = np.zeros((3, 20, 20), np.uint8)
    tifffile.imwrite(tmp_path / "field.tif", stack, photometric="minisblack")
    tiny = ["--model", "tests/models/tiny.onnx"]
    for arguments, message in (
        (["--model", str(tmp_path / "absent.onnx")], r"absent\.onnx: no such file"),
        (["--model", str(bad)], r"bad\.onnx: not a model"),
        (["--model", str(tmp_path / "absent.pt")], r"absent\.pt: no such file"),
        ([*tiny, "--data", str(tmp_path)], "no data: .*eval does not exist; set PARFOCAL_DATA"),
        (
            [*tiny, "--stack", str(tmp_path / "field.tif"), "--focus", "9"],
            "no plane is called '9'; --focus is one of 0, 1, 2",
        ),
        ([*tiny, "--pairs", str(tmp_path)], "no pairs"),
    ):
        with pytest.raises(SystemExit, match="evaluate: .*" + message):
            protocol.main(arguments)
