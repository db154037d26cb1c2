"""Deconvolution with a known point spread function: Wiener's filter and Richardson-Lucy. NumPy and SciPy's FFT.

Both take an image [H, W] in light above a background of zero, estimate the specimen, and return the focused image of
it, which is what a restored image is compared with.
  [Wiener]     N. Wiener, Extrapolation, Interpolation, and Smoothing of Stationary Time Series, 1949; with one number
               for the ratio of noise to signal: Gonzalez and Woods, Digital Image Processing, 3rd ed., eq. 5.8-6.
  [Richardson] W. H. Richardson, Bayesian-based iterative method of image restoration, J. Opt. Soc. Am. 62 (1972) 55-59.
  [Lucy]       L. B. Lucy, An iterative technique for the rectification of observed distributions,
               Astron. J. 79 (1974) 745.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from scipy import fft

from training.optics.microscope import Microscope, transfer_function

REGULARISATION = tuple(10.0**k for k in np.arange(-7.0, 3.1, 0.5))  # Wiener's ratios of noise to signal
# Iterations after which Richardson-Lucy's estimate is judged.
ITERATIONS = (1, 2, 4, 7, 12, 20, 35, 60, 100, 170, 300, 500, 1000)
MARGIN_PX = 32  # reflected around the image: convolution by FFT is cyclic


def _from_space(profile: Callable[[np.ndarray], np.ndarray], reach: int, size: int) -> np.ndarray:
    """Transfer function, float32 [size, size // 2 + 1], of a point image; `profile` is a function of squared pixels.

    The point image is sampled in space, five points per pixel along each axis: a formula in frequency would ring below
    zero in space, and Richardson-Lucy takes no negative light. Raises ValueError for a blur wider than `size`.
    """
    wide = 2 * reach + 1
    if wide > size:
        raise ValueError(f"blur of {wide} px: wider than the {size} px it is to be applied to")
    fine = (np.arange(5 * wide) - 5 * wide // 2) / 5
    points = profile(fine[:, None] ** 2 + fine[None, :] ** 2)
    spread = points.reshape(wide, 5, wide, 5).sum((1, 3))
    image = np.zeros((size, size), np.float32)
    image[:wide, :wide] = spread / spread.sum()
    return np.fft.rfft2(np.roll(image, (-reach, -reach), (0, 1))).real.astype(np.float32)


def disc_transfer(radius_px: float, size: int) -> np.ndarray:
    """Transfer function of a uniform disc, the blur of geometric optics; float32 [size, size // 2 + 1]."""
    return _from_space(lambda r2: (r2 <= radius_px**2).astype(np.float32), int(radius_px) + 1, size)


def gaussian_transfer(radius_px: float, size: int) -> np.ndarray:
    """Transfer function of a Gaussian as wide as that disc: its sigma is half the radius; cut off at four sigma."""
    return _from_space(lambda r2: np.exp(-2 * r2 / radius_px**2), int(2 * radius_px) + 1, size)


class Blur:
    """Transfer functions from a specimen to its image out of focus (`blurred`) and in focus (`focused`), for [H, W]."""

    def __init__(self, shape: tuple[int, int], transfer: Callable[[int], tuple[np.ndarray, np.ndarray | None]]):
        """`transfer`: from the padded size to (blurred, focused); None: the specimen is the focused image itself."""
        self.shape = shape
        self.size = fft.next_fast_len(max(shape) + 2 * MARGIN_PX, real=True)
        self.blurred, focused = transfer(self.size)
        self.focused = np.ones_like(self.blurred) if focused is None else focused

    @classmethod
    def of_microscope(cls, scope: Microscope, defocus_um: float, shape: tuple[int, int]) -> "Blur":
        return cls(
            shape, lambda size: (transfer_function(scope, defocus_um, size), transfer_function(scope, 0.0, size))
        )

    def padded(self, image: np.ndarray) -> np.ndarray:
        """[H, W] to float32 [size, size], extended by reflection."""
        before = [(self.size - n) // 2 for n in self.shape]
        after = [self.size - n - b for n, b in zip(self.shape, before, strict=True)]
        return np.pad(image.astype(np.float32), list(zip(before, after, strict=True)), mode="symmetric")

    def cut(self, image: np.ndarray) -> np.ndarray:
        """[size, size] to [H, W]: the inverse of `padded`."""
        (top, left), (h, w) = [(self.size - n) // 2 for n in self.shape], self.shape
        return image[top : top + h, left : left + w]

    def apply(self, image: np.ndarray, transfer: np.ndarray) -> np.ndarray:
        """Cyclic convolution of [size, size]."""
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
    tiny = 1e-5 * max(float(seen.max()), 1e-12)
    estimate = np.full_like(seen, max(float(seen.mean()), tiny))
    for iteration in range(1, max(ITERATIONS) + 1):
        ratio = seen / np.maximum(blur.apply(estimate, blur.blurred), tiny)
        estimate = np.maximum(estimate * blur.apply(ratio, blur.blurred), 0)
        if iteration in ITERATIONS:
            yield iteration, blur.cut(blur.apply(estimate, blur.focused))


METHODS: dict[str, Callable] = {"Wiener": wiener, "Richardson-Lucy": richardson_lucy}
# A search ends after this many amounts without gain. More iterations first help and then only add noise. Wiener's
# search begins with weak regularisation, so it goes to the end (None).
PATIENCE = {"Wiener": None, "Richardson-Lucy": 3}


def best_amount(
    tries: Iterable[tuple[float, np.ndarray]], judge: Callable[[np.ndarray], float], patience: int | None
) -> tuple[float, float, np.ndarray | None]:
    """(value, amount, image) of the restored image that `judge` values most, among (amount, image) `tries`."""
    top, falling = (-np.inf, np.nan, None), 0
    for amount, image in tries:
        value = judge(image)
        falling = 0 if value > top[0] else falling + 1
        if value > top[0]:  # copied, because a method may reuse its array
            top = value, amount, image.copy()
        if falling == patience:
            break
    return top
