"""Every network by its name, scaled to the multiply-adds of the head-to-tail network of the same `width`.

| name | network |
|---|---|
| head-to-tail | decoder features enter the next finer encoder, no residual: the paper's network |
| cascade | the same, and each sub-network adds its input image to its output: the released network |
| unlinked | three U-Nets that pass on their images only |
| both | encoder and decoder features enter the next finer encoder (as in MSSNet) |
| unet | one U-Net of five levels at full size |
| mimo | MIMO-UNet |
"""

from functools import cache

from torch import nn

from training.config import NETWORKS
from training.network.conditioned import Conditioned
from training.network.mimo import MimoUNet
from training.network.model import (
    LEVELS,
    RELEASED,
    HeadToTail,
    Layers,
    MultiScale,
    SubNetwork,
    initialise,
    multiply_adds_per_pixel,
)


class UNet(nn.Module):
    """One U-Net at one scale. Same interface as the others; `scales` returns the full size only."""

    def __init__(self, width: float):
        super().__init__()
        self.subnetwork = SubNetwork(width, LEVELS[-1], 1, 0)
        initialise(self)

    def scales(self, image):
        return [self.subnetwork(image, [])[0]]

    def forward(self, image):
        return self.scales(image)[-1]


MAKERS = {
    "head-to-tail": HeadToTail,
    "cascade": lambda width: MultiScale(width, residual=True),
    "unlinked": lambda width: MultiScale(width, "nothing"),
    "both": lambda width: MultiScale(width, "both"),
    "unet": UNet,
    "mimo": MimoUNet,
}
assert tuple(MAKERS) == NETWORKS


@cache
def own_width(name: str, width: float) -> float:
    """The base width at which the network `name` takes as many multiply-adds as head-to-tail of base width `width`.

    Found by bisection. Channels are whole numbers, so a difference of a few per cent remains.
    """
    if name in ("head-to-tail", "cascade"):  # a residual costs no multiply-add
        return width

    cost = lambda w: multiply_adds_per_pixel(MAKERS[name](w))
    budget = multiply_adds_per_pixel(HeadToTail(width))
    low, high = 0.25 * width, 4.0 * width
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if cost(middle) < budget else (low, middle)
    return min((low, high), key=lambda w: abs(cost(w) - budget))


def build(name: str, width: float, layers: Layers = RELEASED, condition: str = "none") -> nn.Module:
    """A new network with random weights that costs as much as head-to-tail of base width `width`.

    `condition`: how it uses what is known of the blur (training/network/conditioned.py); only cascade can. Raises
    ValueError where `layers` are not the released ones and the network is neither head-to-tail nor cascade.
    """
    if condition != "none":
        if name != "cascade":
            raise ValueError(f"network {name}: takes no condition; condition={condition} is for cascade")
        return Conditioned(width, condition, layers)
    if layers == RELEASED:
        return MAKERS[name](own_width(name, width))
    if name not in ("head-to-tail", "cascade"):
        raise ValueError(f"network {name}: has no choice of layers; {layers} is for head-to-tail and cascade")
    return MultiScale(width, residual=name == "cascade", layers=layers)
