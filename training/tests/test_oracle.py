"""Deconvolution with the true point spread function, and the choice made with the truth in hand."""

import numpy as np
import pytest

from training import oracle
from training.deconvolve import ITERATIONS, METHODS, REGULARISATION, Blur, richardson_lucy, wiener
from training.degrade import Microscope
from training.oracle import fitted_psnr
from training.specimen import nuclei

SCOPE = Microscope(0.5, 0.55, 1.0, 0.45)
SHAPE = (96, 112)


@pytest.fixture(scope="module")
def scene():
    """Specimen, its focused and its blurred image, and the blur; nothing stands near the edges."""
    blur = Blur(SCOPE, SCOPE.defocus_um(4.0), SHAPE)
    specimen = np.zeros(SHAPE, np.float32)
    specimen[24:72, 24:72] = nuclei(48, np.random.default_rng(4))
    image = lambda transfer: blur.cut(blur.apply(blur.padded(specimen), transfer))
    return blur, image(blur.focused), image(blur.blurred)


def test_padding_is_undone(scene):
    blur, focused, _ = scene
    assert np.array_equal(blur.cut(blur.padded(focused)), focused.astype(np.float32))
    assert blur.padded(focused).shape == (blur.size, blur.size)


@pytest.mark.parametrize("method", METHODS)
def test_without_noise_deconvolution_finds_the_focused_image(scene, method):
    blur, focused, blurred = scene
    values = [fitted_psnr(image, focused) for _, image in METHODS[method](blurred, blur)]
    assert max(values) > fitted_psnr(blurred, focused) + 5
    # What was named is what is yielded, in order.
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


def test_the_oracle_finds_the_blur(monkeypatch):
    monkeypatch.setattr(oracle, "RADII", (1.0, 4.0, 10.0))
    family = oracle.Family(SHAPE)
    blur = family(0.9, 4.0)
    specimen = nuclei(112, np.random.default_rng(1))[:96]
    focused, blurred = (blur.cut(blur.apply(blur.padded(specimen), t)) for t in (blur.focused, blur.blurred))
    for method in METHODS:
        choice = oracle.best(method, blurred, focused, family)
        assert choice.radius_px == 4.0 and choice.cutoff == 0.9
        assert choice.psnr > fitted_psnr(blurred, focused) + 3


def test_channels_share_one_blur_and_one_amount(monkeypatch):
    monkeypatch.setattr(oracle, "RADII", (2.0, 4.0))
    family = oracle.Family(SHAPE)
    blur = family(0.9, 4.0)
    make = lambda seed, t: blur.cut(blur.apply(blur.padded(nuclei(112, np.random.default_rng(seed))[:96]), t))
    sharp, plane = (np.stack([make(seed, t) for seed in (1, 2, 3)], -1) for t in (blur.focused, blur.blurred))
    for method in METHODS:
        choice = oracle.best(method, plane, sharp, family)
        assert (choice.radius_px, choice.cutoff) == (4.0, 0.9) and choice.psnr > fitted_psnr(plane, sharp) + 3


def test_a_row_has_the_models_gain_beside_the_oracles(monkeypatch):
    monkeypatch.setattr(oracle, "RADII", (2.0, 4.0))
    sharp = (200 * nuclei(112, np.random.default_rng(1))[:96]).astype(np.uint8)
    blur = oracle.Family(SHAPE)(0.9, 4.0)
    plane = np.rint(blur.cut(blur.apply(blur.padded(sharp), blur.blurred))).clip(0, 255).astype(np.uint8)
    row = oracle.compare_plane(plane, sharp, lambda x: x, {})
    assert row["model"] == pytest.approx(row["before"], abs=1e-6)  # a model that does nothing
    assert row["Wiener"].psnr > row["before"] and row["Richardson-Lucy"].psnr > row["before"]
    lines = oracle.table([{"stack": "s", "plane": "p", "distance": 1.0, "unit": "um"} | row])
    assert "| +0.00 |" in lines[2] and lines[-1].startswith("| s | mean of 1 |")
    with pytest.raises(ValueError, match="planes of one size"):
        oracle.compare_plane(plane[:-1], sharp, lambda x: x, {})
