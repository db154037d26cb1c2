"""Contrast curves: what is told of known optics is what their transfer functions do."""

import numpy as np
import pytest

from training.optics.contrast import FREQUENCIES, contrast_kept, spread_of, told_curves
from training.optics.microscope import Microscope, transfer_function

SCOPES = [
    Microscope(0.75, 0.55, 1.0, 0.325),
    Microscope(0.3, 0.5, 1.0, 1.0),
    Microscope(1.2, 0.6, 1.33, 0.1),
    Microscope(1.4, 0.52, 1.515, 0.065),
]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("radius_px", [0.0, 1.0, 3.5, 7.0, 14.0])
def test_told_curves_are_those_of_the_transfer_functions(scope, radius_px):
    z = scope.defocus_um(radius_px)
    measured = contrast_kept(transfer_function(scope, 0.0, 256), transfer_function(scope, z, 256))
    # Sampling folds the spectrum (above 0.9 cut-offs a pixel), which the integral leaves out.
    assert np.abs(told_curves(scope, [z])[0] - measured).max() < 0.025


def test_distance_alone_matters_not_its_side_and_farther_keeps_less():
    near, far, other = told_curves(SCOPES[0], [1.0, 3.0, -1.0])
    assert np.array_equal(near, other) and (far[:8] < near[:8]).all()


def test_nothing_is_kept_beyond_the_cut_off():
    scope = SCOPES[3]  # 0.35 cycles per pixel
    beyond = np.array(FREQUENCIES) > scope.cutoff_per_um * scope.pixel_size_um
    assert beyond.any() and (told_curves(scope, [0.0])[0][beyond] == 0).all()


def test_mean_and_spread_of_distances():
    mean, spread = spread_of(np.array([[0.0, 1.0], [2.0, 1.0]]), np.array([1.0, 3.0]))
    assert np.allclose(mean, [1.5, 1.0]) and np.allclose(spread, [np.sqrt(0.75), 0.0])
