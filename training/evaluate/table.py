"""The table on real focal stacks: PSNR and SSIM of each out-of-focus plane before and after restoration.

    python -m training.evaluate --model models/parfocal-w16.onnx [--data FOLDER] [--json] [--stacks NAME ...]
    python -m training.evaluate --model MODEL --stack STACKS/FIELD --focus PLANE     a focal stack of your own
    python -m training.evaluate --model MODEL --pairs PAIRS                          blurred and sharp images of your own

Protocol: against the sharpest plane, after a least-squares gain and offset fit of the measured image to it; data range
is the 0.1 to 99.9 percentile range of the sharp plane; the raw PSNR (no fit) stands beside it. Colour channels share one
normalisation and one fit. `--model` is an ONNX file (Python onnxruntime, CPU) or a checkpoint of train.py.
Development stacks may guide choices; test stacks are for the table only.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity
from skimage.registration import phase_cross_correlation
from skimage.transform import resize

from .data import load_pairs, load_stack, read_image
from .degrade import normalisation_range

DEVELOPMENT = ("tissue-brightfield", "nucleus-widefield")
TEST = ("reflected-brightfield", "lightsheet-mitochondria", "smear-brightfield")
MULTIPLE = 16


def data_folder() -> Path:
    return Path(os.environ.get("PARFOCAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


# ---- restoring, by the engine's rules -------------------------------------------------------------------------------


def restore(frame: np.ndarray, network, limits: tuple[float, float] | None = None) -> np.ndarray:
    """Frame [H, W] or [H, W, C] to float64 of the same shape, before rounding to the input's type.

    `network`: float32 [N, 1, H, W] (multiples of 16) to the same shape. `limits`: the range to normalise by, of a frame
    that this is a part of; default is its own.
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
    """Integers round half to even and saturate."""
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        return np.clip(np.rint(image), limits.min, limits.max).astype(dtype)
    return image.astype(dtype)


def load_network(path: Path, threads: int = 0):
    """The function behind an ONNX file or a checkpoint: float32 [N, 1, H, W] to the same shape. 0 threads: all cores."""
    path = Path(path)
    if path.suffix != ".onnx":
        import torch

        from .checkpoint import load_weights

        if threads:
            torch.set_num_threads(threads)
        return torch_network(load_weights(path))
    import onnxruntime

    if not path.is_file():
        raise ValueError(f"{path}: no such file; expected an ONNX model or a checkpoint of training.train")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions have no common base
        raise ValueError(f"{path}: not a model that ONNX Runtime opens: {error}") from error
    # Plane by plane: colour channels at once would take three times the memory and no less time.
    return lambda x: np.concatenate([session.run(["restored"], {"image": plane[None]})[0] for plane in x])


def torch_network(model):
    import torch

    def run(x):
        with torch.inference_mode():
            device = next(model.parameters()).device
            return np.concatenate([model(torch.from_numpy(p[None]).to(device)).float().cpu().numpy() for p in x])

    return run


# ---- measures -------------------------------------------------------------------------------------------------------


