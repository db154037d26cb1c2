"""What the paper leaves open, one choice at a time: short runs that differ from the released settings in one thing each.

    python -m training.ablate train --out runs/ablate --minutes 10 [--width 8] [--samples 6000] [--only NAME ...]
    python -m training.ablate report --out runs/ablate --docs docs

`train` makes one run for each name, one after the other, of the same minutes, data, seed and validation; it can be stopped and
started again: finished runs are left alone, a broken one goes on. With `--samples` all runs learn from the same simulated samples, made
once (training/kept.py): short runs would otherwise spend most of their minutes on simulation. `report` measures the best checkpoint of each finished run as
training.compare does, and writes ablation.md into `--docs`; it refuses runs that differ in more than their names say. One seed
each: differences below those between seeds of one network (training.compare prints them) decide nothing.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np

from . import evaluate, held_out, runs, sentences
from .compare import gain
from .checkpoint import words_of
from .config import NAMED, Config

# Name of the run, what is asked, and the changes; "released" is what all are compared with.
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
    changes = dict(VARIANTS[name][1])
    if "width" in changes:
        changes["width"] = max(1, round(base.width * changes["width"]))
    return dataclasses.replace(base, **changes)


def samples_file(out: Path) -> Path:
    return out / "samples.npy"


def train_all(base: Config, data: Path, out: Path, minutes: float, workers: int, only=tuple(VARIANTS), log=print, samples: int = 0) -> None:
    """`samples`: how many simulated samples all runs share; 0: each simulates its own."""
    from .kept import KeptSamples
    from .train import train

    source = KeptSamples(data, base, samples, samples_file(out), log) if samples else data
    for name in only:
        log(name)
        train(settings_of(base, name), source, out / name, minutes, resume=True, workers=workers, log=log)


def table(measured: dict[str, dict]) -> list[str]:
    """Markdown: what each got, and how far its gain on held-out specimens is from that of the released settings."""
    stacks = list(dict.fromkeys(row["stack"] for m in measured.values() for row in m["real"] if row["stack"] in evaluate.DEVELOPMENT))
    outside = tuple(um for um in held_out.DEFOCUS_UM if um > 0)
    held = {name: gain(m["simulated"], "model", defocus_um=outside) for name, m in measured.items()}
    lines = [
        "| run | what is changed | parameters | multiply-adds a pixel | steps | CPU minutes | held-out specimens | against released | "
        + " | ".join(stacks) + " |",
        "|---|---|---|---|---|---|---|---|" + "---|" * len(stacks),
    ]  # fmt: skip
    for name, m in measured.items():
        apart = f"{held[name] - held['released']:+.2f}" if name != "released" else ""
        real = [f"{np.mean([r['gained'] for r in m['real'] if r['stack'] == stack]):+.2f}" for stack in stacks]
        compute = [f"{m['steps']:,}", runs.span([m["cpu_minutes"]], ".1f")]
        cells = [name, VARIANTS[name][0], f"{m['parameters']:,}", f"{m['multiply_adds']:,.0f}", *compute, f"{held[name]:+.2f}", apart]
        lines.append("| " + " | ".join([*cells, *real]) + " |")
    return lines


def page(measured: dict[str, dict], out: str, seeds: int, minutes: float, left_out: list[str], samples: int = 0) -> str:
    """`minutes`: what all were planned for; `left_out`: sentences on runs that are not here; `samples`: as in train_all."""
    base = measured["released"]["config"]
    missing = [name for name in VARIANTS if name not in measured]
    absent = "\n" + " ".join([f"Not on this page: {', '.join(missing)}.", *left_out]) + "\n" if missing else ""
    nl = "\n"
    share = f" --samples {samples}" if samples else ""
    shared = f"\nAll learned from the same {samples:,} simulated samples, turned and mirrored." if samples else ""
    return f"""\
# Choices the paper leaves open

    python -m training.ablate train --out {out} --minutes {minutes:g} --width {base.width}{share}{runs.set_words(base, ("width",))}
    python -m training.ablate report --out {out} --docs docs --seeds {seeds}

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
        told = f"{out}: holds no finished run `released` of training.ablate train, which the others are compared with."
        raise ValueError(" ".join([told, *left_out]))
    minutes, samples = runs.one_plan(found), runs.one_source(found)
    for name, run in by_name.items():
        runs.check_settings(run, settings_of(by_name["released"]["config"], name), out / "released")
    measured = {name: run | runs.measure(run["folder"], data, seeds, threads, evaluate.DEVELOPMENT) for name, run in by_name.items()}
    docs.mkdir(parents=True, exist_ok=True)
    path = docs / "ablation.md"
    path.write_text(page(measured, out.as_posix(), seeds, minutes, left_out, samples))
    return path


def main(argv=None):
    from .train import parse_settings

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    make = actions.add_parser("train")
    make.add_argument("--minutes", type=float, required=True, help="of each run")
    make.add_argument("--width", type=int, default=8)
    make.add_argument("--only", nargs="+", choices=tuple(VARIANTS), default=tuple(VARIANTS))
    make.add_argument("--workers", type=int, default=1)
    make.add_argument("--samples", type=int, default=0, help="simulated samples that all runs share; 0: each simulates its own")
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
            train_all(parse_settings([f"width={args.width}", *args.set]), data, args.out, args.minutes, args.workers, args.only, samples=args.samples)
        else:
            print(report(args.out, args.docs, data, args.seeds, args.threads))
    except ValueError as error:
        sys.exit(f"ablate: {error}")
    except OSError as error:
        sys.exit(f"ablate: {words_of(error, args.out, saved=args.action == 'train')}")


if __name__ == "__main__":
    main()
