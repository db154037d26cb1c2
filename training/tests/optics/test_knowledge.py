"""What is known of a blur: parts weighed by their certainty, optics that narrow an estimate, and told distances."""

import numpy as np
import pytest

from training.optics.contrast import FREQUENCIES, told_curves
from training.optics.knowledge import ALIKE, Estimate, combined, with_optics
from training.optics.microscope import Microscope

SCOPE = Microscope(0.75, 0.55, 1.0, 0.325)
COUNT = len(FREQUENCIES)


def estimate(defocus_um, spread):
    size = float(np.log1p(SCOPE.blur_radius_px(defocus_um)))
    return Estimate(told_curves(SCOPE, [defocus_um])[0], np.full(COUNT, spread), size, spread)


def part(value, spread):
    return np.concatenate([np.full(COUNT, value), np.full(COUNT, spread), [value, spread]])


def test_parts_are_weighed_by_their_certainty():
    one = combined(np.array([part(1.0, 0.1)]))
    assert one.size == pytest.approx(1) and one.size_spread == pytest.approx(0.1)
    assert combined(np.array([part(1.0, 0.1), part(3.0, 1e3)])).size == pytest.approx(1, abs=1e-3)
    four = combined(np.array([part(1.0, 0.1)] * 4))
    assert 0.1 * np.sqrt(ALIKE) < four.size_spread < 0.08
    assert combined(np.array([part(1.0, 0.1), part(3.0, 0.1)])).size_spread > 0.8  # contradiction is not averaged away


def test_a_radius_has_the_error_of_its_logarithm():
    found = estimate(1.0, 0.1)
    assert found.radius_px == pytest.approx(3.489, abs=1e-3) and found.radius_error_px == pytest.approx(0.449, abs=1e-3)


@pytest.mark.parametrize("z", [0.5, 1.0, 2.0, 4.0])
def test_optics_alone_find_the_distance_of_a_good_estimate(z):
    known = with_optics(SCOPE, estimate(z, 0.1))
    assert known.defocus_um == pytest.approx(z, rel=0.15, abs=0.1) and known.surprise == 0


def test_a_told_distance_wins_over_a_vague_estimate_and_is_moved_by_a_certain_one():
    vague = with_optics(SCOPE, estimate(1.0, 1.0), -2.0)
    assert vague.defocus_um == pytest.approx(2, abs=0.05)
    assert with_optics(SCOPE, estimate(2.0, 0.02), 2.4).defocus_um < 2.35
    assert with_optics(SCOPE, estimate(1.0, 0.05), 6.0).surprise > 5
    assert vague.condition.shape == (2 * COUNT,) and (vague.condition[COUNT:] >= 0).all()
