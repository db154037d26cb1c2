"""A camera: photon and read noise, offset, quantisation, saturation. NumPy only.

[Janesick] J. R. Janesick, Photon Transfer, SPIE 2007 (shot noise, read noise, offset, quantisation).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """One exposure's camera settings."""

    photons: float  # electrons at light level 1
    read_noise: float  # electrons, RMS
    offset: float  # counts
    counts_per_photon: float  # the gain
    full_scale: int  # the largest count
    grain_px: float = 0.0  # correlation length of the noise (demosaicing, compression); 0 = white

    def expectation(self, light: np.ndarray) -> np.ndarray:
        """Noise-free counts of `light` (any shape): clipped at full scale as by the camera, but not quantised."""
        counts = np.maximum(light, 0) * (self.photons * self.counts_per_photon) + self.offset
        return np.minimum(counts, self.full_scale)

    def expose(self, light: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """One exposure of `light` [H, W] in counts: noise, offset, quantisation and saturation [Janesick]."""
        electrons = np.maximum(light, 0) * self.photons
        # Above some hundred electrons a Gaussian of the same variance looks the same, and is ten times as fast.
        if self.photons > 200:
            noise = random.standard_normal(light.shape, np.float32) * np.sqrt(electrons)
        else:
            noise = random.poisson(electrons) - electrons
        noise = noise + self.read_noise * random.standard_normal(light.shape, np.float32)
        if self.grain_px > 0:
            noise = _correlate(noise, self.grain_px)
        counts = (electrons + noise) * self.counts_per_photon + self.offset
        return np.clip(np.rint(counts), 0, self.full_scale)


def _correlate(noise: np.ndarray, length_px: float) -> np.ndarray:
    """Noise [H, W] with a Gaussian correlation (cyclic) and unchanged variance."""
    fy = np.fft.fftfreq(noise.shape[0])[:, None]
    fx = np.fft.rfftfreq(noise.shape[1])[None, :]
    filter_ = np.exp(-2 * (np.pi * length_px) ** 2 * (fx**2 + fy**2))
    # Parseval's theorem on the half spectrum: each column but the first and the last counts twice.
    weight = np.full(filter_.shape[1], 2.0)
    weight[0] = 1.0
    if noise.shape[1] % 2 == 0:
        weight[-1] = 1.0
    power = (filter_**2 * weight).sum() / noise.size
    return np.fft.irfft2(np.fft.rfft2(noise) * (filter_ / np.sqrt(power)), noise.shape)
