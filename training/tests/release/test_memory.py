"""The memory per pixel that a model file states is computed, holds on this processor, and is not wasteful."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from training.network.model_file import metadata_of
from training.release import memory
from training.release.export import to_onnx

ROOT = Path(__file__).parents[3]
FILES = [ROOT / "tests" / "models" / "tiny.onnx", *sorted((ROOT / "models").glob("*.onnx"))]
STATUS = Path("/proc/self/status")
# As the engine runs a model: no memory patterns, and more than one frame. VmHWM is the most memory that a process has
# had.
PROGRAM = f"""
import sys, numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.enable_mem_pattern = 1, False
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
image = numpy.zeros((1, 1, int(sys.argv[2]), int(sys.argv[2])), numpy.float32)
for _ in range(2):
    session.run(None, {{"image": image}})
print(next(line.split()[1] for line in open("{STATUS}") if line.startswith("VmHWM")))
"""


def measured(path: Path, side: int) -> float:
    """Growth of a fresh process's peak memory from 64 x 64 pixels to `side` x `side`, in bytes per pixel."""

    def peak(side: int) -> int:
        command = [sys.executable, "-c", PROGRAM, str(path), str(side)]
        return 1024 * int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return (peak(side) - peak(64)) / (side**2 - 64**2)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_what_a_file_states_is_what_its_graph_needs(path):
    assert int(metadata_of(path)["bytes_per_pixel"]) == memory.bytes_per_pixel(path)


@pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell a process its peak memory")
@pytest.mark.parametrize("path, side", [(FILES[0], 1040), (FILES[2], 512)], ids=["tiny", "parfocal-w8"])
def test_this_processor_needs_no_more(path, side):
    """At sizes where ONNX Runtime's allocator leaves gaps.

    The figure is of the wider blocks; narrow ones need as little as half of it.
    """
    stated = int(metadata_of(path)["bytes_per_pixel"])
    assert 0.3 * stated < measured(path, side) <= stated


def test_the_count_of_a_few_layers(tmp_path):
    """By hand, in floats per pixel."""
    layers = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1),
        nn.LeakyReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 20, 3, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(20, 1, 2, stride=2),
    )
    torch.manual_seed(0)
    to_onnx(layers, tmp_path / "layers.onnx")
    # The first convolution: the image, 3 channels, and these in one block. The second, at half size: 3 channels, 20,
    # and these in whole blocks. The last: 20 channels at half size, and the result twice.
    for block in (8, 16):
        first, second, last = 1 + 3 + block, (3 + 20 + 8 * 3 if block == 8 else 3 + 20 + 32) / 4, 20 / 4 + 2
        assert memory.live_bytes_per_pixel(tmp_path / "layers.onnx", block) == 4 * max(first, second, last)
    assert memory.bytes_per_pixel(tmp_path / "layers.onnx") == 112  # 1.36 times 4 bytes of 20 floats, rounded up to 16


def test_an_image_that_is_added_in_the_end_is_kept_until_then(tmp_path):
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 1, 3, padding=1)
            )

        def forward(self, image):
            return image + self.layers(image)

    to_onnx(Residual(), tmp_path / "residual.onnx")
    # The second convolution: the image, its 8 channels and its result, and both of these in blocks.
    assert memory.live_bytes_per_pixel(tmp_path / "residual.onnx", 8) == 4 * (1 + 4 * 8)
