"""Training samples: a sharp specimen through a random microscope and camera, out of focus and in focus.

The target is the noise-free image that the same microscope would have recorded in focus: same objective, background,
haze, shading and saturation. The network is not asked to undo diffraction, so it can leave a focused image alone.
"""

import io
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from training.config import Config
from training.data.images import Sharp, crop
from training.data.intensity import normalisation_range
from training.optics.camera import Camera
from training.optics.random_optics import FREQUENCIES, Optics, at_depths, log_uniform, relief
from training.optics.specimen import mixture


def unknown_contrast() -> np.ndarray:
    return np.full(len(FREQUENCIES), np.nan, np.float32)


@dataclass(frozen=True)
class Sample:
    """One training sample, normalised as the engine normalises."""

    image: np.ndarray  # out of focus, as the camera recorded it; float32 [patch, patch]
    target: np.ndarray  # in focus, without noise; float32 [patch, patch]
    # Share of contrast that defocus left (`random_optics.contrast_kept`), float32 [len(FREQUENCIES)]; NaN = unknown.
    contrast_kept: np.ndarray = field(default_factory=unknown_contrast)

    def turned(self, quarters: int, mirrored: bool) -> "Sample":
        """The same sample, both images turned by quarter turns and then mirrored."""
        way = lambda image: np.ascontiguousarray(np.rot90(image, quarters)[:: -1 if mirrored else 1])
        return Sample(way(self.image), way(self.target), self.contrast_kept)


def jpeg(counts: np.ndarray, quality: int) -> np.ndarray:
    """8-bit counts [H, W] after JPEG compression, float64."""
    file = io.BytesIO()
    Image.fromarray(counts.astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float64)


