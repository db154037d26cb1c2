"""Random microscopes and specimens of several depths: what defocus may change and what it may not."""

import dataclasses

import numpy as np
import pytest

from training.config import Config
from training.optics.contrast import FREQUENCIES, TOLD_FACTORS, contrast_kept
from training.optics.microscope import convolve
from training.optics.random_optics import Optics, at_depths, relief
from training.optics.specimen import mixture

CONFIG = Config(patch_px=64, margin_px=32, in_focus_share=0.0, plain_share=0.0)
SIZE = 128


def optics(kind, seed=0, **settings):
    shares = {"thin": (0, 0), "layered": (1, 0), "relief": (0, 1)}[kind]
    config = dataclasses.replace(CONFIG, layered_share=shares[0], relief_share=shares[1], **settings)
    made = Optics(config, np.random.default_rng(seed))
    assert made.kind == kind
    return made


def specimen(seed=1):
    return mixture(SIZE, np.random.default_rng(seed)).astype(np.float64)


def test_a_thin_specimen_is_convolved_with_its_two_transfer_functions():
    made, image = optics("thin"), specimen()
    focused, blurred = made.image([image], seen=False)
    assert np.allclose(focused, convolve(image, made.layers[0][0])) and np.allclose(
        blurred, convolve(image, made.layers[0][1])
    )


def test_an_image_taken_once_is_its_own_focused_image():
    made, image = optics("thin", seen_cutoff_per_px=0.8, cutoff_per_px=(1.0, 1.4)), specimen()
    focused, blurred = made.image([image], seen=True)
    assert made.once_more and np.abs(focused - image).max() < 1e-6 * np.ptp(image)
    # Blurring the specimen and blurring its focused image agree.
    again_focused, again_blurred = made.image([convolve(image, made.layers[0][0])], seen=True)
    expected = made.image([image], seen=False)
    assert np.abs(again_blurred - expected[1]).max() < 0.02 * np.ptp(image)
    assert np.abs(again_focused - expected[0]).max() < 1e-6 * np.ptp(image)
    assert blurred.std() < focused.std()


@pytest.mark.parametrize("cutoff, once", [((0.3, 0.4), False), ((1.2, 1.3), True)])
def test_only_finely_resolved_images_stand_for_a_specimen(cutoff, once):
    assert optics("thin", cutoff_per_px=cutoff).once_more == once


def test_depths_sum_to_the_specimen_and_follow_the_height():
    image, height = specimen(), relief(SIZE, np.random.default_rng(3))
    assert height.min() >= -1 and height.max() <= 1 and np.ptp(height) > 0.1
    middle, below, above = at_depths(image, height)
    assert np.allclose(middle + below + above, image, atol=1e-6)
    assert below[height > 0].max() == 0 and above[height < 0].max() == 0
    top = image > 0.5
    assert np.corrcoef(above[top] / image[top], np.maximum(height, 0)[top])[0, 1] > 0.99


def test_sharp_and_blurred_meet_in_one_relief():
    """A focused image of a relief is sharp where its height is 0 and blurred where it is 1."""
    grating = np.sin(np.arange(SIZE) * 2 * np.pi * 20 / SIZE)[None, :] * np.ones((SIZE, 1)) + 1
    height = np.zeros((SIZE, SIZE))
    height[SIZE // 2 :] = 1
    ratios = []
    for seed in range(8):
        made = optics("relief", seed, relief_blur_px=8.0, cutoff_per_px=(1.0, 1.4))
        focused, _ = made.image(at_depths(grating, height), seen=False)
        ratios.append(focused[32].std() / focused[96].std())
    assert min(ratios) > 0.98 and max(ratios) > 2


def test_light_is_kept():
    for kind in ("thin", "relief"):
        made, image = optics(kind, seed=2), specimen()
        parts = [image] if kind == "thin" else at_depths(image, relief(SIZE, np.random.default_rng(1)))
        for light in made.image(parts, seen=False):
            assert light.sum() == pytest.approx(image.sum(), rel=1e-5)


def test_thick_specimens_have_several_other_layers_and_the_blur_of_the_first():
    made = [optics("layered", seed) for seed in range(12)]
    assert {len(m.layers) for m in made} == {2, 3, 4}
    for one in made:
        assert np.array_equal(one.contrast_kept, contrast_kept(*one.layers[0]))


def test_a_user_who_knows_the_distance_tells_the_true_blur():
    made = optics("thin", 3, cutoff_per_px=(0.9, 0.9), corrected_share=1.0, blur_radius_px=6.0, in_focus_share=0.0)
    apart = [np.abs(curve - made.contrast_kept).max() for curve in made.told]
    assert np.argmin(apart) == TOLD_FACTORS.index(1.0) and min(apart) < 0.03


def test_what_is_told_of_a_thin_specimens_blur_is_the_contrast_that_a_wave_keeps():
    made = optics("thin", 3, cutoff_per_px=(1.2, 1.4))
    x = np.arange(SIZE)
    for cycles in range(1, SIZE // 2):
        wave = np.tile(np.cos(2 * np.pi * cycles / SIZE * x), (SIZE, 1))
        focused, blurred = made.image([wave], seen=False)
        kept = np.interp(cycles / SIZE, FREQUENCIES, made.contrast_kept)
        # The frequencies are those of contrast.py, and in between the curve is not straight.
        assert (blurred * wave).sum() / (focused * wave).sum() == pytest.approx(kept, abs=0.03)


def test_only_bright_field_light_is_partly_coherent():
    config = dataclasses.replace(
        CONFIG, coherent_share=1.0, condenser=(0.3, 0.3), phase=0.0, layered_share=0.0, relief_share=0.0
    )
    made = {light: Optics(config, np.random.default_rng(5), light) for light in ("fluorescence", "brightfield")}
    # A narrow cone of light is defocused less: the same microscope and distance keep more contrast.
    coarse = slice(1, 4)
    assert made["brightfield"].contrast_kept[coarse].sum() > made["fluorescence"].contrast_kept[coarse].sum()


@pytest.mark.parametrize("seed", range(12))
def test_partly_coherent_light_leaves_focus_alone(seed):
    """In focus nothing is inverted, and an image that was taken there is its own focused image."""
    made = Optics(
        dataclasses.replace(CONFIG, coherent_share=1.0, corrected_share=0.0), np.random.default_rng(seed), "brightfield"
    )
    assert made.layers[0][0].min() > -0.01
    if made.kind == "thin":
        image = specimen()
        assert np.abs(made.image([image], seen=True)[0] - image).max() < 1e-6 * np.ptp(image)
