"""The focus score of a plane, as `parfocal score` (src/image/focus.rs) computes it. NumPy only."""

import numpy as np


def score(frame: np.ndarray) -> float:
    """Gradient energy over variance of a frame [H, W] or [H, W, C] at a scale of 2 px; larger is sharper, 0 constant.

    The energy is the Gaussian-derivative measure of Geusebroek et al. 2000 (sigma about 2 px) on the frame binned 2x2
    (an odd edge repeats its last pixel), by the binomial filters [1 4 6 4 1] and [-1 -2 0 2 1] with repeated edges. It
    is divided by the variance of the smoothed bins, so neither gain nor offset changes the score. Both are summed over
    channels. Bins with a pixel that is not finite within the filters' reach are left out.
    """
    planes = frame[..., None] if frame.ndim == 2 else frame
    energy = variance = 0.0
    for c in range(planes.shape[-1]):
        plane = planes[..., c].astype(np.float64)
        finite = plane[np.isfinite(plane)]
        if finite.size == 0 or finite.min() == finite.max():
            continue
        # Normalised, so that squares of large values cannot overflow.
        squares, levels = filtered((plane - finite.mean()) / finite.std())
        used = np.isfinite(levels)
        spread = levels[used].var() if used.any() else 0.0
        # Where the bins cancel all detail only rounding is left, a millionth of the pixels' deviation.
        if spread > 1e-12:
            energy += finite.var() * squares[used].mean()
            variance += finite.var() * spread
    return float(energy / variance) if variance > 0 else 0.0


def filtered(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared gradient (per bin) and smoothed level of the 2x2 bins of [H, W]; [ceil(H / 2), ceil(W / 2)] each."""
    h, w = plane.shape
    with np.errstate(invalid="ignore"):
        even = np.pad(plane, ((0, h % 2), (0, w % 2)), mode="edge")
        bins = (even[::2, ::2] + even[::2, 1::2] + even[1::2, ::2] + even[1::2, 1::2]) / 4
        bins = np.pad(bins, 2, mode="edge")
        smooth = lambda a: (a[:-4] + 4 * a[1:-3] + 6 * a[2:-2] + 4 * a[3:-1] + a[4:]) / 16
        slope = lambda a: (a[4:] - a[:-4] + 2 * (a[3:-1] - a[1:-3])) / 8
        down, across = smooth(bins).T, slope(bins).T
        return (slope(down) ** 2 + smooth(across) ** 2).T, smooth(down).T
