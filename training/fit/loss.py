"""The loss of one batch at all scales of a network's output; `Config.loss` chooses which."""

import torch
import torch.nn.functional as F

from training.config import LOSSES, Config

FREQUENCY_SHARE = 0.1  # of the Fourier part in MIMO-UNet's loss
CHARBONNIER = 1e-3  # the error at which it turns from square to absolute (Lai et al., CVPR 2017)


def _mean_square(output, target, config):
    return ((output - target) ** 2).mean((1, 2, 3))


def _decibels(output, target, config):
    return torch.log1p(_mean_square(output, target, config) / config.error_floor)


def _mean_absolute(output, target, config):
    return (output - target).abs().mean((1, 2, 3))


def _charbonnier(output, target, config):
    return ((output - target) ** 2 + CHARBONNIER**2).sqrt().mean((1, 2, 3))


def _with_fourier(output, target, config):
    spectrum = torch.view_as_real(torch.fft.fft2(output - target, norm="ortho"))
    return _mean_square(output, target, config) + FREQUENCY_SHARE * 0.1 * spectrum.abs().mean((1, 2, 3, 4))


def _mimo(output, target, config):
    spectrum = torch.view_as_real(torch.fft.fft2(output - target))
    return (output - target).abs().mean((1, 2, 3)) + FREQUENCY_SHARE * spectrum.abs().mean((1, 2, 3, 4))


MEASURES = {
    "log_mse": _decibels,
    "mse": _mean_square,
    "l1": _mean_absolute,
    "charbonnier": _charbonnier,
    "mse_fourier": _with_fourier,
    "mimo": _mimo,
}
assert tuple(MEASURES) == LOSSES


def scale_loss(outputs, target, config: Config):
    """The loss, a scalar, of `outputs` ([N, 1, h, w], coarse to fine) against `target` [N, 1, H, W] at each size.

    "mse": mean squared error, the sizes weighted by `scale_weights` (Wang and Han 2022). Our addition: a sample whose
    target is far brighter than its input (a few points, strongly blurred) would outweigh all others, so it is weighted
    down by the square of its excess over `bright_target`.

    "log_mse": log(1 + MSE / error_floor) of each sample and size, which is PSNR as a loss (Chen et al., HINet, CVPR
    Workshops 2021, section 3.3), bounded below. A sample weighs by the inverse of its own error. So a clean image next
    to focus, whose error is a thousandth of a strongly blurred one's, is learned as well in decibels.

    "l1", "charbonnier": mean absolute error, and its smooth form. "mse_fourier": "mse" plus a hundredth of the mean
    absolute error of the Fourier transform, which is about as large where the error is 1 %.

    "mimo": mean absolute error plus a tenth of that of the Fourier transform, all sizes weighted equally (Cho et al.,
    ICCV 2021, eq. 9 to 11).
    """
    weight = 1.0
    if config.loss in ("mse", "mse_fourier"):
        peak = target.abs().amax((1, 2, 3))
        weight = (config.bright_target / peak.clamp(min=config.bright_target)) ** 2
    measure = MEASURES[config.loss]
    shares = {4: config.scale_weights[0], 2: config.scale_weights[1], 1: config.scale_weights[2]}
    total = 0.0
    for output in outputs:
        factor = target.shape[-1] // output.shape[-1]
        truth = F.avg_pool2d(target, factor) if factor > 1 else target
        share = 1.0 if config.loss == "mimo" else shares[factor]
        total = total + share * (weight * measure(output.float(), truth, config)).mean()
    return total
