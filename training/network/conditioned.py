"""A network that is told the blur, or estimates it: `MultiScale` with an estimator and a use of the condition.

The condition is R, the contrast that defocus has left, at `contrast.FREQUENCIES`: its mean and its standard deviation,
[N, 2 len(FREQUENCIES)]. Told optics give both; without them the estimator does. An uncertain frequency is left alone by
the same formula that serves a certain one.

| `use` | what the condition does |
|---|---|
| film | scales and shifts the features of the three bottlenecks (FiLM: Perez et al., AAAI 2018) |
| deconvolved | the image, deconvolved at three strengths, enters each sub-network beside the image |
| step | behind the network: what its result, blurred again, leaves of the image is deconvolved and added, by gates |
| all | deconvolved and step |
"""

import torch
import torch.nn.functional as F
from torch import nn

from training.network import radial
from training.network.estimator import Estimator, condition_of
from training.network.model import LEVELS, RELEASED, Layers, MultiScale, channels_of, initialise
from training.optics.contrast import FREQUENCIES

STRENGTHS = (0.2, 0.03, 0.004)  # noise power over signal power of the three deconvolutions
# The same of the steps behind the network. Each adds to the one before, and a gate says how much of it. With the true
# blur and a constant gate the first gains 1 to 3 dB behind a network that has not learned any of this.
STEPS = (0.5, 0.1, 0.02)
FIRST_GATES = (0.0, -2.0, -3.0)  # before the sigmoid
GATE_CHANNELS = 16
GATE_SPEED = 8.0  # gates have to move further than other numbers while a network learns
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
        """`use`: film, deconvolved, step or all."""
        super().__init__()
        self.use = use
        self.error_head: nn.Module | None = None  # `ErrorHead`, of a finished network
        extra = len(STRENGTHS) if use in ("deconvolved", "all") else 0
        self.trunk = MultiScale(width, residual=True, layers=layers, extra=extra)
        self.estimator = Estimator()
        self.filter_multiply_adds = radial.multiply_adds(extra, (1, 2, 4))
        if use in ("step", "all"):
            self.filter_multiply_adds += radial.multiply_adds(1 + len(STEPS), (1,))
        count = 2 * len(FREQUENCIES)
        if use == "film":
            self.embed = nn.Sequential(
                nn.Linear(count, HIDDEN), nn.LeakyReLU(0.1), nn.Linear(HIDDEN, HIDDEN), nn.LeakyReLU(0.1)
            )
            self.film = nn.ModuleList(nn.Linear(HIDDEN, 2 * channels_of(width, levels)[-1]) for levels in LEVELS)
            for layer in self.film:  # features begin as they would be without
                nn.init.zeros_(layer.weight)
                nn.init.zeros_(layer.bias)
        if use in ("step", "all"):
            self.gates = nn.ModuleDict(
                {
                    "places": nn.Conv2d(width + len(STEPS), GATE_CHANNELS, 3, padding=1),
                    "condition": nn.Linear(count, GATE_CHANNELS),
                    "gates": nn.Conv2d(GATE_CHANNELS, len(STEPS), 1),
                }
            )
            initialise(self.gates)
            nn.init.zeros_(self.gates["gates"].weight)

    def scales(self, image: torch.Tensor, condition: torch.Tensor | None = None) -> list[torch.Tensor]:
        """[N, 1, H, W] to restored images at 1/4, 1/2 and full size. Without a condition the estimator gives it."""
        return self.scales_and_features(image, condition)[0]

    def restored_and_error(self, image: torch.Tensor, condition: torch.Tensor | None = None):
        """The restored image and its expected error, [N, 1, H, W] each. The network must have its error head."""
        outputs, features = self.scales_and_features(image, condition)
        return outputs[-1], self.error_head(image, outputs[-1], features)

    def scales_and_features(self, image, condition=None):
        """As `scales`, and the finest features, [N, width, H, W]."""
        if condition is None:
            condition = condition_of(self.estimator(image))
        condition = condition.float()
        extra, film = None, None
        if self.use in ("deconvolved", "all"):
            response = wiener(condition)
            shrunk = lambda scale: F.avg_pool2d(image, scale) if scale > 1 else image
            extra = [radial.filtered(shrunk(scale), response, scale) for scale in SCALES]
        if self.use == "film":
            with torch.autocast(image.device.type, enabled=False):
                film = [layer(self.embed(condition)) for layer in self.film]
        outputs, features = self.trunk.scales_and_features(image, extra, film)
        if self.use in ("step", "all"):
            outputs[-1] = self._step(image, outputs[-1], features, condition)
        return outputs, features

    def _step(self, image, output, features, condition):
        """The output N moved to where it explains the input Y.

        With c_k = F^-1[(Y - R N) R / (R^2 + s^2 + noise_k)] the result is N + g_1 c_1 + g_2 (c_2 - c_1) + ... The
        features know the noise and the structure at each place, and the condition how sure it is: the gates g are
        computed from both.
        """
        with torch.autocast(image.device.type, enabled=False):
            mean, spread = split(condition)
            noise = torch.tensor(STEPS, device=condition.device)[None, :, None]
            response = mean / (mean**2 + spread**2 + noise)
            response = torch.cat((response[:, :1], response[:, 1:] - response[:, :-1]), 1)
            left = image - radial.filtered(output.float(), mean, 1)
            steps = radial.filtered(left, response, 1)
            first = torch.tensor(FIRST_GATES, device=condition.device)[None, :, None, None]
            hidden = self.gates["places"](torch.cat((features.float(), steps), 1))
            hidden = F.leaky_relu(hidden + self.gates["condition"](condition)[:, :, None, None], 0.1)
            gates = torch.sigmoid(first + GATE_SPEED * self.gates["gates"](hidden))
            return output + (gates * steps).sum(1, keepdim=True)

    def forward(self, image: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        return self.scales(image, condition)[-1]
