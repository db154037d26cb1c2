"""What fine-tuning learns from: patches of a user's own planes beside their targets, and simulated ones between them."""

import dataclasses

import numpy as np

from . import evaluate
from .bbbc006 import spread
from .config import Config
from .data import Sharp
from .degrade import normalisation_range
from .finetune_report import mean_gain, rows_of
from .focal import Field, Pair, pairs_of
from .simulate import Sampler

SIMULATED_SHARE = 0.25
FOCUSED_SHARE = 0.1  # of the real samples, those of the sharp plane itself, which is to be left as it is
SIMULATED_FROM = 100  # sharp planes at most that simulated samples are made of
# What a validation restores, at most: it takes from the minutes of training.
CHOOSE_FIELDS, CHOOSE_PLANES, CHOOSE_PX = 8, 32, 512


def lighter(field: Field, size_px: int, planes: int) -> Field:
    """The middle of the field, and at most so many of its planes, evenly chosen and the sharp one among them."""
    top, left = (max(0, (n - size_px) // 2) for n in field.reference.shape)
    cut = np.s_[top : top + size_px, left : left + size_px]
    others = [p for p in field.planes if p.steps]
    kept = sorted([*spread(others, planes - 1), field.planes[field.sharp]], key=lambda p: p.steps)
    smaller = [dataclasses.replace(p, image=p.image[cut]) for p in kept]
    return dataclasses.replace(field, planes=smaller, sharp=[p.steps for p in kept].index(0))


class RealSampler:
    """Endless (input, target) pairs, float32 [patch, patch]: patches of real planes, some simulated ones between them."""

    def __init__(self, pairs: list[Pair], simulated: Sampler | None, config: Config, seed: int):
        self.config, self.simulated = config, simulated
        self.random = np.random.default_rng(seed)
        self.blurred = [p for p in pairs if not p.focused]
        self.focused = [p for p in pairs if p.focused]

    def __call__(self) -> tuple[np.ndarray, np.ndarray]:
        random, size = self.random, self.config.patch_px
        if self.simulated is not None and random.random() < SIMULATED_SHARE:
            return self.simulated()
        pool = self.focused if self.focused and random.random() < FOCUSED_SHARE else self.blurred
        pair = pool[random.integers(len(pool))]
        y, x = (int(random.integers(0, n - size + 1)) for n in pair.shape)
        turns, mirrored = random.integers(4), random.random() < 0.5
        low, high = pair.plane.range
        span = max(high - low, 1e-6)

        def turned(part):
            part = np.rot90((part - low) / span, turns)
            return np.ascontiguousarray(part[::-1] if mirrored else part, np.float32)

        image, target = pair.patch(y, x, size, size)
        return turned(image), turned(target)


class RealPlanes:
    """What training.train learns from, in place of its SharpImages."""

    def __init__(self, learn: list[Field], choose: list[Field], log=lambda words: None):
        self.learn = learn
        self.pairs = [p for f in learn for p in pairs_of(f)]
        fields = spread(choose, CHOOSE_FIELDS)
        planes = max(4, min(9, CHOOSE_PLANES // len(fields))) if fields else 0
        self.choose = [lighter(field, CHOOSE_PX, planes) for field in fields]
        looked = sum(len(f.planes) for f in self.choose)
        of = f"{len(fields)} of {len(choose)} held-back field(s), {CHOOSE_PX} px of each at most"
        log(f"the checkpoint is chosen by {looked} planes of {of}")
        self.sharp = []
        for field in spread(learn, SIMULATED_FROM):
            low, high = normalisation_range(field.reference)
            plane = np.clip((field.reference.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1.5)
            # Light on dark ground has its median near the bottom of the range; everything else is lit from outside.
            kind = "fluorescence" if np.median(plane) < 0.35 else "brightfield"
            self.sharp.append(Sharp(plane.astype(np.float16), kind, field.name))

    def patch_px(self, wanted: int) -> int:
        """The largest multiple of 16 up to `wanted` that fits all planes."""
        fits = min(min(p.shape) for p in self.pairs) // 16 * 16
        if fits < 32:
            raise ValueError(f"{fits} px are left of a plane beside its drift; expected at least 32: take larger fields")
        return min(wanted, fits)

    def sampler(self, config: Config, seed: int) -> RealSampler:
        return RealSampler(self.pairs, Sampler(self.sharp, config, seed + 1), config, seed)

    def validation(self, config: Config):
        def check(model):
            rows = rows_of(self.choose, evaluate.torch_network(model))
            focused = float(np.mean([r["to_input"] for r in rows if "to_input" in r]))
            # A tenth of a dB for each dB by which focused planes are changed more than 40 dB allow.
            score = mean_gain(rows) + 0.1 * min(0.0, focused - 40)
            return score, {"gain": mean_gain(rows), "focused to input": focused}

        return check

    def counts(self) -> dict[str, int]:
        return {"own stacks": len(self.learn)}
