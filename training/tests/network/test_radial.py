"""Radial filters: their response is the one that was asked for, and both ways of computing them agree."""

import numpy as np
import pytest
import torch

from training.network import radial
from training.optics.contrast import FREQUENCIES

NODES = np.concatenate([[0], FREQUENCIES])


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_wave_is_scaled_by_the_response(scale):
    wanted = 1 / (1 + (NODES * scale / 0.2) ** 2)  # smooth enough for the reach of a kernel
    response = torch.tensor(wanted, dtype=torch.float32)[None, None]
    x = np.arange(128)
    for cycles in (0, 4, 10, 20, 40):
        wave = torch.tensor(np.tile(np.cos(2 * np.pi * cycles / 128 * x), (128, 1)), dtype=torch.float32)[None, None]
        out = radial.filtered(wave, response, scale)[0, 0, 48:80, 48:80]
        seen = float((out * wave[0, 0, 48:80, 48:80]).sum() / (wave[0, 0, 48:80, 48:80] ** 2).sum())
        assert seen == pytest.approx(np.interp(cycles / 128 / scale, NODES, wanted), abs=0.02)


def test_a_constant_is_kept_by_a_cut_off_kernel():
    response = torch.rand(1, 2, len(NODES), generator=torch.Generator().manual_seed(1))
    response[..., 0] = 1
    out = radial.filtered(torch.full((1, 1, 32, 48), 0.7), response, 1)
    assert out.shape == (1, 2, 32, 48) and torch.allclose(out, torch.tensor(0.7), atol=1e-5)


def test_blocks_and_fourier_transforms_agree():
    generator = torch.Generator().manual_seed(2)
    image, response = torch.rand(2, 1, 48, 64, generator=generator), torch.randn(1, 3, len(NODES), generator=generator)
    padded = torch.nn.functional.pad(image, (radial.REACH,) * 4, mode="replicate")
    kernel = radial.kernels(response, 1)
    one, other = radial._on_blocks(padded, kernel), radial._by_fourier(padded, kernel.expand(2, -1, -1))
    assert torch.allclose(one, other, atol=1e-5 * float(other.abs().max()))


def test_images_smaller_than_a_kernel_are_filtered():
    response = torch.ones(1, 1, len(NODES))
    image = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(radial.filtered(image, response, 1), image, atol=0.02)
