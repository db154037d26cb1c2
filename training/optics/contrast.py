"""How much contrast defocus has left at each frequency: what a network is told of the blur, and what it estimates.

NumPy only. The curve R(f) = H(z) / H(0) is the ratio of the optical transfer functions out of focus and in focus, at
FREQUENCIES. It depends on nothing but the blur, whatever the pixel size, and says all that a deconvolution needs.

Sources of the formulas: [Goodman], [Hanser]: see microscope.py. [Hopkins] H. H. Hopkins, The frequency response of a
defocused optical system, Proc. R. Soc. A 231 (1955) 91-103 (the transfer function as an integral over the overlap of
two shifted pupils).
"""

import numpy as np

from training.optics.microscope import Microscope

# Cycles per pixel, evenly spaced in their logarithm. The zeros of a disc of radius r lie 1 / (2 r) apart and its
# contrast falls with (r f)^-1.5, so that this spacing resolves all zeros of any radius that still matter.
FREQUENCIES = tuple(float(f) for f in np.geomspace(0.008, 0.5, 24))
LARGEST = 1.5  # of |R|; it is above 1 where defocus gives contrast that the focused image lacks (phase objects)
NOTHING = 1e-3  # a transfer function below this passes nothing
NODES = 20  # of the quadrature, along each axis of the quarter of the overlap

# Distances from focus, as multiples of the true one, at which a sample keeps the curve that a user would tell.
TOLD_FACTORS = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4)


def contrast_kept(focused: np.ndarray, blurred: np.ndarray) -> np.ndarray:
    """R at FREQUENCIES along an axis, from the transfer functions H(0) and H(z), [size, size // 2 + 1] each.

    Returns float32 [len(FREQUENCIES)] from -LARGEST to LARGEST; 0 where the focused image has no contrast either.
    """
    frequency = np.arange(focused.shape[1]) / focused.shape[0]
    ratio = ratio_of(focused[0], blurred[0])
    return np.interp(FREQUENCIES, frequency, ratio).astype(np.float32)


def ratio_of(focused: np.ndarray, blurred: np.ndarray) -> np.ndarray:
    """H(z) / H(0), limited to LARGEST; 0 where the focused image has no contrast."""
    ratio = np.clip(blurred / np.maximum(focused, NOTHING), -LARGEST, LARGEST)
    return np.where(focused > NOTHING, ratio, 0)


def told_curves(scope: Microscope, defocus_um) -> np.ndarray:
    """R at FREQUENCIES for each distance from focus [um], float32 [len(defocus_um), len(FREQUENCIES)].

    Incoherent light (fluorescence, reflected light), no aberration: what a user knows of the optics. [Hopkins], with
    the exact phase of defocus [Hanser]: H(s) is the mean of cos(W(x + s/2, y) - W(x - s/2, y)) over the overlap of two
    unit circles that are s apart, times the overlap's share of the circle; the share cancels in the ratio.
    """
    limit = scope.numerical_aperture / scope.wavelength_um
    shifts = np.array(FREQUENCIES) / scope.pixel_size_um / limit  # of the pupil, in its radii; 2 is the cut-off
    x, y, weight, share = _overlap(np.minimum(shifts, 2))
    medium = scope.refractive_index / scope.wavelength_um
    half = (shifts / 2)[:, None, None]
    path = lambda u: np.sqrt(np.maximum(medium**2 - limit**2 * np.minimum(u**2 + y**2, 1), 0))
    apart = 2 * np.pi * (path(x + half) - path(x - half))
    curves = [(np.cos(z * apart) * weight).sum((1, 2)) for z in np.atleast_1d(defocus_um)]
    focused = share * np.sinc(FREQUENCIES)  # the overlap's share is the transfer function in focus [Goodman 6.4]
    return np.where(focused > NOTHING, np.array(curves), 0).astype(np.float32)


def _overlap(shifts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points x, y of a quarter of the overlap of two unit circles, their weights, and the overlap's share of a circle.

    `shifts`: [F], distance of the centres, 0 to 2. Points and weights have the shape [F, NODES, NODES]; the weights of
    each shift sum to 1. The share has the shape [F].
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    nodes, weights = (nodes + 1) / 2, weights / 2
    half = (shifts / 2)[:, None]
    height = np.sqrt(np.maximum(1 - half**2, 0))  # of the lens, from its middle
    # With y = height sin(t) the root at the lens's end becomes smooth, and Gauss's rule converges fast.
    angle = nodes * np.pi / 2
    y = height * np.sin(angle)
    width = np.maximum(np.sqrt(np.maximum(1 - y**2, 0)) - half, 0)
    x = width[:, :, None] * nodes
    weight = (width * height * np.cos(angle) * weights * np.pi / 2)[:, :, None] * weights
    area = weight.sum((1, 2))
    weight = weight / np.maximum(area, 1e-12)[:, None, None]
    return x, np.broadcast_to(y[:, :, None], x.shape), weight, area * 4 / np.pi


def spread_of(curves: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over `curves` [K, F] with `weights` [K], both float32 [F]."""
    share = (weights / weights.sum())[:, None]
    mean = (share * curves).sum(0)
    return mean.astype(np.float32), np.sqrt((share * (curves - mean) ** 2).sum(0)).astype(np.float32)
