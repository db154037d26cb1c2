"""The network: three U-Nets at 1/4, 1/2 and full size, joined head to tail.

Architecture after J. Wang and B. Han, "Defocus Deblur Microscopy via Head-to-Tail Cross-Scale Fusion", ICIP 2022 (doi
10.1109/ICIP46576.2022.9897168): decoder features of the coarser sub-network enter the encoder of the finer one at the
level of equal resolution. In the paper no sub-network adds its input image to its output; the released networks do
(`residual`), because they learn faster and restore better with it here (docs/networks.md). What the paper leaves open
(width, convolutions per level, activation, join, resampling filters) is our choice.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

# Levels of the sub-networks, coarse (1/4 size) to fine (full size); the last level of each is its bottleneck.
LEVELS = (3, 4, 5)


@dataclass(frozen=True)
class Layers:
    """The choices within a level that the paper leaves open, by their names in config.py; default: as released."""

    activation: str = "leaky_relu"
    downsampling: str = "max"
    upsampling: str = "transposed"

    def activate(self) -> nn.Module:
        """A new activation layer."""
        known = {
            "leaky_relu": lambda: nn.LeakyReLU(0.1, inplace=True),
            "relu": lambda: nn.ReLU(inplace=True),
            "gelu": nn.GELU,
        }
        return known[self.activation]()

    def block(self, channels_in: int, channels_out: int) -> nn.Sequential:
        """Two 3x3 convolutions with activations. No normalisation layer: frame-wide statistics would break tiling."""
        return nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, padding=1),
            self.activate(),
            nn.Conv2d(channels_out, channels_out, 3, padding=1),
            self.activate(),
        )

    def down(self, x):
        """Features [N, C, H, W] at half the size."""
        return {"max": F.max_pool2d, "average": F.avg_pool2d}[self.downsampling](x, 2)

    def up(self, channels_in: int, channels_out: int) -> nn.Module:
        """A new layer that doubles the size of features."""
        if self.upsampling == "transposed":
            return nn.ConvTranspose2d(channels_in, channels_out, 2, stride=2)
        # The 1x1 convolution comes first: it commutes with the interpolation and takes a quarter of the multiply-adds.
        return nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 1), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        )


RELEASED = Layers()


def channels_of(width: float, levels: int) -> list[int]:
    """Channels of each level, doubled from level to level; a fractional width is rounded at each level."""
    return [max(1, round(width * 2**level)) for level in range(levels)]


class SubNetwork(nn.Module):
    """A U-Net of `levels` levels whose encoder may also take features of the next coarser sub-network."""

    def __init__(
        self,
        width: float,
        levels: int,
        channels_in: int,
        coarse_levels: int,
        coarse_features: int = 1,
        layers: Layers = RELEASED,
    ):
        """`coarse_levels`: levels whose features come from the coarser sub-network (0 for the coarsest).

        `coarse_features`: how many feature maps come from each (1: the decoder's; 2: the encoder's, too).
        """
        super().__init__()
        self.layers = layers
        widths = channels_of(width, levels)
        self.encoder = nn.ModuleList()
        for level, channels in enumerate(widths):
            arriving = channels_in if level == 0 else widths[level - 1]
            # The coarse level k has the resolution of this encoder's level k + 1.
            if 1 <= level <= coarse_levels:
                arriving += coarse_features * widths[level - 1]
            self.encoder.append(layers.block(arriving, channels))
        self.up = nn.ModuleList(layers.up(widths[l + 1], widths[l]) for l in range(levels - 1))
        self.decoder = nn.ModuleList(layers.block(2 * widths[l], widths[l]) for l in range(levels - 1))
        self.head = nn.Conv2d(widths[0], 1, 3, padding=1)

    def forward(self, x, coarse, film=None):
        """`x` [N, C, H, W]; `coarse`: features, finest first; `film`: scales and shifts of the bottleneck, [N, 2 C].

        Returns the image, decoder features and encoder features.
        """
        skips = []
        for level, block in enumerate(self.encoder):
            if level:
                x = self.layers.down(x)
                if level <= len(coarse):
                    x = torch.cat((x, coarse[level - 1]), 1)
            x = block(x)
            skips.append(x)
        if film is not None:
            scale, shift = film.to(x.dtype)[:, :, None, None].chunk(2, 1)
            x = x * (1 + scale) + shift
        features = []
        for level in reversed(range(len(self.decoder))):
            x = self.decoder[level](torch.cat((self.up[level](x), skips[level]), 1))
            features.insert(0, x)
        # The image itself stays in full precision: bfloat16 has steps of 0.4 % near 1.
        with torch.autocast(x.device.type, enabled=False):
            return self.head(x.float()), features, skips[:-1]


def initialise(model: nn.Module) -> None:
    """Random weights for a leaky ReLU (He et al., ICCV 2015), biases of zero."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, 0.1, mode="fan_in", nonlinearity="leaky_relu")
            nn.init.zeros_(module.bias)


