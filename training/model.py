"""The network: three U-Nets at 1/4, 1/2 and full size, joined head to tail.

Architecture after J. Wang and B. Han, "Defocus Deblur Microscopy via Head-to-Tail Cross-Scale Fusion", ICIP 2022
(doi 10.1109/ICIP46576.2022.9897168): decoder features of the coarser sub-network enter the encoder of the finer one at
the level of equal resolution, and no sub-network adds its input image to its output. What the paper leaves open (width,
convolutions a level, activation, join, resampling filters) is ours and is listed in ARCHITECTURE.md.
"""

import torch
import torch.nn.functional as F
from torch import nn

# Levels of the sub-networks, coarse (1/4 size) to fine (full size); the last level of each is its bottleneck.
LEVELS = (3, 4, 5)
MULTIPLE = 16  # height and width of the input are multiples of this


def _block(channels_in: int, channels_out: int) -> nn.Sequential:
    """Two 3x3 convolutions, each followed by a leaky ReLU; no normalisation layer: frame-wide statistics break tiling."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.LeakyReLU(0.1, inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, padding=1),
        nn.LeakyReLU(0.1, inplace=True),
    )


class SubNetwork(nn.Module):
    """A U-Net of `levels` levels whose encoder also takes the decoder features of the next coarser sub-network."""

    def __init__(self, width: int, levels: int, channels_in: int, coarse_levels: int):
        """`coarse_levels`: decoder levels that come from the coarser sub-network (0 for the coarsest)."""
        super().__init__()
        widths = [width << level for level in range(levels)]
        self.encoder = nn.ModuleList()
        for level, channels in enumerate(widths):
            arriving = channels_in if level == 0 else widths[level - 1]
            # The coarse decoder's level k has the resolution of this encoder's level k + 1.
            if 1 <= level <= coarse_levels:
                arriving += width << (level - 1)
            self.encoder.append(_block(arriving, channels))
        self.up = nn.ModuleList(nn.ConvTranspose2d(widths[l + 1], widths[l], 2, stride=2) for l in range(levels - 1))
        self.decoder = nn.ModuleList(_block(2 * widths[l], widths[l]) for l in range(levels - 1))
        self.head = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x, coarse):
        """`x` [N, C, H, W]; `coarse` decoder features, finest first. Returns the image and its own decoder features."""
        skips = []
        for level, block in enumerate(self.encoder):
            if level:
                x = F.max_pool2d(x, 2)
                if level <= len(coarse):
                    x = torch.cat((x, coarse[level - 1]), 1)
            x = block(x)
            skips.append(x)
        features = []
        for level in reversed(range(len(self.decoder))):
            x = self.decoder[level](torch.cat((self.up[level](x), skips[level]), 1))
            features.insert(0, x)
        # The image itself stays in full precision: bfloat16 has steps of 0.4 % near 1.
        with torch.autocast(x.device.type, enabled=False):
            return self.head(x.float()), features


class HeadToTail(nn.Module):
    """Image [N, 1, H, W] (H and W multiples of 16, normalised) to the restored image of the same shape.

    `forward` returns the restored image; `scales` returns all three, coarse to fine, for the loss.
    """

    def __init__(self, width: int = 16):
        super().__init__()
        self.width = width
        self.subnetworks = nn.ModuleList()
        coarse_levels = 0
        for index, levels in enumerate(LEVELS):
            self.subnetworks.append(SubNetwork(width, levels, 1 if index == 0 else 2, coarse_levels))
            coarse_levels = levels - 1
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight, 0.1, mode="fan_in", nonlinearity="leaky_relu")
                nn.init.zeros_(module.bias)

    def scales(self, image):
        """[N, 1, H, W] -> restored images at 1/4, 1/2 and full size."""
        inputs = [F.avg_pool2d(image, 4), F.avg_pool2d(image, 2), image]
        outputs, features = [], []
        for subnetwork, x in zip(self.subnetworks, inputs):
            if outputs:
                up = F.interpolate(outputs[-1], scale_factor=2, mode="bilinear", align_corners=False)
                x = torch.cat((x, up), 1)
            restored, features = subnetwork(x, features)
            outputs.append(restored)
        return outputs

    def forward(self, image):
        return self.scales(image)[-1]


def parameter_count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def multiply_adds_per_pixel(model: nn.Module) -> float:
    """Multiply-adds of all convolutions for one pixel of the full-size image, counted on a 64x64 input."""
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
    return total / 64**2
