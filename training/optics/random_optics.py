"""Random microscopes, and the images they form of a specimen of one or several depths, in and out of focus.

NumPy only.
"""

import dataclasses

import numpy as np

from training.config import Config
from training.optics.contrast import TOLD_FACTORS, contrast_kept, told_curves
from training.optics.microscope import Microscope, transfer_function
from training.optics.specimen import texture


def log_uniform(low: float, high: float, random: np.random.Generator) -> float:
    """A number between `low` and `high` whose logarithm is uniform."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def random_microscope(config: Config, random: np.random.Generator) -> Microscope:
    """A microscope from the ranges of `config`.

    The cut-off in cycles per pixel is drawn, and the pixel size follows from it: an image shows its sampling, not the
    aperture itself.
    """
    aperture = random.uniform(*config.numerical_aperture)
    index = 1.0 if aperture < 0.95 else random.choice([1.33, 1.515]) if aperture < 1.25 else 1.515
    wavelength = random.uniform(*config.wavelength_um)
    cutoff = log_uniform(*config.cutoff_per_px, random)
    spherical = random.uniform(-config.spherical_waves, config.spherical_waves)
    return Microscope(
        numerical_aperture=aperture,
        wavelength_um=wavelength,
        refractive_index=index,
        pixel_size_um=cutoff * wavelength / (2 * aperture),
        spherical_waves=0.0 if random.random() < config.corrected_share else spherical,
    )


def blur_radius_px(config: Config, random: np.random.Generator) -> float:
    """A random radius of the geometric blur disc, in pixels."""
    if random.random() < config.middle_share:
        return random.uniform(*config.middle_blur_px)
    return config.blur_radius_px * random.random() ** config.blur_power


class Optics:
    """A random microscope at the random defocus of one exposure, for images of patch and margin.

    `layers`: for each depth of the specimen its transfer functions in focus and out of focus; the first depth is the
    one that the focused image is focused on. `kind`: "thin" (one depth), "layered" (several specimens, all but the
    first dimmer) or "relief" (one specimen whose surface goes from the second depth through the first to the third).
    `radius_px`: radius of the blur disc. `once_more`: whether an image that was taken in focus can stand for the
    specimen. `contrast_kept`: of the first depth, as the function of this name returns it. `told`: the curves that a
    user would tell who knows the optics and is off in the distance by TOLD_FACTORS. `coherent`: whether the light is
    partly coherent, which no user tells. `plain`: see config.py.
    """

    def __init__(self, config: Config, random: np.random.Generator, light: str = "fluorescence"):
        self.size = config.patch_px + 2 * config.margin_px
        scope = random_microscope(config, random)
        self.plain = random.random() < config.plain_share
        partly = {}
        self.coherent = False
        if self.plain:
            scope = dataclasses.replace(scope, spherical_waves=0.0)
        elif light == "brightfield" and random.random() < config.coherent_share:
            self.coherent = True
            partly = {"condenser": random.uniform(*config.condenser), "phase": config.phase * random.standard_normal()}
            # Z11 is balanced for the whole pupil. Through a part of it the focus would move, and contrast invert.
            scope = dataclasses.replace(scope, spherical_waves=0.0)
        in_focus = random.random() < config.in_focus_share
        self.radius_px = 0.0 if in_focus else blur_radius_px(config, random)
        defocus = random.choice([-1, 1]) * scope.defocus_um(self.radius_px)
        thick = [0.0, 0.0] if self.plain else [config.layered_share, config.relief_share]
        self.kind = ("thin", "layered", "relief")[random.choice(3, p=[1 - sum(thick), *thick])]
        depths = [0.0]
        if self.kind == "layered":
            more = 1 + random.integers(config.most_layers)
            depths += [
                random.choice([-1, 1]) * scope.defocus_um(random.uniform(0.5, config.layer_blur_px))
                for _ in range(more)
            ]
        elif self.kind == "relief":
            height = scope.defocus_um(config.relief_blur_px * random.random())
            depths += [-height, height]
        self.layers = []
        for depth in depths:
            focused = transfer_function(scope, depth, self.size, **partly)
            blurred = focused if in_focus else transfer_function(scope, depth + defocus, self.size, **partly)
            self.layers.append((focused, blurred))
        self.contrast_kept = contrast_kept(*self.layers[0])
        self.told = told_curves(scope, [abs(defocus) * factor for factor in TOLD_FACTORS])
        self.once_more = scope.cutoff_per_um * scope.pixel_size_um >= config.seen_cutoff_per_px

    def image(self, depths: list[np.ndarray], seen: bool) -> tuple[np.ndarray, np.ndarray]:
        """Light in focus and out of focus, [size, size] each, of one [size, size] specimen for each layer.

        `seen`: the specimen is itself an image that this microscope took in focus. Defocus then multiplies it by the
        ratio of the two transfer functions: image(z) = F^-1[F(image(0)) H(z) / H(0)].
        """
        total = 0
        for specimen, pair in zip(depths, self.layers, strict=True):
            transfer = np.stack(pair)
            if seen:
                # The ratio is 1 where neither passes anything: what an image has there is not light of the specimen.
                tiny = 1e-3
                transfer = np.clip((transfer + tiny) / (np.maximum(self.layers[0][0], 0) + tiny), -2, 2)
                if pair is self.layers[0]:
                    transfer[0] = 1
            total = total + np.fft.rfft2(specimen) * transfer
        return tuple(np.fft.irfft2(total, (self.size, self.size)))


def relief(size: int, random: np.random.Generator) -> np.ndarray:
    """Height of an uneven specimen or of a curved field: a tilt and gentle waves, float32 [size, size] from -1 to 1."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    turn = random.uniform(0, 2 * np.pi)
    height = random.uniform(0, 1.2) * (np.cos(turn) * x + np.sin(turn) * y)
    height = height + random.uniform(0, 0.8) * texture(size, random.uniform(0.1, 0.6) * size, random)
    return np.clip(height + random.uniform(-0.3, 0.3), -1, 1).astype(np.float32)


def at_depths(specimen: np.ndarray, height: np.ndarray) -> list[np.ndarray]:
    """The parts of a specimen [size, size] at three depths (middle, below, above), by its `height`; they sum to it."""
    below, above = np.maximum(-height, 0), np.maximum(height, 0)
    return [specimen * (1 - below - above), specimen * below, specimen * above]
