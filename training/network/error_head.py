"""The trust map: how far a restored pixel is expected to be from the truth, from the network that restored it.

A small head beside a network whose weights stay as they are: what it learns moves no restored pixel. It works on blocks
of 2 x 2 pixels, since errors lie in patches, and at a quarter of the cost.
"""

import torch
import torch.nn.functional as F
from torch import nn

from training.network.model import initialise

LOOKS = 4  # images that the head sees beside the features
SMALLEST = 1e-4  # expected error, of the range that the frame is normalised by
FLOOR = 1e-3  # below this, looks do not differ
MOST = 20.0  # times the expected error


def looks(image: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """What tells of errors without any feature, as logarithms: [N, LOOKS, H / 2, W / 2].

    The change, the local contrast of the input, the gradient of the output, and the output.
    """
    pool = lambda x: F.avg_pool2d(x, 2)
    contrast = image - F.avg_pool2d(image, 3, 1, 1, count_include_pad=False)
    across = F.pad((output[..., 1:] - output[..., :-1]).abs(), (0, 1))
    down = F.pad((output[..., 1:, :] - output[..., :-1, :]).abs(), (0, 0, 0, 1))
    sizes = [pool(x) for x in ((output - image).abs(), contrast.abs(), across + down, output.abs())]
    return torch.log(torch.cat(sizes, 1) + FLOOR)


class Standard(nn.BatchNorm2d):
    """Mean 0 and deviation 1 over all that was seen in training, without scale and shift of its own.

    Finished, it is plain arithmetic: the exporter does not take the layer for channels that it cannot count.
    """

    def __init__(self, channels: int):
        super().__init__(channels, momentum=0.02, affine=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            return super().forward(x)
        per_channel = lambda values: values[None, :, None, None]
        return (x - per_channel(self.running_mean)) * per_channel(torch.rsqrt(self.running_var + self.eps))


class ErrorHead(nn.Module):
    """`forward`: image and output [N, 1, H, W], finest features [N, width, H, W], H and W even, to [N, 1, H, W].

    The result is the expected absolute error, in the range that the frame is normalised by.
    """

    def __init__(self, width: int):
        super().__init__()
        hidden = max(8, width)
        self.standard = Standard(width + LOOKS)
        self.layers = nn.Sequential(
            nn.Conv2d(width + LOOKS, hidden, 3, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(hidden, hidden, 3, padding=1), nn.LeakyReLU(0.1),
            nn.Conv2d(hidden, 4, 1), nn.PixelShuffle(2),
        )  # fmt: skip
        initialise(self)
        nn.init.constant_(self.layers[4].bias, -3.0)  # 0.05, about the error of a network at its start

    def forward(self, image: torch.Tensor, output: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        with torch.autocast(image.device.type, enabled=False):
            seen = torch.cat((F.avg_pool2d(features.float(), 2), looks(image, output.float())), 1)
            return F.softplus(self.layers(self.standard(seen))) + SMALLEST


def error_loss(expected: torch.Tensor, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Negative log likelihood of the errors under Laplace's distribution whose mean absolute value is `expected`.

    An error of more than MOST times the expected one counts as that: a hot pixel must not outweigh a batch.
    """
    return (torch.log(expected) + ((output - target).abs() / expected).clamp(max=MOST)).mean()
