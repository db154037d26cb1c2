"""Training: resumable, bounded by wall time; on CUDA where there is a device, else on the CPU.

    python -m training train --out runs/w16 --minutes 100 [--resume] [--from FILE] [--teacher FILE] [--set width=8 ...]

Writes OUT/last.pt every two minutes and OUT/best.pt whenever the validation score exceeds every earlier one. Files are
replaced whole, so a killed run loses at most two minutes. OUT/log.jsonl gets one line for each validation. `--data`
holds the sharp images in train/ (layout: training/README.md) and, where there are any, the focal stacks in eval/.
training/fit/validation.py describes the score.
"""

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tqdm import tqdm

from training.command import add_data, one_line_errors, parser_of
from training.config import NAMED, Config
from training.data.real_stacks import data_folder
from training.fit.bank import Bank
from training.fit.run import Run
from training.fit.settings import parse_settings
from training.fit.sources import SharpImages, Source, batches
from training.network.checkpoint import save

SAVE_SECONDS = 120  # the most that a killed run loses
VALIDATION_SECONDS = 420  # 150 in a run of 15 minutes and at least 120, because a validation takes half a minute


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one call of `train` is asked for. Raises ValueError where it cannot be done."""

    out: Path
    minutes: float  # planned wall time of all runs of this `out` together
    resume: bool = False
    workers: int = 1  # processes that simulate samples; 0: between the steps
    steps: int | None = None  # ends the run earlier, after so many
    start: Path | None = None  # a checkpoint or a model file whose weights a new run begins with
    teacher: Path | None = None  # a checkpoint or a model file of a larger network, whose answers are targets, too

    def __post_init__(self):
        if not 0 < self.minutes < float("inf"):
            raise ValueError(f"--minutes {self.minutes}: expected a number above 0")
        if self.workers < 0:
            raise ValueError(f"--workers {self.workers}: expected 0 (simulate between the steps) or more")
        if not self.resume and self.last.exists():
            raise ValueError(f"{self.out}: holds a run already (last.pt); choose another --out, or go on with --resume")

    @property
    def last(self) -> Path:
        return self.out / "last.pt"

    def is_over(self, minutes: float, step: int) -> bool:
        """Whether a run that has taken so many minutes and steps is finished."""
        return minutes >= self.minutes or (self.steps is not None and step >= self.steps)

    def progress(self, run: Run) -> float:
        """The share of the plan that is over."""
        return max(run.clock.minutes() / self.minutes, run.step / self.steps if self.steps else 0.0)


def commit() -> str:
    """The commit of the code, with -dirty where files were changed."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--exclude=*", "--dirty", "--abbrev=40"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads != 1 else ''}"


class Files:
    """The files of a run: checkpoints and the log."""

    def __init__(self, run: Run, source: Source, plan: Plan, log: Callable[[str], None]):
        self.run, self.plan, self.log = run, plan, log
        self.validation = source.validation(run.config)
        self.facts = {
            "planned_minutes": plan.minutes,
            "device": device_name(run.device),
            "sources": source.counts(),
            "samples": source.kept(),
        }

    def save(self, name: str, finished: bool = False) -> None:
        save(self.run.state(**self.facts, finished=finished), self.plan.out / name)

    def validate(self) -> None:
        """Adds a line to the log, and replaces best.pt if the score is the best."""
        run = self.run
        score, parts = self.validation(run.average)
        better = run.best.offer(score)
        if better:
            self.save("best.pt")
        line = {
            "step": run.step,
            "minutes": round(run.clock.minutes(), 2),
            "loss": round(run.loss or 0, 6),
            "score": round(score, 4),
            "best": better,
        }
        if run.blur_loss is not None:
            line["blur error"] = round(run.blur_loss or 0, 5)
        line |= {k: round(v, 3) for k, v in parts.items()}
        with open(self.plan.out / "log.jsonl", "a") as file:
            file.write(json.dumps(line) + "\n")
        self.log(json.dumps(line))


