"""Small model files, sound and bad, for the tests: `python tests/models/make_models.py` writes them beside itself.

tiny.onnx is written by `python -m training export --tiny`.
"""

from pathlib import Path

import numpy as np

import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
FREE = ["N", 1, "H", "W"]


def model(nodes, inputs=((("image"), FREE),), output=FREE, initializers=(), domains=(), kind=TensorProto.FLOAT):
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs],
        [helper.make_tensor_value_info("restored", kind, output)],
        list(initializers),
    )
    sets = [helper.make_opsetid("", 17)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=sets, ir_version=8)


def told():
    """Format 2 with the frequencies of the released models: the image plus the condition's tenth number (at 0.04 cycles
    per pixel), and as the estimate the image's mean as the size, with a fixed curve. The expected error is a quarter of
    the image's absolute value.
    """
    frequencies = np.geomspace(0.008, 0.5, 24)
    curve = np.exp(-((frequencies / 0.08) ** 2))
    whole = {"axes": [1, 2, 3], "keepdims": 0}
    constant = lambda name, values: numpy_helper.from_array(np.array(values, np.float32), name)
    index = numpy_helper.from_array(np.array([9], np.int64), "tenth")
    nodes = [
        helper.make_node("Gather", ["condition", "tenth"], ["told"], axis=1),
        helper.make_node("Add", ["image", "told"], ["restored"]),
        helper.make_node("Abs", ["image"], ["size_of"]),
        helper.make_node("Mul", ["size_of", "quarter"], ["error"]),
        helper.make_node("ReduceMean", ["image"], ["mean"], **whole),
        helper.make_node("Unsqueeze", ["mean", "one"], ["size"]),
        helper.make_node("Mul", ["size", "nothing"], ["zeros"]),
        helper.make_node("Add", ["zeros", "contrast"], ["curve"]),
        helper.make_node("Add", ["zeros", "spread"], ["last"]),
        helper.make_node("Concat", ["curve", "size", "last"], ["estimate"], axis=1),
    ]
    kind = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "test",
        [
            helper.make_tensor_value_info("image", kind, FREE),
            helper.make_tensor_value_info("condition", kind, [1, 48]),
        ],
        [
            helper.make_tensor_value_info("restored", kind, FREE),
            helper.make_tensor_value_info("estimate", kind, ["N", 50]),
            helper.make_tensor_value_info("error", kind, FREE),
        ],
        [
            index,
            numpy_helper.from_array(np.array([1], np.int64), "one"),
            constant("quarter", 0.25),
            constant("nothing", [[0]]),
            constant("contrast", [[*curve, *np.full(24, 0.2)]]),
            constant("spread", [[0.3]]),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    facts = {
        "format": "2", "name": "told", "version": "0", "license": "MIT OR Apache-2.0", "multiple": "16", "halo": "16",
        "percentiles": "0.1,99.9", "bytes_per_pixel": "64",
        "frequencies": ",".join(f"{f:.6g}" for f in frequencies),
        "error_factors": "fluorescence:2,transmitted:0.5,reflected:1",
    }  # fmt: skip
    helper.set_model_props(made, {f"parfocal.{key}": value for key, value in facts.items()})
    (HERE / "told.onnx").write_bytes(made.SerializeToString())


def main():
    same = [helper.make_node("Identity", ["image"], ["restored"])]
    half = numpy_helper.from_array(np.array(0.5, np.float32), "half")
    save = lambda name, m: (HERE / name).write_bytes(m.SerializeToString())
    # Sound, without metadata: halves what it sees.
    save("foreign.onnx", model([helper.make_node("Mul", ["image", "half"], ["restored"])], initializers=[half]))
    # The same, doubling: what it returns leaves the range of integers.
    two = numpy_helper.from_array(np.array(2, np.float32), "two")
    save("doubles.onnx", model([helper.make_node("Mul", ["image", "two"], ["restored"])], initializers=[two]))
    # One over what it sees: infinite where that is 0.
    inverse = helper.make_node("Div", ["one", "image"], ["restored"])
    save("inverse.onnx", model([inverse], initializers=[numpy_helper.from_array(np.array(1, np.float32), "one")]))
    save("fixed_size.onnx", model(same, [("image", [1, 1, 256, 256])], [1, 1, 256, 256]))
    save("three_channels.onnx", model(same, [("image", ["N", 3, "H", "W"])], ["N", 3, "H", "W"]))
    save("double.onnx", model(same, kind=TensorProto.DOUBLE))
    save(
        "two_inputs.onnx",
        model([helper.make_node("Add", ["image", "b"], ["restored"])], [("image", FREE), ("b", FREE)]),
    )
    save(
        "custom.onnx",
        model([helper.make_node("Blur", ["image"], ["restored"], domain="com.example")], domains=["com.example"]),
    )
    pool = helper.make_node("AveragePool", ["image"], ["restored"], kernel_shape=[2, 2], strides=[2, 2])
    save("shrinks.onnx", model([pool], output=["N", 1, "h", "w"]))
    # One plain 3x3 convolution of the network's base width, for the bench to compare with.
    random = np.random.default_rng(3)
    kernel = numpy_helper.from_array(random.standard_normal((16, 16, 3, 3)).astype(np.float32), "kernel")
    convolution = helper.make_node("Conv", ["image", "kernel"], ["restored"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    wide = ["N", 16, "H", "W"]
    save("conv16.onnx", model([convolution], [("image", wide)], wide, initializers=[kernel]))
    told()
    future = model(same)
    entry = future.metadata_props.add()
    entry.key, entry.value = "parfocal.format", "3"
    save("future.onnx", future)
    outside = numpy_helper.from_array(np.array([0.5], np.float32), "weights")
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.append(onnx.StringStringEntryProto(key="location", value="weights.bin"))
    external = model([helper.make_node("Mul", ["image", "weights"], ["restored"])], initializers=[outside])
    save("external.onnx", external)
    # The same, the tag of external_data (field 13, bytes) with its bit 32 set: other readers drop that bit. The lengths
    # around it grow by the four bytes of the longer tag.
    entry = bytes([13 << 3 | 2, len(outside.external_data[0].SerializeToString())])
    tensor, graph = outside.SerializeToString(), external.graph.SerializeToString()
    hidden = bytes([0x80 | entry[0], 0x80, 0x80, 0x80, 0x10]) + entry[1:]
    longer = tensor.replace(entry, hidden, 1)
    varint = lambda n: bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7])
    grown = graph.replace(varint(len(tensor)) + tensor, varint(len(longer)) + longer, 1)
    whole = external.SerializeToString().replace(varint(len(graph)) + graph, varint(len(grown)) + grown, 1)
    (HERE / "hidden.onnx").write_bytes(whole)


if __name__ == "__main__":
    main()
