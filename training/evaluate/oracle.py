"""The best that deconvolution reaches on real focal stacks with the truth in hand, beside a model without it.

    python -m training oracle --model models/parfocal-w16.onnx [--stacks NAME ...] [--distances LOW HIGH] [--json]

For each plane, Wiener's filter and Richardson-Lucy first try point spread functions of three families with each radius
of a coarse list. From the best of each family the search goes on one step at a time in radius, cut-off, spherical
aberration and background, as long as a step raises the PSNR against the sharp plane. Every trial has all
regularisations or iteration counts. No user can choose like that, because it needs the truth. The protocol is that of
`training evaluate`. In a large frame the search and the measurement use a window in the middle; the model restores the
whole frame and is measured in the same window.

Families: "wave", the scalar pupil of training/optics/microscope.py with defocus and spherical aberration (to first
order what a mismatched immersion or cover glass adds: Gibson and Lanni 1991); "disc", the uniform disc of geometric
optics; "gaussian". For the last two the specimen is the focused image itself; they have no cut-off and no aberration.
"""

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from training.command import add_data, add_threads, one_line_errors, parser_of
from training.data import real_stacks
from training.data.intensity import normalisation_range
from training.data.real_stacks import NUCLEUS_STEP_UM
from training.evaluate import restore
from training.evaluate.deconvolve import METHODS, PATIENCE, Blur, best_amount, disc_transfer, gaussian_transfer
from training.evaluate.metrics import fitted_psnr
from training.optics.microscope import Microscope, transfer_function

FAMILIES = ("wave", "disc", "gaussian")
# Of the blur disc, px: where the search begins.
RADII = (0.7, 1.0, 1.4, 2.0, 2.7, 3.5, 4.5, 6.0, 8.0, 10.0, 13.0, 17.0, 22.0, 28.0)
RADIUS_STEP = 1.1  # the factor of one step from there, without limit
CUTOFFS = (0.2, 0.3, 0.4, 0.6, 0.9, 1.4, 2.0)  # cycles per pixel
ABERRATIONS = (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)  # waves RMS
# Light below the image's 0.1 percentile, as a share of its range. Wiener's filter is linear, so the fit of an offset
# makes up for any background.
BACKGROUNDS = {"Wiener": (0.0,), "Richardson-Lucy": (0.0, 0.02, 0.1, 0.5, 2.0)}
STEPS = 40  # at most, from each beginning
WINDOW_PX = 384
# With the cut-off in pixels and the radius fixed these hardly change the image.
APERTURE, WAVELENGTH_UM = 0.5, 0.55


@dataclass(frozen=True)
class Shape:
    """One point spread function, and the background that is assumed."""

    family: str
    radius_px: float
    cutoff: float = 0.9
    aberration: float = 0.0
    background: float = 0.0


@dataclass
class Choice:
    """The best restoration by one method."""

    method: str
    psnr: float  # after the fit of gain and offset
    shape: Shape
    amount: float  # regularisation or iterations


def microscope(cutoff_per_px: float, spherical_waves: float = 0.0) -> Microscope:
    """A microscope with this cut-off in cycles per pixel."""
    return Microscope(APERTURE, WAVELENGTH_UM, 1.0, cutoff_per_px * WAVELENGTH_UM / (2 * APERTURE), spherical_waves)


class Blurs:
    """The blurs for images of one shape, made when first asked for."""

    def __init__(self, shape: tuple[int, int]):
        self.shape = shape
        self.made: dict[Shape, Blur] = {}

    def __call__(self, shape: Shape) -> Blur:
        key = replace(shape, background=0.0)
        if key not in self.made:
            if shape.family == "wave":
                scope = microscope(shape.cutoff, shape.aberration)
                # The focused image has the same aberration.
                transfer = lambda size: tuple(
                    transfer_function(scope, z, size) for z in (scope.defocus_um(shape.radius_px), 0.0)
                )
            else:
                one = {"disc": disc_transfer, "gaussian": gaussian_transfer}[shape.family]
                transfer = lambda size: (one(shape.radius_px, size), None)
            self.made[key] = Blur(self.shape, transfer)
        return self.made[key]


