"""The comparison: networks of equal cost trained alike, and deconvolution that knows the blur.

    python -m training.compare train --out runs/compare --minutes 20 [--width 8] [--only NAME ...] [--set NAME=VALUE ...]
    python -m training.compare report --out runs/compare --docs docs [--seeds 2]

`train` makes one run for each network and seed, one after the other, each for the same minutes, with the same data,
multiply-adds a pixel, loss, schedule and validation; only MIMO-UNet keeps its own published loss. It can be stopped and
started again: finished runs are left alone, a broken one goes on. Head to tail, cascade and unlinked get three seeds each.
`report` measures the best checkpoint of each finished run on held-out simulated specimens and on the real stacks, keeps what
it measured beside the runs (by the checkpoint's hash), and writes networks.md with its plots into `--docs`. It refuses runs
whose planned minutes or settings differ.
"""

import argparse
import dataclasses
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from . import evaluate, held_out, runs as finished_runs, sentences
from .checkpoint import words_of
from .config import NETWORKS, Config
from .deconvolve import METHODS
from .deconvolved import file_of
from .plot import Line, line_plot

SEEDS = {"head-to-tail": (1, 2, 3), "cascade": (1, 2, 3), "unlinked": (1, 2, 3)}  # the others: one
OURS = "head-to-tail"
STEPS_APART = 0.1  # runs of one network that differ by more in steps are named


def runs(only=NETWORKS) -> list[tuple[str, int]]:
    """(network, seed), all networks once before any gets its second seed."""
    wanted = [(name, seed) for name in NETWORKS if name in only for seed in SEEDS.get(name, (1,))]
    return sorted(wanted, key=lambda run: (run[1], NETWORKS.index(run[0])))


def settings_of(base: Config, name: str, seed: int) -> Config:
    loss = "mimo" if name == "mimo" else base.loss
    # The second task needs the deepest features of sub-networks: two of the networks have none, so none has it here.
    return dataclasses.replace(base, network=name, seed=seed, loss=loss, blur_weight=0.0)


def base_of(found: list[dict]) -> Config:
    """The settings that all runs share. Raises ValueError where they share less than they should."""
    first = next((run for run in found if run["network"] != "mimo"), found[0])
    base = first["config"]
    if first["network"] == "mimo":
        base = dataclasses.replace(base, loss=Config().loss)
    for run in found:
        finished_runs.check_settings(run, settings_of(base, run["network"], run["seed"]), first["folder"])
    return base


def train_all(base: Config, data: Path, out: Path, minutes: float, workers: int, only=NETWORKS, log=print) -> None:
    from .train import train

    for name, seed in runs(only):
        log(f"{name}, seed {seed}")
        train(settings_of(base, name, seed), data, out / f"{name}-{seed}", minutes, resume=True, workers=workers, log=log)


# ---- measuring ------------------------------------------------------------------------------------------------------


def measure_oracles(out: Path, seeds: int) -> list[dict]:
    """Held-out rows of Wiener and Richardson-Lucy with the true blur; from training/known, else kept in the folder of the runs."""
    name = f"deconvolution-{seeds}-{held_out.SEED}.json"
    stored = file_of(out, name, lambda path: fits_exposures(json.loads(path.read_text()), seeds))
    if not stored.exists() or not fits_exposures(json.loads(stored.read_text()), seeds):
        stored = out / name
        rows = [asdict(r) for light in held_out.SPECIMENS for r in held_out.measure(light, {}, seeds)]
        stored.write_text(json.dumps(rows, allow_nan=False))
    return json.loads(stored.read_text())


def fits_exposures(rows: list[dict], seeds: int) -> bool:
    """Whether rows are of today's light, defocus and photons, with all methods. Whether of the same pixels, held_out.beside sees."""
    told = {(r["light"], r["defocus_um"], r["photons"]) for r in rows}
    asked = {(light, um, n) for light in held_out.SPECIMENS for um in held_out.DEFOCUS_UM for n in held_out.PHOTONS}
    specimens = seeds * sum(map(len, held_out.SPECIMENS.values()))
    return told == asked and len({(r["light"], r["seed"]) for r in rows}) == specimens and all(m in r["ssim"] for r in rows for m in METHODS)


# ---- the page -------------------------------------------------------------------------------------------------------


def gain(rows: list[dict], method: str, **wanted) -> float:
    """Mean gain in dB of `method` over the rows with these values (a value may be a tuple of them)."""
    fits = lambda row: all(row[k] in v if isinstance(v, tuple) else row[k] == v for k, v in wanted.items())
    return float(np.mean([row["restored"][method] - row["before"] for row in rows if fits(row)]))


def _mean_and_spread(values: list[float]) -> str:
    text = f"{np.mean(values):+.2f}"
    return text if len(values) < 2 else f"{text} ± {np.std(values, ddof=1):.2f}"


def by_network(measured: list[dict]) -> dict[str, list[dict]]:
    return {name: [m for m in measured if m["network"] == name] for name in NETWORKS if any(m["network"] == name for m in measured)}


