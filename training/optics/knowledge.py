"""What is known of a frame's blur: estimates of its parts, and the optics that a user tells. NumPy only.

The condition that a network takes is the mean and the standard deviation of R (contrast.py) at each frequency. Here the
estimates of several parts of a frame become one, and optics become a prior over the distance from focus that the
estimate narrows. src/optics/knowledge.rs does the same in the engine, and training/tests/test_parity.py compares
the two.
"""

from dataclasses import dataclass

import numpy as np

from training.optics.contrast import FREQUENCIES, spread_of, told_curves
from training.optics.microscope import Microscope

# The errors of a frame's parts are alike: a mean over many of them is only so much better than one.
ALIKE = 0.4
TOLD_ERROR = 0.1  # relative standard deviation of a distance that is told
LARGEST_RADIUS_PX = 26.0  # of the blur discs that networks are trained for
DISTANCES = 49  # from focus to LARGEST_RADIUS_PX, where no distance is told
# Curves of neighbouring distances differ smoothly, so that their FREQUENCIES count as few independent measurements.
MEASUREMENTS = 4.0
MODEL_ERROR = 0.08  # of a curve without aberration, thickness or coherence beside the true one


@dataclass(frozen=True)
class Estimate:
    """The blur of a frame, estimated from its pixels."""

    mean: np.ndarray  # of R, [F]
    spread: np.ndarray  # its standard deviation, [F]
    size: float  # log(1 + radius of the blur disc in pixels)
    size_spread: float

    @property
    def radius_px(self) -> float:
        return float(np.expm1(self.size))

    @property
    def radius_error_px(self) -> float:
        return float((1 + self.radius_px) * self.size_spread)

    @property
    def condition(self) -> np.ndarray:
        return np.concatenate([self.mean, self.spread]).astype(np.float32)


def combined(parts: np.ndarray) -> Estimate:
    """One estimate from those of the parts of a frame, [K, 2 F + 2] as `estimator.Estimator` returns them.

    Each number is a mean weighted by its certainty. Its variance is that of the parts (the harmonic mean), smaller by
    what averaging helps, and larger by how much they contradict each other.
    """
    count = len(FREQUENCIES)
    values = np.concatenate([parts[:, :count], parts[:, 2 * count : 2 * count + 1]], 1).astype(np.float64)
    spreads = np.concatenate([parts[:, count : 2 * count], parts[:, 2 * count + 1 :]], 1).astype(np.float64)
    weight = spreads**-2
    mean = (weight * values).sum(0) / weight.sum(0)
    typical = 1 / weight.mean(0)
    apart = (weight * (values - mean) ** 2).sum(0) / weight.sum(0)
    # Parts that differ by more than they say are not parts of one blur (a tilted specimen): that is not averaged away.
    variance = np.maximum(typical, apart) * (ALIKE + (1 - ALIKE) / len(parts))
    spread = np.sqrt(variance)
    return Estimate(mean[:-1], spread[:-1], float(mean[-1]), float(spread[-1]))


@dataclass(frozen=True)
class Known:
    """The condition of a frame whose optics are known, and its distance from focus."""

    condition: np.ndarray  # float32 [2 F]
    defocus_um: float
    defocus_error_um: float
    surprise: float  # how many standard deviations the told distance lies from what the image alone says; else 0


def with_optics(scope: Microscope, estimate: Estimate, told_um: float | None = None) -> Known:
    """The estimate, narrowed by known optics and by the distance where it is told (its sign does not matter).

    The posterior over distances: the prior (a normal distribution around the told one, or none) times the likelihood of
    each distance's curve under the estimate. The condition is the mean and the spread of the curves under it.
    """
    if told_um is None:
        distance = np.linspace(0, 1, DISTANCES) ** 2 * scope.defocus_um(LARGEST_RADIUS_PX)
        prior = np.ones(DISTANCES)  # the distances are even in the square root: small ones are frequent
    else:
        step = np.linspace(-3, 3, 13)
        distance, prior = abs(told_um) * (1 + TOLD_ERROR * step), np.exp(-0.5 * step**2)
    curves = told_curves(scope, distance)
    variance = estimate.spread**2 + MODEL_ERROR**2
    miss = ((curves - estimate.mean) ** 2 / variance).mean(1)
    weight = prior * np.exp(-0.5 * MEASUREMENTS * (miss - miss.min()))
    weight = weight / weight.sum()
    mean, spread = spread_of(curves, weight)
    where = float((weight * distance).sum())
    error = float(np.sqrt((weight * (distance - where) ** 2).sum()))
    surprise = 0.0
    if told_um is not None:
        size = np.log1p(scope.blur_radius_px(told_um))
        surprise = float(abs(size - estimate.size) / np.hypot(estimate.size_spread, TOLD_ERROR))
    return Known(np.concatenate([mean, spread]).astype(np.float32), where, error, surprise)