class Sampler:
    """Draws one sample after another: `sampler()`. `seed` decides all of them."""

    def __init__(self, sharp: list[Sharp], config: Config, seed: int):
        self.config = config
        self.random = np.random.default_rng(seed)
        self.size = config.patch_px + 2 * config.margin_px
        self.images = {kind: [s.plane for s in sharp if s.modality == kind] for kind in ("fluorescence", "brightfield")}
        # Large images hold more to learn from; the square root keeps small ones from vanishing beside them.
        self.weights = {
            kind: np.sqrt([p.size for p in planes]) / np.sum(np.sqrt([p.size for p in planes]))
            for kind, planes in self.images.items()
            if planes
        }
        self.optics: dict[str, list[Optics]] = {"fluorescence": [], "brightfield": []}
        self.drawn: list[np.ndarray] = []
        self.count = 0

    def _pool(self, pool: list, target: int, every: int, make):
        """An entry of a pool that grows to `target`; from then on every `every`-th call replaces one entry."""
        if len(pool) < target and (len(pool) < 16 or self.count % 2 == 0):
            pool.append(make())
        elif self.count % every == 0:
            pool[self.random.integers(len(pool))] = make()
        return pool[self.random.integers(len(pool))]

    def _specimen(self) -> tuple[np.ndarray, str, bool]:
        """A specimen [size, size], its kind of light, and whether it may stand for an image taken in focus."""
        config, random = self.config, self.random
        shares = [config.share_fluorescence, config.share_brightfield, config.share_drawn]
        kind = ("fluorescence", "brightfield", "drawn")[random.choice(3, p=shares)]
        drawn = kind == "drawn" or not self.images[kind]
        scale = 1.0
        if drawn:
            big = self._pool(self.drawn, 256, 6, lambda: mixture(self.size + 64, random).astype(np.float16))
            image, kind = crop(big, self.size, 1.0, random), "fluorescence"
        else:
            planes = self.images[kind]
            plane = planes[random.choice(len(planes), p=self.weights[kind])]
            largest = max(1.0, min(config.downscale[1], 1.3 * min(plane.shape) / self.size))
            if random.random() < 0.7:
                scale = random.uniform(config.downscale[0], largest)
            image = crop(plane, self.size, scale, random)
        if kind == "fluorescence" and random.random() < config.absorb_share:
            # Beer-Lambert: the stained specimen as an absorber in transmitted light.
            image, kind = np.exp(-random.uniform(0.2, 2.5) * image).astype(np.float32), "brightfield"
        elif drawn and random.random() < config.reflect_share:
            dark = random.uniform(0, 0.5)  # light from the least reflecting part
            image, kind = dark + (1 - dark) * image, "brightfield"
        return image, kind, scale >= config.seen_downscale

    def _light(self, image: np.ndarray, kind: str, may_be_seen: bool) -> tuple[np.ndarray, np.ndarray]:
        """Light in focus and out of focus, [2, patch, patch], and the contrast that defocus left."""
        config, random = self.config, self.random
        optics = self._pool(
            self.optics[kind], config.optics_bank, config.optics_life, lambda: Optics(config, random, kind)
        )
        depths = [image]
        if optics.kind == "layered":
            # In fluorescence the light of layers adds up; in transmission a sum is near enough to the product.
            for _ in optics.layers[1:]:
                other = np.roll(image, tuple(random.integers(0, self.size, 2)), (0, 1))
                depths.append((other - (0 if kind == "fluorescence" else other.mean())) * random.uniform(0.1, 0.7))
        elif optics.kind == "relief":
            depths = at_depths(image, relief(self.size, random))
        seen = may_be_seen and optics.once_more and random.random() < config.seen_share
        light = np.stack(optics.image(depths, seen))
        if random.random() < config.haze_share:
            light += self._haze(image) * random.uniform(*config.haze)
        cut = slice(config.margin_px, config.margin_px + config.patch_px)
        return light[:, cut, cut], optics.contrast_kept

    def _haze(self, image: np.ndarray) -> np.ndarray:
        """Glow of structures far from focus, alike in both images; its mean is 0, the background has a level."""
        frequency2 = np.fft.fftfreq(self.size)[:, None] ** 2 + np.fft.rfftfreq(self.size)[None, :] ** 2
        smooth = np.exp(-2 * (np.pi * log_uniform(*self.config.haze_px, self.random)) ** 2 * frequency2)
        other = np.roll(image - image.mean(), tuple(self.random.integers(0, self.size, 2)), (0, 1))
        return np.fft.irfft2(np.fft.rfft2(other) * smooth, (self.size, self.size))

    def _shading(self) -> np.ndarray:
        """Uneven illumination, [patch, patch] around 1."""
        ramp = np.linspace(-1, 1, self.config.patch_px, dtype=np.float32)
        a, b, c = self.random.uniform(-1, 1, 3) * self.config.shading * 0.5
        return np.maximum(1 + a * ramp[:, None] + b * ramp[None, :] + c * ramp[:, None] * ramp[None, :], 0.2)

    def _camera(self, kind: str, brightest: float) -> Camera:
        """A random camera for light whose brightest structure has the level `brightest`."""
        config, random = self.config, self.random
        photons = config.photons if kind == "fluorescence" else config.brightfield_photons
        if random.random() < config.clean_share:
            photons = config.clean_photons
        photons = log_uniform(*photons, random) / max(brightest, 1e-3)
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
            grain_px=random.uniform(*config.grain_px) if random.random() < config.grain_share else 0.0,
        )

    def _expose(self, camera: Camera, light: np.ndarray) -> np.ndarray:
        """Counts of one exposure as a file would hold them: with noise, hot pixels and compression."""
        config, random = self.config, self.random
        seen = camera.expose(light, random)
        if random.random() < config.hot_share:
            place = random.integers(0, seen.size, random.integers(1, 9))
            seen.flat[place] = np.maximum(seen.flat[place], camera.full_scale * random.uniform(0.3, 1, len(place)))
        if camera.full_scale == 255 and random.random() < config.jpeg_share:
            seen = jpeg(seen, int(random.integers(*config.jpeg_quality)))
        return seen

    def __call__(self) -> Sample:
        while True:
            sample = self._draw()
            if sample.target.max() <= self.config.brightest_target:
                return sample

    def _draw(self) -> Sample:
        config, random = self.config, self.random
        self.count += 1
        image, kind, may_be_seen = self._specimen()
        light, contrast_kept = self._light(image, kind, may_be_seen)
        brightest = float(np.percentile(light[0], 99.5))
        if kind == "fluorescence" and random.random() < 0.8:
            light = light + random.uniform(*config.background) * brightest
        if random.random() < 0.4:
            light = light * self._shading()
        light = np.maximum(light, 0).astype(np.float32)
        camera = self._camera(kind, float(np.percentile(light[0], 99.9)))
        seen = self._expose(camera, light[1])
        truth = camera.expectation(light[0])
        low, high = normalisation_range(seen)
        span = high - low
        if random.random() < config.dim_share:
            low -= random.uniform(0, 0.5) * span
            span *= float(np.exp(random.uniform(0, 2)))
        span = max(span, 1.0)  # at least one count, or the noise of an empty patch would be stretched to unit height
        scaled = lambda counts: ((counts - low) / span).astype(np.float32)
        return Sample(scaled(seen), scaled(truth), contrast_kept)