def network_table(measured: list[dict]) -> list[str]:
    """One row a network: cost, what it got, and mean gains; ± is the standard deviation over seeds."""
    stacks = list(dict.fromkeys(row["stack"] for m in measured for row in m["real"]))
    lines = [
        "| network | seeds | parameters | multiply-adds a pixel | steps | CPU minutes | loss | held-out specimens | "
        + " | ".join(stacks) + " |",
        "|---|---|---|---|---|---|---|---|" + "---|" * len(stacks),
    ]  # fmt: skip
    outside = tuple(um for um in held_out.DEFOCUS_UM if um > 0)
    for name, group in by_network(measured).items():
        first = group[0]
        held = _mean_and_spread([gain(m["simulated"], "model", defocus_um=outside) for m in group])
        real = [
            _mean_and_spread([float(np.mean([r["gained"] for r in m["real"] if r["stack"] == stack])) for m in group])
            for stack in stacks
        ]
        compute = [finished_runs.span([m["steps"] for m in group]), finished_runs.span([m["cpu_minutes"] for m in group], ".1f")]
        cells = [name, len(group), f"{first['parameters']:,}", f"{first['multiply_adds']:,.0f}", *compute, first["loss"], held, *real]
        lines.append("| " + " | ".join(str(c) for c in cells) + " |")
    return lines


def unequal_steps(measured: list[dict]) -> list[str]:
    """Sentences on the networks whose runs got through unlike numbers of steps in the same minutes."""
    found = []
    for name, group in by_network(measured).items():
        low, high = (pick(m["steps"] for m in group) for pick in (min, max))
        if high > (1 + STEPS_APART) * low:
            found.append(f"- **Runs of {name} differ by {100 * (high / max(low, 1) - 1):.0f} % in steps: equal minutes were not equal compute.**")
    return found


def verdict(measured: list[dict]) -> list[str]:
    """Sentences: how far head to tail is above or below its ablations, from the figures alone."""
    groups = by_network(measured)
    if OURS not in groups:
        return []
    outside = tuple(um for um in held_out.DEFOCUS_UM if um > 0)
    values = {name: [gain(m["simulated"], "model", defocus_um=outside) for m in group] for name, group in groups.items()}
    ours, told = values.pop(OURS), []
    for name, theirs in values.items():
        apart = float(np.mean(ours) - np.mean(theirs))
        if len(ours) > 1 and len(theirs) > 1:
            error = float(np.sqrt(np.var(ours, ddof=1) / len(ours) + np.var(theirs, ddof=1) / len(theirs)))
            noise = f"standard error of the difference: {error:.2f} dB"
        elif len(ours) > 1:
            noise = f"one seed of {name}; seeds of {OURS} differ by up to {np.ptp(ours):.2f} dB"
        elif len(theirs) > 1:
            noise = f"one seed of {OURS}; seeds of {name} differ by up to {np.ptp(theirs):.2f} dB"
        else:
            noise = "one seed each: how far seeds differ is not known"
        told.append(f"- On held-out specimens out of focus, {OURS} is {held_out.above_or_below(apart)} {name} ({noise}).")
    return told


def plots(measured: list[dict], oracles: list[dict]) -> dict[str, str]:
    """SVG files by name: gain over defocus for each kind of light, at the moderate photon levels; and SSIM."""
    files = {}
    for light in held_out.SPECIMENS:
        lines, similar = [], []
        for name, group in by_network(measured).items():
            points, spread, ssim = [], [], []
            for um in held_out.DEFOCUS_UM:
                wanted = dict(light=light, defocus_um=um, photons=held_out.MODERATE)
                values = [gain(m["simulated"], "model", **wanted) for m in group]
                points.append((um, float(np.mean(values))))
                spread.append(float(np.std(values, ddof=1)) if len(values) > 1 else 0.0)
                chosen = [r["ssim"]["model"] for m in group for r in m["simulated"]
                          if r["light"] == light and r["defocus_um"] == um and r["photons"] in held_out.MODERATE]  # fmt: skip
                ssim.append((um, float(np.mean(chosen))))
            lines.append(Line(name, points, spread))
            similar.append(Line(name, ssim))
        before = lambda um: [r["ssim"]["before"] for r in measured[0]["simulated"]
                             if r["light"] == light and r["defocus_um"] == um and r["photons"] in held_out.MODERATE]  # fmt: skip
        for method in oracles[0]["restored"] if oracles else ():
            points = [(um, gain(oracles, method, light=light, defocus_um=um, photons=held_out.MODERATE)) for um in held_out.DEFOCUS_UM]
            lines.append(Line(f"{method}, true blur", points))
            alike = lambda um: [r["ssim"][method] for r in oracles
                                if r["light"] == light and r["defocus_um"] == um and r["photons"] in held_out.MODERATE]  # fmt: skip
            similar.append(Line(f"{method}, true blur", [(um, float(np.mean(alike(um)))) for um in held_out.DEFOCUS_UM]))
        # Last, so that a network has the same colour in both plots.
        similar.append(Line("before", [(um, float(np.mean(before(um)))) for um in held_out.DEFOCUS_UM]))
        title = f"Held-out specimens, {light} light, {held_out.MODERATE_WORDS}"
        files[f"psnr-{light}.svg"] = line_plot(title, "defocus (um)", "gain in PSNR (dB)", lines)
        files[f"ssim-{light}.svg"] = line_plot(title, "defocus (um)", "SSIM", similar)
    return files


