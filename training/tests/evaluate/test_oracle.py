"""Deconvolution with the true point spread function, and the choice made with the truth in hand."""

import numpy as np
import pytest

from training.evaluate import deconvolve, oracle
from training.evaluate.deconvolve import (
    ITERATIONS,
    METHODS,
    REGULARISATION,
    Blur,
    disc_transfer,
    gaussian_transfer,
    richardson_lucy,
    wiener,
)
from training.evaluate.metrics import fitted_psnr
from training.evaluate.oracle import Shape
from training.optics.microscope import Microscope
from training.optics.specimen import nuclei

SCOPE = Microscope(0.5, 0.55, 1.0, 0.45)
SHAPE = (96, 112)


@pytest.fixture(scope="module")
def scene():
    """A specimen with nothing near its edges, its focused and its blurred image, and the blur."""
    blur = Blur.of_microscope(SCOPE, SCOPE.defocus_um(4.0), SHAPE)
    specimen = np.zeros(SHAPE, np.float32)
    specimen[24:72, 24:72] = nuclei(48, np.random.default_rng(4))
    image = lambda transfer: blur.cut(blur.apply(blur.padded(specimen), transfer))
    return blur, image(blur.focused), image(blur.blurred)


def test_padding_is_undone(scene):
    blur, focused, _ = scene
    assert np.array_equal(blur.cut(blur.padded(focused)), focused.astype(np.float32))
    assert blur.padded(focused).shape == (blur.size, blur.size)


def test_disc_and_gaussian_are_equally_wide_and_hold_all_light():
    for radius in (0.7, 3.0, 9.5):
        for transfer in (disc_transfer, gaussian_transfer):
            spread = np.fft.fftshift(np.fft.irfft2(transfer(radius, 64), (64, 64)))
            x = np.arange(64) - 32
            assert spread.sum() == pytest.approx(1, abs=1e-5) and spread.min() > -1e-4
            assert np.sqrt((spread.sum(0) * x**2).sum()) == pytest.approx(radius / 2, rel=0.05, abs=0.15)
    with pytest.raises(ValueError, match="blur of 83 px: wider than the 64 px"):
        disc_transfer(40.0, 64)


@pytest.mark.parametrize("method", METHODS)
def test_without_noise_deconvolution_finds_the_focused_image(scene, method):
    blur, focused, blurred = scene
    values = [fitted_psnr(image, focused) for _, image in METHODS[method](blurred, blur)]
    assert max(values) > fitted_psnr(blurred, focused) + 5
    # Every named amount is yielded, in order.
    amounts = [amount for amount, _ in METHODS[method](blurred, blur)]
    assert tuple(amounts) == (REGULARISATION if method == "Wiener" else ITERATIONS)


def test_noise_wants_more_regularisation_and_fewer_iterations(scene):
    blur, focused, blurred = scene
    noise = 0.03 * np.random.default_rng(0).standard_normal(SHAPE)

    def chosen(method, image):
        return max(((fitted_psnr(out, focused), amount) for amount, out in method(image, blur)))[1]

    assert chosen(wiener, blurred + noise) > 10 * chosen(wiener, blurred)
    assert chosen(richardson_lucy, blurred + noise) < chosen(richardson_lucy, blurred)


def test_richardson_lucy_keeps_light_and_sign(scene):
    blur, _, blurred = scene
    for _, image in richardson_lucy(blurred, blur):
        assert image.min() > -1e-3 * image.max()
        assert image.sum() == pytest.approx(blurred.sum(), rel=0.02)


FEW = {
    "RADII": (1.0, 4.0, 10.0),
    "CUTOFFS": (0.6, 0.9, 1.4),
    "ABERRATIONS": (-0.1, 0.0, 0.1),
    "BACKGROUNDS": {"Wiener": (0.0,), "Richardson-Lucy": (0.0, 0.1)},
}


@pytest.fixture
def few(monkeypatch):
    for name, value in FEW.items():
        monkeypatch.setattr(oracle, name, value)
    monkeypatch.setattr(deconvolve, "ITERATIONS", (1, 4, 15))


def made(shape, *seeds):
    """(focused, blurred) of drawn nuclei; several seeds become channels."""
    blur = oracle.Blurs(SHAPE)(shape)
    one = lambda seed, t: blur.cut(blur.apply(blur.padded(nuclei(112, np.random.default_rng(seed))[:96]), t))
    both = [np.stack([one(seed, t) for seed in seeds], -1) for t in (blur.focused, blur.blurred)]
    return [image[..., 0] if len(seeds) == 1 else image for image in both]


@pytest.mark.parametrize(
    "shape", [Shape("wave", 4.0), Shape("wave", 4.8, 0.6, 0.1), Shape("disc", 4.5), Shape("gaussian", 3.6)]
)
def test_the_oracle_finds_the_blur(few, shape):
    focused, blurred = made(shape, 1)
    blurred += 0.01 * np.random.default_rng(0).standard_normal(SHAPE)
    choice = oracle.best("Wiener", blurred, focused, oracle.Blurs(SHAPE))
    # Another shape can be nearly the same blur, so its effect counts: as good as that of the true one.
    known = oracle._best_amount("Wiener", blurred, focused, oracle.Blurs(SHAPE), shape)
    assert choice.psnr > known.psnr - 0.5 and choice.psnr > fitted_psnr(blurred, focused) + 1
    assert choice.shape.radius_px == pytest.approx(shape.radius_px, rel=0.35)


def test_the_search_leaves_its_list_of_radii(few, monkeypatch):
    monkeypatch.setattr(oracle, "RADII", (1.0, 3.5))
    focused, blurred = made(Shape("disc", 5.0), 1)
    blurred += 0.02 * np.random.default_rng(0).standard_normal(SHAPE)
    choice = oracle.best("Wiener", blurred, focused, oracle.Blurs(SHAPE))
    assert choice.shape.radius_px == pytest.approx(5.0, rel=0.15)


def test_neighbours_are_one_step_away():
    here = Shape("wave", 4.0, background=0.1)
    found = oracle.neighbours(here, (0.0, 0.1, 0.5))
    assert len(found) == len(set(found)) == 8 and here not in found
    assert len(oracle.neighbours(Shape("disc", 4.0), (0.0,))) == 2


def test_channels_share_one_blur_and_one_amount(few):
    sharp, plane = made(Shape("wave", 4.0), 1, 2, 3)
    for method in METHODS:
        choice = oracle.best(method, plane, sharp, oracle.Blurs(SHAPE))
        assert choice.shape.radius_px == pytest.approx(4.0, rel=0.35) and choice.psnr > fitted_psnr(plane, sharp) + 3


def test_a_row_has_the_models_gain_beside_the_oracles(few):
    sharp, plane = (np.rint(200 * image).clip(0, 255).astype(np.uint8) for image in made(Shape("wave", 4.0), 1))
    row = oracle.compare_plane(plane, sharp, lambda x: x, {})
    assert row["model"] == pytest.approx(row["before"], abs=1e-6)  # a model that does nothing
    assert row["Wiener"].psnr > row["before"] and row["Richardson-Lucy"].psnr > row["before"]
    lines = oracle.table([{"stack": "s", "plane": "p", "distance": 1.0, "unit": "um"} | row])
    assert "| +0.00 |" in lines[2] and lines[-1].startswith("| s | mean of 1 |")
    assert oracle.words(row["Wiener"].shape) in lines[2]
    with pytest.raises(ValueError, match="planes of one size"):
        oracle.compare_plane(plane[:-1], sharp, lambda x: x, {})
