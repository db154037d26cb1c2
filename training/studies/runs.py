"""Finished runs side by side: what their checkpoints say, whether they may be compared, and what is measured of them.

For training.compare and training.ablate. What is measured is kept beside each run; steps and minutes are read every time.
"""

import dataclasses
import hashlib
import json
import shlex
from dataclasses import asdict
from pathlib import Path

from . import evaluate, held_out
from .config import Config


def facts(folder: Path) -> dict:
    """What a run's checkpoints say of it; the score is the best one's, steps and minutes are those of its end."""
    from .checkpoint import config_of, load_checkpoint, network_settings
    from .model import multiply_adds_per_pixel, parameter_count
    from .networks import build

    best = load_checkpoint(folder / "best.pt")
    last = load_checkpoint(folder / "last.pt") if (folder / "last.pt").exists() else best | {"finished": False}
    config = config_of(best)
    model = build(**network_settings(config))
    return {
        "folder": folder, "config": config, "network": config.network, "seed": config.seed, "loss": config.loss, "samples": best.get("samples"),
        "steps": last["step"], "minutes": last["minutes"], "planned": last["planned_minutes"], "cpu_minutes": last.get("cpu_minutes"),
        "finished": last.get("finished", True) and last["minutes"] >= last["planned_minutes"], "score": best["best_score"],
        "parameters": parameter_count(model), "multiply_adds": multiply_adds_per_pixel(model),
    }  # fmt: skip


def finished(found: list[dict]) -> tuple[list[dict], list[str]]:
    """Those that used the minutes they were planned for, and a sentence on each of the others."""
    left_out = [
        f"{run['folder'].name} is not finished ({run['minutes']:.1f} of {run['planned']:g} minutes) and left out."
        for run in found if not run["finished"]
    ]  # fmt: skip
    return [run for run in found if run["finished"]], left_out


def one_plan(found: list[dict]) -> float:
    """The minutes that all were planned for. Raises ValueError where they differ."""
    plans = {run["folder"].name: run["planned"] for run in found}
    if len(set(plans.values())) > 1:
        told = ", ".join(f"{name} {planned:g}" for name, planned in plans.items())
        raise ValueError(f"runs of unequal planned minutes are not compared: {told}; give train the same --minutes for all of them")
    return next(iter(plans.values()))


def one_source(found: list[dict]) -> int:
    """How many kept samples (training/kept.py) all runs learned from; 0: each simulated its own. Raises ValueError where they differ."""
    told = {run["folder"].name: run["samples"] for run in found}
    if any(samples != found[0]["samples"] for samples in told.values()):
        words = ", ".join(f"{name} {samples['count'] if samples else 'its own'}" for name, samples in told.items())
        raise ValueError(f"runs that learned from other samples are not compared: {words}; train all with the same --samples, in a new folder")
    return found[0]["samples"]["count"] if found[0]["samples"] else 0


def check_settings(run: dict, wanted: Config, source: Path) -> None:
    """Raises ValueError where the run was made with other settings than `wanted`, which follows from the run in `source`."""
    made, wanted = asdict(run["config"]), asdict(wanted)
    differ = ", ".join(f"{k} {made[k]} (expected {wanted[k]})" for k in wanted if made[k] != wanted[k])
    if differ:
        raise ValueError(f"{run['folder']}: differs from {source} in more than its name says: {differ}; keep only runs of the same settings in a folder")


def set_words(base: Config, leave: tuple[str, ...]) -> str:
    """The `--set` that gives `base` from the defaults of today, with a space before it; nothing where there is no difference."""
    values = {f.name: getattr(base, f.name) for f in dataclasses.fields(Config) if f.name not in leave}
    changed = {k: v for k, v in values.items() if v != getattr(Config(), k)}
    plain = lambda v: v if isinstance(v, str) else json.dumps(v, separators=(",", ":"))
    words = [shlex.quote(f"{k}={plain(v)}") for k, v in changed.items()]
    return " ".join(["", "--set", *words]) if words else ""


def span(values: list[float | None], form: str = ",.0f") -> str:
    """The smallest and the largest, or the one; nothing where one is not known."""
    if any(v is None for v in values):
        return ""
    low, high = (format(v, form) for v in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


COMPUTE = (
    "Equal minutes are equal compute only on a machine that does nothing else: compare the steps. CPU minutes are those of the\n"
    "training process, without the processes that simulate."
)


ALL = evaluate.DEVELOPMENT + evaluate.TEST


def measure(folder: Path, data: Path, seeds: int, threads: int, stacks: tuple[str, ...] = ALL) -> dict:
    """Rows of the best checkpoint on held-out specimens and, where `data` has them, on the real stacks of these names."""
    path, has_stacks = folder / "best.pt", (data / "eval").is_dir()
    key = hashlib.sha256(path.read_bytes() + f"{seeds} {held_out.SEED} {has_stacks if stacks == ALL else (has_stacks and stacks)}".encode()).hexdigest()
    stored = folder / "measured.json"
    if stored.exists() and (known := json.loads(stored.read_text()))["key"] == key:
        return known
    network = evaluate.load_network(path, threads)
    simulated = [
        asdict(r) for light in held_out.SPECIMENS for r in held_out.measure(light, {"model": network}, seeds, oracles=False)
    ]
    rows = [r for stack in (stacks if has_stacks else ()) for r in evaluate.evaluate_stack(stack, network, data)]
    # A network that hands an image through is infinitely near to its input.
    real = [{k: evaluate.finite(v) for k, v in (asdict(r) | {"gained": r.gained}).items()} for r in rows if r.distance != 0]
    found = {"key": key, "simulated": simulated, "real": real}
    stored.write_text(json.dumps(found, allow_nan=False))
    return found
