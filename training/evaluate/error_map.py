"""How well the trust map tells where a result is wrong, on real focal stacks.

    python -m training error-map --model runs/w16/trusted.pt [--data FOLDER] [--stacks NAME ...] [--json]

Protocol: that of `training evaluate`. Each restored plane is fitted to the sharp one by gain and offset; its errors are
the absolute differences that are left, and the expected errors are multiplied by the same gain. Both are compared pixel
by pixel, and as means over a Gaussian window of 2 px, since a single difference also holds the noise of the sharp
plane.

- Spearman: rank correlation of errors and expected errors.
- nAUSE: pixels are left out in the order of their expected error, the largest first; the mean error of the rest, over
  all shares, lies between that of the order of the true errors (0) and of any order by chance (1). (Ilg et al., ECCV
  2018, arXiv 1802.07095, have the area; it is divided here by that of chance.)
- Coverage: share of pixels whose error is at most half, once and twice the expected one; under Laplace's distribution
  39, 63 and 86 %.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.stats import spearmanr

from training.command import add_data, add_threads, one_line_errors, parser_of
from training.data import real_stacks
from training.evaluate.metrics import gain_and_offset
from training.evaluate.protocol import onto
from training.evaluate.restore import Network, load_network, restore_with_error

WINDOW_PX = 2.0
COVERED = (0.5, 1.0, 2.0)  # times the expected error
SHARES = 50  # left out pixels are counted at so many shares
PIXELS = 200_000  # most of a plane that ranks are computed from
# The development stack of each kind of light. There is none of reflected light, whose factor is the largest of all.
DEVELOPMENT = {"fluorescence": "nucleus-widefield", "transmitted": "tissue-brightfield"}


@dataclass
class Row:
    """One plane of a stack."""

    stack: str
    plane: str
    distance: float  # from the sharp plane, signed, in `unit`
    unit: str
    spearman: float
    nause: float
    spearman_smoothed: float
    nause_smoothed: float
    ratio: float  # mean error over mean expected error
    covered: list[float]  # shares of pixels, for COVERED


def nause(error: np.ndarray, expected: np.ndarray) -> float:
    """0: pixels with the largest errors are expected to have them; 1: no better than chance. Arrays of one size."""
    kept = np.linspace(1, 0, SHARES, endpoint=False)
    counts = np.maximum((kept * error.size).astype(int), 1)

    def left(order):
        """The mean error of the first `counts` pixels of an order."""
        return (np.cumsum(error[order])[counts - 1] / counts).mean()

    best = left(np.argsort(error, kind="stable"))
    chance = error.mean()
    return float((left(np.argsort(expected, kind="stable")) - best) / max(chance - best, 1e-30))


def plane_errors(plane: np.ndarray, sharp: np.ndarray, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors of a restored plane and its expected errors, in the units of `sharp`; arrays of one shape."""
    restored, expected = restore_with_error(plane, network)
    move, cut = onto(sharp, plane)
    restored, expected, reference = move(restored)[cut], move(expected)[cut], sharp.astype(np.float64)[cut]
    gain, offset = gain_and_offset(restored, reference)
    return np.abs(gain * restored + offset - reference), abs(gain) * expected


def measured(stack: str, name: str, distance: float, unit: str, errors: tuple[np.ndarray, np.ndarray]) -> Row:
    """One row; `errors`: of `plane_errors`."""
    smooth = lambda image: ndimage.gaussian_filter(image, (WINDOW_PX, WINDOW_PX, 0)[: image.ndim])
    figures = {}
    for suffix, pair in (("", errors), ("_smoothed", tuple(smooth(image) for image in errors))):
        error, expected = (image.ravel()[:: max(1, image.size // PIXELS)] for image in pair)
        figures[f"spearman{suffix}"] = float(spearmanr(error, expected).statistic)
        figures[f"nause{suffix}"] = nause(error, expected)
    error, expected = errors
    covered = [float((error <= times * expected).mean()) for times in COVERED]
    return Row(stack, name, distance, unit, ratio=float(error.mean() / expected.mean()), covered=covered, **figures)


def stack_rows(stack: str, network: Network, data: Path | None = None) -> list[Row]:
    """One row for each plane out of focus: at most 12, evenly over the stack."""
    sharp, planes, unit = real_stacks.stack_planes(stack, data)
    away = [entry for entry in planes if entry[1] != 0]
    return [
        measured(stack, name, distance, unit, plane_errors(plane, sharp, network))
        for name, distance, plane in away[:: -(-len(away) // 12)]
    ]


def factors(network: Network, data: Path) -> dict[str, float]:
    """For each kind of light, what the expected errors have to be multiplied with on its development stack."""
    found = {
        light: float(np.mean([row.ratio for row in stack_rows(stack, network, data)]))
        for light, stack in DEVELOPMENT.items()
    }
    return found | {"reflected": max(found.values())}


def table(rows: list[Row]) -> list[str]:
    """Markdown lines: one for each stack, the mean over its planes."""
    lines = [
        "| stack | planes | Spearman | nAUSE | Spearman, 2 px | nAUSE, 2 px | error over expected | within 0.5, 1, 2 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for stack in dict.fromkeys(row.stack for row in rows):
        group = [row for row in rows if row.stack == stack]
        lines.append(_line(stack, group))
    return [*lines, _line("all planes", rows)]


def _line(name: str, group: list[Row]) -> str:
    mean = lambda field: np.mean([getattr(row, field) for row in group])
    covered = np.mean([row.covered for row in group], 0)
    return (
        f"| {name} | {len(group)} | {mean('spearman'):.2f} | {mean('nause'):.2f} | {mean('spearman_smoothed'):.2f} | "
        f"{mean('nause_smoothed'):.2f} | {mean('ratio'):.2f} | {', '.join(f'{100 * c:.0f} %' for c in covered)} |"
    )


def main(argv=None):
    parser = parser_of("error-map", __doc__)
    parser.add_argument("--model", type=Path, required=True)
    add_data(parser)
    parser.add_argument("--stacks", nargs="+", default=list(real_stacks.ALL), choices=real_stacks.ALL)
    add_threads(parser)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    data = args.data or real_stacks.data_folder()
    with one_line_errors("error-map"):
        real_stacks.require_stacks(data)
        network = load_network(args.model, args.threads)
        rows = [row for stack in args.stacks for row in stack_rows(stack, network, data)]
    print(json.dumps([asdict(row) for row in rows], indent=1) if args.json else "\n".join(table(rows)))