def page(measured: list[dict], oracles: list[dict], out: str, seeds: int, minutes: float, base: Config, left_out: list[str] = ()) -> str:
    """`minutes`, `base`: what all runs were planned for and have in common; `left_out`: sentences on runs that are not here."""
    first_seeds = {name: group[0]["simulated"] for name, group in by_network(measured).items()}
    merged = held_out.beside(oracles, first_seeds, f"deconvolution in {out}")
    pictures = "\n".join(
        f"![{what}, {light}](evaluation/{kind}-{light}.svg)"
        for light in held_out.SPECIMENS for kind, what in (("psnr", "PSNR over defocus"), ("ssim", "SSIM over defocus"))
    )  # fmt: skip
    nl = "\n"
    own_loss = " MIMO-UNet has its own published loss." if "mimo" in first_seeds else ""
    missing = [f"{name}-{seed}" for name, seed in runs() if not any((m["network"], m["seed"]) == (name, seed) for m in measured)]
    absent = "\n" + " ".join([f"Not on this page: {', '.join(missing)}.", *left_out]) + "\n" if missing else ""
    settings = finished_runs.set_words(base, ("network", "seed", "width", "blur_weight"))
    return f"""\
# Networks compared

Networks of equal multiply-adds, each trained for {minutes:g} minutes from the same simulated data; deconvolution with the true
point spread function and the best amount by oracle. Made by

    python -m training.compare train --out {out} --minutes {minutes:g} --width {base.width}{settings}
    python -m training.compare report --out {out} --docs docs --seeds {seeds}

No run has the second task of training/second_task.py: networks without sub-networks have nothing to read the blur from.{own_loss}
{sentences.CHOICE}

Gains are dB of PSNR over the image as it was, out of focus, after a fit of gain and offset; ± is the standard deviation over
seeds, and steps and CPU minutes are those of the shortest and the longest run. {finished_runs.COMPUTE}
The real stacks are explained in [training/](../training/README.md).

{nl.join(network_table(measured))}
{absent}
{nl.join([*unequal_steps(measured), *verdict(measured)])}

{sentences.SPECIMENS}

Plots, at {held_out.MODERATE_WORDS}. {sentences.SSIM}

{pictures}

## Held-out specimens, all levels

The first seed of each network. `before` is PSNR in dB, the rest are gains on it.

{nl.join(held_out.table(merged))}
"""


def report(out: Path, docs: Path, data: Path, seeds: int, threads: int) -> Path:
    folders = [out / f"{name}-{seed}" for name, seed in runs() if (out / f"{name}-{seed}" / "best.pt").exists()]
    found, left_out = finished_runs.finished([finished_runs.facts(folder) for folder in folders])
    if not found:
        raise ValueError(" ".join([f"{out}: holds no finished run of training.compare train.", *left_out]))
    minutes, base = finished_runs.one_plan(found), base_of(found)
    measured = [run | finished_runs.measure(run["folder"], data, seeds, threads) for run in found]
    oracles = measure_oracles(out, seeds)
    text = page(measured, oracles, out.as_posix(), seeds, minutes, base, left_out)
    (docs / "evaluation").mkdir(parents=True, exist_ok=True)
    for name, picture in plots(measured, oracles).items():
        (docs / "evaluation" / name).write_text(picture)
    path = docs / "networks.md"
    path.write_text(text)
    return path


def main(argv=None):
    from .train import parse_settings

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    make = actions.add_parser("train")
    make.add_argument("--minutes", type=float, required=True, help="of each run")
    make.add_argument("--width", type=int, default=8)
    make.add_argument("--only", nargs="+", choices=NETWORKS, default=NETWORKS)
    make.add_argument("--workers", type=int, default=1)
    make.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="changes to training/config.py, for all")
    tell = actions.add_parser("report")
    tell.add_argument("--docs", type=Path, required=True)
    tell.add_argument("--seeds", type=int, default=2, help="of the held-out specimens")
    tell.add_argument("--threads", type=int, default=0)
    for action in (make, tell):
        action.add_argument("--out", type=Path, required=True)
        action.add_argument("--data", type=Path, help="folder with train/ and eval/ (default: $PARFOCAL_DATA)")
    args = parser.parse_args(argv)
    data = args.data or evaluate.data_folder()
    try:
        if args.action == "train":
            base = parse_settings([f"width={args.width}", *args.set])
            train_all(base, data, args.out, args.minutes, args.workers, args.only)
        else:
            print(report(args.out, args.docs, data, args.seeds, args.threads))
    except ValueError as error:
        sys.exit(f"compare: {error}")
    except OSError as error:
        sys.exit(f"compare: {words_of(error, args.out, saved=args.action == 'train')}")


if __name__ == "__main__":
    main()
