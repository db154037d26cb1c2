"""Restores frames by the engine's rules, with the network of a model file or of a checkpoint.

PyTorch only where asked.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.config import MULTIPLE
from training.data.intensity import normalisation_range

Network = Callable[[np.ndarray], np.ndarray]  # float32 [N, 1, H, W] to the same shape


def restore(frame: np.ndarray, network: Network, limits: tuple[float, float] | None = None) -> np.ndarray:
    """Frame [H, W] or [H, W, C] to float64 of the same shape, before rounding to the input's type.

    `limits`: the range to normalise by where `frame` is a part of a larger frame; default: that of `frame`.
    """
    low, high = limits or normalisation_range(frame)
    if high <= low:
        return frame.astype(np.float64)
    planes = frame[None] if frame.ndim == 2 else np.moveaxis(frame, -1, 0)
    x = ((planes.astype(np.float64) - low) / (high - low)).astype(np.float32)
    finite = np.isfinite(x)
    if not finite.all():
        x = np.where(finite, x, np.median(x[finite]))
    h, w = x.shape[1:]
    x = np.pad(x, ((0, 0), (0, -h % MULTIPLE), (0, -w % MULTIPLE)), mode="reflect")
    y = network(np.ascontiguousarray(x[:, None]))[:, 0, :h, :w].astype(np.float64) * (high - low) + low
    y = np.where(finite, y, planes)
    return y[0] if frame.ndim == 2 else np.moveaxis(y, 0, -1)


def to_type(image: np.ndarray, dtype) -> np.ndarray:
    """`image` as `dtype`; integers are rounded half to even and saturate."""
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return np.clip(np.rint(image), limits.min, limits.max).astype(dtype)
    return image.astype(dtype)


def restored_frame(frame: np.ndarray, network: Network, limits: tuple[float, float] | None = None) -> np.ndarray:
    """The frame restored and of its own type, as the engine returns it. Arguments as in `restore`."""
    return to_type(restore(frame, network, limits), frame.dtype)


def load_network(path: Path, threads: int = 0) -> Network:
    """The network of an ONNX file (run by ONNX Runtime) or of a checkpoint (by PyTorch). 0 threads: all cores.

    Raises ValueError that names the file.
    """
    path = Path(path)
    if path.suffix != ".onnx":
        import torch

        from training.network.checkpoint import load_weights

        if threads:
            torch.set_num_threads(threads)
        return torch_network(load_weights(path))
    import onnxruntime

    if not path.is_file():
        raise ValueError(f"{path}: no such file; expected an ONNX model or a checkpoint of `training train`")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the exceptions of onnxruntime have no common base
        raise ValueError(f"{path}: not a model that ONNX Runtime opens: {error}") from error
    # One plane at a time: all colour channels at once would take three times the memory and no less time.
    return lambda x: np.concatenate([session.run(["restored"], {"image": plane[None]})[0] for plane in x])


def torch_network(model) -> Network:
    """`model`, a PyTorch module, as a function of arrays; it runs where its weights are."""
    import torch

    def run(x):
        with torch.inference_mode():
            device = next(model.parameters()).device
            return np.concatenate([model(torch.from_numpy(p[None]).to(device)).float().cpu().numpy() for p in x])

    return run
