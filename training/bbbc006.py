"""BBBC006 (Broad Bioimage Benchmark Collection, U2OS cells, 34 planes) in its own layout, and the protocol it is reported by.

    FOLDER/BBBC006_v1_images_z_00/mcf-z-stacks-03212011_a01_s1_w1<id>.tif
    FOLDER/BBBC006_v1_images_z_01/...

One folder a plane; in the name the well, the site (s1, s2) and the stain (w1 Hoechst, w2 phalloidin). Plane 16 is in focus.
Protocol of the literature: blurred planes 2, 6 and 10 against plane 16, and each image normalised to its own minimum and
maximum, which says nothing of absolute intensity: PSNR of the raw images stands beside it.
"""

import re
from pathlib import Path

import numpy as np

from . import evaluate
from .data import read_image
from .focal import Field, check_alike, measured

FOCUS = 16
BLURRED = (2, 6, 10)
_FOLDER = re.compile(r"BBBC006_v1_images_z_(\d\d)$")
_FILE = re.compile(r"_([a-p]\d\d)_s(\d)_w(\d)", re.IGNORECASE)


def read(folder: Path, planes=(*BLURRED, FOCUS)) -> list[tuple[str, list[str], np.ndarray]]:
    """(name, names of the planes, [Z, H, W]) of every well, site and stain that has all of `planes`. Raises ValueError."""
    folder = Path(folder)
    found: dict[str, dict[int, Path]] = {}
    depths = {int(m[1]): p for p in folder.iterdir() if (m := _FOLDER.match(p.name))} if folder.is_dir() else {}
    missing = [z for z in planes if z not in depths]
    if missing:
        raise ValueError(f"{folder}: has no folder BBBC006_v1_images_z_{missing[0]:02d}; expected one for each of planes {sorted(planes)}")
    for z in planes:
        for path in sorted(depths[z].glob("*.tif")):
            if match := _FILE.search(path.name):
                well, site, stain = match.groups()
                # Both stains of a site are one field: they must not be parted by the split.
                found.setdefault(f"{well.lower()} s{site}, channel {stain}", {})[z] = path
    whole = {name: paths for name, paths in found.items() if len(paths) == len(planes)}
    if not whole:
        raise ValueError(f"{folder}: no well and site has all of planes {sorted(planes)}; expected names with _a01_s1_w1")
    listed = []
    for name, paths in sorted(whole.items()):
        images = [read_image(paths[z]) for z in sorted(planes)]
        if len({i.shape for i in images}) > 1:
            raise ValueError(f"field {name}: its planes differ in size: {sorted({i.shape for i in images})}")
        listed.append((name, [f"z{z:02d}" for z in sorted(planes)], np.stack(images)))
    check_alike(listed)
    return listed


def fields(folder: Path) -> list[Field]:
    """Fields with plane 16 as the sharp one."""
    return [measured(name, names, planes, sharp=names.index(f"z{FOCUS:02d}")) for name, names, planes in read(folder)]


def _stretched(image: np.ndarray) -> np.ndarray:
    image = image.astype(np.float64)
    return (image - image.min()) / max(float(np.ptp(image)), 1e-12)


def stretched_psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """PSNR of two images, each normalised to its own minimum and maximum; range 1. In dB."""
    return float(10 * np.log10(1 / max(np.mean((_stretched(image) - _stretched(reference)) ** 2), 1e-12)))


def protocol(fields: list[Field], networks) -> list[str]:
    """Markdown: by plane, PSNR of the input, of the released model and of the fine-tuned one, by both measures."""
    lines = [
        "PSNR against plane 16, means over fields: each image normalised to its own minimum and maximum (what is published),",
        "and of the images as they are, in the 0.1 to 99.9 percentile range of plane 16.",
        "",
        "| plane | normalised: before | released | fine-tuned | raw: before | released | fine-tuned |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(p.name for f in fields for p in f.planes if p.steps):
        cells = {stretched_psnr: [], evaluate.psnr: []}
        for field in fields:
            plane = next(p for p in field.planes if p.name == name)
            images = [plane.image] + [evaluate.to_type(evaluate.restore(plane.image, n), plane.image.dtype) for n in networks]
            for measure, values in cells.items():
                values.append([measure(image, field.reference) for image in images])
        words = " | ".join(f"{v:.2f}" for values in cells.values() for v in np.mean(values, 0))
        lines.append(f"| {name} | {words} |")
    return lines
