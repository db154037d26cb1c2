"""Images of specimens that delay light strongly (living cells, edges of glass), in partly coherent light.

NumPy and SciPy. `microscope.transfer_function` is for weak specimens: it is linear in what they do to the light. A cell
that delays light by a wave or more is not weak. Its image is the sum of the intensities that each point of the
condenser's aperture gives, each of them a coherent image.

Source: [Abbe] M. Born and E. Wolf, Principles of Optics, 7th ed. 1999, section 10.6.3 (the sum over the source);
[Hanser]: see microscope.py.
"""

import numpy as np
from scipy import fft

from training.optics.microscope import Microscope

SOURCE_POINTS = 12
HIGHEST_CUTOFF = 1.0  # cycles per pixel that `images` samples finely enough


def images(
    absorbance: np.ndarray, delay: np.ndarray, scope: Microscope, defocus_um: tuple[float, ...], condenser: float
) -> np.ndarray:
    """Intensity at each distance from focus, float32 [len(defocus_um), size, size]; 1 where there is no specimen.

    `absorbance` [size, size]: of the light's intensity, exp(-absorbance) passes. `delay` [size, size]: in radians.
    `condenser`: aperture of the illumination as a share of the objective's. Raises ValueError for a cut-off above
    HIGHEST_CUTOFF cycles per pixel.
    """
    cutoff = scope.cutoff_per_um * scope.pixel_size_um
    if cutoff > HIGHEST_CUTOFF:
        raise ValueError(f"cut-off {cutoff:g} cycles per pixel: expected at most {HIGHEST_CUTOFF:g}")
    factor = 1 if cutoff <= 0.5 else 2  # the intensity has twice the bandwidth of the field
    field = _finer(np.exp(-absorbance / 2 + 1j * delay).astype(np.complex64), factor)
    spectrum = fft.fft2(field)
    size = len(field)
    frequency = np.fft.fftfreq(size, scope.pixel_size_um / factor)
    limit = scope.numerical_aperture / scope.wavelength_um
    step = 1 / (size * scope.pixel_size_um / factor)
    total = np.zeros((len(defocus_um), size, size), np.float32)
    for sx, sy in _source(condenser * limit):
        radius2 = (frequency[:, None] + sy) ** 2 + (frequency[None, :] + sx) ** 2
        aperture = np.clip((limit - np.sqrt(radius2)) / step + 0.5, 0, 1)
        axial = np.sqrt(np.maximum((scope.refractive_index / scope.wavelength_um) ** 2 - radius2, 0))
        for seen, z in zip(total, defocus_um, strict=True):
            pupil = (aperture * np.exp(2j * np.pi * z * axial)).astype(np.complex64)
            seen += np.abs(fft.ifft2(spectrum * pupil)) ** 2
    total /= SOURCE_POINTS
    return total.reshape(len(defocus_um), size // factor, factor, size // factor, factor).mean((2, 4))


def _finer(field: np.ndarray, factor: int) -> np.ndarray:
    """The field on a grid that is `factor` times as fine, interpolated by zeros behind its highest frequencies."""
    if factor == 1:
        return field
    size = len(field)
    spectrum = np.zeros((factor * size,) * 2, np.complex64)
    start = (factor - 1) * size // 2
    spectrum[start : start + size, start : start + size] = fft.fftshift(fft.fft2(field))
    return fft.ifft2(fft.ifftshift(spectrum)) * factor**2


def _source(radius: float) -> list[tuple[float, float]]:
    """Points spread evenly over the disc of the source [1 / um]: a sunflower's seeds (Vogel 1979)."""
    k = np.arange(SOURCE_POINTS)
    r, turn = radius * np.sqrt((k + 0.5) / SOURCE_POINTS), k * np.pi * (3 - np.sqrt(5))
    return list(zip(r * np.cos(turn), r * np.sin(turn), strict=True))
