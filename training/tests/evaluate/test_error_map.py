"""The measures of a trust map, on errors that are known."""

import numpy as np
import pytest

from training.evaluate import error_map
from training.evaluate.restore import Network, restore_with_error


def network(error=lambda x: np.full_like(x, 0.1), restored=lambda x: x):
    """A network without a condition whose expected error is `error` of the normalised input."""
    return Network(restored, None, lambda x: (restored(x), error(x)))


def test_the_order_of_the_true_errors_is_0_and_chance_is_1():
    errors = np.random.default_rng(1).exponential(size=50_000)
    assert error_map.nause(errors, errors) == pytest.approx(0, abs=1e-9)
    assert error_map.nause(errors, 3 * errors**2) == pytest.approx(0, abs=1e-9)
    shuffled = np.random.default_rng(2).permutation(errors)
    assert error_map.nause(errors, shuffled) == pytest.approx(1, abs=0.05)
    assert error_map.nause(errors, -errors) > 1.5
    half = errors + np.random.default_rng(3).exponential(size=50_000)
    assert 0.1 < error_map.nause(errors, half) < 0.6


def test_errors_and_expected_errors_have_one_unit():
    rng = np.random.default_rng(4)
    sharp = 1000 * rng.random((64, 64))
    plane = sharp / 2 + 300  # the fit's gain is 2
    errors, expected = error_map.plane_errors(plane, sharp, network())
    assert errors.max() < 1e-2  # float32
    low, high = np.percentile(plane, (0.1, 99.9))
    assert expected == pytest.approx(np.full((64, 64), 2 * 0.1 * (high - low)), rel=1e-3)


def test_a_row_of_a_perfect_and_of_a_useless_map():
    rng = np.random.default_rng(5)
    scale = np.kron(rng.exponential(size=(16, 16)), np.ones((8, 8)))
    errors = scale * rng.exponential(size=scale.shape)
    good = error_map.measured("a", "1", 2.0, "um", (errors, scale))
    assert good.spearman > 0.5 and good.nause_smoothed < 0.35 and good.ratio == pytest.approx(1, abs=0.1)
    assert good.covered == pytest.approx([0.39, 0.63, 0.86], abs=0.03)
    bad = error_map.measured("a", "2", 2.0, "um", (errors, rng.permutation(scale)))
    assert abs(bad.spearman) < 0.1 and bad.nause > 0.8
    lines = error_map.table([good, bad])
    assert lines[2].startswith("| a | 2 |") and lines[-1].startswith("| all planes | 2 |")


def test_what_is_not_finite_or_constant():
    frame = np.random.default_rng(6).random((32, 32)).astype(np.float32)
    frame[3, 4] = np.nan
    restored, expected = restore_with_error(frame, network())
    assert np.isnan(restored[3, 4]) and np.isnan(expected).sum() == 1 and np.isnan(expected[3, 4])
    assert (restore_with_error(np.full((8, 8), 7, np.uint8), network())[1] == 0).all()
    with pytest.raises(ValueError, match="has no trust map; expected one that `training trust` has finished"):
        restore_with_error(frame, Network(lambda x: x))
