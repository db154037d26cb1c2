"""Radially symmetric filters of known frequency response, as layers: deconvolution by a told or an estimated blur.

A response is given at frequency 0 and at `contrast.FREQUENCIES` (cycles per pixel of the full-size image), linear in
between. Its kernel has a radius of REACH pixels at each of the three scales, so that the coarse ones serve wide blurs.
A kernel, unlike a filter in the Fourier domain of a frame, is the same in every tile.
"""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F

from training.optics.contrast import FREQUENCIES

REACH = 16  # pixels; a disc of 7 px loses 0.1 dB to the whole filter, and the scale below takes discs twice as wide
SIDE = 2 * REACH + 1
GRID = 128  # samples of the response along an axis
BLOCK = 4  # of pixels that an exported filter takes together
TAPER = 0.25  # of the reach, over which a kernel falls to zero


@cache
def kernel_matrix(scale: int) -> torch.Tensor:
    """Kernels from responses: float32 [1 + len(FREQUENCIES), SIDE * SIDE]; `scale` 1, 2 or 4 times coarser pixels.

    Each kernel has the sum that its response has at frequency 0, although it is cut off.
    """
    axis = np.fft.fftfreq(GRID)
    frequency = np.hypot(axis[:, None], axis[None, :]) / scale
    nodes = np.concatenate([[0], FREQUENCIES])
    offset = np.arange(-REACH, REACH + 1)
    distance = np.hypot(offset[:, None], offset[None, :])
    taper = np.clip((REACH + 1 - distance) / (TAPER * REACH), 0, 1)
    rows = []
    for one in np.eye(len(nodes)):
        kernel = np.fft.ifft2(np.interp(frequency, nodes, one)).real[offset[:, None], offset[None, :]] * taper
        missing = one[0] - kernel.sum()
        rows.append((kernel + missing * taper / taper.sum()).ravel())
    return torch.tensor(np.array(rows), dtype=torch.float32)


@cache
def _block_index() -> torch.Tensor:
    """For each weight of the filter on blocks its place in a kernel; SIDE * SIDE, where a zero is put, for none.

    int64 [BLOCK^2 (pixel written), BLOCK^2 (pixel read), taps, taps] with taps = 2 REACH / BLOCK + 1.
    """
    half = REACH // BLOCK
    block, inside = np.arange(-half, half + 1), np.arange(BLOCK)
    offset = BLOCK * block[None, None, :] + inside[None, :, None] - inside[:, None, None]  # [written, read, tap]
    dy, dx = offset[:, None, :, None, :, None], offset[None, :, None, :, None, :]
    place = (dy + REACH) * SIDE + dx + REACH
    place = np.where((np.abs(dy) <= REACH) & (np.abs(dx) <= REACH), place, SIDE * SIDE)
    return torch.tensor(place.reshape(BLOCK**2, BLOCK**2, 2 * half + 1, 2 * half + 1))


def multiply_adds(filters: int, scales: tuple[int, ...]) -> float:
    """Of `filters` filters at each of the scales, as exported, per pixel of the full size."""
    taps = (2 * REACH // BLOCK + 1) ** 2
    return filters * BLOCK**2 * taps * sum(1 / scale**2 for scale in scales)


def kernels(response: torch.Tensor, scale: int) -> torch.Tensor:
    """[N, K, 1 + len(FREQUENCIES)] to [N, K, SIDE * SIDE]."""
    return response.float() @ kernel_matrix(scale).to(response.device)


def filtered(image: torch.Tensor, response: torch.Tensor, scale: int) -> torch.Tensor:
    """`image` [N, 1, h, w] at 1 / `scale` of the full size, by K filters for each image: [N, K, h, w], float32.

    `response`: [N, K, 1 + len(FREQUENCIES)]. Beyond its border the image goes on with its last pixel. For export, where
    all images share one response [1, K, ...], the filter is a convolution on blocks of pixels, which ONNX Runtime
    computes five times as fast as one of a single channel.
    """
    with torch.autocast(image.device.type, enabled=False):
        kernel = kernels(response, scale)
        padded = F.pad(image.float(), (REACH,) * 4, mode="replicate")
        if torch.onnx.is_in_onnx_export():
            return _on_blocks(padded, kernel)
        return _by_fourier(padded, kernel)


def _by_fourier(padded: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """The same for images of their own kernels; in training the fastest way."""
    h, w = padded.shape[-2:]
    square = kernel.reshape(*kernel.shape[:2], SIDE, SIDE)
    # The kernel's middle at the origin; it is symmetric, so that convolution and correlation are the same.
    place = F.pad(square, (0, w - SIDE, 0, h - SIDE))
    spectrum = torch.fft.rfft2(torch.roll(place, (-REACH, -REACH), (-2, -1)))
    return torch.fft.irfft2(torch.fft.rfft2(padded) * spectrum, s=(h, w))[..., REACH:-REACH, REACH:-REACH]


def _on_blocks(padded: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    index = _block_index()
    count = int(kernel.shape[1])
    flat = torch.cat((kernel.reshape(count, SIDE * SIDE), torch.zeros(count, 1)), 1)  # a zero behind the last weight
    # The exporter must know all extents of a convolution's weights.
    weight = torch.index_select(flat, 1, index.ravel()).reshape(count * BLOCK**2, *index.shape[1:])
    blocks = F.pixel_unshuffle(padded, BLOCK)
    return F.pixel_shuffle(F.conv2d(blocks, weight), BLOCK)
