"""The memory that a network takes per pixel, computed from its graph so that it holds on every x86-64 processor.

ONNX Runtime's convolutions keep channels in blocks: of 8 with AVX and AVX2, of 16 with AVX-512. A measurement therefore
holds only on processors like the one that it was made on, whereas the graph shows what is alive at each operation.
"""

import math
from pathlib import Path

import onnx

BLOCKS = (8, 16)  # channels per block of ONNX Runtime's convolutions
# ONNX Runtime's allocator takes memory in powers of two and leaves gaps: with AVX-512 the measured memory is 1.00 to
# 1.34 times the live activations, depending on the frame (training/tests/release/test_memory.py measures it).
ALLOCATOR = 1.36
FUSED = ("LeakyRelu", "Relu", "Identity", "Cast")  # these write to their input's memory or take no time at all
SIDE = 1024  # of the image that shapes are inferred for; large, so that margins around it do not count


def _shapes(path: Path, side: int) -> tuple[onnx.GraphProto, dict[str, list[int]]]:
    """The graph of a model file for one image of `side` x `side` pixels, and the shapes of its tensors."""
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        sizes = (1, 1, side, side) if len(value.type.tensor_type.shape.dim) == 4 else (1,)
        for dimension, size in zip(value.type.tensor_type.shape.dim, sizes, strict=False):
            dimension.Clear()
            dimension.dim_value = size
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    values = (*graph.value_info, *graph.input, *graph.output)
    return graph, {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}


class _Graph:
    """The operations of a model file in order of execution, and the size of their activations."""

    def __init__(self, path: Path):
        graph, self.shapes = _shapes(path, SIDE)
        _, wider = _shapes(path, 2 * SIDE)
        # Tensors that do not grow with the image (weights that are computed, the condition) are no activations.
        self.growing = {t for t, shape in self.shapes.items() if shape != wider.get(t)}
        self.same = {n.output[0]: n.input[0] for n in graph.node if n.op_type in FUSED}
        self.nodes = [n for n in graph.node if n.op_type not in (*FUSED, "Constant")]
        self.input = graph.input[0].name
        self.outputs = [t for t in (self.tensor(output.name) for output in graph.output) if t in self.growing]

    def tensor(self, name: str) -> str:
        """The tensor whose memory `name` uses."""
        while name in self.same:
            name = self.same[name]
        return name

    def activations(self, node) -> list[str]:
        """The images or features that an operation reads; weights are none."""
        return [t for t in map(self.tensor, node.input) if t in self.growing]

    def bytes_per_pixel(self, tensor: str, block: int = 1) -> float:
        """float32 [N, C, H, W], its channels rounded up to whole blocks, per pixel of the network's input.

        0 for a tensor that does not grow with the image.
        """
        if tensor not in self.growing:
            return 0.0
        shape = self.shapes[tensor]
        if len(shape) != 4:
            return 4 * math.prod(shape) / SIDE**2
        _, channels, height, width = shape
        return 4 * math.ceil(channels / block) * block * height * width / SIDE**2


def live_bytes_per_pixel(path: Path, block: int) -> float:
    """The most bytes of activations that are alive at once, per pixel, where channels come in blocks of `block`.

    During an operation these are all tensors that are still needed, its result, and the copies that it makes: a
    convolution has its result also in blocks, and its input if that has at least one block; a transposed one has its
    result once more, as columns of a matrix product.
    """
    graph = _Graph(path)
    last = {t: i for i, node in enumerate(graph.nodes) for t in graph.activations(node)}
    last |= dict.fromkeys(graph.outputs, len(graph.nodes))
    live, most = {graph.input}, 0.0
    for index, node in enumerate(graph.nodes):
        inputs, result = graph.activations(node), node.output[0]
        copies = 0.0
        if node.op_type == "Conv":
            blocked = [result, *(t for t in inputs if len(graph.shapes[t]) == 4 and graph.shapes[t][1] >= block)]
            copies = sum(graph.bytes_per_pixel(t, block) for t in blocked)
        elif node.op_type == "ConvTranspose":
            copies = graph.bytes_per_pixel(result)
        live.add(result)
        most = max(most, copies + sum(graph.bytes_per_pixel(t) for t in live))
        live = {t for t in live if last.get(t, -1) > index}
    return most


def bytes_per_pixel(path: Path) -> int:
    """The memory that the network in a model file takes per pixel of its input, in bytes: a multiple of 16."""
    return math.ceil(ALLOCATOR * max(live_bytes_per_pixel(path, block) for block in BLOCKS) / 16) * 16
