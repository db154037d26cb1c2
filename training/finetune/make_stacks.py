"""Simulated focal stacks to try `finetune` with: specimens that no training has seen, on a stage that drifts.

    python -m training make-stacks --out STACKS [--fields 8] [--planes 9]

Each field is drawn from its own seed: shells like a diatom's, plates with rows of pores, and dust. One microscope (20x,
NA 0.75, pixels of 0.325 um) and its camera take planes 1.2 um apart through focus, while the stage creeps by fractions
of a pixel and the lamp dims. Each field is one 16-bit TIFF whose middle plane is sharp.
"""

import sys
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage

from training.command import one_line_errors, parser_of
from training.optics.camera import Camera
from training.optics.microscope import Microscope, convolve, transfer_function
from training.optics.specimen import texture

SCOPE = Microscope(
    numerical_aperture=0.75, wavelength_um=0.55, refractive_index=1.0, pixel_size_um=0.325, spherical_waves=0.05
)
SIZE, MARGIN = 256, 40
STEP_UM = 1.2
PHOTONS = 2000  # in the brightest structure of the focused image
CREEP_PX = 0.15  # of the stage, from plane to plane, along each axis
DIMMING = 0.01  # of the lamp, from plane to plane
SEED = 40_000_000


def shells(size: int, random: np.random.Generator) -> np.ndarray:
    """Plates with a rim and rows of pores, in rings around the middle; float32 [size, size], 0 to 1."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    image = np.zeros((size, size), np.float32)
    for _ in range(int(random.integers(5, 9))):
        cy, cx = random.uniform(0, size, 2)
        radius = random.uniform(25, 70)
        stretch, turn = random.uniform(0.55, 1.0), random.uniform(0, np.pi)
        u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        v = ((y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)) / stretch
        r, angle = np.hypot(u, v), np.arctan2(v, u)
        pitch = random.uniform(6, 11)
        ring = np.floor(r / pitch + 0.5)
        count = np.maximum(np.round(2 * np.pi * ring * 0.9), 1)
        along = (angle / (2 * np.pi) * count - np.round(angle / (2 * np.pi) * count)) * 2 * np.pi * r / count
        pore = np.hypot(r - ring * pitch, along)
        plate = np.clip(radius - r + 0.5, 0, 1)
        holes = np.clip(0.28 * pitch - pore + 0.5, 0, 1)
        rim = np.exp(-(((r - radius + 2) / 1.2) ** 2))
        level = random.uniform(0.4, 1.0)
        image = np.maximum(image, level * plate * np.maximum(0.75 * (1 - 0.85 * holes), rim))
    dust = np.clip(texture(size, 1.5, random) - 2.6, 0, 1)
    return (np.minimum(image + 0.5 * dust, 1) + 0.06).astype(np.float32)


def field(seed: int, planes: int) -> np.ndarray:
    """The stack of one field, uint16 [planes, SIZE, SIZE]."""
    random = np.random.default_rng(SEED + seed)
    whole = SIZE + 2 * MARGIN
    specimen = shells(whole, random)
    focused = np.maximum(convolve(specimen, transfer_function(SCOPE, 0.0, whole)), 0)
    peak = float(np.percentile(focused, 99.9))
    creep = np.cumsum(random.uniform(0, 2 * CREEP_PX, (planes, 2)), 0)
    creep -= creep[planes // 2]
    camera = Camera(PHOTONS / peak, read_noise=1.5, offset=100, counts_per_photon=4.0, full_scale=65535)
    made = []
    for index in range(planes):
        z = (index - planes // 2) * STEP_UM
        light = np.maximum(convolve(specimen, transfer_function(SCOPE, z, whole)), 0)
        light = ndimage.shift(light, creep[index], order=3, mode="reflect") * (1 - DIMMING * index)
        light = np.maximum(light[MARGIN:-MARGIN, MARGIN:-MARGIN], 0)
        made.append(camera.expose(light, random))
    return np.stack(made).astype(np.uint16)


def main(argv=None):
    parser = parser_of("make-stacks", __doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fields", type=int, default=8)
    parser.add_argument("--planes", type=int, default=9)
    args = parser.parse_args(argv)
    if args.fields < 1 or args.planes < 3:
        sys.exit(f"make-stacks: --fields {args.fields}, --planes {args.planes}: expected at least 1 and 3")
    resolution = (1 / SCOPE.pixel_size_um,) * 2
    metadata = {"axes": "ZYX", "unit": "um", "spacing": STEP_UM}
    with one_line_errors("make-stacks", args.out):
        args.out.mkdir(parents=True, exist_ok=True)
        for seed in range(args.fields):
            path = args.out / f"field{seed:02d}.tif"
            tifffile.imwrite(path, field(seed, args.planes), imagej=True, resolution=resolution, metadata=metadata)
            print(path)
