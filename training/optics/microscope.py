"""Defocus from physics: transfer and point spread functions of a widefield microscope. NumPy only.

Lengths are micrometres, frequencies cycles per micrometre, images float arrays [H, W] in arbitrary light units.
Sources of the formulas:
  [Goodman]  J. W. Goodman, Introduction to Fourier Optics, 3rd ed. 2005, ch. 6 (pupil, incoherent imaging, OTF).
  [Hanser]   B. M. Hanser et al., Phase-retrieved pupil functions in wide-field fluorescence microscopy,
             J. Microscopy 216 (2004) 32-48 (defocus as the axial wave vector times z, eq. 2).
  [Streibl]  N. Streibl, Three-dimensional imaging by a microscope, JOSA A 2 (1985) 121-127 (weak objects in partially
             coherent light, eq. 11 to 13).
  [Noll]     R. J. Noll, Zernike polynomials and atmospheric turbulence, J. Opt. Soc. Am. 66 (1976) 207-211 (Z11).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Microscope:
    """Objective and sampling. `spherical_waves`: primary spherical aberration (Zernike Z11), RMS in waves.

    Raises ValueError for an aperture that the medium does not allow, and for lengths that are not positive.
    """

    numerical_aperture: float
    wavelength_um: float
    refractive_index: float
    pixel_size_um: float
    spherical_waves: float = 0.0

    def __post_init__(self):
        if not 0 < self.numerical_aperture < self.refractive_index:
            raise ValueError(
                f"numerical aperture {self.numerical_aperture} must lie between 0 and the refractive index "
                f"{self.refractive_index}"
            )
        if self.wavelength_um <= 0 or self.pixel_size_um <= 0:
            raise ValueError("wavelength and pixel size must be above 0 um")

    @property
    def cutoff_per_um(self) -> float:
        """Highest frequency that incoherent light passes, 2 NA / wavelength [Goodman 6.4]."""
        return 2 * self.numerical_aperture / self.wavelength_um

    @property
    def airy_radius_um(self) -> float:
        """First dark ring of the focused image of a point, 0.61 wavelength / NA [Goodman 4.4]."""
        return 0.6098 * self.wavelength_um / self.numerical_aperture

    def blur_radius_px(self, defocus_um: float) -> float:
        """Radius of the geometric blur disc in pixels: |z| tan(asin(NA / n)) / pixel size."""
        sine = self.numerical_aperture / self.refractive_index
        return abs(defocus_um) * sine / np.sqrt(1 - sine**2) / self.pixel_size_um

    def defocus_um(self, blur_radius_px: float) -> float:
        """The positive defocus whose geometric blur disc has this radius in pixels."""
        return blur_radius_px / self.blur_radius_px(1.0)


def transfer_function(
    scope: Microscope, defocus_um: float, size: int, condenser: float = 1.0, phase: float = 0.0
) -> np.ndarray:
    """Optical transfer function of the optics and the pixel's area, for images of `size` x `size` pixels.

    Returns float32 [size, size // 2 + 1], laid out as `np.fft.rfft2`; 1 at zero frequency (energy is kept). It is real
    because the pupil is rotationally symmetric. The image must be wider than the blur, or the blur wraps around.

    The defaults are incoherent light (fluorescence). In transmitted or reflected light `condenser`, above 0 and at most
    1, is the aperture of the illumination as a share of the objective's; a smaller one makes the light more coherent.
    `phase` is the specimen's delay of the light in radians for each unit of absorbance; out of focus it shows as
    contrast whose sign depends on the side of focus. Valid for weak objects [Streibl]. Raises ValueError for another
    `condenser`.
    """
    if not 0 < condenser <= 1:
        raise ValueError(f"condenser {condenser} must lie above 0 and not above 1, the objective's own aperture")
    # The intensity has twice the bandwidth of the field: sample finely enough for it, then bin to camera pixels.
    oversampling = max(1, int(np.ceil(2 * scope.cutoff_per_um * scope.pixel_size_um)))
    fine = size * oversampling
    frequency = np.fft.fftfreq(fine, scope.pixel_size_um / oversampling)
    radius2 = frequency[:, None] ** 2 + frequency[None, :] ** 2
    limit = scope.numerical_aperture / scope.wavelength_um
    # The edge of the pupil is one frequency sample wide; a hard edge would jump with the grid.
    step = 1 / (size * scope.pixel_size_um)
    aperture = np.clip((limit - np.sqrt(radius2)) / step + 0.5, 0, 1)
    # Axial wave vector [Hanser eq. 2]; its value on the axis is a constant phase and drops out of the intensity.
    medium = scope.refractive_index / scope.wavelength_um
    axial = np.sqrt(np.maximum(medium**2 - radius2, 0)) - medium
    rho2 = np.minimum(radius2 / limit**2, 1)
    zernike11 = np.sqrt(5) * (6 * rho2**2 - 6 * rho2 + 1)  # [Noll]
    wavefront = 2 * np.pi * (defocus_um * axial + scope.spherical_waves * zernike11)
    pupil = (aperture * np.exp(1j * wavefront)).astype(np.complex64)
    field = np.fft.ifft2(pupil)
    if condenser < 1:
        # Correlation of the lit part of the pupil with the whole pupil; a fully lit pupil gives no phase contrast.
        lit = pupil * np.clip((condenser * limit - np.sqrt(radius2)) / step + 0.5, 0, 1)
        intensity = np.conj(np.fft.ifft2(lit)) * field
    else:
        intensity = np.abs(field) ** 2  # incoherent point image [Goodman 6.3]
    # A pixel integrates light over its area, which is a product with sinc in frequency; then sample once per pixel.
    pixel = np.sinc(frequency * scope.pixel_size_um).astype(np.float32)
    spectrum = np.fft.fft2(intensity) * (pixel[:, None] * pixel[None, :])
    if oversampling > 1:  # sampling in space folds the spectrum
        spectrum = spectrum.reshape(oversampling, size, oversampling, size).sum((0, 2))
    spectrum = spectrum[:, : size // 2 + 1] / spectrum[0, 0].real
    return (spectrum.real + 2 * phase * spectrum.imag).astype(np.float32)


def point_spread_function(scope: Microscope, defocus_um: float, size: int) -> np.ndarray:
    """Image of a point on the camera: float64 [size, size], sum 1, centred on pixel [size // 2, size // 2]."""
    spectrum = transfer_function(scope, defocus_um, size).astype(np.float64)
    return np.fft.fftshift(np.fft.irfft2(spectrum, (size, size)))


def convolve(image: np.ndarray, transfer: np.ndarray) -> np.ndarray:
    """Cyclic convolution of [H, W] (or [..., H, W]) with a function from `transfer_function` of the same size."""
    return np.fft.irfft2(np.fft.rfft2(image) * transfer, image.shape[-2:])