def prepared(config: Config, source: Source, plan: Plan, log: Callable[[str], None]) -> tuple[Run, bool]:
    """A new or resumed run, and whether it is finished already. Raises ValueError."""
    torch.manual_seed(config.seed)
    plan.out.mkdir(parents=True, exist_ok=True)
    run = Run(config, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    resumed = plan.resume and plan.last.exists()
    if plan.start is not None and not resumed:
        run.begin_with(plan.start)
        log(f"weights of {run.origin['name']}")
    if plan.teacher is not None:
        run.be_taught_by(plan.teacher)
        log(f"taught by {run.taught_by['name']}")
    if resumed:
        state = run.resume(plan.out, source.kept())
        # A run that was killed after its last step but before its last validation still has that to do.
        if state.get("finished", True) and plan.is_over(state["minutes"], run.step):
            log(f"finished already: {run.step} steps, {state['minutes']:.1f} minutes")
            return run, True
        log(f"resumed at step {run.step}, {state['minutes']:.1f} minutes")
    return run, False


def train(config: Config, source: Source, plan: Plan, log: Callable[[str], None] = print) -> float:
    """Trains until the plan is fulfilled, earlier runs of the same `out` counted in. Returns the best validation score.

    A finished run is left as it is, unless the plan has more minutes than it had. Raises ValueError and OSError.
    """
    run, finished = prepared(config, source, plan, log)
    if finished:
        return run.best.score
    files = Files(run, source, plan, log)
    samples = batches(source, config, run.step, plan.workers)
    run.made_by(commit())
    run.clock.start()
    if run.origin is not None and run.step == 0:
        files.validate()  # the score that the run starts from
    _steps(run, samples, plan, files)
    files.validate()
    files.save("last.pt", finished=True)
    return run.best.score


def _steps(run: Run, samples, plan: Plan, files: Files) -> None:
    """All steps of the plan, with validations and saves between them, and a progress bar on a terminal."""
    interval = min(VALIDATION_SECONDS, max(120.0, 10 * plan.minutes))
    next_validation, next_save = time.monotonic() + interval, time.monotonic() + SAVE_SECONDS
    form = "{l_bar}{bar}| {n:.1f}/{total:.0f} min {postfix}"
    with tqdm(
        total=plan.minutes, initial=run.clock.before, unit="min", disable=not sys.stderr.isatty(), bar_format=form
    ) as bar:
        while not plan.is_over(run.clock.minutes(), run.step):
            run.advance(next(samples), plan.progress(run))
            now = time.monotonic()
            if now >= next_validation:
                files.validate()
                next_validation = time.monotonic() + interval
            if now >= next_save:
                files.save("last.pt")
                next_save = time.monotonic() + SAVE_SECONDS
            bar.n = run.clock.minutes()
            words = {"step": run.step, "loss": f"{run.loss or 0:.4f}", "best": f"{run.best.score:.2f}"}
            bar.set_postfix(**words, refresh=run.step % 10 == 0)


def main(argv=None):
    parser = parser_of("train", __doc__)
    add_data(parser, "train/ and eval/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--minutes", type=float, required=True, help="planned wall time of all runs of this --out together"
    )
    parser.add_argument("--steps", type=int, help="end after so many steps, if they come before the minutes")
    parser.add_argument("--threads", type=int, default=0, help="of the network on a CPU; 0: all cores")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--workers", type=int, default=1, help="processes that simulate samples")
    parser.add_argument(
        "--from",
        dest="start",
        type=Path,
        metavar="FILE",
        help="a checkpoint or an ONNX model whose weights a new run begins with; --resume ignores it",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="FILE",
        help="a checkpoint or an ONNX model of a larger network, whose answers are targets beside the true ones",
    )
    parser.add_argument(
        "--bank",
        type=Path,
        metavar="FOLDER",
        help="learn from the light in this folder (python -m training bank), which may still grow; default: simulate",
    )
    parser.add_argument("--config", default="default", metavar="NAME", help=f"named settings: {', '.join(NAMED)}")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="changes to training/config.py")
    args = parser.parse_args(argv)
    with one_line_errors("train", args.out):
        config = parse_settings(args.set, args.config)
        plan = Plan(
            args.out, args.minutes, args.resume, args.workers, args.steps, start=args.start, teacher=args.teacher
        )
        if args.threads > 0:
            torch.set_num_threads(args.threads)
        data = args.data or data_folder()
        train(config, Bank(data, config, args.bank) if args.bank else SharpImages(data), plan)
