"""The score that chooses a checkpoint: development focal stacks where there are any, and simulated specimens.

The simulated ones are seen through a microscope and drawn from seeds that neither training nor the tables of
training/held_out.py use.
"""

from pathlib import Path

import numpy as np

from . import evaluate, held_out
from .config import Config
from .degrade import Microscope
from .simulate import Sampler

SCOPE = Microscope(numerical_aperture=0.5, wavelength_um=0.6, refractive_index=1.0, pixel_size_um=0.5)
FIRST_SEED = 30_000_000
BLUR_PX = (1.5, 3.0, 6.0)  # radius of the blur disc
PHOTONS = (300, 3000)
# Windows of the large tissue planes: a checkpoint must not cost more than it saves.
TISSUE = (slice(232, 808), slice(310, 1078))


class Validation:
    """A score (dB, higher is better) and its parts, for the averaged weights."""

    # Simulated patches where there are no stacks: how many, and how many are drawn before, past the start of the pools.
    PATCHES, SKIPPED = 64, 600

    def __init__(self, config: Config, sharp, data: Path | None):
        self.cases, self.simulated = [], []
        if data is not None and (data / "eval").is_dir():
            for stack, wanted, cut in (
                ("tissue-brightfield", (0, 1, 3, 5, 8), TISSUE),
                ("nucleus-widefield", tuple(0.4994 * k for k in (0, 1, 3, 6, 12)), np.s_[:, :]),
            ):
                sharp_plane, planes, unit = evaluate.stack_planes(stack, data)
                for name, distance, plane in planes:
                    if any(abs(abs(distance) - d) < 0.01 for d in wanted):
                        self.cases.append((stack, name, distance, unit, plane[cut], sharp_plane[cut]))
            defocus = tuple(SCOPE.defocus_um(px) for px in BLUR_PX)
            self.simulated = [
                case
                for light in held_out.SPECIMENS
                for case in held_out.cases(light, 1, defocus, PHOTONS, SCOPE, FIRST_SEED)
            ]
        else:
            sampler = Sampler(sharp, config, 987654321)
            for _ in range(self.SKIPPED):
                sampler()
            self.pairs = [sampler() for _ in range(self.PATCHES)]

    def __call__(self, model) -> tuple[float, dict]:
        network = evaluate.torch_network(model)
        if not self.cases:
            restored = network(np.stack([p[0] for p in self.pairs])[:, None])[:, 0]
            errors = [np.mean((r - p[1]) ** 2) for r, p in zip(restored, self.pairs)]
            score = float(np.mean([-10 * np.log10(e + 1e-8) for e in errors]))
            return score, {"simulated_psnr": score}
        rows = [evaluate.evaluate_plane(*case, network) for case in self.cases]
        parts: dict[str, list[float]] = {}
        for r in rows:
            kind = "identity" if r.distance == 0 else "gain"
            key = f"{r.stack.split('-')[0]} {abs(r.distance):.3g} {kind}"
            parts.setdefault(key, []).append(r.psnr_to_input if r.distance == 0 else r.gained)
        simulated = []
        for case in self.simulated:
            simulated.append(held_out.gained(case, network))
            key = f"simulated {SCOPE.blur_radius_px(case.defocus_um):.3g} px {case.photons:g} photons gain"
            parts.setdefault(key, []).append(simulated[-1])
        means = {k: float(np.mean(v)) for k, v in parts.items()}
        gains = [r.gained for r in rows if r.distance != 0]
        # Better planes on average, those next to focus included, none worse, and a focused nucleus left alone; and in
        # equal parts the simulated specimens.
        real = float(np.mean(gains)) + min(0.0, min(gains)) + 0.2 * min(0.0, means["nucleus 0 identity"] - 40)
        means["real score"] = real
        return 0.5 * real + 0.5 * float(np.mean(simulated)), means
