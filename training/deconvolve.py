"""Deconvolution with a point spread function that is given: Wiener's filter and Richardson-Lucy. NumPy and SciPy's FFT.

Both see an image [H, W] in light above a background of zero, estimate the specimen, and give the focused image of it,
which is what a restored image is compared with.
  [Wiener]     N. Wiener, Extrapolation, Interpolation, and Smoothing of Stationary Time Series, 1949; with one number for
               the ratio of noise to signal, as in Gonzalez and Woods, Digital Image Processing, 3rd ed., eq. 5.8-6.
  [Richardson] W. H. Richardson, Bayesian-based iterative method of image restoration, J. Opt. Soc. Am. 62 (1972) 55-59.
  [Lucy]       L. B. Lucy, An iterative technique for the rectification of observed distributions, Astron. J. 79 (1974) 745.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import fft

from .degrade import Microscope, transfer_function

REGULARISATION = tuple(10.0**k for k in np.arange(-5.0, 1.6, 0.5))  # noise to signal, of Wiener's filter
ITERATIONS = (1, 2, 4, 7, 12, 20, 35, 60, 100)  # of Richardson-Lucy: those at which its estimate is looked at
MARGIN_PX = 32  # reflected around the image: convolution by FFT is cyclic


class Blur:
    """What a microscope does to a specimen that fills [H, W] images: transfer functions in focus and out of focus."""

    def __init__(self, scope: Microscope, defocus_um: float, shape: tuple[int, int]):
        self.shape = shape
        self.size = fft.next_fast_len(max(shape) + 2 * MARGIN_PX, real=True)
        self.blurred = transfer_function(scope, defocus_um, self.size)
        self.focused = transfer_function(scope, 0.0, self.size)

    def padded(self, image: np.ndarray) -> np.ndarray:
        """[H, W] to [size, size], reflected beyond its edges as often as it takes."""
        before = [(self.size - n) // 2 for n in self.shape]
        after = [self.size - n - b for n, b in zip(self.shape, before)]
        return np.pad(image.astype(np.float32), list(zip(before, after)), mode="symmetric")

    def cut(self, image: np.ndarray) -> np.ndarray:
        (top, left), (h, w) = [(self.size - n) // 2 for n in self.shape], self.shape
        return image[top : top + h, left : left + w]

    def apply(self, image: np.ndarray, transfer: np.ndarray) -> np.ndarray:
        return fft.irfft2(fft.rfft2(image) * transfer, image.shape)


def wiener(image: np.ndarray, blur: Blur) -> Iterator[tuple[float, np.ndarray]]:
    """(regularisation, restored [H, W]) for each of REGULARISATION [Wiener]."""
    spectrum = fft.rfft2(blur.padded(image)) * blur.blurred * blur.focused
    power = blur.blurred**2
    for k in REGULARISATION:
        yield k, blur.cut(fft.irfft2(spectrum / (power + k), (blur.size, blur.size)))


def richardson_lucy(image: np.ndarray, blur: Blur) -> Iterator[tuple[int, np.ndarray]]:
    """(iterations, restored [H, W]) at each of ITERATIONS [Richardson, Lucy]; negative light counts as none.

    The transfer functions are real, so the adjoint of the blur is the blur itself.
    """
    seen = np.maximum(blur.padded(image), 0)
    tiny = 1e-6 * max(float(seen.max()), 1e-12)
    estimate = np.full_like(seen, max(float(seen.mean()), tiny))
    for iteration in range(1, ITERATIONS[-1] + 1):
        ratio = seen / np.maximum(blur.apply(estimate, blur.blurred), tiny)
        estimate = np.maximum(estimate * blur.apply(ratio, blur.blurred), 0)
        if iteration in ITERATIONS:
            yield iteration, blur.cut(blur.apply(estimate, blur.focused))


METHODS: dict[str, Callable] = {"Wiener": wiener, "Richardson-Lucy": richardson_lucy}
