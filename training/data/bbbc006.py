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
from .focal import Field, measured, refuse_less_sharp, said
from .stacks import Alike, Stack

FOCUS = 16
BLURRED = (2, 6, 10)
_FOLDER = re.compile(r"BBBC006_v1_images_z_(\d\d)$")
_FILE = re.compile(r"_([a-p]\d\d)_s(\d)_w(\d)", re.IGNORECASE)


def files(folder: Path, planes=(*BLURRED, FOCUS)) -> dict[tuple[str, str], list[Path]]:
    """The files of every (place, stain) that has all of `planes`, in their order; a place is a well and site."""
    folder = Path(folder)
    found: dict[tuple[str, str], dict[int, Path]] = {}
    depths = {int(m[1]): p for p in folder.iterdir() if (m := _FOLDER.match(p.name))} if folder.is_dir() else {}
    missing = [z for z in planes if z not in depths]
    if missing:
        raise ValueError(f"{folder}: has no folder BBBC006_v1_images_z_{missing[0]:02d}; expected one for each of planes {sorted(planes)}")
    for z in planes:
        for path in sorted(depths[z].glob("*.tif")):
            if match := _FILE.search(path.name):
                well, site, stain = match.groups()
                found.setdefault((f"{well.lower()} s{site}", stain), {})[z] = path
    whole = {key: [paths[z] for z in sorted(planes)] for key, paths in sorted(found.items()) if len(paths) == len(planes)}
    if not whole:
        raise ValueError(f"{folder}: no well and site has all of planes {sorted(planes)}; expected names with _a01_s1_w1")
    return whole


def spread(listed: list, most: int) -> list:
    """At most so many of them, evenly chosen."""
    if len(listed) <= most:
        return listed
    return [listed[int(i)] for i in np.linspace(0, len(listed) - 1, most).round()]


def fields(folder: Path, log=lambda words: None, most: int | None = None) -> list[Field]:
    """Fields with plane 16 as the sharp one; those with a fault are left out, with its message.

    `most`: no more than so many places, evenly chosen. Raises ValueError where fewer than three are left.
    """
    found = files(folder)
    places = list(dict.fromkeys(place for place, _ in found))
    chosen = set(spread(places, most or len(places)))
    wanted = {key: paths for key, paths in found.items() if key[0] in chosen}
    names = [f"z{z:02d}" for z in sorted((*BLURRED, FOCUS))]
    made, alike, last = [], Alike(), ""
    for number, ((place, stain), paths) in enumerate(wanted.items()):
        name = f"{place}, channel {stain}"
        try:
            images = [read_image(p) for p in paths]
            if len({i.shape for i in images}) > 1:
                raise ValueError(f"field {name}: its planes differ in size: {sorted({i.shape for i in images})}")
            stack = Stack(name, place, names, np.stack(images))
            alike.check(stack)
            refuse_less_sharp(name, stack.planes, names.index(f"z{FOCUS:02d}"), f"plane z{FOCUS:02d} is not the sharpest")
            # Both stains of a site are one place: they must not be parted by the split.
            made.append(measured(stack, names.index(f"z{FOCUS:02d}")))
            log(f"[{number + 1}/{len(wanted)}] {said(made[-1])}")
        except ValueError as error:
            last = str(error)
            log(f"[{number + 1}/{len(wanted)}] left out: {last}")
    left = len({f.place for f in made})
    if left < 3:
        fault = f"; the last fault was: {last}" if last else ""
        raise ValueError(f"{folder}: {left} place(s) are left of {len(chosen)}; expected at least 3{fault}")
    return made


def _stretched(image: np.ndarray) -> np.ndarray:
    image = image.astype(np.float64)
    return (image - image.min()) / max(float(np.ptp(image)), 1e-12)


def stretched_psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """PSNR of two images, each normalised to its own minimum and maximum; range 1. In dB."""
    return float(10 * np.log10(1 / max(np.mean((_stretched(image) - _stretched(reference)) ** 2), 1e-12)))


def protocol(fields: list[Field], networks) -> list[str]:
    """Markdown: by plane, PSNR of the input, of the model begun with and of the fine-tuned one, by both measures."""
    lines = [
        "PSNR against plane 16, means over fields: each image normalised to its own minimum and maximum (what is published),",
        "and of the images as they are, in the 0.1 to 99.9 percentile range of plane 16.",
        "",
        "| plane | normalised: before | begun with | fine-tuned | raw: before | begun with | fine-tuned |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(p.name for f in fields for p in f.planes if p.steps):
        cells = {stretched_psnr: [], evaluate.psnr: []}
        for field in fields:
            plane = next((p for p in field.planes if p.name == name), None)
            if plane is None:  # left out when it was measured
                continue
            images = [plane.image] + [evaluate.to_type(evaluate.restore(plane.image, n), plane.image.dtype) for n in networks]
            for measure, values in cells.items():
                values.append([measure(image, field.reference) for image in images])
        words = " | ".join(f"{v:.2f}" for values in cells.values() for v in np.mean(values, 0))
        lines.append(f"| {name} | {words} |")
    return lines
