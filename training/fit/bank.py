"""A bank of simulated light, from which runs learn: made once, exposed again with other noise at each use.

    python -m training bank --out runs/bank --samples 50000 [--set width=8 ...] [--data FOLDER]

Simulating a sample takes 15 times as long as exposing it. The bank is a folder of shards; each has its own seed, so
that the same settings and images give the same bank, whatever made it and in which order. A run may begin with the
first shard and sees new ones as they are finished. Stopped and started again, the command makes the missing shards.
"""

import dataclasses
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from training.command import add_data, one_line_errors, parser_of
from training.config import Config
from training.data.real_stacks import data_folder
from training.data.whole_file import write_whole
from training.fit.settings import parse_settings
from training.fit.sources import SharpImages
from training.optics.contrast import FREQUENCIES, TOLD_FACTORS
from training.optics.simulate import Blur, Exposures, Light, Lights, Sample

SHARD = 512  # samples in a file
MOST = 500_000  # 34 GB
RECIPE = "bank.json"
SEED = 1  # of all banks, with the number of the shard; the seed of a run draws from a bank
LOOK_AGAIN = 2000  # draws between two looks for new shards
# Settings that light does not depend on: of networks and of their training, and of cameras.
OTHER = (
    "network", "condition", "width", "activation", "downsampling", "upsampling", "batch", "uses", "learning_rate",
    "final_learning_rate", "warmup_steps", "weight_decay", "gradient_clip", "scale_weights", "loss", "error_floor",
    "bright_target", "blur_weight", "told_share", "told_error", "average_decay", "seed",
    "photons", "brightfield_photons", "clean_share", "clean_photons", "read_noise", "background", "shading",
    "grain_share", "grain_px", "saturated_share", "brightfield_saturated_share", "hot_share", "jpeg_share",
    "jpeg_quality", "colour_jpeg_share", "brightest_target", "dim_share",
)  # fmt: skip


def recipe(config: Config, images: dict[str, int]) -> dict:
    """All that a bank depends on, for JSON; `images`: number of planes by source."""
    settings = {
        k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(config).items() if k not in OTHER
    }
    return settings | {"images": images, "frequencies": list(FREQUENCIES), "told_factors": list(TOLD_FACTORS)}


def _differ(made: dict, wanted: dict) -> str:
    return ", ".join(f"{k} {made.get(k)} (now {v})" for k, v in wanted.items() if made.get(k) != v)


def record_type(patch_px: int) -> np.dtype:
    """One sample in a shard: 67 kB at 128 px."""
    return np.dtype(
        [
            ("pair", np.float16, (2, patch_px, patch_px)),
            ("fluorescent", np.uint8),
            ("plain", np.uint8),
            ("contrast_kept", np.float32, (len(FREQUENCIES),)),
            ("told", np.float16, (len(TOLD_FACTORS), len(FREQUENCIES))),
            ("radius_px", np.float32),
        ]
    )


def _light_of(record) -> Light:
    blur = Blur(record["contrast_kept"], record["told"].astype(np.float32), float(record["radius_px"]))
    return Light(record["pair"], bool(record["fluorescent"]), bool(record["plain"]), blur)


def shard_path(folder: Path, number: int) -> Path:
    return folder / f"{number:05}.npy"


