"""The score that chooses a checkpoint: the development focal stacks, where there are any, and simulated specimens.

The simulated specimens have a microscope and seeds that neither training nor the tables of
training/evaluate/held_out.py use.
"""

from pathlib import Path

import numpy as np

from training.config import Config
from training.data import real_stacks
from training.data.images import Sharp
from training.data.real_stacks import NUCLEUS_STEP_UM
from training.evaluate import held_out, protocol, restore
from training.optics.microscope import Microscope
from training.optics.simulate import Sampler

SCOPE = Microscope(numerical_aperture=0.5, wavelength_um=0.6, refractive_index=1.0, pixel_size_um=0.5)
FIRST_SEED = 30_000_000
BLUR_PX = (1.5, 3.0, 6.0)  # radius of the blur disc
PHOTONS = (300, 3000)
# Part of the large tissue planes: whole ones would take too much of the run's time.
TISSUE = (slice(232, 808), slice(310, 1078))


class Validation:
    """`validation(model)` returns a score (dB, higher is better) and its parts by name."""

    PATCHES = 64  # simulated ones, where there are no stacks
    SKIPPED = 600  # samples drawn before them, until the sampler's pools are full

    def __init__(self, config: Config, sharp: list[Sharp], data: Path | None):
        """`data`: folder that may hold stacks in eval/; `sharp`: images for simulated patches where it holds none."""
        self.cases, self.simulated, self.samples = [], [], []
        if data is not None and (data / "eval").is_dir():
            for stack, wanted, cut in (
                ("tissue-brightfield", (0, 1, 3, 5, 8), TISSUE),
                ("nucleus-widefield", tuple(NUCLEUS_STEP_UM * k for k in (0, 1, 3, 6, 12)), np.s_[:, :]),
            ):
                sharp_plane, planes, unit = real_stacks.stack_planes(stack, data)
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
            self.samples = [sampler() for _ in range(self.PATCHES)]

    def __call__(self, model) -> tuple[float, dict]:
        network = restore.torch_network(model)
        return self._on_stacks(network) if self.cases else self._on_patches(network)

    def _on_patches(self, network) -> tuple[float, dict]:
        """Mean PSNR of simulated patches."""
        restored = network(np.stack([s.image for s in self.samples])[:, None])[:, 0]
        errors = [np.mean((r - s.target) ** 2) for r, s in zip(restored, self.samples, strict=True)]
        score = float(np.mean([-10 * np.log10(e + 1e-8) for e in errors]))
        return score, {"simulated_psnr": score}

    def _on_stacks(self, network) -> tuple[float, dict]:
        """Half of the score is of the planes of the development stacks, half of simulated specimens."""
        rows = [protocol.evaluate_plane(*case, network) for case in self.cases]
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
        # The mean gain, less what the worst plane loses and what restoring changes in the focused nucleus.
        real = float(np.mean(gains)) + min(0.0, min(gains)) + 0.2 * min(0.0, means["nucleus 0 identity"] - 40)
        means["real score"] = real
        return 0.5 * real + 0.5 * float(np.mean(simulated)), means