class MultiScale(nn.Module):
    """Restores normalised images [N, 1, H, W], H and W multiples of 16.

    `forward` returns the restored image, `scales` all three, coarse to fine, for the loss. `passed`: the features that
    enter the encoder of the next finer sub-network beside the coarse image: "decoder" (head to tail), "both" (encoder
    and decoder, as in MSSNet: Kim et al., ECCV Workshops 2022), or "nothing". `residual`: whether each sub-network adds
    its input image to its output.
    """

    def __init__(
        self, width: float, passed: str = "decoder", residual: bool = False, layers: Layers = RELEASED, extra: int = 0
    ):
        """`extra`: further images that enter each sub-network beside its own."""
        super().__init__()
        self.width, self.passed, self.residual, self.layers = width, passed, residual, layers
        self.subnetworks = nn.ModuleList()
        coarse_levels = 0
        features = {"nothing": 0, "decoder": 1, "both": 2}[passed]
        for index, levels in enumerate(LEVELS):
            arriving = coarse_levels if features else 0
            self.subnetworks.append(
                SubNetwork(width, levels, (1 if index == 0 else 2) + extra, arriving, features, layers)
            )
            coarse_levels = levels - 1
        initialise(self)

    def scales(self, image, extra=None, film=None):
        """[N, 1, H, W] -> restored images at 1/4, 1/2 and full size.

        `extra`: for each size further images [N, `extra`, h, w]; `film`: for each size what `SubNetwork` takes.
        """
        return self.scales_and_features(image, extra, film)[0]

    def scales_and_features(self, image, extra=None, film=None):
        """The restored images, and the finest features of the full size, [N, width, H, W]."""
        inputs = [F.avg_pool2d(image, 4), F.avg_pool2d(image, 2), image]
        outputs, features = [], []
        for index, (subnetwork, seen) in enumerate(zip(self.subnetworks, inputs, strict=True)):
            entering = [seen]
            if outputs:
                entering.append(F.interpolate(outputs[-1], scale_factor=2, mode="bilinear", align_corners=False))
            if extra is not None:
                entering.append(extra[index])
            x = torch.cat(entering, 1) if len(entering) > 1 else seen
            restored, decoded, encoded = subnetwork(x, features, None if film is None else film[index])
            outputs.append(restored + seen if self.residual else restored)
            if self.passed == "decoder":
                features = decoded
            elif self.passed == "both":
                features = [torch.cat(pair, 1) for pair in zip(decoded, encoded, strict=True)]
        return outputs, decoded[0]

    def forward(self, image):
        return self.scales(image)[-1]


class HeadToTail(MultiScale):
    """The paper's network: decoder features are passed on, and there is no residual."""

    def __init__(self, width: float = 16, layers: Layers = RELEASED):
        super().__init__(width, layers=layers)


def parameter_count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def multiply_adds_per_pixel(model: nn.Module) -> float:
    """Multiply-adds of all convolutions per pixel of the full-size image, counted on a 64x64 input."""
    total = 0

    def count(module, inputs, output):
        nonlocal total
        spatial = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        total += module.weight.numel() * spatial.shape[-1] * spatial.shape[-2]

    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    with torch.no_grad():
        model(torch.zeros(1, 1, 64, 64))
    for hook in hooks:
        hook.remove()
    # Filters whose weights are computed are no modules.
    return total / 64**2 + getattr(model, "filter_multiply_adds", 0.0)
