"""The demo's simulated specimen, with its microscope and camera. NumPy only."""

from functools import cache

import numpy as np

from training.optics import specimen
from training.optics.camera import Camera
from training.optics.microscope import Microscope, convolve, transfer_function

SIZE = 512
MARGIN = 32  # around the image, cut off after the blur: convolution by FFT is cyclic
SEED = 20260  # not among the seeds of training
SCOPE = Microscope(numerical_aperture=0.75, wavelength_um=0.525, refractive_index=1.0, pixel_size_um=0.325)
DEFOCUS_UM = 1.5
PHOTONS = 150  # in the brightest structure of the focused image: a dim exposure, as of living cells
CAMERA = Camera(photons=PHOTONS, read_noise=1.6, offset=100, counts_per_photon=2.0, full_scale=65535)
BACKGROUND = 0.05


@cache
def light() -> np.ndarray:
    """Light of nuclei, of fibres between them and of points, brightest structure about 1; [SIZE + 2 MARGIN] square."""
    random = np.random.default_rng(SEED)
    size = SIZE + 2 * MARGIN
    nuclei = specimen.nuclei(size, random)
    fibres = specimen.filaments(size, random)
    points = specimen.puncta(size, random)
    return np.maximum(np.maximum(0.8 * nuclei, 0.45 * fibres), 0.9 * points) + BACKGROUND


def image_of(defocus_um: float) -> np.ndarray:
    """The light that the microscope images at this defocus, without noise; float64 [SIZE, SIZE]."""
    cut = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return convolve(light(), transfer_function(SCOPE, defocus_um, SIZE + 2 * MARGIN))[cut]


def exposure(defocus_um: float = DEFOCUS_UM, camera: Camera = CAMERA) -> np.ndarray:
    """One exposure at this defocus, in counts; always with the same noise. [SIZE, SIZE]."""
    return camera.expose(image_of(defocus_um), np.random.default_rng(SEED + 1))
