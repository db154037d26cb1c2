"""The comparison: networks of equal cost trained alike, and deconvolution that knows the blur.

    python -m training compare train --out runs/compare --minutes 20 [--width 8] [--only NAME ...] [--set NAME=VALUE
    ...] python -m training compare report --out runs/compare --docs docs [--seeds 2]

`train` makes one run for each network and seed, one after the other, with the same minutes, data, multiply-adds per
pixel, loss, schedule and validation; only MIMO-UNet keeps its own published loss. It can be stopped and started again:
finished runs are left alone, a broken one goes on. Head to tail, cascade and unlinked get three seeds each. `report`
measures the best checkpoint of each finished run on held-out simulated specimens and on the real stacks, keeps the
results beside the runs (by the checkpoint's hash), and writes networks.md with its plots into `--docs`. It refuses runs
whose planned minutes or settings differ.
"""

import dataclasses
from pathlib import Path

import numpy as np

from training.command import one_line_errors
from training.config import NETWORKS, Config
from training.data.real_stacks import data_folder
from training.evaluate import held_out, sentences
from training.evaluate.known import measure_oracles
from training.evaluate.plots import Line, line_plot
from training.fit.sources import SharpImages
from training.fit.train import Plan, parse_settings, train
from training.studies import runs

SEEDS = {"head-to-tail": (1, 2, 3), "cascade": (1, 2, 3), "unlinked": (1, 2, 3)}  # the others: one
OURS = "head-to-tail"
STEPS_APART = 0.1  # the page names networks whose runs differ by more in steps


def planned(only=NETWORKS) -> list[tuple[str, int]]:
    """(network, seed) of each run, in order: every network once before any gets its second seed."""
    wanted = [(name, seed) for name in NETWORKS if name in only for seed in SEEDS.get(name, (1,))]
    return sorted(wanted, key=lambda run: (run[1], NETWORKS.index(run[0])))


def settings_of(base: Config, name: str, seed: int) -> Config:
    loss = "mimo" if name == "mimo" else base.loss
    # Two of the networks have no sub-networks for the blur head to read, so none has a blur head here.
    return dataclasses.replace(base, network=name, seed=seed, loss=loss, blur_weight=0.0)


def base_of(found: list[dict]) -> Config:
    """The settings that all runs share. Raises ValueError where they differ in more than network, seed and loss."""
    first = next((run for run in found if run["network"] != "mimo"), found[0])
    base = first["config"]
    if first["network"] == "mimo":
        base = dataclasses.replace(base, loss=Config().loss)
    for run in found:
        runs.check_settings(run, settings_of(base, run["network"], run["seed"]), first["folder"])
    return base


def train_all(base: Config, data: Path, out: Path, minutes: float, workers: int, only=NETWORKS, log=print) -> None:
    source = SharpImages(data)
    for name, seed in planned(only):
        log(f"{name}, seed {seed}")
        plan = Plan(out / f"{name}-{seed}", minutes, resume=True, workers=workers)
        train(settings_of(base, name, seed), source, plan, log)


# ---- the page -------------------------------------------------------------------------------------------------------


def gain(rows: list[dict], method: str, **wanted) -> float:
    """Mean gain in dB of `method` over the rows with these values; a tuple stands for any of its members."""
    fits = lambda row: all(row[k] in v if isinstance(v, tuple) else row[k] == v for k, v in wanted.items())
    return float(np.mean([row["restored"][method] - row["before"] for row in rows if fits(row)]))


def _mean_and_spread(values: list[float]) -> str:
    text = f"{np.mean(values):+.2f}"
    return text if len(values) < 2 else f"{text} ± {np.std(values, ddof=1):.2f}"


def by_network(measured: list[dict]) -> dict[str, list[dict]]:
    return {
        name: [m for m in measured if m["network"] == name]
        for name in NETWORKS
        if any(m["network"] == name for m in measured)
    }


