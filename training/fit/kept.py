"""Simulated samples kept in a file, for runs that are to learn from exactly the same ones.

Where several short runs are compared, simulating anew for each costs as much as training does, and each draws other samples.
"""

import dataclasses
import hashlib
import io
import json
from pathlib import Path

import numpy as np

from .checkpoint import write_whole
from .config import Config
from .optics import FREQUENCIES
from .simulate import Sampler
from .train import SharpImages

MOST = 100_000  # 6.5 GB
# Settings that say nothing about the samples.
OTHER = (
    "network", "width", "activation", "downsampling", "upsampling", "batch", "uses", "learning_rate", "final_learning_rate", "warmup_steps",
    "weight_decay", "gradient_clip", "scale_weights", "loss", "error_floor", "bright_target", "blur_weight", "average_decay",
)  # fmt: skip


def _settings(config: Config, count: int) -> dict:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(config).items() if k not in OTHER} | {"count": count}


def _differ(made: dict, wanted: dict) -> str:
    return ", ".join(f"{k} {made.get(k)} (now {v})" for k, v in wanted.items() if made.get(k) != v)


class KeptSamples(SharpImages):
    """What SharpImages gives, but all samplers draw from the same `count` samples, turned and mirrored each time.

    They take 64 KiB each, on disk and, while they are made, in memory. `told`: what a checkpoint says of them.
    """

    def __init__(self, data: Path, config: Config, count: int, path: Path, log=print):
        """`path`: the file of the samples, .npy; made if it is absent. Raises ValueError where it is of other settings or images."""
        super().__init__(data)
        if not 1 <= count <= MOST:
            raise ValueError(f"{count} samples: expected 1 to {MOST:,}")
        self.settings = _settings(config, count)
        wanted = self.settings | {"images": self.counts()}
        told = path.with_suffix(".json")
        if not path.exists():
            log(f"simulating {count} samples, once")
            told.unlink(missing_ok=True)  # a kill must not leave new samples beside old settings
            self._simulate(config, count, path)
            write_whole(told, json.dumps(wanted, indent=1).encode())
        if not told.exists():
            raise ValueError(f"{path}: not finished ({told.name} is missing); remove it and run this again")
        made = json.loads(told.read_text())
        if made != wanted:
            raise ValueError(f"{path}: samples of other settings: {_differ(made, wanted)}; remove it, or choose another folder")
        self.samples = np.load(path, mmap_mode="r")
        self.told = {"count": count, "sha256": hashlib.sha256(told.read_bytes()).hexdigest()}

    def _simulate(self, config: Config, count: int, path: Path) -> None:
        side = config.patch_px
        kept = np.zeros((count, 2 * side**2 + len(FREQUENCIES)), np.float16)
        sampler = Sampler(self.sharp, config, config.seed)
        for row in kept:
            image, target = sampler()
            row[:] = np.concatenate([image.ravel(), target.ravel(), sampler.contrast_kept])
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = io.BytesIO()
        np.save(stream, kept)
        write_whole(path, stream.getbuffer())

    def sampler(self, config: Config, seed: int):
        if differ := _differ(self.settings, _settings(config, len(self.samples))):
            raise ValueError(f"kept samples have {differ}; runs that differ in the simulation cannot share samples: train without them")
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
