"""Training samples: a sharp specimen through a random microscope and camera, out of focus and in focus.

The target is the noise-free image that the same microscope would have recorded in focus: same objective, background,
haze, shading and saturation. The network is not asked to undo diffraction, so it can leave a focused image alone.

A sample is made in two parts. `Lights` draws the light that reaches the camera, which takes nearly all of the time;
`Exposures` draws the camera. A bank of light (training/fit/bank.py) is exposed again and again, each time with other
noise.
"""

import dataclasses
import io
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from training.config import Config
from training.data.images import Sharp, crop
from training.data.intensity import normalisation_range
from training.optics import phase
from training.optics.camera import Camera
from training.optics.contrast import FREQUENCIES, TOLD_FACTORS
from training.optics.random_optics import Optics, at_depths, blur_radius_px, log_uniform, random_microscope, relief
from training.optics.specimen import mixture


def _unknown(*shape: int) -> np.ndarray:
    return np.full(shape, np.nan, np.float32)


@dataclass(frozen=True)
class Blur:
    """What is true of a sample's blur, and what a user would tell of it; NaN = unknown."""

    # Share of contrast that defocus left (contrast.py); float32 [len(FREQUENCIES)].
    contrast_kept: np.ndarray = field(default_factory=lambda: _unknown(len(FREQUENCIES)))
    # The same as a user would tell who is off in the distance by TOLD_FACTORS; float32 [len(TOLD_FACTORS), ...].
    told: np.ndarray = field(default_factory=lambda: _unknown(len(TOLD_FACTORS), len(FREQUENCIES)))
    radius_px: float = float("nan")  # of the geometric blur disc


@dataclass(frozen=True)
class Light:
    """What reaches the camera in focus and out of focus, without noise."""

    pair: np.ndarray  # in focus, out of focus; [2, patch, patch], in units of the specimen's brightest structure
    fluorescent: bool  # else bright-field: light without a specimen is bright
    plain: bool  # see config.py; the camera's noise is then white and its file not compressed
    blur: Blur

    def turned(self, quarters: int, mirrored: bool) -> "Light":
        """The same light, turned by quarter turns and then mirrored."""
        pair = np.rot90(self.pair, quarters, (1, 2))
        return dataclasses.replace(self, pair=np.ascontiguousarray(pair[:, :: -1 if mirrored else 1]))


@dataclass(frozen=True)
class Sample:
    """One training sample, normalised as the engine normalises."""

    image: np.ndarray  # out of focus, as the camera recorded it; float32 [patch, patch]
    target: np.ndarray  # in focus, without noise; float32 [patch, patch]
    blur: Blur = field(default_factory=Blur)

    def turned(self, quarters: int, mirrored: bool) -> "Sample":
        """The same sample, both images turned by quarter turns and then mirrored."""
        way = lambda image: np.ascontiguousarray(np.rot90(image, quarters)[:: -1 if mirrored else 1])
        return Sample(way(self.image), way(self.target), self.blur)


def jpeg(counts: np.ndarray, quality: int) -> np.ndarray:
    """8-bit counts [H, W] after JPEG compression, float64."""
    return _through_jpeg(counts.astype(np.uint8), quality)


def colour_jpeg(counts: np.ndarray, quality: int, random: np.random.Generator) -> np.ndarray:
    """8-bit counts [H, W] as one channel of a colour image that was compressed as JPEG, float64.

    The other channels show the same specimen with another contrast. JPEG keeps colour at half the resolution, so each
    channel comes back with blocks and blur of the others.
    """
    middle = np.median(counts)
    channels = np.stack([middle + (counts - middle) * c for c in random.uniform(0.2, 1.2, 3)], -1)
    own = int(random.integers(3))
    channels[..., own] = counts
    return _through_jpeg(np.clip(np.rint(channels), 0, 255).astype(np.uint8), quality)[..., own]


def _through_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float64)


def _variety(planes: list[Sharp]) -> np.ndarray:
    """The chance of each plane to be drawn, [N].

    Large images hold more to learn from, and many of one source less than as many of several: each counts by the square
    root, which keeps small ones, and small sources, from vanishing.
    """
    of_source = {source: sum(p.source == source for p in planes) for source in {p.source for p in planes}}
    weight = np.array([np.sqrt(p.plane.size / of_source[p.source]) for p in planes])
    return weight / weight.sum()


