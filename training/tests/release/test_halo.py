"""The halo is as wide as the network looks."""

import torch

from training.release.export import to_onnx
from training.release.halo import HALO_TOLERANCE, measure_halo


def test_halo_is_measured(tmp_path):
    """A network that looks 20 px around needs a halo of 32; one that looks nowhere needs none."""
    reach = torch.nn.Conv2d(1, 1, 41, padding=20, bias=False)
    torch.nn.init.constant_(reach.weight, 1 / 41**2)
    to_onnx(reach, tmp_path / "reach.onnx")
    halo, deviation = measure_halo(tmp_path / "reach.onnx", 320)
    assert halo == 32 and deviation[0] > deviation[1] > HALO_TOLERANCE > deviation[2]
    to_onnx(torch.nn.LeakyReLU(0.5), tmp_path / "point.onnx")
    assert measure_halo(tmp_path / "point.onnx", 320)[0] == 0
