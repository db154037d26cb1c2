"""Restores frames by the engine's rules, with the network of a model file or of a checkpoint.

PyTorch only where asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.config import MULTIPLE
from training.data.intensity import normalisation_range
from training.optics.knowledge import Estimate, combined, with_optics
from training.optics.microscope import Microscope

PART_PX = 256  # side of the parts of a frame that its blur is estimated from
MOST_PARTS = 16  # of each channel


@dataclass(frozen=True)
class Network:
    """A network as a function of arrays, float32 [N, 1, H, W] to the same shape, with what may be told of the blur."""

    run: Callable[..., np.ndarray]  # (images) or, where it takes one, (images, condition)
    # Images to estimates of their blur, [N, 2 F + 2]; None: the network takes no condition.
    estimate: Callable[[np.ndarray], np.ndarray] | None = None
    # As `run`, to the restored images and their expected errors; None: the network has no trust map.
    run_with_error: Callable[..., tuple[np.ndarray, np.ndarray]] | None = None

    def __call__(self, images: np.ndarray, condition: np.ndarray | None = None) -> np.ndarray:
        return self.run(images) if self.estimate is None else self.run(images, condition)


@dataclass(frozen=True)
class Told:
    """What a user tells of a frame: the optics, and the distance from focus if it is known."""

    scope: Microscope
    defocus_um: float | None = None


def restore(
    frame: np.ndarray, network, limits: tuple[float, float] | None = None, told: Told | None = None
) -> np.ndarray:
    """Frame [H, W] or [H, W, C] to float64 of the same shape, before rounding to the input's type.

    `limits`: the range to normalise by where `frame` is a part of a larger frame; default: that of `frame`. `network`:
    a `Network`, or any function of images.
    """
    low, high = limits or normalisation_range(frame)
    if high <= low:
        return frame.astype(np.float64)
    planes, finite, x = _normalised(frame, low, high)
    y = _restored(network(x, *_condition(x, network, told)), finite.shape) * (high - low) + low
    return _as_frame(np.where(finite, y, planes), frame)


def restore_with_error(frame: np.ndarray, network: Network, told: Told | None = None) -> tuple[np.ndarray, np.ndarray]:
    """As `restore`, and the expected absolute error of each pixel in the frame's units, before any factor.

    0 in a constant frame, NaN where the frame is not finite. Raises ValueError for a network without a trust map.
    """
    if network.run_with_error is None:
        raise ValueError("the network has no trust map; expected one that `training trust` has finished")
    low, high = normalisation_range(frame)
    if high <= low:
        return frame.astype(np.float64), np.where(np.isfinite(frame), 0.0, np.nan)
    planes, finite, x = _normalised(frame, low, high)
    images = network.run_with_error(x, *_condition(x, network, told))
    y, error = (_restored(image, finite.shape) * (high - low) for image in images)
    return _as_frame(np.where(finite, y + low, planes), frame), _as_frame(np.where(finite, error, np.nan), frame)


def _condition(x: np.ndarray, network, told: Told | None) -> tuple[np.ndarray, ...]:
    """What the network takes beside the images."""
    if getattr(network, "estimate", None) is None:
        return ()
    found = estimate_of(x, network)
    return (with_optics(told.scope, found, told.defocus_um).condition if told else found.condition,)


def _restored(y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The network's output without its padding, float64 [C, H, W]."""
    return y[:, 0, : shape[1], : shape[2]].astype(np.float64)


def _as_frame(planes: np.ndarray, frame: np.ndarray) -> np.ndarray:
    return planes[0] if frame.ndim == 2 else np.moveaxis(planes, 0, -1)


