"""Simulated specimens that no training saw, by kind of light, defocus and photons: a model beside deconvolution.

    python -m training held-out --model models/parfocal-w16.onnx [--seeds N] [--json]

One microscope (20x, NA 0.75, pixels of 0.325 um), so that defocus is in micrometres. Wiener's filter and
Richardson-Lucy get its TRUE point spread function, the camera's true offset and gain, and for each image the best
regularisation or number of iterations, found with the truth in hand; the model gets the image. PSNR against the
noise-free focused image after a fit of gain and offset, in the range between its 0.1 and 99.9 percentiles.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path

import numpy as np

from training.command import add_threads, one_line_errors, parser_of
from training.evaluate import metrics, restore
from training.evaluate.deconvolve import METHODS, PATIENCE, Blur, best_amount
from training.evaluate.metrics import fitted_psnr
from training.optics import specimen
from training.optics.camera import Camera
from training.optics.microscope import Microscope, convolve, transfer_function

SCOPE = Microscope(numerical_aperture=0.75, wavelength_um=0.55, refractive_index=1.0, pixel_size_um=0.325)
SIZE, MARGIN = 192, 48
DEFOCUS_UM = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)  # blur discs of 0, 0.9, 1.7, 3.5, 7 and 14 px
PHOTONS = (50, 200, 1000, 5000, 20000)  # in the brightest structure of the focused image
MODERATE = (200, 1000, 5000)
MODERATE_WORDS = f"{MODERATE[0]} to {MODERATE[-1]} photons"
SEED = 20_000_000  # training's seeds are 32-bit hashes, so that they meet one of these with no real chance
BACKGROUND = 0.1  # of the brightest structure, fluorescence


def _fluorescence(kind):
    return wraps(kind)(lambda size, random: kind(size, random) + BACKGROUND)


def _absorber(kind):
    return wraps(kind)(lambda size, random: np.exp(-1.2 * kind(size, random)))


def _surface(kind):
    return wraps(kind)(lambda size, random: 0.2 + 0.8 * kind(size, random))


# Specimens of each kind of light; each of `seeds` seeds draws one of each.
SPECIMENS = {
    "fluorescence": [
        _fluorescence(k)
        for k in (specimen.nuclei, specimen.filaments, specimen.puncta, specimen.membranes, specimen.chromatin)
    ],
    "transmitted": [_absorber(k) for k in (specimen.nuclei, specimen.membranes, specimen.chromatin)],
    "reflected": [_surface(k) for k in (specimen.edges, specimen.dead_leaves)],
}


@dataclass
class Case:
    """One exposure in counts: `seen` as the camera records it, `truth` in focus and without noise."""

    light: str
    defocus_um: float
    photons: float
    seed: int
    seen: np.ndarray  # uint16 [SIZE, SIZE]
    truth: np.ndarray  # float32 [SIZE, SIZE]
    camera: Camera


def cases(
    light: str, seeds: int = 1, defocus=DEFOCUS_UM, photons=PHOTONS, scope: Microscope = SCOPE, first: int = SEED
) -> Iterator[Case]:
    """All exposures of one kind of light. `first`: where the seeds of specimens and noise begin."""
    whole = SIZE + 2 * MARGIN
    cut = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    transfer = {um: transfer_function(scope, um, whole) for um in {0.0, *defocus}}
    for seed in range(seeds):
        for number, make in enumerate(SPECIMENS[light]):
            image = make(whole, np.random.default_rng(first + 1000 * seed + number))
            focused = np.maximum(convolve(image, transfer[0.0])[cut], 0)
            focused_peak = float(np.percentile(focused, 99.9))
            for um in defocus:
                blurred = np.maximum(convolve(image, transfer[um])[cut], 0)
                for n in photons:
                    camera = Camera(
                        n / focused_peak, read_noise=1.5, offset=100, counts_per_photon=1.0, full_scale=65535
                    )
                    random = np.random.default_rng([first, seed, number, int(1000 * um), int(n)])
                    seen = camera.expose(blurred, random).astype(np.uint16)
                    truth = camera.expectation(focused).astype(np.float32)
                    yield Case(light, um, n, 1000 * seed + number, seen, truth, camera)


@dataclass
class Row:
    """One exposure, measured."""

    light: str
    defocus_um: float
    photons: float
    seed: int
    before: float  # all in dB
    restored: dict[str, float]  # by method or model
    ssim: dict[str, float]  # "before" and by model


def deconvolved(case: Case, blurs: dict[float, Blur]) -> dict[str, tuple[float, float]]:
    """(PSNR, SSIM) by method at the amount of the best PSNR, with everything about the exposure known."""
    blur = blurs.setdefault(case.defocus_um, Blur.of_microscope(SCOPE, case.defocus_um, (SIZE, SIZE)))
    electrons = (case.seen.astype(np.float64) - case.camera.offset) / case.camera.counts_per_photon
    judge = lambda image: fitted_psnr(image, case.truth)
    found = {}
    for name, run in METHODS.items():
        psnr, _, image = best_amount(run(electrons, blur), judge, PATIENCE[name])
        counts = image * case.camera.counts_per_photon + case.camera.offset
        found[name] = psnr, metrics.ssim(restore.to_type(counts, case.seen.dtype), case.truth)
    return found


def gained(case: Case, network) -> float:
    """Gain in dB of `network` on one exposure."""
    image = restore.restored_frame(case.seen, network)
    return fitted_psnr(image, case.truth) - fitted_psnr(case.seen, case.truth)


def measure(
    light: str, networks: dict, seeds: int = 1, defocus=DEFOCUS_UM, photons=PHOTONS, oracles: bool = True
) -> list[Row]:
    """The rows of one kind of light, for `networks` by name and, unless `oracles` is False, for deconvolution."""
    blurs: dict[float, Blur] = {}
    rows = []
    for case in cases(light, seeds, defocus, photons):
        known = deconvolved(case, blurs) if oracles else {}
        values = {name: psnr for name, (psnr, _) in known.items()}
        similar = {"before": metrics.ssim(case.seen, case.truth)} | {
            name: similarity for name, (_, similarity) in known.items()
        }
        for name, network in networks.items():
            image = restore.restored_frame(case.seen, network)
            values[name] = fitted_psnr(image, case.truth)
            similar[name] = metrics.ssim(image, case.truth)
        before = fitted_psnr(case.seen, case.truth)
        rows.append(Row(light, case.defocus_um, case.photons, case.seed, before, values, similar))
    return rows


def beside(known: list[dict], ours: dict[str, list[dict]], source) -> list[Row]:
    """The rows `known` of deconvolution, completed with those of models by name on the same exposures.

    `source`: the origin of `known`, for the message. Raises ValueError where the exposures differ: each is recognised
    by its PSNR before restoring.
    """
    what = lambda row: [row[k] for k in ("light", "defocus_um", "photons", "seed")]
    merged = [Row(**(row | {"restored": dict(row["restored"]), "ssim": dict(row["ssim"])})) for row in known]
    for name, rows in ours.items():
        same = len(rows) == len(known) and all(
            what(a) == what(b) and abs(a["before"] - b["before"]) < 0.01 for a, b in zip(rows, known, strict=True)
        )
        if not same:
            raise ValueError(
                f"{source}: is of other exposures than those {name} was measured on; remove both and run this again"
            )
        for row, mine in zip(merged, rows, strict=True):
            row.restored[name], row.ssim[name] = mine["restored"]["model"], mine["ssim"]["model"]
    return merged


def table(rows: list[Row]) -> list[str]:
    """Markdown: PSNR before, and the gain of each method and model, by light, defocus and photons."""
    names = list(rows[0].restored)
    lines = [f"| light | defocus | photons | before | {' | '.join(names)} |", "|---|---|---|---|" + "---|" * len(names)]
    groups = dict.fromkeys((r.light, r.defocus_um, r.photons) for r in rows)
    for light, um, photons in groups:
        group = [r for r in rows if (r.light, r.defocus_um, r.photons) == (light, um, photons)]
        before = np.mean([r.before for r in group])
        gains = " | ".join(f"{np.mean([r.restored[n] - r.before for r in group]):+.2f}" for n in names)
        lines.append(f"| {light} | {um:g} um | {photons:g} | {before:.2f} | {gains} |")
    return lines


def margins(rows: list[Row], name: str) -> dict[str, float]:
    """Mean lead in dB of the model `name` over each deconvolution, out of focus at moderate photon levels."""
    group = [r for r in rows if r.defocus_um > 0 and r.photons in MODERATE]
    return {m: float(np.mean([r.restored[name] - r.restored[m] for r in group])) for m in METHODS}


def kind_of(row: Row) -> str:
    """The name of the function of training/optics/specimen.py that drew the specimen; seeds count through them."""
    return SPECIMENS[row.light][row.seed % 1000].__name__.replace("_", " ")


def margin_tables(rows: list[Row], name: str) -> list[str]:
    """Markdown: the leads whose mean `margins` returns, by photons, by defocus and by kind of specimen."""
    outside = lambda r: r.defocus_um > 0
    moderate = lambda r: r.photons in MODERATE
    splits = (
        (f"photons (all out of focus; {MODERATE_WORDS} make the mean above)", outside, lambda r: f"{r.photons:g}"),
        (f"defocus ({MODERATE_WORDS}; all but 0 um make the mean above)", moderate, lambda r: f"{r.defocus_um:g} um"),
        (
            f"specimen (out of focus, {MODERATE_WORDS})",
            lambda r: outside(r) and moderate(r),
            lambda r: f"{kind_of(r)}, {r.light}",
        ),
    )
    lines = []
    for title, wanted, label in splits:
        chosen = [r for r in rows if wanted(r)]
        lines += [f"| {title} | exposures | " + " | ".join(f"above {m} (dB)" for m in METHODS) + " | above both |"]
        lines += ["|---|---|" + "---|" * len(METHODS) + "---|"]
        for key in dict.fromkeys(map(label, chosen)):
            group = [r for r in chosen if label(r) == key]
            apart = [[r.restored[name] - r.restored[m] for m in METHODS] for r in group]
            cells = " | ".join(f"{v:+.2f}" for v in np.mean(apart, 0))
            lines.append(f"| {key} | {len(group)} | {cells} | {sum(min(a) > 0 for a in apart)} of {len(group)} |")
        lines.append("")
    return lines[:-1]


def above_or_below(apart: float) -> str:
    """A difference in dB, in words."""
    if round(abs(apart), 2) == 0:
        return "as good as"
    return f"{abs(apart):.2f} dB {'above' if apart > 0 else 'below'}"


def all_rows(networks: dict, seeds: int, oracles: bool = True) -> list[Row]:
    """The rows of every kind of light, as `measure` returns them."""
    return [row for light in SPECIMENS for row in measure(light, networks, seeds, oracles=oracles)]


def main(argv=None):
    parser = parser_of("held-out", __doc__)
    parser.add_argument("--model", type=Path, required=True, nargs="+")
    parser.add_argument("--seeds", type=int, default=1)
    add_threads(parser)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    if args.seeds < 1:
        parser.error(f"--seeds {args.seeds}: expected at least 1")
    with one_line_errors("held-out"):
        networks = {path.stem: restore.load_network(path, args.threads) for path in args.model}
    rows = all_rows(networks, args.seeds)
    if args.json:
        print(json.dumps([asdict(r) for r in rows], indent=1))
        return
    print("\n".join(table(rows)), "\n")
    for name in networks:
        for method, margin in margins(rows, name).items():
            print(f"{name} against {method}, out of focus, {MODERATE_WORDS}: {margin:+.2f} dB")
        print("\n".join(["", *margin_tables(rows, name), ""]))
