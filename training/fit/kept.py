"""Simulated samples kept in a file, so that several runs learn from exactly the same ones.

Simulating anew for each of several short runs costs as much as training them, and each run would draw other samples.
"""

import dataclasses
import hashlib
import io
import json
from pathlib import Path

import numpy as np

from training.config import Config
from training.data.whole_file import write_whole
from training.fit.sources import SharpImages
from training.optics.random_optics import FREQUENCIES
from training.optics.simulate import Sample, Sampler

MOST = 100_000  # 6.5 GB
# Settings that samples do not depend on.
OTHER = (
    "network", "width", "activation", "downsampling", "upsampling", "batch", "uses", "learning_rate",
    "final_learning_rate", "warmup_steps", "weight_decay", "gradient_clip", "scale_weights", "loss", "error_floor",
    "bright_target", "blur_weight", "average_decay",
)  # fmt: skip


def _settings(config: Config, count: int) -> dict:
    """The settings that the samples depend on, for JSON."""
    return {
        k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(config).items() if k not in OTHER
    } | {"count": count}


def _differ(made: dict, wanted: dict) -> str:
    return ", ".join(f"{k} {made.get(k)} (now {v})" for k, v in wanted.items() if made.get(k) != v)


class KeptSamples(SharpImages):
    """Like SharpImages, but all samplers draw from the same `count` samples, turned and mirrored each time.

    A sample of 128 px takes 64 KiB on disk and, while the file is made, in memory.
    """

    def __init__(self, data: Path, config: Config, count: int, path: Path, log=print):
        """`path`: the file of the samples (.npy), made if it is absent.

        Raises ValueError where its settings or images differ.
        """
        super().__init__(data)
        if not 1 <= count <= MOST:
            raise ValueError(f"{count} samples: expected 1 to {MOST:,}")
        self.settings = _settings(config, count)
        wanted = self.settings | {"images": self.counts()}
        facts = path.with_suffix(".json")
        if not path.exists():
            log(f"simulating {count} samples, once")
            facts.unlink(missing_ok=True)  # a kill must not leave new samples beside old settings
            self._simulate(config, count, path)
            write_whole(facts, json.dumps(wanted, indent=1).encode())
        if not facts.exists():
            raise ValueError(f"{path}: not finished ({facts.name} is missing); remove it and run this again")
        made = json.loads(facts.read_text())
        if made != wanted:
            raise ValueError(
                f"{path}: samples of other settings: {_differ(made, wanted)}; remove it, or choose another folder"
            )
        self.samples = np.load(path, mmap_mode="r")
        self.record = {"count": count, "sha256": hashlib.sha256(facts.read_bytes()).hexdigest()}

    def _simulate(self, config: Config, count: int, path: Path) -> None:
        side = config.patch_px
        kept = np.zeros((count, 2 * side**2 + len(FREQUENCIES)), np.float16)
        sampler = Sampler(self.sharp, config, config.seed)
        for row in kept:
            sample = sampler()
            row[:] = np.concatenate([sample.image.ravel(), sample.target.ravel(), sample.contrast_kept])
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = io.BytesIO()
        np.save(stream, kept)
        write_whole(path, stream.getbuffer())

    def kept(self) -> dict:
        return self.record

    def sampler(self, config: Config, seed: int) -> "_Draw":
        if differ := _differ(self.settings, _settings(config, len(self.samples))):
            raise ValueError(
                f"kept samples have {differ}; runs that differ in the simulation cannot share samples: train without "
                "them"
            )
        return _Draw(self.samples, config.patch_px, seed)


class _Draw:
    """Draws one kept sample after another, turned and mirrored at random; all of them before any comes again."""

    def __init__(self, samples: np.ndarray, side: int, seed: int):
        self.samples, self.side, self.random, self.order = samples, side, np.random.default_rng(seed), []

    def __call__(self) -> Sample:
        if not self.order:
            self.order = list(self.random.permutation(len(self.samples)))
        row = np.asarray(self.samples[self.order.pop()], np.float32)
        image, target = row[: 2 * self.side**2].reshape(2, self.side, self.side)
        sample = Sample(image, target, row[2 * self.side**2 :])
        return sample.turned(int(self.random.integers(4)), self.random.random() < 0.5)
