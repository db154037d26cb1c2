"""MIMO-UNet, for comparison: one U-Net whose inputs and outputs are images of three sizes.

After S.-J. Cho, S.-W. Ji, J.-P. Hong, S.-W. Jung, S.-J. Ko, "Rethinking Coarse-to-Fine Approach in Single Image
Deblurring", ICCV 2021 (arXiv 2108.05054), and the layer sizes of its public code: three levels of 8 residual blocks
each way, shallow convolutions on the smaller inputs (SCM), their features merged by attention (FAM), asymmetric fusion
of encoder features of all sizes (AFF), and the input image added to each output. One channel instead of three colours.
"""

import torch
import torch.nn.functional as F
from torch import nn

RESIDUAL_BLOCKS = 8


def _conv(channels_in: int, channels_out: int, kernel: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
    layers = [nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2)]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))


def _up(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(channels_in, channels_out, 4, 2, 1), nn.ReLU(inplace=True))


class _Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.main = nn.Sequential(_conv(channels, channels, 3), _conv(channels, channels, 3, relu=False))

    def forward(self, x):
        return self.main(x) + x


def _blocks(channels: int) -> nn.Sequential:
    return nn.Sequential(*(_Residual(channels) for _ in range(RESIDUAL_BLOCKS)))


class _Shallow(nn.Module):
    """SCM: features [N, channels, H, W] of a smaller input image [N, 1, H, W]."""

    def __init__(self, channels: int):
        super().__init__()
        quarter, half = max(1, channels // 4), max(1, channels // 2)
        self.main = nn.Sequential(
            _conv(1, quarter, 3), _conv(quarter, half, 1), _conv(half, half, 3), _conv(half, channels - 1, 1)
        )
        self.join = _conv(channels, channels, 1, relu=False)

    def forward(self, image):
        return self.join(torch.cat((image, self.main(image)), 1))


class _Attention(nn.Module):
    """FAM: features of this level, and of the smaller input image."""

    def __init__(self, channels: int):
        super().__init__()
        self.merge = _conv(channels, channels, 3, relu=False)

    def forward(self, x, shallow):
        return x + self.merge(x * shallow)


class _Fusion(nn.Module):
    """AFF: encoder features of all three levels, resized to one of them."""

    def __init__(self, channels_in: int, channels_out: int):
        super().__init__()
        self.main = nn.Sequential(_conv(channels_in, channels_out, 1), _conv(channels_out, channels_out, 3, relu=False))

    def forward(self, *features):
        return self.main(torch.cat(features, 1))


class MimoUNet(nn.Module):
    """Same interface as `MultiScale`: `forward` returns the restored image, `scales` all three, coarse to fine."""

    def __init__(self, width: float = 32):
        super().__init__()
        a, b, c = (max(2, round(width * k)) for k in (1, 2, 4))
        self.encoder = nn.ModuleList(_blocks(n) for n in (a, b, c))
        self.decoder = nn.ModuleList(_blocks(n) for n in (c, b, a))
        self.first = _conv(1, a, 3)
        self.down = nn.ModuleList((_conv(a, b, 3, 2), _conv(b, c, 3, 2)))
        self.up = nn.ModuleList((_up(c, b), _up(b, a)))
        self.shallow = nn.ModuleList((_Shallow(b), _Shallow(c)))
        self.attention = nn.ModuleList((_Attention(b), _Attention(c)))
        self.fusion = nn.ModuleList((_Fusion(a + b + c, a), _Fusion(a + b + c, b)))
        self.narrow = nn.ModuleList((_conv(2 * b, b, 1), _conv(2 * a, a, 1)))
        self.heads = nn.ModuleList(_conv(n, 1, 3, relu=False) for n in (c, b, a))

    def scales(self, image):
        """[N, 1, H, W] -> restored images at 1/4, 1/2 and full size."""
        resize = lambda x, factor: F.interpolate(x, scale_factor=factor)  # to the nearest pixel, as published
        half = resize(image, 0.5)
        quarter = resize(half, 0.5)
        fine = self.encoder[0](self.first(image))
        middle = self.encoder[1](self.attention[0](self.down[0](fine), self.shallow[0](half)))
        coarse = self.encoder[2](self.attention[1](self.down[1](middle), self.shallow[1](quarter)))
        up = resize(coarse, 2)
        middle_in = self.fusion[1](resize(fine, 0.5), middle, up)
        fine_in = self.fusion[0](fine, resize(middle, 2), resize(up, 2))
        x = self.decoder[0](coarse)
        outputs = [self.heads[0](x).float() + quarter]
        x = self.decoder[1](self.narrow[0](torch.cat((self.up[0](x), middle_in), 1)))
        outputs.append(self.heads[1](x).float() + half)
        x = self.decoder[2](self.narrow[1](torch.cat((self.up[1](x), fine_in), 1)))
        return [*outputs, self.heads[2](x).float() + image]

    def forward(self, image):
        return self.scales(image)[-1]
