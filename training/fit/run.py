"""One training run: its networks, its optimiser, one step of it, and the state that a checkpoint holds."""

import contextlib
import copy
import dataclasses
import time
from pathlib import Path

import numpy as np
import torch

from training.config import Config
from training.fit.loss import scale_loss
from training.fit.sources import Batch
from training.network.blur_head import BlurHead
from training.network.checkpoint import (
    config_of,
    fixed_network,
    load_checkpoint,
    network_settings,
    start_weights,
)
from training.network.conditioned import Conditioned
from training.network.estimator import condition_of, estimate_loss
from training.network.networks import build
from training.network.told import mixed_condition

# A batch whose loss is this many times the running mean is left out: a patch that is all background but for one hot
# pixel has inputs of a hundred ranges, and one such step has cost 2 dB (in 10,000 patches the largest input is 56).
SPIKE = 20.0
# With a teacher, the share of the loss that compares with its answers (knowledge distillation: Hinton, Vinyals and Dean
# 2015, arXiv 1503.02531). What no network could know of a target is noise to a small one; a larger network's answer has
# less of it.
TEACHER_SHARE = 0.5
SMOOTHING = 0.01  # weight of the latest loss in the running means


def is_spike(value: float, smooth: float | None) -> bool:
    """Whether a batch's loss is not finite, or too far above the running mean to learn from."""
    return not np.isfinite(value) or (smooth is not None and value > SPIKE * smooth)


def running_mean(smooth: float | None, value: float) -> float:
    return value if smooth is None else smooth + SMOOTHING * (value - smooth)


def learning_rate(config: Config, step: int, progress: float) -> float:
    """Linear warm-up, then a cosine over the planned time; `progress` from 0 to 1."""
    cosine = 0.5 * (1 + np.cos(np.pi * min(max(progress, 0.0), 1.0)))
    rate = config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * cosine
    return float(rate * min(1.0, (step + 1) / config.warmup_steps))


class Best:
    """The highest score so far."""

    def __init__(self, score: float = -float("inf")):
        self.score = score

    def offer(self, score: float) -> bool:
        """True, and the score is kept, if it is above all earlier ones."""
        if np.isfinite(score) and score > self.score:
            self.score = float(score)
            return True
        return False


class Clock:
    """Wall and CPU minutes of all parts of a run together. `cpu_before` None: an earlier part did not record them."""

    def __init__(self, before: float = 0.0, cpu_before: float | None = 0.0):
        self.before, self.cpu_before = before, cpu_before
        self.start()

    def start(self) -> None:
        self.started, self.cpu_started = time.monotonic(), time.process_time()

    def minutes(self) -> float:
        return self.before + (time.monotonic() - self.started) / 60

    def cpu_minutes(self) -> float | None:
        """Of this process, all threads: where others compute too, wall time says little about the work done."""
        return None if self.cpu_before is None else self.cpu_before + (time.process_time() - self.cpu_started) / 60


