"""Specimens with known truth, drawn from a seed: nuclei, filaments, puncta, membranes, edges. NumPy only.

Each function returns float32 [size, size]: 0 is nothing, about 1 the brightest structure. `random` alone decides the
drawing.
"""

import numpy as np


def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    return y, x


def texture(size: int, length_px: float, random: np.random.Generator) -> np.ndarray:
    """Smooth noise with zero mean, unit variance and structures of about `length_px`."""
    fy = np.fft.fftfreq(size)[:, None]
    fx = np.fft.rfftfreq(size)[None, :]
    spectrum = np.fft.rfft2(random.standard_normal((size, size)))
    smooth = np.fft.irfft2(spectrum * np.exp(-2 * (length_px * np.pi) ** 2 * (fx**2 + fy**2) / 4), (size, size))
    return ((smooth - smooth.mean()) / (smooth.std() + 1e-12)).astype(np.float32)


def nuclei(size: int, random: np.random.Generator) -> np.ndarray:
    """Ellipses with chromatin-like texture."""
    y, x = _grid(size)
    image = np.zeros((size, size), np.float32)
    radius = random.uniform(6, 30)
    count = int(random.uniform(0.15, 0.6) * size**2 / (4 * radius**2)) + 1
    grain = texture(size, random.uniform(1.0, 5.0), random)
    for _ in range(count):
        cy, cx = random.uniform(-0.05 * size, 1.05 * size, 2)
        a, b = radius * random.uniform(0.6, 1.3, 2)
        turn = random.uniform(0, np.pi)
        u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        v = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
        distance = np.sqrt((u / a) ** 2 + (v / b) ** 2)
        inside = np.clip((1 - distance) * min(a, b) + 0.5, 0, 1)
        level = random.uniform(0.3, 1.0)
        image = np.maximum(image, inside * level * np.clip(1 + random.uniform(0.1, 0.5) * grain, 0.1, 2.0))
    return image / max(float(image.max()), 1e-6)


def filaments(size: int, random: np.random.Generator) -> np.ndarray:
    """Curved fibres a few pixels wide."""
    image = np.zeros((size + 8, size + 8), np.float32)
    width = random.uniform(0.5, 1.6)
    reach = np.arange(-4, 5)
    for _ in range(int(random.integers(8, 60))):
        steps = int(size * random.uniform(0.5, 2.0))
        turn = np.cumsum(np.cumsum(random.standard_normal(steps)) * 0.0015 * random.uniform(0.2, 2))
        turn += random.uniform(0, 2 * np.pi)
        py = random.uniform(0, size) + np.cumsum(np.sin(turn)) * 0.7
        px = random.uniform(0, size) + np.cumsum(np.cos(turn)) * 0.7
        keep = (py > 0) & (py < size - 1) & (px > 0) & (px < size - 1)
        py, px = py[keep], px[keep]
        iy, ix = np.rint(py).astype(int), np.rint(px).astype(int)
        # A Gaussian profile stamped along the curve; the maximum keeps crossings from piling up.
        for dy in reach:
            for dx in reach[np.abs(reach) <= 4]:
                value = np.exp(-((iy + dy - py) ** 2 + (ix + dx - px) ** 2) / (2 * width**2))
                if value.size:
                    np.maximum.at(image, (iy + dy + 4, ix + dx + 4), (value * 1.0).astype(np.float32))
    return image[4:-4, 4:-4] * np.clip(1 + 0.25 * texture(size, 12, random), 0.2, 2)


def puncta(size: int, random: np.random.Generator) -> np.ndarray:
    """Points and small spots of different brightness."""
    image = np.zeros((size, size), np.float32)
    count = int(np.exp(random.uniform(np.log(5), np.log(400))))
    py, px = random.uniform(2, size - 3, (2, count))
    level = random.uniform(0.2, 1.0, count) ** random.uniform(0.5, 3)
    sigma = random.uniform(0.4, 2.0)
    for dy in range(-5, 6):
        for dx in range(-5, 6):
            iy, ix = np.rint(py).astype(int) + dy, np.rint(px).astype(int) + dx
            ok = (iy >= 0) & (iy < size) & (ix >= 0) & (ix < size)
            value = level * np.exp(-((iy - py) ** 2 + (ix - px) ** 2) / (2 * sigma**2))
            np.add.at(image, (iy[ok], ix[ok]), value[ok].astype(np.float32))
    return np.minimum(image, 2)


def membranes(size: int, random: np.random.Generator) -> np.ndarray:
    """Cell outlines: the ridges between the nearest and second nearest of random centres (a Voronoi diagram)."""
    y, x = _grid(size)
    pitch = random.uniform(14, 60)
    count = max(4, int((size / pitch) ** 2))
    centres = random.uniform(-pitch, size + pitch, (int(count * (1 + 2 * pitch / size) ** 2) + 1, 2)).astype(np.float32)
    warp = 0.15 * pitch
    yy = y + warp * texture(size, pitch, random)
    xx = x + warp * texture(size, pitch, random)
    first = np.full((size, size), np.inf, np.float32)
    second = first.copy()
    for cy, cx in centres:
        distance = np.sqrt((yy - cy) ** 2 + (xx - cx) ** 2)
        second = np.minimum(second, np.maximum(first, distance))
        first = np.minimum(first, distance)
    width = random.uniform(0.6, 2.5) * np.clip(1 + 0.5 * texture(size, 15, random), 0.3, 3)
    ridge = np.exp(-(((second - first) / (2 * width)) ** 2))
    level = np.clip(0.7 + 0.3 * texture(size, 20, random), 0.1, 1.3)
    return (ridge * level + random.uniform(0, 0.15) * np.clip(texture(size, 8, random), 0, 2)).astype(np.float32)


