"""Images of specimens that delay light: nothing where there is nothing, the weak limit, and energy."""

import numpy as np
import pytest

from training.optics.microscope import Microscope, convolve, transfer_function
from training.optics.phase import HIGHEST_CUTOFF, images
from training.optics.specimen import texture

SIZE = 96


def scope(cutoff_per_px):
    return Microscope(0.4, 0.5, 1.0, cutoff_per_px * 0.5 / 0.8)


@pytest.mark.parametrize("cutoff", [0.45, 0.9])
def test_an_empty_field_is_evenly_bright(cutoff):
    empty = np.zeros((SIZE, SIZE))
    seen = images(empty, empty, scope(cutoff), (0.0, 5.0), 0.5)
    assert seen.shape == (2, SIZE, SIZE) and np.abs(seen / seen[0, 0, 0] - 1).max() < 1e-3
    assert seen[0, 0, 0] == pytest.approx(1, abs=0.02)


def test_a_pure_phase_hardly_shows_in_focus_and_shows_out_of_focus():
    delay = 0.5 * texture(SIZE, 8, np.random.default_rng(1))
    focused, blurred = images(np.zeros((SIZE, SIZE)), delay, scope(0.9), (0.0, 8.0), 0.2)
    assert blurred.std() > 4 * focused.std()


def test_a_weak_absorber_is_imaged_as_by_the_linear_transfer_function():
    absorbance = 0.02 * texture(SIZE, 5, np.random.default_rng(2))
    optics, z, condenser = scope(0.45), 6.0, 0.7
    (seen,) = images(absorbance, np.zeros((SIZE, SIZE)), optics, (z,), condenser)
    linear = convolve(np.exp(-absorbance), transfer_function(optics, z, SIZE, condenser))
    assert np.corrcoef(seen.ravel(), linear.ravel())[0, 1] > 0.99
    assert np.polyfit(linear.ravel(), seen.ravel(), 1)[0] == pytest.approx(1, abs=0.15)


def test_a_cut_off_that_the_grid_cannot_hold_is_refused():
    with pytest.raises(ValueError, match=f"cut-off 1.2 cycles per pixel: expected at most {HIGHEST_CUTOFF:g}"):
        images(np.zeros((32, 32)), np.zeros((32, 32)), scope(1.2), (0.0,), 0.5)
