"""Samples: the target is the focused, noise-free image of the same microscope, on the input's scale."""

import dataclasses

import numpy as np

from training.config import Config
from training.data.images import Sharp
from training.optics.contrast import FREQUENCIES, TOLD_FACTORS
from training.optics.random_optics import Optics, blur_radius_px, random_microscope
from training.optics.simulate import Sample, Sampler, colour_jpeg, jpeg
from training.optics.specimen import KINDS, mixture

SMALL = Config(patch_px=64, margin_px=16, optics_bank=4)


def sampler(config, seed=0):
    random = np.random.default_rng(5)
    sharp = [Sharp(mixture(160, random).astype(np.float16), kind, "drawn") for kind in ("fluorescence", "brightfield")]
    return Sampler(sharp, config, seed)


def test_without_defocus_and_noise_the_target_is_the_input():
    quiet = dataclasses.replace(
        SMALL,
        in_focus_share=1.0,
        photons=(1e9, 1e9),
        brightfield_photons=(1e9, 1e9),
        clean_share=0.0,
        read_noise=(0, 0),
        hot_share=0.0,
        jpeg_share=0.0,
    )
    make = sampler(quiet)
    compared = 0
    for _ in range(40):
        sample = make()
        if np.ptp(sample.image) > 0:  # else an exposure of less than one count
            # What is left is quantisation, down to 8 bits of a fifth of the range.
            assert np.abs(sample.image - sample.target).max() < 0.06
            compared += 1
    assert compared > 30


def test_defocus_blurs_the_input_and_not_the_target():
    blurry = dataclasses.replace(
        SMALL,
        in_focus_share=0.0,
        blur_power=0.05,
        photons=(1e8, 1e8),
        brightfield_photons=(1e8, 1e8),
        layered_share=0.0,
        share_fluorescence=0.0,
        share_brightfield=0.0,
        share_drawn=1.0,
        phase_share=0.0,
        plain_share=0.0,
        hot_share=0.0,
        jpeg_share=0.0,
        middle_share=0.0,
        clean_share=0.0,
    )
    make = sampler(blurry)
    detail = lambda image: np.abs(np.diff(image)).mean()
    samples = [make() for _ in range(60)]
    assert np.mean([detail(s.image) < detail(s.target) for s in samples]) > 0.9


def test_samples_are_finite_and_repeatable():
    first, second = sampler(SMALL, 3), sampler(SMALL, 3)
    for _ in range(100):
        one, two = first(), second()
        for image, again in ((one.image, two.image), (one.target, two.target)):
            assert np.isfinite(image).all() and image.dtype == np.float32 and image.shape == (64, 64)
            assert np.array_equal(image, again)
        assert one.blur.contrast_kept.shape == (len(FREQUENCIES),)
        assert one.blur.told.shape == (len(TOLD_FACTORS), len(FREQUENCIES))
        assert np.array_equal(one.blur.contrast_kept, two.blur.contrast_kept, equal_nan=True)
        assert np.array_equal(one.blur.told, two.blur.told, equal_nan=True) and one.blur.radius_px >= 0


def test_a_turned_sample_keeps_its_pixels_together():
    image = np.arange(16, dtype=np.float32).reshape(4, 4)
    sample = Sample(image, image + 0.5)
    seen = set()
    for quarters in range(4):
        for mirrored in (False, True):
            turned = sample.turned(quarters, mirrored)
            assert np.array_equal(turned.target, turned.image + 0.5) and np.isnan(turned.blur.contrast_kept).all()
            seen.add(tuple(turned.image.ravel()))
    assert len(seen) == 8 and np.array_equal(sample.turned(0, False).image, image)


def test_shares_of_clean_exposures_and_of_middle_blur():
    """Each share, where it is whole, keeps to its own range, and where it is nothing that range is not special."""
    base = dataclasses.replace(SMALL, in_focus_share=0.0, blur_radius_px=16.0, photons=(30.0, 40.0))
    for share in (0.0, 1.0):
        config = dataclasses.replace(base, middle_share=share, clean_share=share, corrected_share=share)
        make = sampler(config)
        radii = [blur_radius_px(config, make.lights.random) for _ in range(200)]
        photons = [make.exposures._camera(True, 1.0).photons for _ in range(50)]
        aberrations = [random_microscope(config, make.lights.random).spherical_waves for _ in range(20)]
        inside = [config.middle_blur_px[0] <= r <= config.middle_blur_px[1] for r in radii]
        assert all(inside) if share else 0.2 < np.mean(inside) < 0.6
        low, high = config.clean_photons if share else config.photons
        assert all(low * 0.999 <= p <= high * 1.001 for p in photons)
        assert (np.abs(aberrations).max() == 0) if share else (np.min(np.abs(aberrations)) > 0)