def network_table(measured: list[dict]) -> list[str]:
    """Markdown, one row for each network: cost, steps and mean gains; ± is the standard deviation over seeds."""
    stacks = list(dict.fromkeys(row["stack"] for m in measured for row in m["real"]))
    lines = [
        "| network | seeds | parameters | multiply-adds a pixel | steps | CPU minutes | loss | held-out specimens | "
        + " | ".join(stacks)
        + " |",
        "|---|---|---|---|---|---|---|---|" + "---|" * len(stacks),
    ]
    outside = tuple(um for um in held_out.DEFOCUS_UM if um > 0)
    for name, group in by_network(measured).items():
        first = group[0]
        held = _mean_and_spread([gain(m["simulated"], "model", defocus_um=outside) for m in group])
        real = [
            _mean_and_spread([float(np.mean([r["gained"] for r in m["real"] if r["stack"] == stack])) for m in group])
            for stack in stacks
        ]
        compute = [runs.span([m["steps"] for m in group]), runs.span([m["cpu_minutes"] for m in group], ".1f")]
        cells = [
            name,
            len(group),
            f"{first['parameters']:,}",
            f"{first['multiply_adds']:,.0f}",
            *compute,
            first["loss"],
            held,
            *real,
        ]
        lines.append("| " + " | ".join(str(c) for c in cells) + " |")
    return lines


def unequal_steps(measured: list[dict]) -> list[str]:
    """Sentences on the networks whose runs took different numbers of steps in the same minutes."""
    found = []
    for name, group in by_network(measured).items():
        low, high = (pick(m["steps"] for m in group) for pick in (min, max))
        if high > (1 + STEPS_APART) * low:
            found.append(
                f"- **Runs of {name} differ by {100 * (high / max(low, 1) - 1):.0f} % in steps: equal minutes were not equal compute.**"
            )
    return found


def verdict(measured: list[dict]) -> list[str]:
    """Sentences on head to tail beside each other network, from the figures alone."""
    groups = by_network(measured)
    if OURS not in groups:
        return []
    outside = tuple(um for um in held_out.DEFOCUS_UM if um > 0)
    values = {
        name: [gain(m["simulated"], "model", defocus_um=outside) for m in group] for name, group in groups.items()
    }
    ours, lines = values.pop(OURS), []
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
        lines.append(
            f"- On held-out specimens out of focus, {OURS} is {held_out.above_or_below(apart)} {name} ({noise})."
        )
    return lines


def _mean_at_moderate(rows: list[dict], light: str, um: float, value) -> float:
    """Mean of `value` over the rows of one kind of light and defocus, at moderate photon levels."""
    chosen = [
        value(r) for r in rows if r["light"] == light and r["defocus_um"] == um and r["photons"] in held_out.MODERATE
    ]
    return float(np.mean(chosen))


def _curves(measured: list[dict], oracles: list[dict], light: str, value, networks_only=()) -> list[Line]:
    """Curves of `value(row, method)` over defocus: networks with their spread over seeds, deconvolution, and
    `networks_only`, which deconvolution lacks.
    """
    at = lambda rows, um, method: _mean_at_moderate(rows, light, um, lambda row: value(row, method))
    lines = []
    for name, group in by_network(measured).items():
        seeds = [[at(m["simulated"], um, "model") for m in group] for um in held_out.DEFOCUS_UM]
        points = [(um, float(np.mean(values))) for um, values in zip(held_out.DEFOCUS_UM, seeds, strict=True)]
        lines.append(Line(name, points, [float(np.std(v, ddof=1)) if len(v) > 1 else 0.0 for v in seeds]))
    for method in oracles[0]["restored"] if oracles else ():
        lines.append(Line(f"{method}, true blur", [(um, at(oracles, um, method)) for um in held_out.DEFOCUS_UM]))
    # Last, so that a network has the same colour in all plots.
    for method in networks_only:
        lines.append(Line(method, [(um, at(measured[0]["simulated"], um, method)) for um in held_out.DEFOCUS_UM]))
    return lines


