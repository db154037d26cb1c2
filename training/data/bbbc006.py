"""BBBC006 (Broad Bioimage Benchmark Collection, U2OS cells, 34 planes), read from its own folders.

    FOLDER/BBBC006_v1_images_z_00/mcf-z-stacks-03212011_a01_s1_w1<id>.tif
    FOLDER/BBBC006_v1_images_z_01/...

Each plane has a folder; a file's name holds the well, the site (s1, s2) and the stain (w1 Hoechst, w2 phalloidin).
Plane 16 is in focus. The literature compares planes 2, 6 and 10 with it.
"""

import re
from pathlib import Path

import numpy as np

from training.data.fields import Field, measured, refuse_less_sharp, said, spread
from training.data.images import read_image
from training.data.stacks import Alike, Stack

FOCUS = 16
BLURRED = (2, 6, 10)
_FOLDER = re.compile(r"BBBC006_v1_images_z_(\d\d)$")
_FILE = re.compile(r"_([a-p]\d\d)_s(\d)_w(\d)", re.IGNORECASE)


def files(folder: Path, planes=(*BLURRED, FOCUS)) -> dict[tuple[str, str], list[Path]]:
    """(place, stain) -> its files in order of `planes`; a place is a well and site. Raises ValueError.

    A place without all of `planes` is left out.
    """
    folder = Path(folder)
    found: dict[tuple[str, str], dict[int, Path]] = {}
    depths = {int(m[1]): p for p in folder.iterdir() if (m := _FOLDER.match(p.name))} if folder.is_dir() else {}
    missing = [z for z in planes if z not in depths]
    if missing:
        raise ValueError(
            f"{folder}: has no folder BBBC006_v1_images_z_{missing[0]:02d}; expected one for each of planes "
            f"{sorted(planes)}"
        )
    for z in planes:
        for path in sorted(depths[z].glob("*.tif")):
            if match := _FILE.search(path.name):
                well, site, stain = match.groups()
                found.setdefault((f"{well.lower()} s{site}", stain), {})[z] = path
    whole = {
        key: [paths[z] for z in sorted(planes)] for key, paths in sorted(found.items()) if len(paths) == len(planes)
    }
    if not whole:
        raise ValueError(
            f"{folder}: no well and site has all of planes {sorted(planes)}; expected names with _a01_s1_w1"
        )
    return whole


def fields(folder: Path, log=lambda words: None, most: int | None = None) -> list[Field]:
    """Fields with plane 16 as the sharp one. A field with a fault is left out, and `log` gets the reason.

    `most`: the largest number of places, evenly chosen. Raises ValueError where fewer than three are left.
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
            refuse_less_sharp(
                name, stack.planes, names.index(f"z{FOCUS:02d}"), f"plane z{FOCUS:02d} is not the sharpest"
            )
            # Both stains of a site are one place, so that they stay together when fields are split.
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