def test_ranges_of_microscopes():
    random = np.random.default_rng(0)
    config = Config()
    for _ in range(200):
        scope = random_microscope(config, random)
        cutoff = scope.cutoff_per_um * scope.pixel_size_um
        assert config.cutoff_per_px[0] * 0.999 <= cutoff <= config.cutoff_per_px[1] * 1.001
    optics = [Optics(SMALL, random) for _ in range(40)]
    focused = np.mean([all(blurred is focused for focused, blurred in o.layers) for o in optics])
    assert 0.02 < focused < 0.5


def test_specimens_are_drawn_from_their_seed():
    for kind in KINDS:
        one, two = (kind(96, np.random.default_rng(1)) for _ in range(2))
        assert one.shape == (96, 96) and np.array_equal(one, two) and one.min() >= 0 and one.max() > 0


def test_a_target_beyond_any_restoring_is_drawn_again():
    config = dataclasses.replace(SMALL, brightest_target=1.3)
    assert sampler(config)().target.max() <= 1.3
    make = sampler(config)
    peaks = [make().target.max() for _ in range(60)]
    assert max(peaks) <= 1.3
    free = sampler(dataclasses.replace(SMALL, brightest_target=1e9))
    assert max(free().target.max() for _ in range(60)) > 1.3


def test_one_light_is_exposed_with_other_noise_each_time():
    make = sampler(SMALL)
    light = make.lights()
    one, two = make.exposures(light), make.exposures(light)
    assert not np.array_equal(one.image, two.image) and one.blur is two.blur is light.blur


def test_turned_light_keeps_focused_and_blurred_together():
    light = sampler(SMALL).lights()
    for quarters in range(4):
        for mirrored in (False, True):
            turned = light.turned(quarters, mirrored)
            for image, original in zip(turned.pair, light.pair, strict=True):
                back = np.rot90(image[::-1] if mirrored else image, -quarters)
                assert np.array_equal(back, original)


def test_phase_shows_out_of_focus_and_its_blur_is_unknown():
    config = dataclasses.replace(
        SMALL, phase_share=1.0, absorb_share=0.0, reflect_share=0.0, share_fluorescence=1.0, share_brightfield=0.0,
        share_drawn=0.0, in_focus_share=0.0, blur_power=0.5, phase_condenser=(0.2, 0.3),
    )  # fmt: skip
    make = sampler(config)
    lights = [make.lights() for _ in range(12)]
    assert all(not light.fluorescent and np.isnan(light.blur.told).all() for light in lights)
    assert all(np.isnan(light.blur.contrast_kept).all() and light.blur.radius_px > 0 for light in lights)
    gained = [light.pair[1].max() > light.pair[0].max() for light in lights]
    assert np.mean(gained) > 0.5  # bright rings that the focused image lacks


def test_a_channel_of_a_colour_jpeg_is_changed_more_than_a_grey_one():
    image = 255 * mixture(64, np.random.default_rng(4))
    image = np.clip(image / image.max() * 255, 0, 255)
    apart = lambda other: np.abs(other - image).mean()
    colour = np.mean([apart(colour_jpeg(image, 90, np.random.default_rng(k))) for k in range(8)])
    assert colour > 1.2 * apart(jpeg(image, 90)) and colour < 20


def test_plain_exposures_are_as_the_formulas_have_them():
    random = np.random.default_rng(3)
    plain = [Optics(dataclasses.replace(SMALL, plain_share=1.0), random, "brightfield") for _ in range(20)]
    assert all(o.kind == "thin" and not o.coherent and o.plain for o in plain)
    correlated = dataclasses.replace(
        SMALL, phase_share=0.0, grain_share=1.0, grain_px=(1.2, 1.2), shading=0.0, hot_share=0.0, clean_share=0.0,
        brightfield_photons=(100.0, 100.0), jpeg_share=0.0,
    )  # fmt: skip
    make = sampler(correlated)
    light = dataclasses.replace(make.lights(), pair=np.ones((2, 64, 64), np.float32), fluorescent=False)
    noise = [make.exposures(dataclasses.replace(light, plain=plain)).image for plain in (True, False)]
    alike = [np.corrcoef(n[:, 1:].ravel(), n[:, :-1].ravel())[0, 1] for n in noise]
    assert abs(alike[0]) < 0.15 and alike[1] > 0.3
