"""A bank of light: the same from the same seeds, exposed anew at each use, and never that of other settings."""

import dataclasses

import numpy as np
import pytest

from training.fit import bank
from training.tests.studies.test_compare import CONFIG, data  # noqa: F401 (a fixture)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(bank, "SHARD", 4)


def made(data, folder, samples=6, config=CONFIG, workers=1):  # noqa: F811
    one = bank.Bank(data, config, folder)
    return one, [p.name for p in one.make(config, samples, workers)]


def test_shards_depend_on_their_seed_alone_and_only_missing_ones_are_made(data, tmp_path):  # noqa: F811
    first, files = made(data, tmp_path / "a")
    assert files == ["00000.npy", "00001.npy"] and first.kept()["count"] == 6
    before = (tmp_path / "a/00001.npy").read_bytes()
    (tmp_path / "a/00000.npy").unlink()
    again, files = made(data, tmp_path / "a", workers=2)
    assert files == ["00000.npy"] and (tmp_path / "a/00001.npy").read_bytes() == before
    other, _ = made(data, tmp_path / "b")
    assert (tmp_path / "b/00000.npy").read_bytes() == (tmp_path / "a/00000.npy").read_bytes()
    assert first.kept() == again.kept() == other.kept()


def test_samples_are_turned_and_exposed_anew(data, tmp_path):  # noqa: F811
    one, _ = made(data, tmp_path, samples=1)
    draw = one.sampler(CONFIG, 1)
    samples = [draw() for _ in range(12)]
    assert len({s.image.tobytes() for s in samples}) == 12
    for sample in samples:
        assert sample.image.shape == sample.target.shape == (CONFIG.patch_px,) * 2
        assert sample.image.dtype == np.float32 and np.isfinite(sample.image).all() and np.isfinite(sample.target).all()
        assert np.array_equal(sample.blur.contrast_kept, samples[0].blur.contrast_kept, equal_nan=True)
    again = one.sampler(CONFIG, 1)
    assert np.array_equal(again().image, samples[0].image)


def test_a_growing_bank_is_seen(data, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(bank, "LOOK_AGAIN", 3)
    one, _ = made(data, tmp_path, samples=4)
    draw = one.sampler(CONFIG, 1)
    draw(), draw()
    assert draw.total == 4
    made(data, tmp_path, samples=8)
    draw(), draw()
    assert draw.total == 8 and one.kept()["count"] == 8


def test_networks_and_cameras_share_a_bank_and_other_simulations_are_refused(data, tmp_path):  # noqa: F811
    one, _ = made(data, tmp_path)
    camera = dataclasses.replace(CONFIG, network="unet", loss="l1", blur_weight=0.0, photons=(5.0, 50.0))
    assert one.sampler(camera, 1)() is not None
    other = dataclasses.replace(CONFIG, haze_share=0.5)
    with pytest.raises(ValueError, match=r"light of other settings: haze_share 0\.15 \(now 0\.5\); choose another"):
        bank.Bank(data, other, tmp_path)
    with pytest.raises(ValueError, match=r"the bank has haze_share 0\.15 \(now 0\.5\).*train without it"):
        one.sampler(other, 1)
    for samples in (0, bank.MOST + 1):
        with pytest.raises(ValueError, match=f"{samples} samples: expected 1 to 500,000"):
            list(one.make(CONFIG, samples))
    with pytest.raises(ValueError, match="0 workers: expected at least 1"):
        list(one.make(CONFIG, 4, 0))


def test_an_empty_or_foreign_folder_is_refused(data, tmp_path):  # noqa: F811
    empty = bank.Bank(data, CONFIG, tmp_path / "empty")
    with pytest.raises(ValueError, match="no shard is finished; wait for the first of `training bank`"):
        empty.sampler(CONFIG, 1)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/00000.npy").write_bytes(b"")
    with pytest.raises(ValueError, match=r"foreign: has shards but no bank\.json; remove it"):
        bank.Bank(data, CONFIG, tmp_path / "foreign")
