"""PSNR, SSIM, and the fit of gain and offset that comes before them."""

import numpy as np
from skimage.metrics import structural_similarity

from training.data.intensity import percentile_range


def gain_and_offset(image: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Gain and offset of the least-squares fit reference = gain * image + offset; arrays of one shape."""
    x, y = image.astype(np.float64).ravel(), reference.astype(np.float64).ravel()
    variance = x.var()
    if variance == 0:
        return 1.0, float(y.mean() - x.mean())
    gain = ((x - x.mean()) * (y - y.mean())).mean() / variance
    return float(gain), float(y.mean() - gain * x.mean())


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """10 log10(range^2 / MSE) in dB; the range is that between the reference's 0.1 and 99.9 percentiles."""
    low, high = percentile_range(reference)
    mse = np.mean((image.astype(np.float64) - reference) ** 2)
    return float("inf") if mse == 0 else float(10 * np.log10((high - low) ** 2 / mse))


def fitted_psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """PSNR in dB after the fit of gain and offset."""
    gain, offset = gain_and_offset(image, reference)
    return psnr(gain * image + offset, reference)


def ssim(image: np.ndarray, reference: np.ndarray) -> float:
    """Structural similarity with a Gaussian window of sigma 1.5 px (Wang et al. 2004); [H, W] or [H, W, C]."""
    low, high = percentile_range(reference)
    return float(
        structural_similarity(
            image.astype(np.float64),
            reference.astype(np.float64),
            data_range=high - low,
            gaussian_weights=True,
            use_sample_covariance=False,
            sigma=1.5,
            channel_axis=-1 if image.ndim == 3 else None,
        )
    )
