"""Training: resumable, bounded by wall time, on CUDA or the CPU by itself.

    python -m training.train --out runs/w16 --minutes 100 [--resume] [--from FILE] [--teacher FILE] [--set width=8 ...]

Writes OUT/last.pt every two minutes and OUT/best.pt whenever the validation score exceeds every earlier one, both by
rename, so a killed run loses at most two minutes; OUT/log.jsonl has one line a validation. `--data` holds the sharp
images in train/ (layout: training/README.md) and, where there are any, the focal stacks in eval/. What validation looks at
stands in training/validation.py.
"""

import argparse
import contextlib
import copy
import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from . import evaluate
from .checkpoint import config_of, fixed_network, load_checkpoint, load_weights, network_settings, save, start_weights, words_of
from .config import NAMED, Config
from .data import load_sharp, source_counts
from .loss import scale_loss
from .networks import build
from .optics import FREQUENCIES
from .second_task import BlurHead
from .simulate import Sampler
from .validation import Validation

SAVE_SECONDS = 120  # the most that a killed run loses
VALIDATION_SECONDS = 420  # of a run of 15 minutes 150, of the shortest 120: half a minute of each is the validation's
# A batch whose loss is this many times the running mean is left out: a patch that is all background but for one hot
# pixel has inputs of a hundred ranges, and one such step has cost 2 dB (in 10,000 patches the largest input is 56).
SPIKE = 20.0
# Of the loss, with a teacher: the part that compares with its answers (knowledge distillation: Hinton, Vinyals and Dean 2015,
# arXiv 1503.02531). What no network could know of a target is noise to a small one; a larger network's answer has less of it.
TEACHER_SHARE = 0.5


class SharpImages:
    """What a run learns from: sharp images, blurred by simulation. training/finetune.py has another with these methods."""

    def __init__(self, data: Path):
        self.data, self.sharp = data, load_sharp(data / "train")

    def sampler(self, config: Config, seed: int):
        """A function without arguments that gives one (input, target) pair after another."""
        return Sampler(self.sharp, config, seed)

    def validation(self, config: Config):
        """A function from a network to its score and the parts of it."""
        return Validation(config, self.sharp, self.data)

    def counts(self) -> dict[str, int]:
        """Images by the name of their source."""
        return source_counts(self.sharp)


class Samples(torch.utils.data.IterableDataset):
    """Endless pairs of a source; every worker and every resumption draws its own."""

    WAITING = 64  # samples between two uses of the same one, about

    def __init__(self, source, config, start_step):
        self.source, self.config, self.start_step = source, config, start_step

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        index = 0 if worker is None else worker.id
        torch.set_num_threads(1)
        seed = hash((self.config.seed, index, self.start_step)) & 0xFFFFFFFF
        sampler = self.source.sampler(self.config, seed)
        unknown = np.full(len(FREQUENCIES), np.nan, np.float32)
        random, waiting = np.random.default_rng([seed, 1]), []
        while True:
            image, target = sampler()
            sample = image, target, getattr(sampler, "contrast_kept", unknown)
            yield sample
            waiting += [sample] * (self.config.uses - 1)
            while len(waiting) > self.WAITING:
                image, target, told = waiting.pop(int(random.integers(len(waiting))))
                turns, mirrored = int(random.integers(4)), bool(random.integers(2))
                yield *(np.ascontiguousarray(np.rot90(a, turns)[:: -1 if mirrored else 1]) for a in (image, target)), told


def is_spike(value: float, smooth: float | None) -> bool:
    """Whether a batch's loss is too far from the running mean, or not a number, to learn from."""
    return not np.isfinite(value) or (smooth is not None and value > SPIKE * smooth)


def learning_rate(config: Config, step: int, progress: float) -> float:
    """Linear warm-up, then cosine over the planned time; `progress` from 0 to 1."""
    cosine = 0.5 * (1 + np.cos(np.pi * min(max(progress, 0.0), 1.0)))
    rate = config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * cosine
    return float(rate * min(1.0, (step + 1) / config.warmup_steps))


def commit() -> str:
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--exclude=*", "--dirty", "--abbrev=40"],
            cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads != 1 else ''}"


class Best:
    """Keeps the highest score ever seen; `offer` is True only for a score above all earlier ones."""

    def __init__(self, score: float = -float("inf")):
        self.score = score

    def offer(self, score: float) -> bool:
        if np.isfinite(score) and score > self.score:
            self.score = float(score)
            return True
        return False


