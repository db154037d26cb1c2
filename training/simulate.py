"""Training samples: a sharp specimen through a random microscope and camera, out of focus and in focus.

The target is the noise-free expectation of what the same microscope would have recorded in focus: same objective,
background, shading and saturation. The network is not asked to undo diffraction, so it can leave a focused image alone.
"""

import numpy as np

from .config import Config
from .data import Sharp, crop
from .degrade import Camera, Microscope, convolve, normalisation_range, transfer_function
from .specimen import mixture


def _log_uniform(low: float, high: float, random: np.random.Generator) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def random_microscope(config: Config, random: np.random.Generator) -> Microscope:
    """Sampling is drawn first (cut-off in cycles per pixel): that, not the aperture itself, is what an image shows."""
    aperture = random.uniform(*config.numerical_aperture)
    index = 1.0 if aperture < 0.95 else random.choice([1.33, 1.515]) if aperture < 1.25 else 1.515
    wavelength = random.uniform(*config.wavelength_um)
    cutoff = _log_uniform(*config.cutoff_per_px, random)
    return Microscope(
        numerical_aperture=aperture,
        wavelength_um=wavelength,
        refractive_index=index,
        pixel_size_um=cutoff * wavelength / (2 * aperture),
        spherical_waves=random.uniform(-config.spherical_waves, config.spherical_waves),
    )


class Optics:
    """Transfer functions of one microscope at the defocus of one exposure.

    `focused`, `blurred`: of the main layer; `layer_focused`, `layer_blurred`: of a layer at another depth.
    """

    def __init__(self, config: Config, random: np.random.Generator):
        size = config.patch_px + 2 * config.margin_px
        scope = random_microscope(config, random)
        if random.random() < config.in_focus_share:
            radius = 0.0
        else:
            radius = config.blur_radius_px * random.random() ** config.blur_power
        defocus = random.choice([-1, 1]) * scope.defocus_um(radius)
        depth = random.choice([-1, 1]) * scope.defocus_um(random.uniform(0.5, config.layer_blur_px))
        self.focused = transfer_function(scope, 0.0, size)
        self.blurred = self.focused if radius == 0 else transfer_function(scope, defocus, size)
        self.layer_focused = transfer_function(scope, depth, size)
        self.layer_blurred = self.layer_focused if radius == 0 else transfer_function(scope, depth + defocus, size)


