"""Samples that several runs share: the same for all, each in eight positions, and never those of other settings."""

import dataclasses

import numpy as np
import pytest

from training.fit import kept
from training.optics.random_optics import FREQUENCIES
from training.tests.studies.test_compare import CONFIG, data  # noqa: F401 (a fixture)

QUIET = {"log": lambda *_: None}


@pytest.fixture
def source(data, tmp_path):  # noqa: F811
    return kept.KeptSamples(data, CONFIG, 6, tmp_path / "samples.npy", **QUIET)


def upright(image: np.ndarray) -> bytes:
    """The same bytes for all eight positions of an image."""
    turned = [np.rot90(m, k) for m in (image, image[::-1]) for k in range(4)]
    return min(np.ascontiguousarray(t).tobytes() for t in turned)


def test_every_sample_is_drawn_once_before_any_is_drawn_again(source):
    draw = source.sampler(CONFIG, 1)
    drawn = [(s.image, s.target, s.contrast_kept) for s in (draw() for _ in range(12))]
    first, again = ({upright(image) for image, _, _ in part} for part in (drawn[:6], drawn[6:]))
    assert len(first) == 6 and first == again
    for image, target, told in drawn:
        assert image.shape == target.shape == (CONFIG.patch_px,) * 2 and told.shape == (len(FREQUENCIES),)
        assert image.dtype == target.dtype == np.float32 and np.isfinite(image).all() and np.isfinite(target).all()


def test_image_and_target_are_turned_together(source):
    stored = np.asarray(source.samples, np.float32)[:, : 2 * CONFIG.patch_px**2].reshape(
        -1, 2, CONFIG.patch_px, CONFIG.patch_px
    )
    pairs = {upright(image): upright(target) for image, target in stored}
    position = lambda image, turned: [
        i
        for i, (m, k) in enumerate((m, k) for m in (1, -1) for k in range(4))
        if np.array_equal(np.rot90(image[::m], k), turned)
    ]
    draw, seen = source.sampler(CONFIG, 2), set()
    for _ in range(48):
        sample = draw()
        image, target = sample.image, sample.target
        assert pairs[upright(image)] == upright(target)
        (place,) = [i for i, (a, _) in enumerate(stored) if upright(a) == upright(image)]
        (way,) = position(stored[place][0], image)
        assert way in position(stored[place][1], target)
        seen.add(way)
    assert len(seen) == 8


def test_runs_that_differ_in_the_network_share_samples_and_others_are_refused(source, data, tmp_path):  # noqa: F811
    made = (tmp_path / "samples.npy").read_bytes()
    again = kept.KeptSamples(
        data,
        dataclasses.replace(CONFIG, network="unet", loss="l1", blur_weight=0.0),
        6,
        tmp_path / "samples.npy",
        **QUIET,
    )
    assert (tmp_path / "samples.npy").read_bytes() == made and np.array_equal(
        again.samples, source.samples, equal_nan=True
    )
    with pytest.raises(
        ValueError, match=r"samples\.npy: samples of other settings: haze_share 0\.15 \(now 0\.5\); remove it"
    ):
        kept.KeptSamples(data, dataclasses.replace(CONFIG, haze_share=0.5), 6, tmp_path / "samples.npy", **QUIET)
    with pytest.raises(ValueError, match=r"samples\.npy: samples of other settings: count 6 \(now 7\)"):
        kept.KeptSamples(data, CONFIG, 7, tmp_path / "samples.npy", **QUIET)
    with pytest.raises(ValueError, match=r"kept samples have photons .* \(now \[5\.0, 50\.0\]\); .*train without them"):
        source.sampler(dataclasses.replace(CONFIG, photons=(5.0, 50.0)), 1)
    with pytest.raises(ValueError, match="0 samples: expected 1 to 100,000"):
        kept.KeptSamples(data, CONFIG, 0, tmp_path / "none.npy", **QUIET)
    (tmp_path / "samples.json").unlink()
    with pytest.raises(ValueError, match=r"samples\.npy: not finished \(samples\.json is missing\); remove it"):
        kept.KeptSamples(data, CONFIG, 6, tmp_path / "samples.npy", **QUIET)
