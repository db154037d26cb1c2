"""Two copies of ONNX Runtime in one process, Parfocal's and that of PyPI's wheel: two_runtimes.py FIRST LIBRARY MODEL.

FIRST, `parfocal` or `wheel`, is loaded and used before the other comes. Both must give the same picture, before and
after the other one ran. Silent if all is well.
"""

import ctypes
import importlib
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

SHARED = "libonnxruntime.so.1"  # what every other program calls it by


def picture():
    y, x = np.mgrid[:72, :88]
    noise = np.random.default_rng(5).normal(size=x.shape)
    return (2000 + 900 * np.sin(x / 6) * np.cos(y / 9) + 20 * noise).astype(np.uint16)


class Parfocal:
    """The C ABI by ctypes."""

    def __init__(self, library, model):
        self.library = ctypes.CDLL(library)
        self.model = ctypes.c_uint64()
        self.call("model_open", model.encode(), b"device=cpu threads=1", ctypes.byref(self.model))
        text, length = ctypes.create_string_buffer(8192), ctypes.c_uint64()
        self.call("model_describe", self.model, text, ctypes.c_uint64(8192), ctypes.byref(length))
        self.described = json.loads(text.value)

    def call(self, name, *arguments):
        status = getattr(self.library, f"parfocal_{name}")(*arguments)
        if status != 0:
            text = ctypes.create_string_buffer(1024)
            self.library.parfocal_last_error(text, ctypes.c_uint64(1024), None)
            raise SystemExit(f"parfocal_{name}: status {status}: {text.value.decode()}")

    def restore(self, frame):
        out = np.zeros_like(frame)
        shape = (ctypes.c_int64 * 4)(frame.shape[1], frame.shape[0], 1, 1)
        count = ctypes.c_uint64(frame.size)
        place = lambda array: ctypes.c_void_p(array.ctypes.data)
        self.call(
            "restore_u16",
            self.model,
            ctypes.c_uint64(0),
            place(frame),
            count,
            None,
            place(out),
            count,
            None,
            shape,
            None,
        )
        return out


class Wheel:
    """The package `onnxruntime`, with the arithmetic around the network of docs/decisions/numbers.md."""

    def __init__(self, model):
        self.package = importlib.import_module("onnxruntime")
        self.session = self.package.InferenceSession(model, providers=["CPUExecutionProvider"])

    def restore(self, frame):
        low, high = np.percentile(frame, [0.1, 99.9])
        pad = [(0, -size % 16) for size in frame.shape]
        image = np.pad(((frame - low) / (high - low)).astype(np.float32), pad, mode="reflect")
        (restored,) = self.session.run(None, {"image": image[None, None]})
        restored = restored[0, 0, : frame.shape[0], : frame.shape[1]].astype(np.float64)
        return np.clip(np.rint(restored * (high - low) + low), 0, 65535).astype(np.uint16)


def require(condition, text):
    if not condition:
        raise SystemExit(f"two_runtimes.py: {text}")


def mapped():
    """The libraries of this process, by file."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return {Path(line.split(maxsplit=5)[5]) for line in lines if len(line.split(maxsplit=5)) == 6}


def plain_library():
    """The wheel's own libonnxruntime.so, as a plugin that is linked with it would bring it: for all to see.

    Its version.
    """
    folder = Path(find_spec("onnxruntime").origin).parent / "capi"
    (path,) = folder.glob("libonnxruntime.so.*")
    library = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    library.OrtGetApiBase.restype = ctypes.POINTER(ctypes.c_void_p)
    version = ctypes.CFUNCTYPE(ctypes.c_char_p)(library.OrtGetApiBase()[1])
    return version().decode()


def main(first, library, model):
    frame = picture()
    if first == "parfocal":
        ours = Parfocal(library, model)
        alone = ours.restore(frame)
        try:
            ctypes.CDLL(SHARED)
        except OSError:
            pass  # Nobody else is served by our copy.
        else:
            require(False, f"'{SHARED}' is found: Parfocal's copy goes by the name that others look for")
        theirs = Wheel(model)
        other = theirs.restore(frame)
    else:
        theirs = Wheel(model)
        plain_library()
        other = theirs.restore(frame)
        ours = Parfocal(library, model)
        alone = ours.restore(frame)
    version, own = theirs.package.__version__, ours.described["runtime_version"]
    require(version != own, f"both are ONNX Runtime {own}; the wheel must be of another version")
    require(plain_library() == version, f"the wheel's library is not {version}")
    files = mapped()
    private = Path(library).resolve().parent / "libparfocal_onnxruntime.so"
    require(private in files and Path(ours.described["runtime_path"]).resolve() == private, f"{private} is not in use")
    require(any("onnxruntime_pybind11_state" in file.name for file in files), "the wheel's runtime is not in use")
    # Different versions round differently.
    difference = np.abs(alone.astype(int) - other.astype(int)).max()
    require(difference <= 1, f"they differ by {difference} counts; expected 1 at most")
    require(np.abs(alone.astype(int) - frame).max() > 10, "the model changes nothing: this test cannot fail")
    for _ in range(3):
        require((ours.restore(frame) == alone).all(), "Parfocal's result changed after the wheel had run")
        require((theirs.restore(frame) == other).all(), "the wheel's result changed after Parfocal had run")
    second = Parfocal(library, model)
    require((second.restore(frame) == alone).all(), "a model opened beside the wheel gives something else")


if __name__ == "__main__":
    main(*sys.argv[1:])