def _normalised(frame: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Planes [C, H, W] of a frame, whether they are finite, and the network's input [C, 1, H', W'], padded."""
    planes = frame[None] if frame.ndim == 2 else np.moveaxis(frame, -1, 0)
    x = ((planes.astype(np.float64) - low) / (high - low)).astype(np.float32)
    finite = np.isfinite(x)
    if not finite.all():
        x = np.where(finite, x, np.median(x[finite]))
    h, w = x.shape[1:]
    x = np.pad(x, ((0, 0), (0, -h % MULTIPLE), (0, -w % MULTIPLE)), mode="reflect")
    return planes, finite, np.ascontiguousarray(x[:, None])


def blur_of(frame: np.ndarray, network: Network) -> Estimate:
    """The blur of a frame, from its pixels alone."""
    low, high = normalisation_range(frame)
    return estimate_of(_normalised(frame, low, max(high, low + 1e-9))[2], network)


def estimate_of(images: np.ndarray, network: Network) -> Estimate:
    """The blur of a frame from its normalised channels [C, 1, H, W]: parts spread evenly over each."""
    parts = [image[:, y : y + PART_PX, x : x + PART_PX] for image in images for y, x in part_places(*image.shape[1:])]
    return combined(np.concatenate([network.estimate(np.ascontiguousarray(part[None])) for part in parts]))


def part_places(height: int, width: int) -> list[tuple[int, int]]:
    """Upper left corners of up to MOST_PARTS parts of PART_PX, evenly over the image, on the grid of MULTIPLE."""
    most = int(np.sqrt(MOST_PARTS))
    along = lambda size: min(most, max(1, size // PART_PX))
    places = lambda size: [
        round(i / max(along(size) - 1, 1) * max(size - PART_PX, 0) / MULTIPLE) * MULTIPLE for i in range(along(size))
    ]
    return [(y, x) for y in places(height) for x in places(width)]


def to_type(image: np.ndarray, dtype) -> np.ndarray:
    """`image` as `dtype`; integers are rounded half to even and saturate."""
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return np.clip(np.rint(image), limits.min, limits.max).astype(dtype)
    return image.astype(dtype)


def restored_frame(
    frame: np.ndarray, network, limits: tuple[float, float] | None = None, told: Told | None = None
) -> np.ndarray:
    """The frame restored and of its own type, as the engine returns it. Arguments as in `restore`."""
    return to_type(restore(frame, network, limits, told), frame.dtype)


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
    taken = {i.name for i in session.get_inputs()}
    # One plane at a time: all colour channels at once would take three times the memory and no less time.
    if "condition" not in taken:
        return Network(lambda x: np.concatenate([session.run(["restored"], {"image": p[None]})[0] for p in x]))
    run = lambda x, condition: np.concatenate(
        [session.run(["restored"], {"image": p[None], "condition": condition[None]})[0] for p in x]
    )
    estimator = onnxruntime.InferenceSession(_estimator(path), options, providers=["CPUExecutionProvider"])
    both = lambda x, condition: tuple(
        np.concatenate(images)
        for images in zip(
            *(session.run(["restored", "error"], {"image": p[None], "condition": condition[None]}) for p in x),
            strict=True,
        )
    )
    trusted = "error" in {o.name for o in session.get_outputs()}
    return Network(run, lambda x: estimator.run(["estimate"], {"image": x})[0], both if trusted else None)


def _estimator(path: Path) -> bytes:
    """The part of a model file that estimates the blur, as a model of its own."""
    from onnx.utils import Extractor

    import onnx

    return Extractor(onnx.load(path)).extract_model(["image"], ["estimate"]).SerializeToString()


def torch_network(model) -> Network:
    """`model`, a PyTorch module, as a function of arrays; it runs where its weights are."""
    import torch

    device = lambda: next(model.parameters()).device

    def run(x, condition=None):
        told = () if condition is None else (torch.from_numpy(condition[None]).to(device()),)
        with torch.inference_mode():
            return np.concatenate(
                [model(torch.from_numpy(p[None]).to(device()), *told).float().cpu().numpy() for p in x]
            )

    def estimate(x):
        with torch.inference_mode():
            return model.estimator(torch.from_numpy(x).to(device())).float().cpu().numpy()

    def run_with_error(x, condition):
        told = torch.from_numpy(condition[None]).to(device())
        with torch.inference_mode():
            pairs = [model.restored_and_error(torch.from_numpy(p[None]).to(device()), told) for p in x]
        return tuple(
            np.concatenate([image.float().cpu().numpy() for image in images]) for images in zip(*pairs, strict=True)
        )

    trusted = getattr(model, "error_head", None) is not None
    return Network(run, estimate if hasattr(model, "estimator") else None, run_with_error if trusted else None)