class Run:
    """The networks and the progress of one run."""

    def __init__(self, config: Config, device: torch.device):
        """Random weights; the global seed of PyTorch decides them. Raises ValueError."""
        self.config, self.device = config, device
        self.model = build(**network_settings(config)).to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model).eval()
        self.conditioned = isinstance(self.model, Conditioned)
        self.head = BlurHead(self.model).to(device) if config.blur_weight > 0 and not self.conditioned else None
        self.learned = [*self.model.parameters(), *(self.head.parameters() if self.head is not None else ())]
        self.clipped = self._clipped()
        self.optimizer = torch.optim.AdamW(self.learned, lr=config.learning_rate, weight_decay=config.weight_decay)
        self.origin: dict | None = None  # the file whose weights the run began with
        self.teacher, self.taught_by = None, None  # the network and its file
        self.step, self.best, self.clock = 0, Best(), Clock()
        self.history: list = []  # [first step, commit] of each part made with other code
        self.loss: float | None = None  # running means
        self.blur_loss: float | None = None

    # ---- beginning and resuming --------------------------------------------------------------------------------------

    def begin_with(self, path: Path) -> None:
        """Takes the weights of a checkpoint or model file. Raises ValueError."""
        weights, self.origin = start_weights(path, self.config)
        self.model.load_state_dict(weights)
        self.average.load_state_dict(weights)

    def be_taught_by(self, path: Path) -> None:
        """Adds the answers of the network in `path` to the targets. Raises ValueError."""
        self.teacher, self.taught_by = fixed_network(path)
        self.teacher.to(self.device, memory_format=torch.channels_last)

    def resume(self, out: Path, samples: dict | None) -> dict:
        """Goes on from last.pt in `out`, and returns the state in it.

        Raises ValueError where the run was another one.
        """
        path = out / "last.pt"
        state = load_checkpoint(path)
        refuse_another_run(path, state, self.config, self.taught_by, samples)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.head is not None:
            self.head.load_state_dict(state["blur_head"])
        self.step, self.best = state["step"], Best(state["best_score"])
        self.clock = Clock(state["minutes"], state.get("cpu_minutes"))
        self.history = state.get("history", [[0, state["commit"]]])
        self.loss, self.origin = state.get("loss"), state.get("origin")
        # Killed between saving best.pt and last.pt, a run knows its best score from best.pt only.
        if (out / "best.pt").exists():
            self.best.offer(load_checkpoint(out / "best.pt")["best_score"])
        return state

    def made_by(self, commit: str) -> None:
        """Records the code that makes the steps from here on."""
        if not self.history or self.history[-1][1] != commit:
            self.history = [*self.history, [self.step, commit]]

    def state(self, **facts) -> dict:
        """What a checkpoint holds; `facts` are added."""
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "minutes": self.clock.minutes(),
            "best_score": self.best.score,
            "config": dataclasses.asdict(self.config),
            "commit": self.history[-1][1],
            "seed": self.config.seed,
            "loss": self.loss,
            "origin": self.origin,
            "teacher": self.taught_by,
            "blur_head": self.head.state_dict() if self.head is not None else None,
            "history": self.history,
            "cpu_minutes": self.clock.cpu_minutes(),
        } | facts

    # ---- one step ----------------------------------------------------------------------------------------------------

    def low_precision(self):
        """The context in which networks run: bfloat16 where the device computes with it."""
        fast = self.device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
        return torch.autocast(self.device.type, torch.bfloat16) if fast else contextlib.nullcontext()

    def advance(self, batch: Batch, progress: float) -> None:
        """One step of the optimiser. `progress`: share of the planned time that is over, 0 to 1."""
        place = lambda images: images.unsqueeze(1).to(self.device, memory_format=torch.channels_last, non_blocking=True)
        image, target = place(batch.image), place(batch.target)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.config, self.step, progress)
        blur_loss = None
        with self.low_precision():
            if self.conditioned:
                estimate = self.model.estimator(image)
                blur_loss = estimate_loss(estimate, batch.contrast_kept.to(image), batch.radius_px.to(image))
                condition = mixed_condition(condition_of(estimate).detach(), batch.told, self.config)
                outputs = self.model.scales(image, condition)
            else:
                outputs = self.model.scales(image)
        loss = scale_loss(outputs, target, self.config)
        value = loss.item()
        if self.teacher is not None:
            loss = (1 - TEACHER_SHARE) * loss + TEACHER_SHARE * self._distance_from_teacher(image, outputs)
        if self.head is not None:
            blur_loss = self.config.blur_weight * self.head.loss(batch.contrast_kept.to(self.device))
        if blur_loss is not None:
            self.blur_loss = running_mean(self.blur_loss, blur_loss.item())
            loss = loss + blur_loss
        if not is_spike(value, self.loss):
            self._descend(loss)
            self.loss = running_mean(self.loss, value)
        self.step += 1

    def _distance_from_teacher(self, image, outputs) -> torch.Tensor:
        with torch.no_grad(), self.low_precision():
            answer = self.teacher.scales(image)[-1].float()
        return scale_loss(outputs, answer, self.config)

    def _clipped(self) -> list[list[torch.nn.Parameter]]:
        """The weights whose gradients are clipped together.

        The estimator has a loss of its own, whose gradients must not shorten the others, and neither must those of the
        few weights beside the trunk.
        """
        parts = [self.model.trunk, self.model.estimator] if self.conditioned else []
        apart = {id(p) for part in parts for p in part.parameters()}
        groups = [list(part.parameters()) for part in parts] + [[p for p in self.learned if id(p) not in apart]]
        return [group for group in groups if group]

    def _descend(self, loss: torch.Tensor) -> None:
        """Changes the weights, and their moving average."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norms = [torch.nn.utils.clip_grad_norm_(group, self.config.gradient_clip) for group in self.clipped]
        if all(torch.isfinite(norm) for norm in norms):  # one bad batch must not end the run
            self.optimizer.step()
        with torch.no_grad():
            decay = min(self.config.average_decay, (self.step + 1) / (self.step + 10))
            torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - decay)


def refuse_another_run(path: Path, state: dict, config: Config, taught_by: dict | None, samples: dict | None) -> None:
    """Raises ValueError where the checkpoint `path` was made with another teacher, other samples or other settings."""
    made_by, made_from = state.get("teacher"), state.get("samples")
    if made_by != taught_by:
        name = lambda teacher: f"the teacher {teacher['name']} (SHA-256 {teacher['sha256'][:16]})"
        before, now = (name(teacher) if teacher else "no teacher" for teacher in (made_by, taught_by))
        raise ValueError(f"{path}: made with {before}, now {now}; choose another --out or its --teacher")
    if (made_from or {}).get("sha256") != (samples or {}).get("sha256"):  # a bank may have grown
        name = lambda kept: f"{kept['count']} kept samples" if kept else "samples simulated as it went"
        other = " of another file" if samples and made_from else ""
        raise ValueError(
            f"{path}: learned from {name(made_from)}, now {name(samples)}{other}; "
            "choose another --out or the samples it had"
        )
    made, wanted = dataclasses.asdict(config_of(state)), dataclasses.asdict(config)
    if made != wanted:
        differ = ", ".join(f"{k} {made[k]} (now {wanted[k]})" for k in wanted if made[k] != wanted[k])
        raise ValueError(f"{path}: made with another configuration: {differ}; choose another --out or its settings")
