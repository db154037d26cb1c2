"""The score that chooses a checkpoint: both halves count, and no exposure of the tables is among the cases."""

import numpy as np
import pytest
from PIL import Image

from training.config import Config
from training.data import real_stacks
from training.data.images import Sharp
from training.evaluate import held_out, restore
from training.fit import validation
from training.fit.validation import Validation

CONFIG = Config(width=1, batch=2, patch_px=32, margin_px=16, optics_bank=4)


@pytest.fixture
def stacks(tmp_path, monkeypatch):
    """A folder with eval/ and a small stack in place of each real one."""
    (tmp_path / "eval").mkdir()
    random = np.random.default_rng(1)
    sharp = random.integers(0, 255, (48, 48)).astype(np.uint8)

    def planes(name, data):
        distances, unit = ((0, 3), "planes") if name.startswith("tissue") else ((0, 6 * 0.4994), "um")
        soft = np.asarray(Image.fromarray(sharp).resize((24, 24)).resize((48, 48)))
        return sharp, [(str(i), float(d), sharp if d == 0 else soft) for i, d in enumerate(distances)], unit

    monkeypatch.setattr(real_stacks, "stack_planes", planes)
    monkeypatch.setattr(validation, "TISSUE", np.s_[:, :])
    return tmp_path


class Same:
    """A network that multiplies its input by a factor."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def __call__(self, x):
        return x * self.factor


def test_both_halves_of_the_score_count(stacks, monkeypatch):
    monkeypatch.setattr(restore, "torch_network", lambda model: model)
    check = Validation(CONFIG, [], stacks)
    score, parts = check(Same())
    assert score == pytest.approx(0, abs=0.02) and parts["real score"] == pytest.approx(0, abs=0.02)
    levels = [k for k in parts if k.startswith("simulated")]
    assert len(levels) == len(validation.BLUR_PX) * len(validation.PHOTONS)
    monkeypatch.setattr(held_out, "gained", lambda case, network: 4.0)
    assert check(Same())[0] == pytest.approx(2.0, abs=0.02)


def test_the_cases_are_not_those_of_the_tables(stacks):
    made = Validation(CONFIG, [], stacks).simulated
    assert {c.light for c in made} == set(held_out.SPECIMENS)
    for light in held_out.SPECIMENS:
        ours = next(c for c in made if c.light == light)
        theirs = next(held_out.cases(light, 1, (0.0,), (1000,)))
        correlation = np.corrcoef(ours.truth.ravel(), theirs.truth.ravel())[0, 1]
        assert abs(correlation) < 0.9


def test_without_stacks_patches_are_restored(monkeypatch):
    monkeypatch.setattr(restore, "torch_network", lambda model: model)
    monkeypatch.setattr(Validation, "PATCHES", 4)
    monkeypatch.setattr(Validation, "SKIPPED", 0)
    sharp = [Sharp(np.random.default_rng(0).random((128, 128)).astype(np.float16), "fluorescence", "a")]
    check = Validation(CONFIG, sharp, None)
    assert check(Same())[0] > check(Same(0.0))[0]
