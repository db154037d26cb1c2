"""The blur head: while a network trains, it predicts from the bottlenecks how much contrast the blur has left.

Deconvolution that knows the blur beats a network that must find it out. This head teaches the features to hold it: at
every place of the two finer bottlenecks it predicts the contrast that defocus has left at each of
`contrast.FREQUENCIES`. It is one convolution for each of them and is thrown away after training; the released
network has the features without the head.
"""

import torch
from torch import nn

from training.network.model import MultiScale
from training.optics.contrast import FREQUENCIES


class BlurHead(nn.Module):
    """Predicts the blur from the bottleneck features of the latest forward pass of `model`; hooks record them."""

    def __init__(self, model: nn.Module):
        """Raises ValueError where `model` has no sub-networks."""
        super().__init__()
        if not isinstance(model, MultiScale):
            raise ValueError(
                f"blur_weight: the network {type(model).__name__} has no sub-networks to read the blur from; "
                "give --set blur_weight=0"
            )
        self.features: dict[int, torch.Tensor] = {}
        self.tell = nn.ModuleList()  # checkpoints hold the weights by this name
        for index, subnetwork in enumerate(model.subnetworks[1:]):
            deepest = subnetwork.encoder[-1]
            channels = deepest[2].out_channels
            self.tell.append(nn.Conv2d(channels, len(FREQUENCIES), 1))
            deepest.register_forward_hook(
                lambda module, inputs, output, index=index: self.features.__setitem__(index, output)
            )

    def loss(self, contrast_kept: torch.Tensor) -> torch.Tensor:
        """Mean squared error of the predicted contrast, over the samples of the latest batch whose contrast is known.

        `contrast_kept`: [N, frequencies]; NaN = unknown.
        """
        known = torch.isfinite(contrast_kept).all(1)
        wanted = torch.nan_to_num(contrast_kept)[:, :, None, None]
        total = 0.0
        for index, predict in enumerate(self.tell):
            error = ((predict(self.features[index].float()) - wanted) ** 2).mean((1, 2, 3))
            total = total + (error * known).sum() / known.sum().clamp(min=1)
        return total / len(self.tell)