class Bank(SharpImages):
    """Like SharpImages, but the light of samples comes from the bank in a folder, turned, mirrored and exposed anew."""

    def __init__(self, data: Path, config: Config, folder: Path):
        """Makes the folder where it is absent. Raises ValueError where it holds light of other settings or images."""
        super().__init__(data)
        self.folder, self.recipe = Path(folder), recipe(config, self.counts())
        path = self.folder / RECIPE
        if not path.exists():
            if any(self.folder.glob("*.npy")):
                raise ValueError(f"{self.folder}: has shards but no {RECIPE}; remove it, or choose another folder")
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(self.recipe, indent=1).encode())
        made = json.loads(path.read_text())
        if made != self.recipe:
            raise ValueError(
                f"{self.folder}: light of other settings: {_differ(made, self.recipe)}; choose another folder"
            )
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()

    def shards(self) -> list[Path]:
        """The files that are finished."""
        return sorted(self.folder.glob("[0-9]*.npy"))

    def make(self, config: Config, samples: int, workers: int = 1) -> Iterator[Path]:
        """Makes the shards that are missing of the first `samples` samples, `workers` at a time."""
        if not 1 <= samples <= MOST:
            raise ValueError(f"{samples} samples: expected 1 to {MOST:,}")
        if workers < 1:
            raise ValueError(f"{workers} workers: expected at least 1")
        missing = [n for n in range(-(-samples // SHARD)) if not shard_path(self.folder, n).exists()]
        with ProcessPoolExecutor(
            workers, initializer=_start_worker, initargs=(self.sharp, config, self.folder)
        ) as pool:
            yield from pool.map(_make_shard, missing, [min(SHARD, samples - n * SHARD) for n in missing])

    def kept(self) -> dict:
        return {"count": sum(len(np.load(p, mmap_mode="r")) for p in self.shards()), "sha256": self.sha256}

    def sampler(self, config: Config, seed: int) -> Callable[[], Sample]:
        """Raises ValueError where the simulation of `config` is another one, and where no shard is finished."""
        if differ := _differ(self.recipe, recipe(config, self.counts())):
            raise ValueError(
                f"{self.folder}: the bank has {differ}; runs that differ in the simulation cannot share it: train "
                "without it"
            )
        return _Draw(self, config, seed)


_worker: tuple = ()  # of a process that makes shards: the sharp images, the settings and the folder


def _start_worker(*facts) -> None:
    global _worker
    _worker = facts


def _make_shard(number: int, count: int) -> Path:
    sharp, config, folder = _worker
    lights = Lights(sharp, config, np.random.default_rng([SEED, number]))
    shard = np.zeros(count, record_type(config.patch_px))
    for place in shard:
        light = lights()
        place["pair"], place["fluorescent"], place["plain"] = light.pair, light.fluorescent, light.plain
        place["contrast_kept"], place["told"] = light.blur.contrast_kept, light.blur.told
        place["radius_px"] = light.blur.radius_px
    stream = io.BytesIO()
    np.save(stream, shard)
    path = shard_path(folder, number)
    write_whole(path, stream.getbuffer())
    return path


class _Draw:
    """Draws samples from all the shards there are, each turned, mirrored and exposed at random."""

    def __init__(self, bank: Bank, config: Config, seed: int):
        self.bank, self.random = bank, np.random.default_rng(seed)
        self.exposures, self.brightest = Exposures(config, self.random), config.brightest_target
        self.maps: dict[Path, np.ndarray] = {}
        self.count = 0
        self._look()

    def _look(self) -> None:
        for path in self.bank.shards():
            if path not in self.maps:
                self.maps[path] = np.load(path, mmap_mode="r")
        if not self.maps:
            raise ValueError(f"{self.bank.folder}: no shard is finished; wait for the first of `training bank`")
        self.shards = list(self.maps.values())
        sizes = np.array([len(s) for s in self.shards])
        self.starts, self.total = np.cumsum(sizes) - sizes, int(sizes.sum())

    def __call__(self) -> Sample:
        while True:
            self.count += 1
            if self.count % LOOK_AGAIN == 0:
                self._look()
            place = int(self.random.integers(self.total))
            shard = int(np.searchsorted(self.starts, place, side="right")) - 1
            light = _light_of(self.shards[shard][place - self.starts[shard]])
            sample = self.exposures(light.turned(int(self.random.integers(4)), self.random.random() < 0.5))
            if sample.target.max() <= self.brightest:
                return sample


def main(argv=None):
    parser = parser_of("bank", __doc__)
    add_data(parser, "train/")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the bank")
    parser.add_argument("--samples", type=int, required=True, help="how many the bank shall have")
    parser.add_argument("--workers", type=int, default=1, help="processes that make it")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="changes to training/config.py")
    args = parser.parse_args(argv)
    with one_line_errors("bank", args.out, saved=True):
        config = parse_settings(args.set)
        bank = Bank(args.data or data_folder(), config, args.out)
        if hasattr(os, "nice"):
            os.nice(19)  # it works beneath the runs that learn from it
        for path in bank.make(config, args.samples, args.workers):
            print(f"{path}: finished", flush=True)
    print(f"{args.out}: {bank.kept()['count']:,} samples")