class Lights:
    """Draws the light of one sample after another: `lights()`. `random` decides all of them."""

    def __init__(self, sharp: list[Sharp], config: Config, random: np.random.Generator):
        self.config, self.random = config, random
        self.size = config.patch_px + 2 * config.margin_px
        chosen = {kind: [s for s in sharp if s.modality == kind] for kind in ("fluorescence", "brightfield")}
        self.images = {kind: [s.plane for s in planes] for kind, planes in chosen.items()}
        self.weights = {kind: _variety(planes) for kind, planes in chosen.items() if planes}
        self.optics: dict[str, list[Optics]] = {"fluorescence": [], "brightfield": []}
        self.drawn: list[np.ndarray] = []
        self.count = 0

    def __call__(self) -> Light:
        """The light of the next sample; its arrays are float32."""
        self.count += 1
        image, kind, may_be_seen = self._specimen()
        if kind == "fluorescence" and self.random.random() < self.config.phase_share:
            return self._of_phase(image)
        return self._light(image, kind, may_be_seen)

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

    def _light(self, image: np.ndarray, kind: str, may_be_seen: bool) -> Light:
        """The light of a specimen that absorbs, reflects or shines."""
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
        if not optics.plain and random.random() < config.haze_share:
            light += self._haze(image) * random.uniform(*config.haze)
        told = optics.told
        if optics.coherent and random.random() > config.coherent_told_share:
            told = np.full_like(told, np.nan)
        blur = Blur(optics.contrast_kept, told, optics.radius_px)
        return self._cut(light, kind == "fluorescence", optics.plain, blur)

    def _cut(self, light: np.ndarray, fluorescent: bool, plain: bool, blur: Blur) -> Light:
        """Without the margin."""
        cut = slice(self.config.margin_px, self.config.margin_px + self.config.patch_px)
        return Light(np.maximum(light[:, cut, cut], 0).astype(np.float32), fluorescent, plain, blur)

    def _of_phase(self, image: np.ndarray) -> Light:
        """The light of a specimen that mostly delays light: `image` is its thickness, from 0 to about 1."""
        config, random = self.config, self.random
        scope = dataclasses.replace(random_microscope(config, random), spherical_waves=0.0)
        if scope.cutoff_per_um * scope.pixel_size_um > phase.HIGHEST_CUTOFF:
            scope = dataclasses.replace(scope, pixel_size_um=random.uniform(0.4, 1) / scope.cutoff_per_um)
        radius = 0.0 if random.random() < config.in_focus_share else blur_radius_px(config, random)
        defocus = random.choice([-1, 1]) * scope.defocus_um(radius)
        delay = image * random.choice([-1, 1]) * random.uniform(*config.phase_delay)
        absorbance = image * random.uniform(0, 1) ** 2
        light = phase.images(absorbance, delay, scope, (0.0, defocus), random.uniform(*config.phase_condenser))
        # Neither its blur nor what a user tells of it is that of light without phase.
        return self._cut(light, False, False, Blur(radius_px=radius))

    def _haze(self, image: np.ndarray) -> np.ndarray:
        """Glow of structures far from focus, alike in both images; its mean is 0, the background has a level."""
        frequency2 = np.fft.fftfreq(self.size)[:, None] ** 2 + np.fft.rfftfreq(self.size)[None, :] ** 2
        smooth = np.exp(-2 * (np.pi * log_uniform(*self.config.haze_px, self.random)) ** 2 * frequency2)
        other = np.roll(image - image.mean(), tuple(self.random.integers(0, self.size, 2)), (0, 1))
        return np.fft.irfft2(np.fft.rfft2(other) * smooth, (self.size, self.size))


class Exposures:
    """Draws what a camera records of light: `exposures(light)`. `random` decides all of them."""

    def __init__(self, config: Config, random: np.random.Generator):
        self.config, self.random = config, random

    def __call__(self, light: Light) -> Sample:
        """One exposure, normalised as the engine normalises."""
        config, random = self.config, self.random
        pair = light.pair.astype(np.float32)
        brightest = float(np.percentile(pair[0], 99.5))
        if light.fluorescent and random.random() < 0.8:
            pair = pair + random.uniform(*config.background) * brightest
        if random.random() < 0.4:
            pair = pair * self._shading()
        camera = self._camera(light.fluorescent, float(np.percentile(pair[0], 99.9)))
        if light.plain:
            seen = dataclasses.replace(camera, grain_px=0.0).expose(pair[1], random)
        else:
            seen = self._expose(camera, pair[1])
        truth = camera.expectation(pair[0])
        low, high = normalisation_range(seen)
        span = high - low
        if random.random() < config.dim_share:
            low -= random.uniform(0, 0.5) * span
            span *= float(np.exp(random.uniform(0, 2)))
        span = max(span, 1.0)  # at least one count, or the noise of an empty patch would be stretched to unit height
        scaled = lambda counts: ((counts - low) / span).astype(np.float32)
        return Sample(scaled(seen), scaled(truth), light.blur)

    def _shading(self) -> np.ndarray:
        """Uneven illumination, [patch, patch] around 1."""
        ramp = np.linspace(-1, 1, self.config.patch_px, dtype=np.float32)
        a, b, c = self.random.uniform(-1, 1, 3) * self.config.shading * 0.5
        return np.maximum(1 + a * ramp[:, None] + b * ramp[None, :] + c * ramp[:, None] * ramp[None, :], 0.2)

    def _camera(self, fluorescent: bool, brightest: float) -> Camera:
        """A random camera for light whose brightest structure has the level `brightest`."""
        config, random = self.config, self.random
        photons = config.photons if fluorescent else config.brightfield_photons
        if random.random() < config.clean_share:
            photons = config.clean_photons
        photons = log_uniform(*photons, random) / max(brightest, 1e-3)
        full_scale = (1 << int(random.choice([8, 8, 10, 12, 14, 16]))) - 1
        # How much of the converter's range the exposure fills; above 1 the brightest parts saturate.
        saturated = config.saturated_share if fluorescent else config.brightfield_saturated_share
        fill = random.uniform(1.02, 1.6) if random.random() < saturated else random.uniform(0.2, 0.98)
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
            quality = int(random.integers(*config.jpeg_quality))
            colour = random.random() < config.colour_jpeg_share
            seen = colour_jpeg(seen, quality, random) if colour else jpeg(seen, quality)
        return seen


class Sampler:
    """Draws one sample after another: `sampler()`. `seed` decides all of them."""

    def __init__(self, sharp: list[Sharp], config: Config, seed: int):
        random = np.random.default_rng(seed)
        self.lights, self.exposures = Lights(sharp, config, random), Exposures(config, random)

    def __call__(self) -> Sample:
        while True:
            sample = self.exposures(self.lights())
            if sample.target.max() <= self.exposures.config.brightest_target:
                return sample