def gain_and_offset(image: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Least squares of reference = gain * image + offset."""
    x, y = image.astype(np.float64).ravel(), reference.astype(np.float64).ravel()
    variance = x.var()
    if variance == 0:
        return 1.0, float(y.mean() - x.mean())
    gain = ((x - x.mean()) * (y - y.mean())).mean() / variance
    return float(gain), float(y.mean() - gain * x.mean())


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """10 log10(range^2 / MSE) in dB, range = 0.1 to 99.9 percentile of the reference."""
    low, high = np.percentile(reference, (0.1, 99.9))
    mse = np.mean((image.astype(np.float64) - reference) ** 2)
    return float("inf") if mse == 0 else float(10 * np.log10((high - low) ** 2 / mse))


def ssim(image: np.ndarray, reference: np.ndarray) -> float:
    """Structural similarity, Gaussian window of sigma 1.5 (Wang et al. 2004)."""
    low, high = np.percentile(reference, (0.1, 99.9))
    return float(
        structural_similarity(
            image.astype(np.float64),
            reference.astype(np.float64),
            data_range=high - low,
            gaussian_weights=True,
            use_sample_covariance=False,
            sigma=1.5,
            channel_axis=-1 if image.ndim == 3 else None,
        )
    )


@dataclass
class Row:
    stack: str
    plane: str
    distance: float  # from the sharp plane, signed, in `unit`
    unit: str
    psnr_before: float
    psnr_after: float
    ssim_before: float
    ssim_after: float
    raw_before: float
    raw_after: float
    gain_fit_after: float
    offset_fit_after: float
    psnr_to_input: float  # PSNR(restored, input) without fit: how much was changed
    smoothed_to_input: float = float("nan")  # the same after a Gaussian of one pixel on both: grain left out, texture kept

    @property
    def gained(self) -> float:
        return self.psnr_after - self.psnr_before


# ---- the stacks -----------------------------------------------------------------------------------------------------


def _without_alpha(plane: np.ndarray) -> np.ndarray:
    return plane[..., :3] if plane.ndim == 3 else plane


def stack_planes(name: str, data: Path | None = None):
    """(sharp plane, [(name, signed distance, plane)], unit) of one stack of the evaluation data."""
    folder = (data or data_folder()) / "eval" / name
    if name == "nucleus-widefield":
        widefield = read_image(folder / "xyzc_16bit__dna_conf_wf.tif")[:, 1]
        return widefield[19], [(str(z), (z - 19) * 0.4994, p) for z, p in enumerate(widefield)], "um"
    planes = load_stack(folder)
    if name == "tissue-brightfield":
        listed, unit = [(n, int(n) - 10.0, p) for n, p in planes], "planes"
    elif name == "reflected-brightfield":
        listed, unit = [(n, float(n[1:-2]), _without_alpha(p)) for n, p in planes], "um"
    elif name == "lightsheet-mitochondria":
        listed, unit = [(n, float(n.split("z")[1][:-2]), p) for n, p in planes], "um"
    elif name == "smear-brightfield":
        listed, unit = [(n, float(n), _without_alpha(p)) for n, p in planes], "steps"
    else:
        raise ValueError(f"stack {name!r}: expected one of {', '.join(DEVELOPMENT + TEST)}")
    listed.sort(key=lambda entry: entry[1])
    sharp = min(listed, key=lambda entry: abs(entry[1]))[2]
    return sharp, listed, unit


def _onto(reference: np.ndarray, guide: np.ndarray):
    """The mapping of a plane of slightly other size onto the reference: resize, then the shift found on `guide`."""
    if guide.shape == reference.shape:
        return lambda image: image.astype(np.float64), np.s_[:, :]
    fit = lambda image: resize(image.astype(np.float64), reference.shape, order=1, anti_aliasing=False)
    # Plain cross-correlation of the middle frequencies: phase correlation weighs all alike, and those that defocus has
    # taken hold only noise and the frame's own border.
    window = np.outer(np.hanning(reference.shape[0]), np.hanning(reference.shape[1]))

    def detail(image):
        grey = image.mean(-1) if image.ndim == 3 else image
        return (ndimage.gaussian_filter(grey, 3.0) - ndimage.gaussian_filter(grey, 15.0)) * window

    offset = phase_cross_correlation(
        detail(reference.astype(np.float64)), detail(fit(guide)), upsample_factor=10, normalization=None
    )[0]
    margin = int(np.ceil(np.abs(offset).max())) + 8

    def mapping(image):
        moved = fit(image)
        shift = tuple(offset) + (0,) * (moved.ndim - 2)
        return ndimage.shift(moved, shift, order=1, mode="nearest")

    return mapping, np.s_[margin:-margin, margin:-margin]


def own_stack(path: Path, focus: str):
    """As `stack_planes`, for a focal stack in a layout of training/data.py; `focus` names its sharp plane."""
    planes = load_stack(path)
    names = [name for name, _ in planes]
    if focus not in names:
        raise ValueError(f"{path}: no plane is called {focus!r}; --focus is one of {', '.join(names)}")
    sharp = names.index(focus)
    listed = [(name, float(i - sharp), _without_alpha(plane)) for i, (name, plane) in enumerate(planes)]
    return listed[sharp][2], listed, "planes"


def evaluate_plane(stack, name, distance, unit, plane, sharp, network) -> Row:
    restored = to_type(restore(plane, network), plane.dtype)
    onto, cut = _onto(sharp, plane)
    reference = sharp.astype(np.float64)[cut]
    values = {}
    for when, image in (("before", plane), ("after", restored)):
        image = onto(image)[cut]
        gain, offset = gain_and_offset(image, reference)
        fitted = gain * image + offset
        values[f"psnr_{when}"], values[f"ssim_{when}"] = psnr(fitted, reference), ssim(fitted, reference)
        values[f"raw_{when}"] = psnr(image, reference)
    low, high = normalisation_range(plane)
    change = restored.astype(np.float64) - plane
    smooth = ndimage.gaussian_filter(change, (1, 1, 0)[: plane.ndim])
    decibels = lambda error: float("inf") if not error.any() else float(10 * np.log10((high - low) ** 2 / np.mean(error**2)))
    return Row(
        stack, name, distance, unit, gain_fit_after=gain, offset_fit_after=offset, psnr_to_input=decibels(change),
        smoothed_to_input=decibels(smooth), **values
    )  # fmt: skip


def evaluate_stack(stack: str, network, data: Path | None = None, distances=None, loaded=None) -> list[Row]:
    """Rows of one stack; `distances`: only planes whose |distance| is in this (low, high) closed range.

    `loaded`: what `own_stack` returned, for a stack that is not in the evaluation data.
    """
    sharp, planes, unit = loaded or stack_planes(stack, data)
    rows = []
    for name, distance, plane in planes:
        if distances is None or distances[0] <= abs(distance) <= distances[1]:
            rows.append(evaluate_plane(stack, name, distance, unit, plane, sharp, network))
    return rows


def summary(rows: list[Row]) -> dict:
    """The figures that a release must reach, over the rows at hand (absent stacks are left out)."""

    def chosen(stack, wanted):
        return [r for r in rows if r.stack == stack and any(abs(abs(r.distance) - d) < 0.01 for d in wanted)]

    reflected = [r for r in rows if r.stack == "reflected-brightfield" and 5 <= abs(r.distance) <= 8]
    groups = {
        "tissue-brightfield, 3 and 5 planes": chosen("tissue-brightfield", (3, 5)),
        "nucleus-widefield, 6 planes": chosen("nucleus-widefield", (6 * 0.4994,)),
        "reflected-brightfield, 5 to 8 um": reflected,
    }
    result = {
        name: {
            "mean_gain_db": float(np.mean([r.gained for r in group])),
            "worst_gain_db": min(r.gained for r in group),
            "fitted_gain": [min(r.gain_fit_after for r in group), max(r.gain_fit_after for r in group)],
        }
        for name, group in groups.items()
        if group
    }
    for r in rows:
        if r.distance == 0:
            result[f"{r.stack}, in focus ({r.plane}): PSNR(restored, input)"] = r.psnr_to_input
            if np.isfinite(r.smoothed_to_input):
                result[f"{r.stack}, in focus ({r.plane}): the same, both smoothed by 1 px"] = r.smoothed_to_input
    return result


def evaluate_pairs(root: Path, network) -> list[Row]:
    """One row for each pair; what it is called is the number of the pair in order of the names."""
    return [
        evaluate_plane(Path(root).name, str(i), float("nan"), "", _without_alpha(blurred), _without_alpha(sharp), network)
        for i, (blurred, sharp) in enumerate(load_pairs(root))
    ]


HEAD = (
    "| stack | plane | distance | PSNR before | after | gain | SSIM before | after | raw before | after | fitted gain | to input |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
)


def table(rows: list[Row]) -> list[str]:
    """Markdown lines. The sharp plane is its own reference: it has no figure before, only what restoring changes."""
    lines = list(HEAD)
    for r in rows:
        before = [f"{r.psnr_before:.2f}", f"{r.gained:+.2f}", f"{r.ssim_before:.3f}", f"{r.raw_before:.2f}"]
        before = before if np.isfinite(r.psnr_before) else ["in focus", "", "", ""]
        distance = f"{r.distance:+.2f} {r.unit}" if np.isfinite(r.distance) else ""
        lines.append(
            f"| {r.stack} | {r.plane} | {distance} | {before[0]} | {r.psnr_after:.2f} | {before[1]} | {before[2]} | "
            f"{r.ssim_after:.3f} | {before[3]} | {r.raw_after:.2f} | {r.gain_fit_after:.3f} | {r.psnr_to_input:.1f} |"
        )
    return lines


def summary_lines(rows: list[Row]) -> list[str]:
    lines = []
    for name, value in summary(rows).items():
        if isinstance(value, dict):
            low, high = value["fitted_gain"]
            lines.append(
                f"{name}: mean {value['mean_gain_db']:+.2f} dB, worst {value['worst_gain_db']:+.2f} dB, "
                f"fitted gain {low:.3f} to {high:.3f}"
            )
        else:
            lines.append(f"{name}: {value:.1f} dB")
    return lines


def finite(value):
    """For JSON: None for a figure that is not finite, such as the PSNR of an image to itself."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


def as_json(rows: list[Row]) -> str:
    """Rows and summary; a figure that is not finite (the sharp plane before restoring) is null."""
    listed = [{k: finite(v) for k, v in (asdict(r) | {"gained": r.gained}).items()} for r in rows]
    short = {k: finite(v) for k, v in summary(rows).items()}
    return json.dumps({"rows": listed, "summary": short}, indent=1, allow_nan=False)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder with eval/ (default: $PARFOCAL_DATA, else ../shared/data)")
    parser.add_argument("--stacks", nargs="+", default=list(DEVELOPMENT + TEST), choices=DEVELOPMENT + TEST)
    parser.add_argument("--stack", type=Path, help="a focal stack of your own: a folder of planes or a multi-page TIFF")
    parser.add_argument("--focus", help="its sharp plane: the name of the file without its ending, or the page from 0")
    parser.add_argument("--pairs", type=Path, help="a folder of your own with blurred/ and sharp/")
    parser.add_argument("--distances", nargs=2, type=float, help="only planes this far from focus (low high)")
    parser.add_argument("--threads", type=int, default=0, help="for the network; 0 = all cores")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    if (args.stack is None) != (args.focus is None):
        parser.error("--stack and --focus belong together")
    data = args.data or data_folder()
    try:
        network = load_network(args.model, args.threads)
        if args.pairs:
            rows = evaluate_pairs(args.pairs, network)
        elif args.stack:
            loaded = own_stack(args.stack, args.focus)
            rows = evaluate_stack(args.stack.stem, network, distances=args.distances, loaded=loaded)
        elif (data / "eval").is_dir():
            rows = [row for s in args.stacks for row in evaluate_stack(s, network, data, args.distances)]
        else:
            raise ValueError(f"no data: {data / 'eval'} does not exist; set PARFOCAL_DATA to the evaluation data")
    except ValueError as error:
        sys.exit(f"evaluate: {error}")
    if args.json:
        print(as_json(rows))
    else:
        print("\n".join([*table(rows), "", *summary_lines(rows)]))


if __name__ == "__main__":
    main()
