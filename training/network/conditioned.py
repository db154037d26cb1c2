"""A network that is told the blur, or estimates it: `MultiScale` with an estimator and a use of the condition.

The condition is R, the contrast that defocus has left, at `contrast.FREQUENCIES`: its mean and its standard deviation,
[N, 2 len(FREQUENCIES)]. Told optics give both; without them the estimator does. An uncertain frequency is left alone by
the same formula that serves a certain one.

| `use` | what the condition does |
|---|---|
| film | scales and shifts the features of the three bottlenecks (FiLM: Perez et al., AAAI 2018) |
| deconvolved | the image, deconvolved at three strengths, enters each sub-network beside the image |
| step | a Fourier step of data consistency behind the network, with a weight for each frequency |
| both | film and deconvolved |
"""

import torch
import torch.nn.functional as F
from torch import nn

from training.network import radial
from training.network.estimator import Estimator, condition_of
from training.network.model import LEVELS, RELEASED, Layers, MultiScale, channels_of
from training.optics.contrast import FREQUENCIES

STRENGTHS = (0.2, 0.03, 0.004)  # noise power over signal power of the three deconvolutions
HIDDEN = 64
SCALES = (4, 2, 1)


def split(condition: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of R, [N, 1, 1 + len(FREQUENCIES)] each, frequency 0 included."""
    mean, spread = condition.float().split(len(FREQUENCIES), 1)
    return F.pad(mean, (1, 0), value=1.0)[:, None], F.pad(spread, (1, 0), value=0.0)[:, None]


def wiener(condition: torch.Tensor) -> torch.Tensor:
    """Responses of the deconvolutions, [N, len(STRENGTHS), 1 + len(FREQUENCIES)]; 1 at frequency 0.

    The best linear filter for R of mean m and deviation s: m / (m^2 + s^2 + noise), times 1 + noise.
    """
    mean, spread = split(condition)
    noise = torch.tensor(STRENGTHS, device=condition.device)[None, :, None]
    return (1 + noise) * mean / (mean**2 + spread**2 + noise)


class Conditioned(nn.Module):
    """Restores normalised images [N, 1, H, W] as `MultiScale` does; `scales` and `forward` may take a condition."""

    def __init__(self, width: float, use: str, layers: Layers = RELEASED):
        """`use`: film, deconvolved, step or both."""
        super().__init__()
        self.use = use
        extra = len(STRENGTHS) if use in ("deconvolved", "both") else 0
        self.trunk = MultiScale(width, residual=True, layers=layers, extra=extra)
        self.estimator = Estimator()
        count = 2 * len(FREQUENCIES)
        if use in ("film", "both"):
            self.embed = nn.Sequential(
                nn.Linear(count, HIDDEN), nn.LeakyReLU(0.1), nn.Linear(HIDDEN, HIDDEN), nn.LeakyReLU(0.1)
            )
            self.film = nn.ModuleList(nn.Linear(HIDDEN, 2 * channels_of(width, levels)[-1]) for levels in LEVELS)
            for layer in self.film:  # features begin as they would be without
                nn.init.zeros_(layer.weight)
                nn.init.zeros_(layer.bias)
        if use == "step":
            self.noise = nn.Sequential(
                nn.Linear(count, HIDDEN), nn.LeakyReLU(0.1), nn.Linear(HIDDEN, 1 + len(FREQUENCIES))
            )

    def scales(self, image: torch.Tensor, condition: torch.Tensor | None = None) -> list[torch.Tensor]:
        """[N, 1, H, W] to restored images at 1/4, 1/2 and full size. Without a condition the estimator gives it."""
        if condition is None:
            condition = condition_of(self.estimator(image))
        condition = condition.float()
        extra, film = None, None
        if self.use in ("deconvolved", "both"):
            response = wiener(condition)
            shrunk = lambda scale: F.avg_pool2d(image, scale) if scale > 1 else image
            extra = [radial.filtered(shrunk(scale), response, scale) for scale in SCALES]
        if self.use in ("film", "both"):
            with torch.autocast(image.device.type, enabled=False):
                film = [layer(self.embed(condition)) for layer in self.film]
        outputs = self.trunk.scales(image, extra, film)
        if self.use == "step":
            outputs = [self._consistent(image, out, s, condition) for out, s in zip(outputs, SCALES, strict=True)]
        return outputs

    def _consistent(self, image, output, scale: int, condition):
        """N + F^-1[(Y - R N) R / (R^2 + s^2 + l)]: the output N moved to where it explains the input Y.

        l is learned: the power of the noise over that of the network's error at each frequency.
        """
        with torch.autocast(image.device.type, enabled=False):
            seen = F.avg_pool2d(image, scale) if scale > 1 else image
            mean, spread = split(condition)
            noise = 3e-3 + F.softplus(self.noise(condition))[:, None]
            left = seen - radial.filtered(output.float(), mean, scale)
            return output + radial.filtered(left, mean / (mean**2 + spread**2 + noise), scale)

    def forward(self, image: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        return self.scales(image, condition)[-1]
