"""The focus score: Python and the command agree, blurred images score less, and rankings are judged rightly.

The command is PARFOCAL_COMMAND, else target/release/parfocal; without it its tests are skipped, in CI they fail.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from training.evaluate import focus_measures as focus

ROOT = Path(__file__).parents[3]
TOLERANCE = 1e-6  # relative


@pytest.fixture(scope="module")
def command():
    named = os.environ.get("PARFOCAL_COMMAND")
    path = Path(named) if named else ROOT / "target" / "release" / "parfocal"
    if not path.is_file():
        reason = f"{path}: no such file; build it with `cargo build --release`"
        pytest.fail(reason) if os.environ.get("CI", "") not in ("", "false") or named else pytest.skip(reason)

    def scores(frame: np.ndarray, folder: Path) -> list[float]:
        tifffile.imwrite(folder / "in.tif", frame, photometric="rgb" if frame.shape[-1] == 3 else "minisblack")
        done = subprocess.run([path, "score", "--json", folder / "in.tif"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["files"][0]["scores"]

    return scores


def texture(shape, seed, sigma=0.8) -> np.ndarray:
    """Noise blurred a little, values from 0 to 1."""
    image = np.random.default_rng(seed).standard_normal(shape)
    image = ndimage.gaussian_filter(image, [sigma, sigma] + [0] * (len(shape) - 2))
    return (image - image.min()) / max(np.ptp(image), 1e-9)


SHAPES = [(64, 96), (37, 29), (1, 41), (43, 1), (2, 2), (5, 4), (301, 257), (40, 33, 3)]
TYPES = {"u8": lambda v: (v * 255).astype(np.uint8), "u16": lambda v: (v * 65535).astype(np.uint16)}
TYPES |= {"f32": lambda v: (v * 3 - 1).astype(np.float32), "far": lambda v: (v * 50 + 1e5).astype(np.float32)}
TYPES |= {"huge": lambda v: (v * 1e38).astype(np.float32)}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s)))
@pytest.mark.parametrize("kind", TYPES)
def test_the_command_scores_as_python_does(kind, shape, command, tmp_path):
    frame = TYPES[kind](texture(shape, len(kind) + shape[0]))
    (found,) = command(frame, tmp_path)
    assert found == pytest.approx(focus.score(frame), rel=TOLERANCE) and (1e-4 < found < 2 or max(shape[:2]) <= 2)


def test_the_command_leaves_out_what_python_leaves_out(command, tmp_path):
    frame = texture((60, 80), 1).astype(np.float32)
    frame[:, :11] = np.nan
    frame[30, 40:42], frame[50, 60], frame[59, 79] = np.inf, -np.inf, np.nan
    assert command(frame, tmp_path)[0] == pytest.approx(focus.score(frame), rel=TOLERANCE)
    # Holes leave bins out and change no other.
    assert focus.score(frame) == pytest.approx(focus.score(texture((60, 80), 1)), rel=0.1)
    assert command(np.full((9, 7), 1000, np.uint16), tmp_path) == [0.0] == [focus.score(np.full((9, 7), 0.1))]


def test_blur_lowers_the_score_and_exposure_does_not_change_it():
    scores = [focus.score(texture((200, 200), 2, sigma)) for sigma in (0, 0.7, 1, 1.5, 2, 3, 5, 8)]
    assert scores == sorted(scores, reverse=True) and scores[0] > 10 * scores[-1] > 0
    assert focus.falls_with_blur_of_points(focus.score)
    # Dividing by the variance of the pixels themselves would not do.
    assert not focus.falls_with_blur_of_points(lambda g: focus.gaussian_derivative(2)(g) / g.var())
    image = texture((90, 70), 3)
    assert focus.score(image * 37 + 1000) == pytest.approx(focus.score(image), rel=1e-9)
    # A channel without contrast does not count.
    assert focus.score(np.stack([image, image * 0 + 5], -1)) == pytest.approx(focus.score(image), rel=1e-9)


def test_it_is_the_gaussian_derivative_of_2_px():
    """The unit is a bin of 2 px, hence the 4. Bins and 5-tap filters approximate the Gaussian."""
    for sigma in (1, 1.5, 2, 3, 5):
        image = texture((256, 256), 4, sigma)
        exact = 4 * focus.gaussian_derivative(2)(image) / ndimage.gaussian_filter(image, 2).var()
        assert focus.score(image) == pytest.approx(exact, rel=0.1)


def test_rankings_are_judged():
    away = [-2.0, -1.0, 0.0, 1.0, 2.0]
    rho, peak, ordered = focus.ranking([1, 2, 3, 2.5, 0.5], away)
    assert rho > 0.9 and peak == 0 and ordered == 1
    rho, peak, ordered = focus.ranking([5, 4, 3, 2, 1], away)
    assert abs(rho) < 1e-9 and peak == 2 and ordered == 0.5
    assert focus.ranking([3, 3, 3, 3, 3], away).tolist() == [0, 2, 0]
