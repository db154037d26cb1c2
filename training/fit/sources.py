"""What a run learns from: the interface of its sources, sharp images blurred by simulation, and batches of samples."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from training.config import Config
from training.data.images import load_sharp, source_counts
from training.fit.validation import Validation
from training.optics.simulate import Sample, Sampler


class Source(ABC):
    """Samples to train on, and the score that chooses a checkpoint."""

    @abstractmethod
    def sampler(self, config: Config, seed: int) -> Callable[[], Sample]:
        """A function that returns one sample after another."""

    @abstractmethod
    def validation(self, config: Config) -> Callable[[torch.nn.Module], tuple[float, dict]]:
        """A function from a network to its score (higher is better) and the parts of the score."""

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Number of images by the name of their source."""

    def kept(self) -> dict | None:
        """Number and SHA-256 of samples that are kept in files; None: they are simulated during the run."""
        return None


class SharpImages(Source):
    """The images in the folder DATA/train, blurred by simulation. Raises ValueError where there are none."""

    def __init__(self, data: Path):
        self.data, self.sharp = data, load_sharp(data / "train")

    def sampler(self, config: Config, seed: int) -> Callable[[], Sample]:
        return Sampler(self.sharp, config, seed)

    def validation(self, config: Config) -> Validation:
        return Validation(config, self.sharp, self.data)

    def counts(self) -> dict[str, int]:
        return source_counts(self.sharp)


class SampleStream(torch.utils.data.IterableDataset):
    """The endless samples of a source; every worker and every resumption draws its own."""

    WAITING = 64  # about as many samples come between two uses of the same one

    def __init__(self, source: Source, config: Config, start_step: int):
        self.source, self.config, self.start_step = source, config, start_step

    def __iter__(self) -> Iterator[Sample]:
        worker = torch.utils.data.get_worker_info()
        index = 0 if worker is None else worker.id
        if worker is not None:
            torch.set_num_threads(1)
        seed = hash((self.config.seed, index, self.start_step)) & 0xFFFFFFFF
        sampler = self.source.sampler(self.config, seed)
        random, waiting = np.random.default_rng([seed, 1]), []
        while True:
            sample = sampler()
            yield sample
            waiting += [sample] * (self.config.uses - 1)
            while len(waiting) > self.WAITING:
                again = waiting.pop(int(random.integers(len(waiting))))
                yield again.turned(int(random.integers(4)), bool(random.integers(2)))


@dataclass(frozen=True)
class Batch:
    """Samples side by side, as float32 tensors."""

    image: torch.Tensor  # [N, H, W]
    target: torch.Tensor  # [N, H, W]
    # As in `simulate.Blur`; NaN = unknown.
    contrast_kept: torch.Tensor  # [N, frequencies]
    told: torch.Tensor  # [N, distances, frequencies]
    radius_px: torch.Tensor  # [N]

    @classmethod
    def of(cls, samples: list[Sample]) -> "Batch":
        stack = lambda arrays: torch.from_numpy(np.stack(list(arrays)).astype(np.float32))
        return cls(
            stack(s.image for s in samples),
            stack(s.target for s in samples),
            stack(s.blur.contrast_kept for s in samples),
            stack(s.blur.told for s in samples),
            stack(s.blur.radius_px for s in samples),
        )


def batches(source: Source, config: Config, start_step: int, workers: int) -> Iterator[Batch]:
    """Endless batches. `workers`: processes that make the samples; 0: this one."""
    stream = SampleStream(source, config, start_step)
    loader = torch.utils.data.DataLoader(
        stream,
        config.batch,
        num_workers=workers,
        collate_fn=Batch.of,
        prefetch_factor=8 if workers else None,
        persistent_workers=workers > 0,
    )
    return iter(loader)
