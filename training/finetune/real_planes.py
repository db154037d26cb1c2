"""The source that fine-tuning learns from: patches of a user's planes with their targets, and simulated samples."""

import dataclasses

import numpy as np

from training.config import Config
from training.data.fields import Field, Pair, pairs_of, spread
from training.data.images import Sharp
from training.data.intensity import normalisation_range
from training.evaluate import restore
from training.finetune.report import mean_gain, rows_of
from training.fit.sources import Source
from training.optics.simulate import Sample, Sampler

SIMULATED_SHARE = 0.25
FOCUSED_SHARE = 0.1  # of the real samples, those of the sharp plane itself, which must be left as it is
SIMULATED_FROM = 100  # at most so many sharp planes are the specimens of simulated samples
# At most what a validation restores: it takes its time from the minutes of training.
CHOOSE_FIELDS, CHOOSE_PLANES, CHOOSE_PX = 8, 32, 512


def lighter(field: Field, size_px: int, planes: int) -> Field:
    """The middle of the field, with at most `planes` of its planes: the sharp one, and others evenly chosen."""
    top, left = (max(0, (n - size_px) // 2) for n in field.reference.shape)
    cut = np.s_[top : top + size_px, left : left + size_px]
    others = [p for p in field.planes if p.steps]
    kept = sorted([*spread(others, planes - 1), field.planes[field.sharp]], key=lambda p: p.steps)
    smaller = [dataclasses.replace(p, image=p.image[cut]) for p in kept]
    return dataclasses.replace(field, planes=smaller, sharp=[p.steps for p in kept].index(0))


class RealSampler:
    """Draws one sample after another: patches of real planes, with simulated samples among them."""

    def __init__(self, pairs: list[Pair], simulated: Sampler | None, config: Config, seed: int):
        self.config, self.simulated = config, simulated
        self.random = np.random.default_rng(seed)
        self.blurred = [p for p in pairs if not p.focused]
        self.focused = [p for p in pairs if p.focused]

    def __call__(self) -> Sample:
        random, size = self.random, self.config.patch_px
        if self.simulated is not None and random.random() < SIMULATED_SHARE:
            return self.simulated()
        pool = self.focused if self.focused and random.random() < FOCUSED_SHARE else self.blurred
        pair = pool[random.integers(len(pool))]
        y, x = (int(random.integers(0, n - size + 1)) for n in pair.shape)
        low, high = pair.plane.range
        span = max(high - low, 1e-6)
        image, target = (((part - low) / span).astype(np.float32) for part in pair.patch(y, x, size, size))
        return Sample(image, target).turned(int(random.integers(4)), random.random() < 0.5)


class RealPlanes(Source):
    """Fields to train on (`learn`) and to choose the checkpoint by (`choose`)."""

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
            # The median of light on dark ground is near the bottom of the range; other specimens are lit from outside.
            kind = "fluorescence" if np.median(plane) < 0.35 else "brightfield"
            self.sharp.append(Sharp(plane.astype(np.float16), kind, field.name))

    def patch_px(self, wanted: int) -> int:
        """The largest multiple of 16 up to `wanted` that fits all planes. Raises ValueError below 32."""
        fits = min(min(p.shape) for p in self.pairs) // 16 * 16
        if fits < 32:
            raise ValueError(
                f"{fits} px are left of a plane beside its drift; expected at least 32: take larger fields"
            )
        return min(wanted, fits)

    def sampler(self, config: Config, seed: int) -> RealSampler:
        return RealSampler(self.pairs, Sampler(self.sharp, config, seed + 1), config, seed)

    def validation(self, config: Config):
        def check(model):
            rows = rows_of(self.choose, restore.torch_network(model))
            focused = float(np.mean([r["to_input"] for r in rows if "to_input" in r]))
            # Costs a tenth of a dB for each dB that a focused plane's PSNR to itself is below 40 dB.
            score = mean_gain(rows) + 0.1 * min(0.0, focused - 40)
            return score, {"gain": mean_gain(rows), "focused to input": focused}

        return check

    def counts(self) -> dict[str, int]:
        return {"own stacks": len(self.learn)}
