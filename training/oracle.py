"""What deconvolution reaches on real focal stacks when it may look at the answer, beside what a model reaches without.

    python -m training.oracle --model models/parfocal-w16.onnx [--stacks NAME ...] [--distances LOW HIGH] [--json]

For each plane, Wiener's filter and Richardson-Lucy are tried with every point spread function of the family in
training/degrade.py (cut-off and blur radius, a list of each) and every regularisation or iteration count; the combination
with the highest PSNR against the sharp plane is kept. No user has that choice: it needs the truth. The protocol is that
of training.evaluate. The combination is looked for in a window in the middle, where the frame is large, and measured there;
the model is measured in the same window, restored as a whole frame.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from . import evaluate
from .deconvolve import METHODS, Blur
from .degrade import Microscope, normalisation_range

CUTOFFS = (0.4, 0.6, 0.9, 1.4)  # cycles per pixel
RADII = (0.7, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 19.0)  # of the blur disc, pixels
WINDOW_PX = 384
# Numerical aperture and wavelength: with the cut-off in pixels and the radius fixed they hardly change the image.
APERTURE, WAVELENGTH_UM = 0.5, 0.55


@dataclass
class Choice:
    method: str
    psnr: float  # after the fit of gain and offset
    cutoff: float
    radius_px: float
    amount: float  # regularisation or iterations
    background: float  # light taken off before, in parts of the image's range below its 0.1 percentile (0: dark = none)


def microscope(cutoff_per_px: float) -> Microscope:
    return Microscope(APERTURE, WAVELENGTH_UM, 1.0, cutoff_per_px * WAVELENGTH_UM / (2 * APERTURE))


def fitted_psnr(image: np.ndarray, reference: np.ndarray) -> float:
    gain, offset = evaluate.gain_and_offset(image, reference)
    return evaluate.psnr(gain * image + offset, reference)


class Family:
    """The blurs of all cut-offs and radii for images of one shape, made when first asked for."""

    def __init__(self, shape: tuple[int, int]):
        self.shape = shape
        self.made: dict[tuple[float, float], Blur] = {}

    def __call__(self, cutoff: float, radius_px: float) -> Blur:
        if (cutoff, radius_px) not in self.made:
            scope = microscope(cutoff)
            self.made[cutoff, radius_px] = Blur(scope, scope.defocus_um(radius_px), self.shape)
        return self.made[cutoff, radius_px]


def best(method: str, plane: np.ndarray, reference: np.ndarray, family: Family) -> Choice:
    """The best restoration of `plane` [H, W] or [H, W, C] by one method, judged against `reference` of the same shape.

    Radius and background are looked for at the middle cut-off, then the cut-off at the best radius and its neighbours.
    """
    if plane.ndim == 3:
        # The blur is looked for in the mean of the channels; the amount is chosen for all of them together.
        grey = best(method, plane.mean(-1), reference.mean(-1), family)
        return _best_amount(method, plane, reference, family, grey.cutoff, grey.radius_px, grey.background)
    found: list[Choice] = []
    trial = lambda *blur: found.append(_best_amount(method, plane, reference, family, *blur))
    # Wiener's filter is linear: a constant added before is a constant added after, and the fit takes it off.
    backgrounds = (0.0,) if method == "Wiener" else (0.02, 0.5)
    middle = CUTOFFS[len(CUTOFFS) // 2]
    for radius in RADII:
        for background in backgrounds:
            trial(middle, radius, background)
    first = max(found, key=lambda c: c.psnr)
    at = RADII.index(first.radius_px)
    for cutoff in CUTOFFS:
        for radius in RADII[max(0, at - 1) : at + 2]:
            if cutoff != middle:
                trial(cutoff, radius, first.background)
    return max(found, key=lambda c: c.psnr)


def _best_amount(method, plane, reference, family, cutoff, radius_px, background) -> Choice:
    low, high = normalisation_range(plane)
    light = (plane.astype(np.float64) - low) / (high - low) + background
    channels = [light] if plane.ndim == 2 else np.moveaxis(light, -1, 0)
    tried = []
    for step in zip(*(METHODS[method](channel, family(cutoff, radius_px)) for channel in channels)):
        image = step[0][1] if plane.ndim == 2 else np.stack([restored for _, restored in step], -1)
        tried.append(Choice(method, fitted_psnr(image, reference), cutoff, radius_px, float(step[0][0]), background))
    return max(tried, key=lambda c: c.psnr)


def window(shape: tuple[int, int]) -> tuple[slice, slice]:
    """The middle WINDOW_PX of each axis, or all of a shorter one."""
    sides = [min(n, WINDOW_PX) for n in shape]
    return tuple(slice((n - s) // 2, (n - s) // 2 + s) for n, s in zip(shape, sides))


def compare_plane(plane: np.ndarray, sharp: np.ndarray, network, families: dict) -> dict:
    """PSNR of a plane as it is, restored by `network` (a function as evaluate.restore takes it), and by both oracles."""
    if plane.shape != sharp.shape:
        raise ValueError(f"plane of {plane.shape} against {sharp.shape}: the oracle takes planes of one size")
    cut = window(sharp.shape[:2])
    reference = sharp[cut].astype(np.float64)
    family = families.setdefault(reference.shape[:2], Family(reference.shape[:2]))
    restored = evaluate.to_type(evaluate.restore(plane, network), plane.dtype)
    result = {
        "before": fitted_psnr(plane[cut].astype(np.float64), reference),
        "model": fitted_psnr(restored[cut].astype(np.float64), reference),
    }
    return result | {method: best(method, plane[cut], reference, family) for method in METHODS}


def table(rows: list[dict]) -> list[str]:
    """Markdown: gains in dB, and the choices that the oracles made."""
    lines = [
        "| stack | plane | distance | PSNR before | model | Wiener | Richardson-Lucy | Wiener: cut-off, radius, regularisation | "
        "Richardson-Lucy: cut-off, radius, iterations |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        w, r = row["Wiener"], row["Richardson-Lucy"]
        lines.append(
            f"| {row['stack']} | {row['plane']} | {row['distance']:+.2f} {row['unit']} | {row['before']:.2f} | "
            f"{row['model'] - row['before']:+.2f} | {w.psnr - row['before']:+.2f} | {r.psnr - row['before']:+.2f} | "
            f"{w.cutoff:g}, {w.radius_px:g} px, {w.amount:.0e} | {r.cutoff:g}, {r.radius_px:g} px, {r.amount:.0f} |"
        )
    for stack in dict.fromkeys(row["stack"] for row in rows):
        group = [row for row in rows if row["stack"] == stack]
        mean = lambda value: float(np.mean([value(row) - row["before"] for row in group]))
        lines.append(
            f"| {stack} | mean of {len(group)} | | | {mean(lambda r: r['model']):+.2f} | {mean(lambda r: r['Wiener'].psnr):+.2f} "
            f"| {mean(lambda r: r['Richardson-Lucy'].psnr):+.2f} | | |"
        )
    return lines


# Planes of the acceptance tables: stack, distances from focus.
PLANES = {
    "tissue-brightfield": (3, 5, 8),
    "nucleus-widefield": tuple(0.4994 * k for k in (3, 6, 12)),
    "reflected-brightfield": (5.34, 6.52, 10.23, 16.81),
}


def compare(stack: str, network, data: Path | None = None, distances=None, log=lambda row: None) -> list[dict]:
    """Rows for the planes of one stack; `distances`: (low, high), else those of PLANES."""
    sharp, planes, unit = evaluate.stack_planes(stack, data)
    families: dict = {}
    rows = []
    for name, distance, plane in planes:
        if distances is not None:
            wanted = distances[0] <= abs(distance) <= distances[1]
        else:
            wanted = any(abs(abs(distance) - d) < 0.01 for d in PLANES[stack])
        if wanted and distance != 0:
            rows.append({"stack": stack, "plane": name, "distance": distance, "unit": unit} | compare_plane(plane, sharp, network, families))
            log(rows[-1])
    return rows


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder with eval/ (default: $PARFOCAL_DATA, else ../shared/data)")
    parser.add_argument("--stacks", nargs="+", default=list(PLANES), choices=list(PLANES))
    parser.add_argument("--distances", nargs=2, type=float, help="only planes this far from focus (low high)")
    parser.add_argument("--threads", type=int, default=0, help="for the network; 0 = all cores")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    data = args.data or evaluate.data_folder()
    try:
        if not (data / "eval").is_dir():
            raise ValueError(f"no data: {data / 'eval'} does not exist; set PARFOCAL_DATA to the evaluation data")
        network = evaluate.load_network(args.model, args.threads)
        progress = lambda row: print(f"{row['stack']} {row['plane']}", file=sys.stderr)
        rows = [row for s in args.stacks for row in compare(s, network, data, args.distances, progress)]
    except ValueError as error:
        sys.exit(f"oracle: {error}")
    if args.json:
        plain = [{k: asdict(v) if isinstance(v, Choice) else v for k, v in row.items()} for row in rows]
        print(json.dumps(plain, indent=1, allow_nan=False))
    else:
        print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