def edges(size: int, random: np.random.Generator) -> np.ndarray:
    """Flat areas with straight borders: bars, rectangles, gratings, half planes, as on metal and lithography."""
    y, x = _grid(size)
    image = np.full((size, size), random.uniform(0, 0.6), np.float32)
    for _ in range(int(random.integers(1, 9))):
        turn = random.uniform(0, np.pi) if random.random() < 0.6 else random.choice([0.0, np.pi / 2])
        u = (x - random.uniform(0, size)) * np.cos(turn) + (y - random.uniform(0, size)) * np.sin(turn)
        v = (y - random.uniform(0, size)) * np.cos(turn) - (x - random.uniform(0, size)) * np.sin(turn)
        kind = random.integers(0, 4)
        if kind == 0:
            signed = u
        elif kind == 1:
            signed = np.minimum(random.uniform(1.5, 0.3 * size) - np.abs(u), random.uniform(3, 0.5 * size) - np.abs(v))
        elif kind == 2:
            signed = random.uniform(3, 0.25 * size) - np.sqrt(u**2 + v**2)
        else:
            period = random.uniform(4, 40)
            signed = np.abs((u / period) % 1 - 0.5) * period - period / 4
            signed = np.minimum(signed, random.uniform(10, 0.5 * size) - np.abs(v))
        mask = np.clip(signed + 0.5, 0, 1)
        image = image * (1 - mask) + random.uniform(0, 1) * mask
    image += random.uniform(0, 0.03) * texture(size, random.uniform(0.6, 4), random)
    return np.maximum(image, 0).astype(np.float32)


def fractal(size: int, slope: float, random: np.random.Generator) -> np.ndarray:
    """Detail of every size, like that of chromatin, cytoplasm and rough surfaces: noise of amplitude 1 / f^slope.

    Float32 [size, size], zero mean, unit variance. Slopes near 1 are those of natural images (Field 1987).
    """
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = 1.0
    noise = np.fft.irfft2(np.fft.rfft2(random.standard_normal((size, size))) / frequency**slope, (size, size))
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def chromatin(size: int, random: np.random.Generator) -> np.ndarray:
    """A few bodies on a dark ground, each full of detail down to the pixel."""
    bodies = texture(size, random.uniform(15, 60), random) - random.uniform(-0.5, 1.5)
    inside = np.clip(bodies * random.uniform(3, 12), 0, 1)
    detail = np.clip(1 + random.uniform(0.15, 0.6) * fractal(size, random.uniform(0.6, 1.6), random), 0, 3)
    image = inside * detail
    return (image / max(float(image.max()), 1e-6)).astype(np.float32)


def dead_leaves(size: int, random: np.random.Generator) -> np.ndarray:
    """Discs that hide one another, their radii distributed as r^-3, each with its own grey and roughness.

    The dead leaves model of natural images (Lee, Mumford and Huang 2001).
    """
    y, x = _grid(size)
    smallest, largest = random.uniform(1, 3), random.uniform(0.1, 0.5) * size
    image = np.full((size, size), random.uniform(0, 1), np.float32)
    rough = np.zeros_like(image)
    for _ in range(400):
        # Inverse of the cumulative distribution of p(r) ~ r^-3 between the two radii.
        radius = (smallest**-2 + random.random() * (largest**-2 - smallest**-2)) ** -0.5
        cy, cx = random.uniform(0, size, 2)
        reach = int(radius) + 2
        part = np.s_[max(0, int(cy) - reach) : int(cy) + reach + 1, max(0, int(cx) - reach) : int(cx) + reach + 1]
        mask = np.clip(radius - np.hypot(y[part] - cy, x[part] - cx) + 0.5, 0, 1)
        image[part] += mask * (random.uniform(0, 1) - image[part])
        rough[part] += mask * (random.uniform(0, 0.15) - rough[part])
    image += rough * fractal(size, random.uniform(0.4, 1.4), random)
    return np.clip(image, 0, 1.5)


def rough(size: int, random: np.random.Generator) -> np.ndarray:
    """Fine rough surfaces: wafers, ground or etched metal, paper. Grain down to the pixel, with scratches and pits."""
    grain = fractal(size, random.uniform(0.0, 1.0), random)
    image = 0.5 + random.uniform(0.03, 0.25) * grain
    y, x = _grid(size)
    for _ in range(int(random.integers(0, 25))):
        turn = random.uniform(0, np.pi)
        across = (x - random.uniform(0, size)) * np.sin(turn) - (y - random.uniform(0, size)) * np.cos(turn)
        image += random.uniform(-0.3, 0.3) * np.exp(-((across / random.uniform(0.4, 1.5)) ** 2))
    pits = puncta(size, random) if random.random() < 0.4 else 0
    return np.clip(image - random.uniform(0.1, 0.5) * pits, 0, 1.2).astype(np.float32)


KINDS = (nuclei, filaments, puncta, membranes, chromatin, dead_leaves, edges, rough)
ON_DARK = KINDS[:5]


def mixture(size: int, random: np.random.Generator) -> np.ndarray:
    """One specimen of a random kind, sometimes two on top of each other."""
    image = KINDS[random.integers(len(KINDS))](size, random)
    # Only a specimen on dark ground can be laid on top.
    if random.random() < 0.25:
        image = np.maximum(image, random.uniform(0.3, 1) * ON_DARK[random.integers(len(ON_DARK))](size, random))
    return image