def train(config: Config, data, out: Path, minutes: float, resume: bool, workers: int, start: Path | None = None,
          log=print, steps: int | None = None, teacher: Path | None = None):  # fmt: skip
    """Runs until the planned minutes, earlier runs counted in, are used. Returns the best validation score.

    A run that is finished is left as it is, unless it is given more minutes than it had.
    `steps`: ends the run earlier, after so many, wherever it runs.
    `data`: a folder with train/ in it, or an object with the methods of SharpImages.
    `start`: a checkpoint or a model file whose weights a new run begins with.
    `teacher`: a checkpoint or a model file of a larger network, whose answers are targets beside the true ones.
    """
    if not 0 < minutes < float("inf"):
        raise ValueError(f"--minutes {minutes}: expected a number above 0")
    if workers < 0:
        raise ValueError(f"--workers {workers}: expected 0 (simulate between the steps) or more")
    if not resume and (out / "last.pt").exists():
        raise ValueError(f"{out}: holds a run already (last.pt); choose another --out, or go on with --resume")
    source = SharpImages(data) if isinstance(data, Path) else data
    samples = getattr(source, "told", None)  # of training/kept.py: how many, and of what settings
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    out.mkdir(parents=True, exist_ok=True)
    model = build(**network_settings(config)).to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval()
    head = BlurHead(model).to(device) if config.blur_weight > 0 else None
    learned = [*model.parameters(), *(head.parameters() if head is not None else ())]
    optimizer = torch.optim.AdamW(learned, lr=config.learning_rate, weight_decay=config.weight_decay)
    origin = None  # name and SHA-256 of the file whose weights the run began with
    if start is not None and not (out / "last.pt").exists():
        weights, origin = start_weights(start, config)
        model.load_state_dict(weights)
        average.load_state_dict(weights)
        log(f"weights of {origin['name']}")
    step, spent, best = 0, 0.0, Best()
    cpu_spent = 0.0  # None: a part of the run did not count
    history = []
    smooth = told_smooth = None  # running means of the loss and of the second task's
    guide, taught_by = (None, None) if teacher is None else fixed_network(teacher)
    if guide is not None:
        guide.to(device, memory_format=torch.channels_last)
        log(f"taught by {taught_by['name']}")
    if resume and (out / "last.pt").exists():
        state = load_checkpoint(out / "last.pt")
        if state.get("teacher") != taught_by:
            name = lambda record: "no teacher" if record is None else f"the teacher {record['name']} (SHA-256 {record['sha256'][:16]})"
            raise ValueError(f"{out / 'last.pt'}: made with {name(state.get('teacher'))}, now {name(taught_by)}; choose another --out or its --teacher")
        if state.get("samples") != samples:
            word = lambda told: "samples simulated as it went" if told is None else f"{told['count']} kept samples"
            raise ValueError(
                f"{out / 'last.pt'}: learned from {word(state.get('samples'))}, now {word(samples)}"
                f"{' of another file' if samples and state.get('samples') else ''}; choose another --out or the samples it had"
            )
        if config_of(state) != config:
            made, wanted = dataclasses.asdict(config_of(state)), dataclasses.asdict(config)
            differ = ", ".join(f"{k} {made[k]} (now {wanted[k]})" for k in wanted if made[k] != wanted[k])
            raise ValueError(
                f"{out / 'last.pt'}: made with another configuration: {differ}; choose another --out or its settings"
            )
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        if head is not None:
            head.load_state_dict(state["blur_head"])
        step, spent, best = state["step"], state["minutes"], Best(state["best_score"])
        history = state.get("history", [[0, state["commit"]]])
        smooth, origin = state.get("loss"), state.get("origin")
        # A run killed between saving the best and the last knows its best score from best.pt only.
        if (out / "best.pt").exists():
            best.offer(load_checkpoint(out / "best.pt")["best_score"])
        cpu_spent = state.get("cpu_minutes")
        # Killed after its last step but before its last validation, a run has that still to do.
        if state.get("finished", True) and (spent >= minutes or (steps is not None and step >= steps)):
            log(f"finished already: {step} steps, {spent:.1f} minutes")
            return best.score
        log(f"resumed at step {step}, {spent:.1f} minutes")
    validation = source.validation(config)
    loader = iter(torch.utils.data.DataLoader(Samples(source, config, step), config.batch, num_workers=workers,
                                              prefetch_factor=8 if workers else None, persistent_workers=workers > 0))
    low_precision = device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
    started, cpu_started, run_commit = time.monotonic(), time.process_time(), commit()
    if not history or history[-1][1] != run_commit:
        history = [*history, [step, run_commit]]
    total = lambda: spent + (time.monotonic() - started) / 60
    next_save = time.monotonic() + SAVE_SECONDS
    interval = min(VALIDATION_SECONDS, max(120.0, 10 * minutes))
    next_validation = time.monotonic() + interval

    def state(finished=False):
        return {
            "model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(),
            "step": step, "minutes": total(), "best_score": best.score, "config": dataclasses.asdict(config),
            "commit": run_commit, "seed": config.seed, "planned_minutes": minutes, "device": device_name(device),
            "sources": source.counts(), "samples": samples, "loss": smooth, "origin": origin,
            "teacher": taught_by,
            "blur_head": head.state_dict() if head is not None else None,
            "history": history,  # [first step, commit] of each run with other code
            # Of this process, all its threads: wall time says little about how much was computed where others compute, too.
            "cpu_minutes": cpu_spent + (time.process_time() - cpu_started) / 60 if cpu_spent is not None else None,
            "finished": finished,
        }

    def validate():
        score, parts = validation(average)
        better = best.offer(score)
        if better:
            save(state(), out / "best.pt")
        line = {"step": step, "minutes": round(total(), 2), "loss": round(smooth or 0, 6), "score": round(score, 4),
                "best": better} | ({"blur error": round(told_smooth or 0, 5)} if head is not None else {}) | {k: round(v, 3) for k, v in parts.items()}
        with open(out / "log.jsonl", "a") as file:
            file.write(json.dumps(line) + "\n")
        log(json.dumps(line))

    if origin is not None and step == 0:
        validate()  # what the run starts from is its first mark
    with tqdm(total=minutes, initial=spent, unit="min", disable=not sys.stderr.isatty(), bar_format="{l_bar}{bar}| {n:.1f}/{total:.0f} min {postfix}") as bar:
        while total() < minutes and (steps is None or step < steps):
            image, target, contrast_kept = next(loader)
            image, target = (t.unsqueeze(1).to(device, memory_format=torch.channels_last, non_blocking=True) for t in (image, target))
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(config, step, max(total() / minutes, step / steps if steps else 0.0))
            with torch.autocast(device.type, torch.bfloat16) if low_precision else contextlib.nullcontext():
                outputs = model.scales(image)
            loss = scale_loss(outputs, target, config)
            value = loss.item()
            if guide is not None:
                with torch.no_grad(), torch.autocast(device.type, torch.bfloat16) if low_precision else contextlib.nullcontext():
                    answer = guide.scales(image)[-1].float()
                loss = (1 - TEACHER_SHARE) * loss + TEACHER_SHARE * scale_loss(outputs, answer, config)
            if head is not None:
                told = head.loss(contrast_kept.to(device))
                told_smooth = told.item() if told_smooth is None else told_smooth + 0.01 * (told.item() - told_smooth)
                loss = loss + config.blur_weight * told
            if not is_spike(value, smooth):
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(learned, config.gradient_clip)
                if torch.isfinite(norm):  # one bad batch must not end the run
                    optimizer.step()
                with torch.no_grad():
                    decay = min(config.average_decay, (step + 1) / (step + 10))
                    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
                smooth = value if smooth is None else smooth + 0.01 * (value - smooth)
            step += 1
            now = time.monotonic()
            if now >= next_validation:
                validate()
                next_validation = time.monotonic() + interval
            if now >= next_save:
                save(state(), out / "last.pt")
                next_save = time.monotonic() + SAVE_SECONDS
            bar.n = total()
            bar.set_postfix(step=step, loss=f"{smooth or 0:.4f}", best=f"{best.score:.2f}", refresh=step % 10 == 0)
    validate()
    save(state(finished=True), out / "last.pt")
    return best.score


