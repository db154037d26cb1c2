"""The choices that the paper leaves open: short runs that each differ from the released settings in one of them.

    python -m training ablate train --out runs/ablate --minutes 10 [--width 8] [--samples 6000] [--only NAME ...]
    python -m training ablate report --out runs/ablate --docs docs

`train` makes one run for each name, one after the other, with the same minutes, data, seed and validation. It can be
stopped and started again: finished runs are left alone, a broken one goes on. With `--samples` all runs learn from the
same simulated light, made once (training/fit/bank.py); short runs would otherwise spend most of their minutes on
simulation. `report` measures the best checkpoint of each finished run as `training compare` does, and writes
ablation.md into `--docs`; it refuses runs that differ in more than their names say. Each run has one seed, so
differences smaller than those between seeds of one network (docs/networks.md) decide nothing.
"""

import dataclasses
from pathlib import Path

import numpy as np

from training.command import one_line_errors
from training.config import NAMED, Config
from training.data import real_stacks
from training.data.real_stacks import data_folder
from training.evaluate import held_out, sentences
from training.fit.bank import Bank
from training.fit.sources import SharpImages
from training.fit.train import Plan, parse_settings, train
from training.studies import runs
from training.studies.compare import gain

# Name of the run -> (the choice, the changes); all are compared with "released".
VARIANTS: dict[str, tuple[str, dict]] = {
    "released": ("", {}),
    "paper": ("all of the paper's settings", NAMED["paper"]),
    "width-half": ("base width", {"width": 0.5}),
    "width-double": ("base width", {"width": 2.0}),
    "loss-mse": ("loss", {"loss": "mse"}),
    "loss-l1": ("loss", {"loss": "l1"}),
    "loss-charbonnier": ("loss", {"loss": "charbonnier"}),
    "loss-mse-fourier": ("loss", {"loss": "mse_fourier"}),
    "scales-equal": ("scale weights", {"scale_weights": (1.0, 1.0, 1.0)}),
    "scales-full-only": ("scale weights", {"scale_weights": (0.0, 0.0, 1.0)}),
    "activation-relu": ("activation", {"activation": "relu"}),
    "activation-gelu": ("activation", {"activation": "gelu"}),
    "down-average": ("downsampling", {"downsampling": "average"}),
    "up-bilinear": ("upsampling", {"upsampling": "bilinear"}),
    "no-residual": ("no image added to the outputs", {"network": "head-to-tail"}),
    "blur-not-told": ("no second task that tells the blur", {"blur_weight": 0.0}),
}


def settings_of(base: Config, name: str) -> Config:
    """The settings of the run `name`."""
    changes = dict(VARIANTS[name][1])
    if "width" in changes:
        changes["width"] = max(1, round(base.width * changes["width"]))
    return dataclasses.replace(base, **changes)


def bank_folder(out: Path) -> Path:
    return out / "bank"


def train_all(
    base: Config, data: Path, out: Path, minutes: float, workers: int, only=tuple(VARIANTS), log=print, samples: int = 0
) -> None:
    """Makes the runs. `samples`: the number of simulated samples that all runs share; 0: each simulates its own."""
    source = SharpImages(data)
    if samples:
        source = Bank(data, base, bank_folder(out))
        for path in source.make(base, samples):
            log(f"{path}: finished")
    for name in only:
        log(name)
        train(settings_of(base, name), source, Plan(out / name, minutes, resume=True, workers=workers), log)