def plots(measured: list[dict], oracles: list[dict]) -> dict[str, str]:
    """SVG files by name: gain in PSNR, and SSIM, over defocus for each kind of light, at moderate photon levels."""
    files = {}
    for light in held_out.SPECIMENS:
        title = f"Held-out specimens, {light} light, {held_out.MODERATE_WORDS}"
        psnr = _curves(measured, oracles, light, lambda row, method: row["restored"][method] - row["before"])
        files[f"psnr-{light}.svg"] = line_plot(title, "defocus (um)", "gain in PSNR (dB)", psnr)
        ssim = _curves(measured, oracles, light, lambda row, method: row["ssim"][method], networks_only=("before",))
        files[f"ssim-{light}.svg"] = line_plot(title, "defocus (um)", "SSIM", ssim)
    return files


def page(
    measured: list[dict],
    oracles: list[dict],
    out: str,
    seeds: int,
    minutes: float,
    base: Config,
    left_out: list[str] = (),
) -> str:
    """networks.md. `minutes`, `base`: of all runs; `left_out`: sentences on runs that are missing."""
    first_seeds = {name: group[0]["simulated"] for name, group in by_network(measured).items()}
    merged = held_out.beside(oracles, first_seeds, f"deconvolution in {out}")
    pictures = "\n".join(
        f"![{what}, {light}](evaluation/{kind}-{light}.svg)"
        for light in held_out.SPECIMENS
        for kind, what in (("psnr", "PSNR over defocus"), ("ssim", "SSIM over defocus"))
    )
    nl = "\n"
    own_loss = " MIMO-UNet has its own published loss." if "mimo" in first_seeds else ""
    missing = [
        f"{name}-{seed}"
        for name, seed in planned()
        if not any((m["network"], m["seed"]) == (name, seed) for m in measured)
    ]
    absent = "\n" + " ".join([f"Not on this page: {', '.join(missing)}.", *left_out]) + "\n" if missing else ""
    settings = runs.set_words(base, ("network", "seed", "width", "blur_weight"))
    return f"""\
# Networks compared

Networks of equal multiply-adds, each trained for {minutes:g} minutes from the same simulated data; deconvolution with the true
point spread function and the best amount by oracle. Made by

    python -m training compare train --out {out} --minutes {minutes:g} --width {base.width}{settings}
    python -m training compare report --out {out} --docs docs --seeds {seeds}

No run has the blur head of training/network/blur_head.py: networks without sub-networks have nothing to read the blur from.{own_loss}
{sentences.CHOICE}

Gains are dB of PSNR over the image as it was, out of focus, after a fit of gain and offset; ± is the standard deviation over
seeds, and steps and CPU minutes are those of the shortest and the longest run. {runs.COMPUTE}
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
    folders = [out / f"{name}-{seed}" for name, seed in planned() if (out / f"{name}-{seed}" / "best.pt").exists()]
    found, left_out = runs.finished([runs.facts(folder) for folder in folders])
    if not found:
        raise ValueError(" ".join([f"{out}: holds no finished run of `training compare train`.", *left_out]))
    minutes, base = runs.one_plan(found), base_of(found)
    measured = [run | runs.measure(run["folder"], data, seeds, threads) for run in found]
    oracles = measure_oracles(out, seeds)
    text = page(measured, oracles, out.as_posix(), seeds, minutes, base, left_out)
    (docs / "evaluation").mkdir(parents=True, exist_ok=True)
    for name, picture in plots(measured, oracles).items():
        (docs / "evaluation" / name).write_text(picture)
    path = docs / "networks.md"
    path.write_text(text)
    return path


def main(argv=None):
    parser, _ = runs.study_parser("compare", __doc__, NETWORKS)
    args = parser.parse_args(argv)
    data = args.data or data_folder()
    with one_line_errors("compare", args.out, saved=args.action == "train"):
        if args.action == "train":
            base = parse_settings([f"width={args.width}", *args.set])
            train_all(base, data, args.out, args.minutes, args.workers, args.only)
        else:
            print(report(args.out, args.docs, data, args.seeds, args.threads))
