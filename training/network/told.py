"""What a network is told of the blur in training: the optics as users know them, or its own estimate."""

import torch

from training.config import Config
from training.optics.contrast import TOLD_FACTORS


def told_condition(told: torch.Tensor, config: Config, random: torch.Generator | None = None) -> torch.Tensor:
    """Conditions of users who are off in the distance, each by an error of his own that he knows the size of.

    `told`: [N, len(TOLD_FACTORS), F], the curves at multiples of the true distance. Returns mean and standard deviation
    of the curve over the distances that the user thinks possible, [N, 2 F].
    """
    low, high = config.told_error
    error = low + (high - low) * torch.rand(len(told), 1, generator=random)
    believed = 1 + error * torch.randn(len(told), 1, generator=random).clamp(-2, 2)
    factors = torch.tensor(TOLD_FACTORS)
    weight = torch.softmax(-0.5 * ((factors - believed) / error) ** 2, 1)[:, :, None].to(told)
    mean = (weight * told).sum(1)
    spread = (weight * (told - mean[:, None]) ** 2).sum(1).sqrt()
    return torch.cat((mean, spread), 1)


def mixed_condition(own: torch.Tensor, told: torch.Tensor, config: Config) -> torch.Tensor:
    """The condition of each sample: what it is told, for a share of those whose optics are known, else `own`.

    `own`: the estimator's, [N, 2 F]; `told`: as in `told_condition`, NaN where the optics are unknown.
    """
    told = told_condition(told.cpu(), config).to(own)
    use = torch.isfinite(told).all(1) & (torch.rand(len(told)) < config.told_share).to(own.device)
    return torch.where(use[:, None], told, own)
