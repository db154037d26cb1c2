"""Finished runs side by side, for compare.py and ablate.py: their facts, whether they compare, and measurements.

Measurements are kept beside each run.
"""

import dataclasses
import hashlib
import json
import shlex
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path

from training.command import add_data, add_threads, parser_of
from training.config import Config
from training.data import real_stacks
from training.evaluate import held_out, protocol, restore
from training.network.checkpoint import config_of, load_checkpoint, network_settings
from training.network.model import multiply_adds_per_pixel, parameter_count
from training.network.networks import build


def study_parser(name: str, description: str | None, names: tuple[str, ...]) -> tuple[ArgumentParser, ArgumentParser]:
    """The parser of a study with the actions `train` and `report`, and that of `train`, for more options.

    `names`: the runs that `--only` may choose.
    """
    parser = parser_of(name, description)
    actions = parser.add_subparsers(dest="action", required=True)
    make = actions.add_parser("train", help="make the runs, or go on with them")
    make.add_argument("--minutes", type=float, required=True, help="of each run")
    make.add_argument("--width", type=int, default=8)
    make.add_argument("--only", nargs="+", choices=names, default=names)
    make.add_argument("--workers", type=int, default=1)
    make.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="changes to training/config.py, for all"
    )
    report = actions.add_parser("report", help="measure the finished runs, and write the page")
    report.add_argument("--docs", type=Path, required=True)
    report.add_argument("--seeds", type=int, default=2, help="of the held-out specimens")
    add_threads(report)
    for action in (make, report):
        action.add_argument("--out", type=Path, required=True)
        add_data(action, "train/ and eval/")
    return parser, make


def facts(folder: Path) -> dict:
    """What a run's checkpoints record; the score is that of best.pt, steps and minutes are those of last.pt."""
    best = load_checkpoint(folder / "best.pt")
    last = load_checkpoint(folder / "last.pt") if (folder / "last.pt").exists() else best | {"finished": False}
    config = config_of(best)
    model = build(**network_settings(config))
    return {
        "folder": folder,
        "config": config,
        "network": config.network,
        "seed": config.seed,
        "loss": config.loss,
        "samples": best.get("samples"),
        "steps": last["step"],
        "minutes": last["minutes"],
        "planned": last["planned_minutes"],
        "cpu_minutes": last.get("cpu_minutes"),
        "finished": last.get("finished", True) and last["minutes"] >= last["planned_minutes"],
        "score": best["best_score"],
        "parameters": parameter_count(model),
        "multiply_adds": multiply_adds_per_pixel(model),
    }


def finished(found: list[dict]) -> tuple[list[dict], list[str]]:
    """The runs that used their planned minutes, and a sentence on each of the others."""
    left_out = [
        f"{run['folder'].name} is not finished ({run['minutes']:.1f} of {run['planned']:g} minutes) and left out."
        for run in found
        if not run["finished"]
    ]
    return [run for run in found if run["finished"]], left_out


def one_plan(found: list[dict]) -> float:
    """The planned minutes of all runs. Raises ValueError where they differ."""
    plans = {run["folder"].name: run["planned"] for run in found}
    if len(set(plans.values())) > 1:
        listed = ", ".join(f"{name} {planned:g}" for name, planned in plans.items())
        raise ValueError(
            f"runs of unequal planned minutes are not compared: {listed}; give train the same --minutes for all of them"
        )
    return next(iter(plans.values()))


def one_source(found: list[dict]) -> int:
    """The number of kept samples that all runs learned from; 0: each simulated its own.

    Raises ValueError where they differ.
    """
    sources = {run["folder"].name: run["samples"] for run in found}
    if any(samples != found[0]["samples"] for samples in sources.values()):
        listed = ", ".join(f"{name} {samples['count'] if samples else 'its own'}" for name, samples in sources.items())
        raise ValueError(
            f"runs that learned from other samples are not compared: {listed}; train all with the same --samples, in "
            "a new folder"
        )
    return found[0]["samples"]["count"] if found[0]["samples"] else 0


def check_settings(run: dict, wanted: Config, source: Path) -> None:
    """Raises ValueError where the settings of the run are not those `wanted`, which follow from the run in `source`."""
    made, wanted = asdict(run["config"]), asdict(wanted)
    differ = ", ".join(f"{k} {made[k]} (expected {wanted[k]})" for k in wanted if made[k] != wanted[k])
    if differ:
        raise ValueError(
            f"{run['folder']}: differs from {source} in more than its name says: {differ}; keep only runs of the "
            "same settings in a folder"
        )


def set_words(base: Config, leave: tuple[str, ...]) -> str:
    """The `--set` option that makes `base` of today's defaults, with a space before it; "" where nothing differs."""
    values = {f.name: getattr(base, f.name) for f in dataclasses.fields(Config) if f.name not in leave}
    changed = {k: v for k, v in values.items() if v != getattr(Config(), k)}
    plain = lambda v: v if isinstance(v, str) else json.dumps(v, separators=(",", ":"))
    words = [shlex.quote(f"{k}={plain(v)}") for k, v in changed.items()]
    return " ".join(["", "--set", *words]) if words else ""


def span(values: list[float | None], form: str = ",.0f") -> str:
    """The smallest and the largest of the values, or the only one; "" where one is not known."""
    if any(v is None for v in values):
        return ""
    low, high = (format(v, form) for v in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


COMPUTE = (
    "Equal minutes are equal compute only on a machine that does nothing else: compare the steps. CPU minutes are "
    "those of the\n"
    "training process, without the processes that simulate."
)


ALL = real_stacks.DEVELOPMENT + real_stacks.TEST


def measure(folder: Path, data: Path, seeds: int, threads: int, stacks: tuple[str, ...] = ALL) -> dict:
    """Rows of the best checkpoint on held-out specimens and, where `data` has them, on the real stacks named."""
    path, has_stacks = folder / "best.pt", (data / "eval").is_dir()
    key = hashlib.sha256(
        path.read_bytes()
        + f"{seeds} {held_out.SEED} {has_stacks if stacks == ALL else (has_stacks and stacks)}".encode()
    ).hexdigest()
    stored = folder / "measured.json"
    if stored.exists() and (known := json.loads(stored.read_text()))["key"] == key:
        return known
    network = restore.load_network(path, threads)
    simulated = [asdict(r) for r in held_out.all_rows({"model": network}, seeds, oracles=False)]
    rows = [r for stack in (stacks if has_stacks else ()) for r in protocol.evaluate_stack(stack, network, data)]
    # A network that returns its input has infinite PSNR to it.
    real = [
        {k: protocol.finite(v) for k, v in (asdict(r) | {"gained": r.gained}).items()} for r in rows if r.distance != 0
    ]
    found = {"key": key, "simulated": simulated, "real": real}
    stored.write_text(json.dumps(found, allow_nan=False))
    return found
