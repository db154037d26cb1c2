"""Estimates the blur of an image: the contrast that defocus has left at each frequency, with its uncertainty.

A small network of its own rather than a part of the restoring one: it is run on a few parts of a frame before the frame
is restored, and all tiles of the frame are then restored with the one answer.
"""

import torch
import torch.nn.functional as F
from torch import nn

from training.network.model import initialise
from training.optics.contrast import FREQUENCIES, LARGEST

SMALLEST_SPREAD = 0.01
LARGEST_SPREAD = 1.0
BETA = 0.5  # share of the variance's power that weighs a sample's loss (Seitzer et al., ICLR 2022, arXiv 2203.09168)
CHANNELS = (24, 32, 48, 64)
HIDDEN = 128


def spread_from(raw: torch.Tensor) -> torch.Tensor:
    """Any number to a standard deviation between SMALLEST_SPREAD and LARGEST_SPREAD."""
    return SMALLEST_SPREAD + (LARGEST_SPREAD - SMALLEST_SPREAD) * torch.sigmoid(raw)


class Estimator(nn.Module):
    """`forward`: normalised images [N, 1, H, W], H and W multiples of 16, to [N, 2 len(FREQUENCIES) + 2].

    First the mean of R at each of FREQUENCIES, then its standard deviation at each, then mean and standard deviation of
    log(1 + radius of the blur disc in pixels). The logarithms of the features' mean size at each stage are a spectrum
    of learned bands, whose differences do not depend on the contrast.
    """

    def __init__(self):
        super().__init__()
        a, b, c, d = CHANNELS
        conv = lambda i, o, stride=1: nn.Sequential(nn.Conv2d(i, o, 3, stride, padding=1), nn.LeakyReLU(0.1))
        # Pixels of 2 x 2 side by side: half the size, but no frequency is lost.
        self.first = nn.Sequential(nn.PixelUnshuffle(2), conv(4, a))
        self.stages = nn.ModuleList(nn.Sequential(conv(i, o, 2), conv(o, o)) for i, o in ((a, b), (b, c), (c, d)))
        self.weight = nn.Conv2d(d, 1, 1)  # how much each place has to say
        self.answer = nn.Sequential(
            nn.Linear(a + b + c + d + d + 1, HIDDEN), nn.LeakyReLU(0.1),
            nn.Linear(HIDDEN, HIDDEN), nn.LeakyReLU(0.1),
            nn.Linear(HIDDEN, 2 * len(FREQUENCIES) + 2),
        )  # fmt: skip
        initialise(self)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = self.first(image)
        bands = [features]
        for stage in self.stages:
            features = stage(features)
            bands.append(features)
        with torch.autocast(image.device.type, enabled=False):
            sizes = [torch.log(band.float().abs().mean((2, 3)) + 1e-4) for band in bands]
            features = features.float()
            weight = F.softplus(self.weight(features)) + 1e-4
            total = weight.mean((2, 3))
            pooled = (features * weight).mean((2, 3)) / total
            raw = self.answer(torch.cat((*sizes, pooled, torch.log(total)), 1))
        count = len(FREQUENCIES)
        mean, spread, size, size_spread = torch.split(raw, (count, count, 1, 1), 1)
        mean = LARGEST * torch.tanh(mean / LARGEST)
        return torch.cat((mean, spread_from(spread), F.softplus(size), spread_from(size_spread)), 1)


def condition_of(estimate: torch.Tensor) -> torch.Tensor:
    """What a restoring network takes of an estimate: mean and standard deviation of R, [N, 2 len(FREQUENCIES)]."""
    return estimate[:, : 2 * len(FREQUENCIES)]


def estimate_loss(estimate: torch.Tensor, contrast_kept: torch.Tensor, radius_px: torch.Tensor) -> torch.Tensor:
    """Negative log likelihood of the true blur, a scalar; samples whose blur is NaN have no part in it.

    `contrast_kept`: [N, len(FREQUENCIES)]; `radius_px`: [N].
    """
    count = len(FREQUENCIES)
    mean, spread, size, size_spread = torch.split(estimate, (count, count, 1, 1), 1)
    return _likelihood(mean, spread, contrast_kept) + _likelihood(size, size_spread, torch.log1p(radius_px)[:, None])


def _likelihood(mean: torch.Tensor, spread: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    known = torch.isfinite(truth).all(1)
    if not known.any():
        return mean.sum() * 0
    mean, spread, truth = mean[known], spread[known], truth[known]
    loss = 0.5 * ((truth - mean) / spread) ** 2 + torch.log(spread)
    return (loss * spread.detach() ** (2 * BETA)).mean()
