"""The table on real focal stacks: PSNR and SSIM of each out-of-focus plane before and after restoration.

    python -m training evaluate --model models/parfocal-w16.onnx [--data FOLDER] [--json] [--stacks NAME ...] python -m
    training evaluate --model MODEL --stack STACKS/FIELD --focus PLANE     a focal stack of your own python -m training
    evaluate --model MODEL --pairs PAIRS                          blurred and sharp images of your own

Protocol: each plane is compared with the sharpest one, after a least-squares fit of its gain and offset; the data range
is that between the 0.1 and 99.9 percentiles of the sharp plane; the raw PSNR (no fit) stands beside it. Colour channels
share one normalisation and one fit. `--model` is an ONNX file (run by ONNX Runtime on the CPU) or a checkpoint of
`training train`. Development stacks may guide choices; test stacks are for the table only.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.registration import phase_cross_correlation
from skimage.transform import resize

from training.command import add_data, add_threads, one_line_errors, parser_of
from training.data import real_stacks
from training.data.images import load_pairs
from training.data.intensity import normalisation_range
from training.data.real_stacks import NUCLEUS_STEP_UM, without_alpha
from training.evaluate import restore
from training.evaluate.metrics import gain_and_offset, psnr, ssim


@dataclass
class Row:
    """One plane of a stack before and after restoration; PSNR in dB."""

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
    # The same after a Gaussian of one pixel on both, which leaves grain out and keeps texture.
    smoothed_to_input: float = float("nan")

    @property
    def gained(self) -> float:
        return self.psnr_after - self.psnr_before


def onto(reference: np.ndarray, guide: np.ndarray):
    """A function that maps a plane of slightly different size onto the reference, and the part to compare.

    It resizes, and then moves by the shift of `guide`.
    """
    if guide.shape == reference.shape:
        return lambda image: image.astype(np.float64), np.s_[:, :]
    fit = lambda image: resize(image.astype(np.float64), reference.shape, order=1, anti_aliasing=False)
    # Plain cross-correlation of the middle frequencies: phase correlation weighs all frequencies equally, and those
    # that defocus has removed hold only noise and the frame's border.
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


def evaluate_plane(stack, name, distance, unit, plane, sharp, network) -> Row:
    """Restores `plane` and compares it, before and after, with `sharp`; [H, W] or [H, W, C]. The rest as in `Row`."""
    restored = restore.restored_frame(plane, network)
    moved, cut = onto(sharp, plane)
    reference = sharp.astype(np.float64)[cut]
    values = {}
    for when, image in (("before", plane), ("after", restored)):
        image = moved(image)[cut]
        gain, offset = gain_and_offset(image, reference)
        fitted = gain * image + offset
        values[f"psnr_{when}"], values[f"ssim_{when}"] = psnr(fitted, reference), ssim(fitted, reference)
        values[f"raw_{when}"] = psnr(image, reference)
    low, high = normalisation_range(plane)
    change = restored.astype(np.float64) - plane
    smooth = ndimage.gaussian_filter(change, (1, 1, 0)[: plane.ndim])
    decibels = lambda error: (
        float("inf") if not error.any() else float(10 * np.log10((high - low) ** 2 / np.mean(error**2)))
    )
    return Row(
        stack,
        name,
        distance,
        unit,
        gain_fit_after=gain,
        offset_fit_after=offset,
        psnr_to_input=decibels(change),
        smoothed_to_input=decibels(smooth),
        **values,
    )


def evaluate_stack(stack: str, network, data: Path | None = None, distances=None, loaded=None) -> list[Row]:
    """One row for each plane of a stack. `distances`: the lowest and highest |distance| of the planes wanted.

    `loaded`: the planes of a stack that is not in the evaluation data.
    """
    sharp, planes, unit = loaded or real_stacks.stack_planes(stack, data)
    rows = []
    for name, distance, plane in planes:
        if distances is None or distances[0] <= abs(distance) <= distances[1]:
            rows.append(evaluate_plane(stack, name, distance, unit, plane, sharp, network))
    return rows


def summary(rows: list[Row]) -> dict:
    """The figures that a release must reach, by name, for the stacks that are among the rows."""

    def chosen(stack, wanted):
        return [r for r in rows if r.stack == stack and any(abs(abs(r.distance) - d) < 0.01 for d in wanted)]

    reflected = [r for r in rows if r.stack == "reflected-brightfield" and 5 <= abs(r.distance) <= 8]
    groups = {
        "tissue-brightfield, 3 and 5 planes": chosen("tissue-brightfield", (3, 5)),
        "nucleus-widefield, 6 planes": chosen("nucleus-widefield", (6 * NUCLEUS_STEP_UM,)),
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
    """One row for each pair of files, called by its number in the order of names."""
    return [
        evaluate_plane(Path(root).name, str(i), float("nan"), "", without_alpha(blurred), without_alpha(sharp), network)
        for i, (blurred, sharp) in enumerate(load_pairs(root))
    ]


HEAD = (
    "| stack | plane | distance | PSNR before | after | gain | SSIM before | after | raw before | after | fitted "
    "gain | to input |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
)


def table(rows: list[Row]) -> list[str]:
    """Markdown lines. The sharp plane is its own reference, so it has only the figure of what restoring changes."""
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
    """`summary` as lines of text."""
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
    """`value`, or None (JSON's null) for a figure that is not finite, such as the PSNR of an image to itself."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


def as_json(rows: list[Row]) -> str:
    """Rows and summary as JSON; a figure that is not finite (the sharp plane before restoring) is null."""
    listed = [{k: finite(v) for k, v in (asdict(r) | {"gained": r.gained}).items()} for r in rows]
    short = {k: finite(v) for k, v in summary(rows).items()}
    return json.dumps({"rows": listed, "summary": short}, indent=1, allow_nan=False)


def rows_from_json(text: str) -> list[Row]:
    """The rows that `as_json` wrote."""
    names = Row.__dataclass_fields__
    missing = float("inf")  # null: the sharp plane compared with itself
    return [
        Row(**{k: missing if v is None else v for k, v in row.items() if k in names})
        for row in json.loads(text)["rows"]
    ]


def all_rows(network, data: Path, stacks=None) -> list[Row]:
    """The rows of all evaluation stacks (or those named)."""
    return [
        row for s in stacks or real_stacks.DEVELOPMENT + real_stacks.TEST for row in evaluate_stack(s, network, data)
    ]


def main(argv=None):
    parser = parser_of("evaluate", __doc__)
    parser.add_argument("--model", type=Path, required=True)
    add_data(parser)
    parser.add_argument("--stacks", nargs="+", default=list(real_stacks.ALL), choices=real_stacks.ALL)
    parser.add_argument("--stack", type=Path, help="a focal stack of your own: a folder of planes or a multi-page TIFF")
    parser.add_argument("--focus", help="its sharp plane: the name of the file without its ending, or the page from 0")
    parser.add_argument("--pairs", type=Path, help="a folder of your own with blurred/ and sharp/")
    parser.add_argument("--distances", nargs=2, type=float, help="only planes this far from focus (low high)")
    add_threads(parser)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    if (args.stack is None) != (args.focus is None):
        parser.error("--stack and --focus belong together")
    data = args.data or real_stacks.data_folder()
    with one_line_errors("evaluate"):
        network = restore.load_network(args.model, args.threads)
        if args.pairs:
            rows = evaluate_pairs(args.pairs, network)
        elif args.stack:
            loaded = real_stacks.own_stack(args.stack, args.focus)
            rows = evaluate_stack(args.stack.stem, network, distances=args.distances, loaded=loaded)
        else:
            real_stacks.require_stacks(data)
            rows = [row for s in args.stacks for row in evaluate_stack(s, network, data, args.distances)]
    if args.json:
        print(as_json(rows))
    else:
        print("\n".join([*table(rows), "", *summary_lines(rows)]))