def table(measured: dict[str, dict]) -> list[str]:
    """Markdown, one row for each run: cost, steps and gains, and the distance from the released settings."""
    stacks = list(
        dict.fromkeys(
            row["stack"] for m in measured.values() for row in m["real"] if row["stack"] in real_stacks.DEVELOPMENT
        )
    )
    outside = tuple(um for um in held_out.DEFOCUS_UM if um > 0)
    held = {name: gain(m["simulated"], "model", defocus_um=outside) for name, m in measured.items()}
    lines = [
        "| run | what is changed | parameters | multiply-adds a pixel | steps | CPU minutes | held-out specimens | against released | "
        + " | ".join(stacks)
        + " |",
        "|---|---|---|---|---|---|---|---|" + "---|" * len(stacks),
    ]
    for name, m in measured.items():
        apart = f"{held[name] - held['released']:+.2f}" if name != "released" else ""
        real = [f"{np.mean([r['gained'] for r in m['real'] if r['stack'] == stack]):+.2f}" for stack in stacks]
        compute = [f"{m['steps']:,}", runs.span([m["cpu_minutes"]], ".1f")]
        cells = [
            name,
            VARIANTS[name][0],
            f"{m['parameters']:,}",
            f"{m['multiply_adds']:,.0f}",
            *compute,
            f"{held[name]:+.2f}",
            apart,
        ]
        lines.append("| " + " | ".join([*cells, *real]) + " |")
    return lines


def page(measured: dict[str, dict], out: str, seeds: int, minutes: float, left_out: list[str], samples: int = 0) -> str:
    """ablation.md. `minutes`: of all runs; `left_out`: sentences on runs that are missing; `samples`: as in train_all."""
    base = measured["released"]["config"]
    missing = [name for name in VARIANTS if name not in measured]
    absent = "\n" + " ".join([f"Not on this page: {', '.join(missing)}.", *left_out]) + "\n" if missing else ""
    nl = "\n"
    share = f" --samples {samples}" if samples else ""
    shared = f"\nAll learned from the same {samples:,} simulated samples, turned and mirrored." if samples else ""
    return f"""\
# Choices the paper leaves open

    python -m training ablate train --out {out} --minutes {minutes:g} --width {base.width}{share}{runs.set_words(base, ("width",))}
    python -m training ablate report --out {out} --docs docs --seeds {seeds}

Each run differs from `released` in what its line says; same minutes, data and seed. Gains are dB of PSNR, out of focus, after a fit
of gain and offset. One seed each: small differences decide nothing. Runs of {minutes:g} minutes
show how training begins, not where it ends.{shared} {runs.COMPUTE}

{sentences.SPECIMENS}

{sentences.CHOICE}

{nl.join(table(measured))}
{absent}"""


def report(out: Path, docs: Path, data: Path, seeds: int, threads: int) -> Path:
    found, left_out = runs.finished([runs.facts(out / name) for name in VARIANTS if (out / name / "best.pt").exists()])
    by_name = {run["folder"].name: run for run in found}
    if "released" not in by_name:
        missing = (
            f"{out}: holds no finished run `released` of `training ablate train`, which the others are compared with."
        )
        raise ValueError(" ".join([missing, *left_out]))
    minutes, samples = runs.one_plan(found), runs.one_source(found)
    for name, run in by_name.items():
        runs.check_settings(run, settings_of(by_name["released"]["config"], name), out / "released")
    measured = {
        name: run | runs.measure(run["folder"], data, seeds, threads, real_stacks.DEVELOPMENT)
        for name, run in by_name.items()
    }
    docs.mkdir(parents=True, exist_ok=True)
    path = docs / "ablation.md"
    path.write_text(page(measured, out.as_posix(), seeds, minutes, left_out, samples))
    return path


def main(argv=None):
    parser, make = runs.study_parser("ablate", __doc__, tuple(VARIANTS))
    make.add_argument(
        "--samples", type=int, default=0, help="simulated samples that all runs share; 0: each simulates its own"
    )
    args = parser.parse_args(argv)
    data = args.data or data_folder()
    with one_line_errors("ablate", args.out, saved=args.action == "train"):
        if args.action == "train":
            base = parse_settings([f"width={args.width}", *args.set])
            train_all(base, data, args.out, args.minutes, args.workers, args.only, samples=args.samples)
        else:
            print(report(args.out, args.docs, data, args.seeds, args.threads))
