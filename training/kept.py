"""Simulated samples kept in memory and a file, for runs that are to learn from exactly the same ones.

Where several short runs are compared, simulating anew for each costs as much as training does, and each draws other samples.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np

from .checkpoint import write_whole
from .config import Config
from .optics import FREQUENCIES
from .simulate import Sampler
from .train import SharpImages

# Settings that say nothing about the samples.
OTHER = (
    "network", "width", "activation", "downsampling", "upsampling", "batch", "uses", "learning_rate", "final_learning_rate", "warmup_steps",
    "weight_decay", "gradient_clip", "scale_weights", "loss", "error_floor", "bright_target", "blur_weight", "average_decay",
)  # fmt: skip


def _key(config: Config, count: int) -> str:
    settings = {k: v for k, v in dataclasses.asdict(config).items() if k not in OTHER} | {"count": count}
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


class KeptSamples(SharpImages):
    """What SharpImages gives, but all samplers draw from the same `count` samples, turned and mirrored each time."""

    def __init__(self, data: Path, config: Config, count: int, path: Path, log=print):
        """`path`: the file of the samples, .npy; made if it is absent. Raises ValueError where it is of other settings."""
        super().__init__(data)
        if count < 1:
            raise ValueError(f"{count} samples: expected at least 1")
        self.key = _key(config, count)
        told = path.with_suffix(".sha256")
        if not path.exists():
            log(f"simulating {count} samples, once")
            self._simulate(config, count, path)
            write_whole(told, self.key.encode())
        if not told.exists() or told.read_text() != self.key:
            raise ValueError(f"{path}: samples of other settings, or not finished; remove it, or choose another folder")
        self.samples = np.load(path, mmap_mode="r")

    def _simulate(self, config: Config, count: int, path: Path) -> None:
        side = config.patch_px
        kept = np.zeros((count, 2 * side**2 + len(FREQUENCIES)), np.float16)
        sampler = Sampler(self.sharp, config, config.seed)
        for row in kept:
            image, target = sampler()
            row[:] = np.concatenate([image.ravel(), target.ravel(), sampler.contrast_kept])
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, kept)
        temporary.replace(path)

    def sampler(self, config: Config, seed: int):
        if _key(config, len(self.samples)) != self.key:
            raise ValueError("kept samples are of other settings of the simulation than this run's; runs that differ in it cannot share them")
        return _Draw(self.samples, config.patch_px, seed)


class _Draw:
    """Endless (input, target) pairs; `contrast_kept` is of the latest."""

    def __init__(self, samples: np.ndarray, side: int, seed: int):
        self.samples, self.side, self.random, self.order = samples, side, np.random.default_rng(seed), []
        self.contrast_kept = None

    def __call__(self):
        if not self.order:
            self.order = list(self.random.permutation(len(self.samples)))
        row = np.asarray(self.samples[self.order.pop()], np.float32)
        pair, self.contrast_kept = row[: 2 * self.side**2].reshape(2, self.side, self.side), row[2 * self.side**2 :]
        pair = np.rot90(pair, int(self.random.integers(4)), (1, 2))
        if self.random.random() < 0.5:
            pair = pair[:, ::-1]
        return np.ascontiguousarray(pair[0]), np.ascontiguousarray(pair[1])
