"""A second task beside restoring, in training only: to tell the blur from the features of the bottlenecks.

Deconvolution that knows the blur leads a network that must find it out. What the task asks for is just that: at every place
of the two finer bottlenecks, how much contrast defocus has left at each of `optics.FREQUENCIES`. The released network does not
have the head: it is one convolution that is thrown away, and what stays are features that it could read the blur from.
"""

import torch
from torch import nn

from .optics import FREQUENCIES


class BlurHead(nn.Module):
    """Reads the deepest features of the sub-networks of a `MultiScale` while it runs, and tells the blur from them."""

    def __init__(self, model: nn.Module):
        super().__init__()
        if not hasattr(model, "subnetworks"):
            raise ValueError(
                f"blur_weight: the network {type(model).__name__} has no sub-networks to read the blur from; give --set blur_weight=0"
            )
        self.features: dict[int, torch.Tensor] = {}
        self.tell = nn.ModuleList()
        for index, subnetwork in enumerate(model.subnetworks[1:]):
            deepest = subnetwork.encoder[-1]
            channels = deepest[2].out_channels
            self.tell.append(nn.Conv2d(channels, len(FREQUENCIES), 1))
            deepest.register_forward_hook(lambda module, inputs, output, index=index: self.features.__setitem__(index, output))

    def loss(self, contrast_kept: torch.Tensor) -> torch.Tensor:
        """Mean square error of what is told of the batch that has just run; `contrast_kept` [N, frequencies], NaN = unknown."""
        known = torch.isfinite(contrast_kept).all(1)
        wanted = torch.nan_to_num(contrast_kept)[:, :, None, None]
        total = 0.0
        for index, tell in enumerate(self.tell):
            error = ((tell(self.features[index].float()) - wanted) ** 2).mean((1, 2, 3))
            total = total + (error * known).sum() / known.sum().clamp(min=1)
        return total / len(self.tell)
