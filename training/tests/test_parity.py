"""PyTorch, Python's onnxruntime and the command compute the same; tiles compute what whole frames compute.

The command is PARFOCAL_COMMAND, else target/release/parfocal; without it these tests are skipped, in CI they fail.
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile

from training.data.intensity import normalisation_range
from training.evaluate import restore
from training.optics import specimen
from training.optics.microscope import Microscope, convolve, transfer_function
from training.release import export

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "models" / "tiny.onnx"
DOUBLES = ROOT / "tests" / "models" / "doubles.onnx"
TOLD = ROOT / "tests" / "models" / "told.onnx"
RELEASED = ROOT / "models" / "parfocal-w16.onnx"
TOLERANCE = 1e-4  # of the data range, the 0.1 to 99.9 percentile range of the input
TILED_TOLERANCE = 1e-3  # of the 0.1 to 99.9 percentile range of the whole-frame result


@pytest.fixture(scope="module")
def command():
    named = os.environ.get("PARFOCAL_COMMAND")
    path = Path(named) if named else ROOT / "target" / "release" / "parfocal"
    if not path.is_file():
        reason = f"{path}: no such file; build it with `cargo xtask setup` and `cargo build --release`"
        pytest.fail(reason) if os.environ.get("CI", "") not in ("", "false") or named else pytest.skip(reason)

    def restore(frame: np.ndarray, folder: Path, *options: str, model: Path = TINY) -> np.ndarray:
        photometric = "rgb" if frame.ndim == 3 else "minisblack"
        tifffile.imwrite(folder / "in.tif", frame, photometric=photometric)
        words = [path, "restore", folder / "in.tif", "-o", folder / "out.tif", "--force", "--model", model, *options]
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        restored = tifffile.imread(folder / "out.tif")
        assert restored.dtype == frame.dtype and restored.shape == frame.shape
        return restored

    return restore


@pytest.fixture(scope="module")
def tiny():
    return restore.load_network(TINY, threads=1)


def light(shape, seed) -> np.ndarray:
    """Smooth structures, noise, a few bright points; values far from 0 and 1."""
    random = np.random.default_rng(seed)
    size = max(*shape[:2], 32)
    image = specimen.mixture(size, random)[: shape[0], : shape[1]].astype(np.float64)
    image = 300 + 2500 * image + 40 * random.standard_normal(image.shape)
    if image.size > 50:
        image.flat[random.integers(image.size, size=3)] += 9000
    if len(shape) == 3:
        image = np.stack([image * k + 100 * k for k in (1.0, 0.6, 0.3)][: shape[2]], -1)
    return image


RANDOM_SIZES = np.random.default_rng(2026).integers(1, 200, (6, 2)).tolist()
SHAPES = [
    (16, 16),
    (64, 96),
    (17, 23),
    (1, 1),
    (1, 37),
    (53, 1),
    (2, 3),
    (127, 131),
    (40, 33, 3),
    *map(tuple, RANDOM_SIZES),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s)))
def test_pytorch_and_onnxruntime_restore_alike(shape, tiny):
    frame = light(shape, 1).astype(np.float32)
    low, high = normalisation_range(frame)
    expected = restore.restore(frame, restore.torch_network(export.tiny_model()))
    assert np.abs(restore.restore(frame, tiny) - expected).max() <= TOLERANCE * max(high - low, 1e-9)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s)))
def test_the_command_restores_as_python_does(shape, command, tiny, tmp_path):
    frame = light(shape, 1).astype(np.float32)
    expected = restore.restore(frame, tiny)
    low, high = normalisation_range(frame)
    difference = np.abs(command(frame, tmp_path) - expected).max()
    # One step of float32 at these values belongs to the file, not to the engine.
    assert difference <= TOLERANCE * (high - low) + np.spacing(np.float32(np.abs(frame).max()))
    if frame.size > 16:
        # Random weights change the image: agreement is not that of two copies of the input.
        assert np.abs(expected - frame).max() > 100 * TOLERANCE * (high - low)


@pytest.mark.parametrize("shape", [(17, 23), (150, 61), (40, 33, 3)], ids=lambda s: "x".join(map(str, s)))
@pytest.mark.parametrize("dtype, low, high", [(np.uint8, 20, 250), (np.uint16, 1000, 1400)])
def test_integers_round_half_to_even(dtype, low, high, shape, command, tiny, tmp_path):
    frame = light(shape, 2)
    frame = np.rint(np.interp(frame, np.percentile(frame, (1, 99)), (low, high))).astype(dtype)
    exact = restore.restore(frame, tiny)
    found = command(frame, tmp_path).astype(np.int64)
    tolerance = TOLERANCE * (high - low)
    assert tolerance < 0.05
    # Where rounding could go either way within the tolerance, both neighbours are right.
    either = np.abs(exact - np.floor(exact) - 0.5) <= tolerance
    expected = restore.to_type(exact, dtype).astype(np.int64)
    assert either.mean() < 0.2 and np.array_equal(found[~either], expected[~either])
    assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_saturate_at_the_bottom(dtype, command, tiny, tmp_path):
    top = np.iinfo(dtype).max
    frame = light((150, 61), 2)
    frame = restore.to_type((frame - frame.min()) / np.ptp(frame) * 1.6 * top - 0.3 * top, dtype)
    exact = restore.restore(frame, tiny)
    below = exact < -0.01 * top
    assert below.sum() >= 10 and (command(frame, tmp_path)[below] == 0).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_saturate_at_the_top(dtype, command, tmp_path):
    """With a network that doubles, so that the test asks nothing of a trained one."""
    top = np.iinfo(dtype).max
    frame = light((150, 61), 2)
    frame = np.rint(np.interp(frame, np.percentile(frame, (1, 99)), (0.1 * top, 0.9 * top))).astype(dtype)
    exact = restore.restore(frame, restore.load_network(DOUBLES, threads=1))
    above = exact > 1.01 * top
    assert above.sum() > 20 and (command(frame, tmp_path, model=DOUBLES)[above] == top).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_constant_frame_comes_back_as_it_was(dtype, command, tmp_path):
    frame = np.full((37, 45), 77, dtype)
    assert np.array_equal(command(frame, tmp_path), frame)


def test_non_finite_pixels_come_back_and_do_not_spread(command, tiny, tmp_path):
    frame = light((70, 90), 3).astype(np.float32)
    holes = {(3, 4): np.nan, (40, 50): np.inf, (69, 89): -np.inf}
    for place, value in holes.items():
        frame[place] = value
    expected = restore.restore(frame, tiny)
    found = command(frame, tmp_path)
    finite = np.isfinite(frame)
    assert all(np.array_equal(found[p], np.float32(v), equal_nan=True) for p, v in holes.items())
    low, high = normalisation_range(frame)
    assert np.isfinite(found[finite]).all()
    assert np.abs(found[finite] - expected[finite]).max() <= TOLERANCE * (high - low) + np.spacing(np.float32(1e4))


# ---- tiles ----------------------------------------------------------------------------------------------------------


def _point_near_a_seam(size):
    """A dim field with single bright pixels on, beside and near every multiple of 64, where tiles may meet."""
    random = np.random.default_rng(7)
    image = 100 + 2 * random.standard_normal((size, size))
    for at in range(64, size, 64):
        image[at, at] = image[at - 1, size - at] = image[at + 5, at // 2] = 20000
    return image


def _blurred(kind, size, seed):
    scope = Microscope(0.75, 0.55, 1.0, 0.325)
    random = np.random.default_rng(seed)
    image = convolve(kind(size, random), transfer_function(scope, scope.defocus_um(7.0), size))
    return 200 + 3000 * image + 10 * random.standard_normal(image.shape)


def _step(size):
    """Dark and bright halves, the border where tiles may meet."""
    image = np.full((size, size), 500.0)
    image[:, size // 2 :] = 4000
    return image + 5 * np.random.default_rng(8).standard_normal((size, size))


NAMED_SET = {
    "point near a seam": _point_near_a_seam,
    "nuclei": lambda size: _blurred(specimen.nuclei, size, 1),
    "fibres": lambda size: _blurred(specimen.filaments, size, 2),
    "membranes": lambda size: _blurred(specimen.membranes, size, 3),
    "edges": lambda size: _blurred(specimen.edges, size, 4),
    "half dark": _step,
    "noise": lambda size: 1000 + 100 * np.random.default_rng(9).standard_normal((size, size)),
}


@pytest.mark.parametrize("name", NAMED_SET)
def test_tiles_give_what_the_whole_frame_gives(name, command, tmp_path):
    if not RELEASED.is_file():
        pytest.skip(f"no released model at {RELEASED.name}")
    model = RELEASED
    frame = NAMED_SET[name](592)[:560, :].astype(np.float32)
    whole = command(frame, tmp_path, model=model)
    tiled = command(frame, tmp_path, "--tile", "256", model=model)
    low, high = np.percentile(whole, (0.1, 99.9))
    difference = np.abs(tiled.astype(np.float64) - whole).max()
    assert difference <= TILED_TOLERANCE * (high - low)
    assert difference > 0, "equal to the last bit: were these tiles at all?"


def test_without_a_halo_the_seams_would_be_found(command, tmp_path):
    frame = NAMED_SET["point near a seam"](592)[:560, :].astype(np.float32)
    whole = command(frame, tmp_path)
    tiled = command(frame, tmp_path, "--tile", "256", "--halo", "0")
    low, high = np.percentile(whole, (0.1, 99.9))
    assert np.abs(tiled.astype(np.float64) - whole).max() > TILED_TOLERANCE * (high - low)


@pytest.mark.parametrize("defocus_um", [None, 1.5])
def test_the_engine_finds_the_condition_that_training_finds(command, tmp_path, defocus_um):
    """Frames of several parts, with and without optics; the model adds a number of the condition to the image."""
    network = restore.load_network(TOLD, threads=1)
    frame = light((560, 300), 21).astype(np.float32)
    blind = restore.restore(frame, network)
    span = np.ptp(normalisation_range(frame))
    assert np.abs(command(frame, tmp_path, model=TOLD) - blind).max() < TOLERANCE * span
    scope = Microscope(0.75, 0.55, 1.0, 0.325)
    expected = restore.restore(frame, network, told=restore.Told(scope, defocus_um))
    words = ["--na", "0.75", "--wavelength-um", "0.55", "--pixel-size-um", "0.325"]
    words += ["--defocus-um", str(defocus_um)] if defocus_um else []
    found = command(frame, tmp_path, *words, model=TOLD)
    assert np.abs(found - expected).max() < 1e-3 * span and np.abs(expected - blind).max() > 0.01 * span


def test_the_error_map_is_that_of_training(command, tmp_path):
    """Tiled and whole, in the units of the image, with the factor of the light."""
    frame = light((200, 150), 22).astype(np.float32)
    _, expected = restore.restore_with_error(frame, restore.load_network(TOLD, threads=1))
    for words in ([], ["--tile", "64", "--halo", "16"]):
        path = tmp_path / f"map{len(words)}.tif"
        command(frame, tmp_path, "--error-map", str(path), "--light", "transmitted", *words, model=TOLD)
        found = tifffile.imread(path)
        assert found.dtype == np.float32 and np.abs(found - 0.5 * expected).max() < TOLERANCE * expected.max()