def neighbours(shape: Shape, backgrounds: tuple[float, ...]) -> list[Shape]:
    """The shapes that are one step away: by a factor in radius, to the next value of the lists in the rest."""

    def beside(values, value):
        at = values.index(value)
        return [values[i] for i in (at - 1, at + 1) if 0 <= i < len(values)]

    found = [replace(shape, radius_px=shape.radius_px * f) for f in (RADIUS_STEP, 1 / RADIUS_STEP)]
    found += [replace(shape, background=b) for b in beside(backgrounds, shape.background)]
    if shape.family == "wave":
        found += [replace(shape, cutoff=c) for c in beside(CUTOFFS, shape.cutoff)]
        found += [replace(shape, aberration=a) for a in beside(ABERRATIONS, shape.aberration)]
    return found


def best(method: str, plane: np.ndarray, reference: np.ndarray, blurs: Blurs, start: Shape | None = None) -> Choice:
    """The best restoration of `plane` [H, W] or [H, W, C] by one method, judged against `reference` of the same shape.

    `start`: another blur to begin with, such as the other method's choice.
    """
    if plane.ndim == 3:
        # The blur is searched in the mean of the channels; the amount is chosen for all channels together.
        grey = best(method, plane.mean(-1), reference.mean(-1), blurs, start)
        return _best_amount(method, plane, reference, blurs, grey.shape)
    tried: dict[Shape, Choice] = {}

    def trial(shape: Shape) -> Choice:
        if shape not in tried:
            tried[shape] = _best_amount(method, plane, reference, blurs, shape)
        return tried[shape]

    backgrounds = BACKGROUNDS[method]
    middle = backgrounds[len(backgrounds) // 2]
    for family in FAMILIES:
        # Wiener's filter is quick enough to try cut-offs too. Richardson-Lucy gets its result as `start`.
        cutoffs = CUTOFFS[::2] if family == "wave" and method == "Wiener" else (Shape.cutoff,)
        first = [Shape(family, radius, cutoff, background=middle) for radius in RADII for cutoff in cutoffs]
        if start is not None and start.family == family:
            first.append(replace(start, background=middle))
        here = max((trial(shape) for shape in first), key=lambda c: c.psnr)
        for _ in range(STEPS):
            beside = max((trial(shape) for shape in neighbours(here.shape, backgrounds)), key=lambda c: c.psnr)
            if beside.psnr <= here.psnr + 0.002:
                break
            here = beside
    return max(tried.values(), key=lambda c: c.psnr)


def _best_amount(method, plane, reference, blurs, shape: Shape) -> Choice:
    """The best regularisation or iteration count for one blur."""
    low, high = normalisation_range(plane)
    light = (plane.astype(np.float64) - low) / (high - low) + shape.background
    channels = [light] if plane.ndim == 2 else np.moveaxis(light, -1, 0)
    together = lambda step: step[0][1] if plane.ndim == 2 else np.stack([restored for _, restored in step], -1)
    tries = (
        (step[0][0], together(step))
        for step in zip(*(METHODS[method](channel, blurs(shape)) for channel in channels), strict=True)
    )
    value, amount, _ = best_amount(tries, lambda image: fitted_psnr(image, reference), PATIENCE[method])
    return Choice(method, value, shape, float(amount))


def window(shape: tuple[int, int]) -> tuple[slice, slice]:
    """The middle WINDOW_PX of each axis, or all of a shorter one."""
    sides = [min(n, WINDOW_PX) for n in shape]
    return tuple(slice((n - s) // 2, (n - s) // 2 + s) for n, s in zip(shape, sides, strict=True))


def model_psnr(plane: np.ndarray, sharp: np.ndarray, network) -> float:
    """PSNR in the window, in dB, of a whole frame that the model restored."""
    cut = window(sharp.shape[:2])
    restored = restore.restored_frame(plane, network)
    return fitted_psnr(restored[cut].astype(np.float64), sharp[cut].astype(np.float64))


def compare_plane(plane: np.ndarray, sharp: np.ndarray, network, blurs: dict) -> dict:
    """PSNR in dB of a plane as it is and restored by `network`, and the choices of both oracles. Raises ValueError."""
    if plane.shape != sharp.shape:
        raise ValueError(f"plane of {plane.shape} against {sharp.shape}: the oracle takes planes of one size")
    cut = window(sharp.shape[:2])
    reference = sharp[cut].astype(np.float64)
    known = blurs.setdefault(reference.shape[:2], Blurs(reference.shape[:2]))
    result = {
        "before": fitted_psnr(plane[cut].astype(np.float64), reference),
        "model": model_psnr(plane, sharp, network),
    }
    start = None
    for method in METHODS:
        result[method] = best(method, plane[cut], reference, known, start)
        start = result[method].shape
    return result


def words(shape: Shape) -> str:
    """The point spread function in words."""
    text = f"{shape.family} {shape.radius_px:.1f} px"
    if shape.family == "wave":
        text += f" at {shape.cutoff:g} per px"
        text += f" and {shape.aberration:+g} waves" if shape.aberration else ""
    return text


def table(rows: list[dict]) -> list[str]:
    """Markdown: gains in dB, and the choices of the oracles."""
    lines = [
        "| stack | plane | distance | PSNR before | model | Wiener | Richardson-Lucy | Wiener's blur, regularisation | "
        "Richardson-Lucy's blur, background, iterations |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        w, r = row["Wiener"], row["Richardson-Lucy"]
        lines.append(
            f"| {row['stack']} | {row['plane']} | {row['distance']:+.2f} {row['unit']} | {row['before']:.2f} | "
            f"{row['model'] - row['before']:+.2f} | {w.psnr - row['before']:+.2f} | {r.psnr - row['before']:+.2f} | "
            f"{words(w.shape)}, {w.amount:.0e} | {words(r.shape)}, {r.shape.background:g}, {r.amount:.0f} |"
        )
    for stack in dict.fromkeys(row["stack"] for row in rows):
        group = [row for row in rows if row["stack"] == stack]
        reached = [[row["model"], row["Wiener"].psnr, row["Richardson-Lucy"].psnr] for row in group]
        gains = [
            float(np.mean([psnr - row["before"] for psnr, row in zip(column, group, strict=True)]))
            for column in zip(*reached, strict=True)
        ]
        cells = " | ".join(f"{gain:+.2f}" for gain in gains)
        lines.append(f"| {stack} | mean of {len(group)} | | | {cells} | | |")
    return lines


def row_to_json(row: dict) -> dict:
    return {k: asdict(v) if isinstance(v, Choice) else v for k, v in row.items()}


def row_from_json(row: dict) -> dict:
    chosen = lambda v: Choice(**(v | {"shape": Shape(**v["shape"])}))
    return {k: chosen(v) if isinstance(v, dict) else v for k, v in row.items()}


# The planes of the acceptance tables: distances from focus by stack.
PLANES = {
    "tissue-brightfield": (3, 5, 8),
    "nucleus-widefield": tuple(NUCLEUS_STEP_UM * k for k in (3, 6, 12)),
    "reflected-brightfield": (5.34, 6.52, 10.23, 16.81),
}


def is_listed(stack: str, distance: float) -> bool:
    return any(abs(abs(distance) - d) < 0.01 for d in PLANES[stack])


def compare(stack: str, network, data: Path | None = None, distances=None, log=lambda row: None) -> list[dict]:
    """One row for each plane of a stack; `distances`: the lowest and highest |distance|, default: those of PLANES."""
    sharp, planes, unit = real_stacks.stack_planes(stack, data)
    blurs: dict = {}
    rows = []
    for name, distance, plane in planes:
        if distances is not None:
            wanted = distances[0] <= abs(distance) <= distances[1]
        else:
            wanted = is_listed(stack, distance)
        if wanted and distance != 0:
            rows.append(
                {"stack": stack, "plane": name, "distance": distance, "unit": unit}
                | compare_plane(plane, sharp, network, blurs)
            )
            log(rows[-1])
    return rows


def main(argv=None):
    parser = parser_of("oracle", __doc__)
    parser.add_argument("--model", type=Path, required=True)
    add_data(parser)
    parser.add_argument("--stacks", nargs="+", default=list(PLANES), choices=list(PLANES))
    parser.add_argument("--distances", nargs=2, type=float, help="only planes this far from focus (low high)")
    add_threads(parser)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    data = args.data or real_stacks.data_folder()
    progress = lambda row: print(f"{row['stack']} {row['plane']}", file=sys.stderr)
    with one_line_errors("oracle"):
        real_stacks.require_stacks(data)
        network = restore.load_network(args.model, args.threads)
        rows = [row for s in args.stacks for row in compare(s, network, data, args.distances, progress)]
    if args.json:
        print(json.dumps([row_to_json(row) for row in rows], indent=1, allow_nan=False))
    else:
        print("\n".join(table(rows)))
