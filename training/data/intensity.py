"""The range of intensities that a frame is normalised by: the one definition of its percentiles in training.

NumPy only.
"""

import numpy as np

PERCENTILES = (0.1, 99.9)


def percentile_range(image: np.ndarray) -> tuple[np.floating, np.floating]:
    """The values of `image` (any shape, finite) at PERCENTILES, interpolated linearly, in the precision of its type."""
    low, high = np.percentile(image, PERCENTILES)
    return low, high


def normalisation_range(frame: np.ndarray) -> tuple[float, float]:
    """The engine's rule: PERCENTILES of the finite values, or minimum and maximum where the percentiles coincide.

    A frame (any shape) without a finite value has the range (0, 0).
    """
    finite = frame[np.isfinite(frame)]
    if finite.size == 0:
        return 0.0, 0.0
    low, high = (float(v) for v in percentile_range(finite.astype(np.float64)))
    if high <= low:
        low, high = float(finite.min()), float(finite.max())
    return low, high