def parse_settings(settings: list[str], named: str = "default") -> Config:
    """`name=value` pairs over the configuration of that name; values are JSON."""
    if named not in NAMED:
        raise ValueError(f"--config {named}: expected one of {', '.join(NAMED)}")
    known = {f.name for f in dataclasses.fields(Config)}
    changes = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in known or not value:
            raise ValueError(f"--set {setting}: expected NAME=VALUE with NAME one of {', '.join(sorted(known))}")
        default = getattr(Config(), name)
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError:
            parsed = value
        parsed = tuple(parsed) if isinstance(parsed, list) else parsed
        # bool is an int in Python, and an int is a fine float.
        fits = type(parsed) is type(default) or (type(default) is float and type(parsed) is int)
        if not fits or (type(default) is tuple and len(parsed) != len(default)):
            raise ValueError(f"--set {setting}: expected a value like the default, {json.dumps(default)}")
        changes[name] = parsed
    return dataclasses.replace(Config(), **(NAMED[named] | changes))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with train/ and eval/ (default: $PARFOCAL_DATA)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="planned wall time of all runs of this --out together")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--workers", type=int, default=1, help="processes that simulate samples")
    parser.add_argument("--from", dest="start", type=Path, metavar="FILE",
                        help="a checkpoint or an ONNX model whose weights a new run begins with; not read by --resume")
    parser.add_argument("--teacher", type=Path, metavar="FILE",
                        help="a checkpoint or an ONNX model of a larger network, whose answers are targets beside the true ones")
    parser.add_argument("--config", default="default", metavar="NAME", help="a named configuration of training/config.py: default, paper")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="changes to training/config.py")
    args = parser.parse_args(argv)
    try:
        train(parse_settings(args.set, args.config), args.data or evaluate.data_folder(), args.out, args.minutes, args.resume, args.workers,
              args.start, teacher=args.teacher)
    except ValueError as error:
        sys.exit(f"train: {error}")
    except OSError as error:
        sys.exit(f"train: {words_of(error, args.out)}")


if __name__ == "__main__":
    main()
