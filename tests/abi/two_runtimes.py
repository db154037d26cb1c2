"""Parfocal's ONNX Runtime and the one of PyPI in one process: two_runtimes.py LIBRARY MODEL parfocal|onnxruntime, which comes first.

Both must work, before and after the other came, and compute the same with the same network.
"""

import ctypes
import json
import sys

import numpy as np

SIDE = 64


class Parfocal:
    def __init__(self, path, model):
        self.library = ctypes.CDLL(path)
        self.model = ctypes.c_uint64()
        self.check(self.library.parfocal_model_open(model.encode(), b"threads=1", ctypes.byref(self.model)))

    def check(self, status):
        if status != 0:
            text = ctypes.create_string_buffer(2048)
            self.library.parfocal_last_error(text, ctypes.c_uint64(2048), None)
            raise SystemExit(f"parfocal: {status}: {text.value.decode()}")

    def version(self):
        text = ctypes.create_string_buffer(1 << 16)
        self.check(self.library.parfocal_model_describe(self.model, text, ctypes.c_uint64(1 << 16), None))
        return json.loads(text.value)["runtime_version"]

    def __call__(self, image):
        out = np.empty_like(image)
        count, shape = ctypes.c_uint64(image.size), (ctypes.c_int64 * 4)(SIDE, SIDE, 1, 1)
        pointer = lambda array: array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        # The network sees the pixels as they are.
        self.check(
            self.library.parfocal_restore_f32(
                self.model, ctypes.c_uint64(0), pointer(image), count, None, pointer(out), count, None, shape, b"normalize=0:1"
            )
        )
        return out


class Other:
    def __init__(self, model):
        import onnxruntime

        self.version = lambda: onnxruntime.__version__
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def __call__(self, image):
        return self.session.run(None, {"image": image[None, None]})[0][0, 0]


def main():
    library, model, first = sys.argv[1:4]
    image = np.random.default_rng(1).random((SIDE, SIDE), dtype=np.float32)
    makers = {"parfocal": lambda: Parfocal(library, model), "onnxruntime": lambda: Other(model)}
    order = [first] + [name for name in makers if name != first]
    hosts, results = {}, {}
    for name in order:
        hosts[name] = makers[name]()
        for known, host in hosts.items():
            result = host(image)
            assert np.array_equal(result, results.setdefault(known, result)), f"{known} changes beside {name}"
    ours, other = hosts["parfocal"].version(), hosts["onnxruntime"].version()
    assert ours != other, f"both are {ours}: nothing is shown"
    off = float(np.abs(results["parfocal"] - results["onnxruntime"]).max())
    assert off < 1e-4, off
    print(f"{' before '.join(order)}: ONNX Runtime {ours} and {other} in one process, results {off:.1e} apart")


main()