class Sampler:
    """Endless (input, target) pairs, float32 [patch, patch] each, normalised as the engine normalises."""

    def __init__(self, sharp: list[Sharp], config: Config, seed: int):
        self.config = config
        self.random = np.random.default_rng(seed)
        self.size = config.patch_px + 2 * config.margin_px
        self.images = {
            kind: [s.plane for s in sharp if s.modality == kind] for kind in ("fluorescence", "brightfield")
        }
        # Large images hold more to learn from than small ones; the square root keeps the small ones in.
        self.weights = {
            kind: np.sqrt([p.size for p in planes]) / np.sum(np.sqrt([p.size for p in planes]))
            for kind, planes in self.images.items()
            if planes
        }
        self.optics: list[Optics] = []
        self.drawn: list[np.ndarray] = []
        self.count = 0

    def _pool(self, pool: list, target: int, every: int, make):
        """An entry of a pool that grows to `target` and then has one entry replaced at every `every`-th call."""
        if len(pool) < target and (len(pool) < 16 or self.count % 2 == 0):
            pool.append(make())
        elif self.count % every == 0:
            pool[self.random.integers(len(pool))] = make()
        return pool[self.random.integers(len(pool))]

    def _specimen(self) -> tuple[np.ndarray, str]:
        config, random = self.config, self.random
        shares = [config.share_fluorescence, config.share_brightfield, config.share_drawn]
        kind = ("fluorescence", "brightfield", "drawn")[random.choice(3, p=shares)]
        if kind == "drawn" or not self.images[kind]:
            big = self._pool(self.drawn, 256, 6, lambda: mixture(self.size + 64, random).astype(np.float16))
            image, kind = crop(big, self.size, 1.0, random), "fluorescence"
        else:
            planes = self.images[kind]
            plane = planes[random.choice(len(planes), p=self.weights[kind])]
            largest = max(1.0, min(config.downscale[1], 1.3 * min(plane.shape) / self.size))
            scale = random.uniform(config.downscale[0], largest) if random.random() < 0.7 else 1.0
            image = crop(plane, self.size, scale, random)
        if kind == "fluorescence" and random.random() < config.absorb_share:
            # Beer-Lambert: the stained specimen as an absorber in transmitted light.
            image, kind = np.exp(-random.uniform(0.2, 2.5) * image).astype(np.float32), "brightfield"
        return image, kind

    def _shading(self) -> np.ndarray:
        ramp = np.linspace(-1, 1, self.size, dtype=np.float32)
        a, b, c = self.random.uniform(-1, 1, 3) * self.config.shading * 0.5
        return np.maximum(1 + a * ramp[:, None] + b * ramp[None, :] + c * ramp[:, None] * ramp[None, :], 0.2)

    def _camera(self, kind: str, brightest: float) -> Camera:
        config, random = self.config, self.random
        photons = _log_uniform(*(config.photons if kind == "fluorescence" else config.brightfield_photons), random)
        photons /= max(brightest, 1e-3)
        full_scale = (1 << int(random.choice([8, 8, 10, 12, 14, 16]))) - 1
        # How much of the converter's range the exposure fills; above 1 the brightest parts saturate.
        fill = random.uniform(1.05, 1.6) if random.random() < config.saturated_share else random.uniform(0.2, 0.98)
        offset = random.uniform(0, 0.08) * full_scale
        return Camera(
            photons=photons,
            read_noise=random.uniform(*config.read_noise),
            offset=offset,
            counts_per_photon=(full_scale - offset) * fill / (photons * max(brightest, 1e-3)),
            full_scale=full_scale,
            grain_px=random.uniform(0.4, 1.0) if random.random() < config.grain_share else 0.0,
        )

    def __call__(self) -> tuple[np.ndarray, np.ndarray]:
        config, random = self.config, self.random
        self.count += 1
        optics = self._pool(self.optics, config.optics_bank, 8, lambda: Optics(config, random))
        image, kind = self._specimen()
        spectrum = np.fft.rfft2(image)
        focused, blurred = spectrum * optics.focused, spectrum * optics.blurred
        layered = random.random() < config.layered_share
        if layered:
            # Light of a second layer adds up in fluorescence; in transmission the two factors are near enough a sum.
            other = np.roll(image, tuple(random.integers(0, self.size, 2)), (0, 1))
            other = np.fft.rfft2((other - (0 if kind == "fluorescence" else other.mean())) * random.uniform(0.1, 0.7))
            focused = focused + other * optics.layer_focused
            blurred = blurred + other * optics.layer_blurred
        cut = slice(config.margin_px, config.margin_px + config.patch_px)
        light = np.fft.irfft2(np.stack((focused, blurred)), (self.size, self.size))[:, cut, cut]
        brightest = float(np.percentile(light[0], 99.5))
        if kind == "fluorescence" and random.random() < 0.8:
            light = light + random.uniform(*config.background) * brightest
        if random.random() < 0.4:
            light = light * self._shading()[cut, cut]
        light = np.maximum(light, 0).astype(np.float32)
        camera = self._camera(kind, float(np.percentile(light[0], 99.9)))
        seen = camera.expose(light[1], random)
        truth = camera.expectation(light[0])
        low, high = normalisation_range(seen)
        span = high - low
        if random.random() < config.dim_share:
            low -= random.uniform(0, 0.5) * span
            span *= float(np.exp(random.uniform(0, 2)))
        span = max(span, 1.0)  # one count: an empty patch is not blown up to noise of unit height
        return ((seen - low) / span).astype(np.float32), ((truth - low) / span).astype(np.float32)
