"""Reads a user's focal stacks and pairs, one channel of one place at a time, and refuses unusable ones with a reason.

A stack is one TIFF, or a folder with one image file for each plane. Each channel or colour becomes a stack of its own.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from training.data import images, tiff
from training.data.intensity import normalisation_range

TYPES = (np.uint8, np.uint16, np.float32)
SMALLEST_PX = 64
Range = tuple[float, float]


@dataclass
class Stack:
    """The planes of one channel. `place`: the stacks of one place stay together when fields are split."""

    name: str
    place: str
    names: list[str]  # of the planes
    planes: np.ndarray  # [Z, H, W], as stored
    # For each plane, the range that the engine normalises its frame by, over all colours of the frame.
    ranges: list[Range] | None = None
    notes: list[str] = field(default_factory=list)


def _laid_out(path: Path, image: np.ndarray, axes: str) -> tuple[np.ndarray, bool]:
    """[C, Z, H, W] of an image with these axes, and whether C are the colours of one frame."""
    wrong = f"{path}: shape {image.shape}, axes {axes}"
    # Axes of length 1 are dropped; the others are known by their letters, in any order.
    kept = [i for i, n in enumerate(axes) if image.shape[i] > 1 or n in "YX"]
    image = image.reshape([image.shape[i] for i in kept])
    axes = "".join(axes[i] for i in kept)
    if axes.count("Y") != 1 or axes.count("X") != 1:
        raise ValueError(f"{wrong}; expected planes of rows and columns")
    for name in axes:
        if name not in "ZIQTCSYX":
            raise ValueError(f"{wrong}: {image.shape[axes.index(name)]} along {name}; expected one stack for each file")
    deep, channels = [n for n in axes if n in "ZIQT"], [n for n in axes if n in "CS"]
    if len(deep) > 1:
        raise ValueError(f"{wrong}: several planes along {' and '.join(deep)}; expected one stack for each file")
    if len(channels) > 1:
        raise ValueError(f"{wrong}: several channels of several colours; expected one or the other")
    image = np.transpose(image, [axes.index(n) for n in [*channels, *deep, "Y", "X"]])
    image = image if deep else np.expand_dims(image, -3)
    image = image if channels else image[None]
    if channels == ["S"]:
        if len(image) > 4:
            raise ValueError(
                f"{wrong}: {len(image)} samples in a pixel; expected 1 (grey) or 3 (colour), each with alpha or without"
            )
        image = image[: {2: 1, 4: 3}.get(len(image), len(image))]  # without alpha
    return image, channels == ["S"]


def _read(path: Path) -> tuple[np.ndarray, bool]:
    """[C, Z, H, W] of any image file, and whether C are the colours of one frame."""
    if path.suffix.lower() in {".tif", ".tiff"}:
        return _laid_out(path, *tiff.read(path))
    image = images.read_image(path)
    return _laid_out(path, image, "YXS"[: image.ndim])


def _read_plane(path: Path) -> tuple[np.ndarray, bool]:
    image, colour = _read(path)
    if image.shape[1] > 1:
        raise ValueError(
            f"{path}: holds {image.shape[1]} planes (shape {image.shape[1:]}); expected one in each file of a folder"
        )
    return image, colour


def _read_folder(path: Path) -> tuple[list[str], np.ndarray, bool]:
    """Names of the planes, [C, Z, H, W], and whether C are the colours of one frame."""
    files = images.image_files(path)
    if not files:
        return [], np.zeros((1, 0, 0, 0), np.uint8), False
    read = [_read_plane(p) for p in files]
    kind = lambda i: (read[i][0].dtype, read[i][0].shape)
    for i, file in enumerate(files):
        if kind(i) != kind(0):
            words = [
                f"{dtype} {h}x{w} with {c} channel{'s' if c > 1 else ''}" for dtype, (c, _, h, w) in (kind(i), kind(0))
            ]
            raise ValueError(
                f"{file}: {words[0]} (rows x columns), but {files[0].name} is {words[1]}; the planes of a field must "
                "be of one "
                "type and size"
            )
    return [p.stem for p in files], np.concatenate([image for image, _ in read], 1), read[0][1]


def by_channel(name: str, names: list[str], image: np.ndarray, colour: bool) -> list[Stack]:
    """One stack for each channel of [C, Z, H, W].

    Constant channels, and copies of grey stored as colour, are left out with a note.
    """
    ranges = [normalisation_range(image[:, z]) for z in range(image.shape[1])] if colour else None
    empty = [c for c in range(len(image)) if image[c].size and (image[c] == image[c].flat[0]).all()]
    kept, notes = list(range(len(image))), []
    if 0 < len(empty) < len(image):
        kept = [c for c in kept if c not in empty]
        notes.append(f"channel {', '.join(map(str, empty))} left out: every pixel of it is alike")
    if colour and len(kept) > 1 and all(np.array_equal(image[0], image[c]) for c in kept):
        kept = kept[:1]
        notes.append("its colours are alike; read as grey")
    title = lambda c: f"{name}, channel {c}" if len(kept) > 1 else name
    return [Stack(title(c), name, names, image[c], ranges, list(notes)) for c in kept]


def read_stacks(folder: Path) -> list[Stack]:
    """All stacks of a folder of TIFFs and folders of planes. Raises ValueError."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder; expected one TIFF (or one folder of planes) for each field")
    found: list[Stack] = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        notes = []
        if entry.is_dir():
            name = entry.name
            names, image, colour = _read_folder(entry)
            if names:
                notes.append(f"{len(names)} files, in this order: {', '.join(names)}")
        elif entry.suffix.lower() in {".tif", ".tiff"}:
            name = entry.stem
            image, colour = _read(entry)
            names = [str(i) for i in range(image.shape[1])]
            if len(names) == 1:
                kind = "colour" if colour else "grey"
                raise ValueError(
                    f"field {name}: 1 plane(s) ({entry.name}, {kind}, {image.shape[3]}x{image.shape[2]} px, "
                    f"{len(image)} channel(s)); a focal stack needs at least 2, with one of them in focus, in one file "
                    "or one folder"
                )
        else:
            continue
        if any(name == one.place for one in found):
            raise ValueError(
                f"{folder}: two fields are called {name}; rename one of them, so that the report can tell them apart"
            )
        stacks = by_channel(name, names, image, colour)
        stacks[0].notes += notes
        found += stacks
    if not found:
        raise ValueError(f"{folder}: holds no stack; expected one TIFF (or one folder of planes) for each field")
    check_alike(found)
    return found


def read_pairs(folder: Path) -> list[Stack]:
    """Each pair of PAIRS/blurred and PAIRS/sharp as a stack of two planes. Raises ValueError."""
    found: list[Stack] = []
    for files in images.pair_files(folder):
        (blurred, colour), (sharp, _) = (_read_plane(path) for path in files)
        if (blurred.shape, blurred.dtype) != (sharp.shape, sharp.dtype):
            words = [f"{i.dtype} {i.shape[2]}x{i.shape[3]} with {len(i)} channel(s)" for i in (blurred, sharp)]
            raise ValueError(
                f"{files[0]}: {words[0]}, but {files[1]} is {words[1]}; a pair must be of one type and size"
            )
        if np.array_equal(blurred, sharp):
            raise ValueError(
                f"{files[0]} and {files[1]} are the same image; expected one out of focus and one in focus"
            )
        name = files[0].stem
        if any(name == one.place for one in found):
            raise ValueError(f"{files[0]}: another pair is called {name} too; rename one of them")
        found += by_channel(name, ["blurred", "sharp"], np.concatenate([blurred, sharp], 1), colour)
    check_alike(found)
    return found


class Alike:
    """Checks stacks one after the other, and refuses by name the one that cannot be used together with those before."""

    def __init__(self):
        self.first: Stack | None = None
        self.seen: dict[bytes, tuple[str, str]] = {}

    def check(self, one: Stack) -> None:
        check(one)
        first = self.first or one
        if one.planes.dtype != first.planes.dtype:
            raise ValueError(
                f"field {one.name}: pixels are {one.planes.dtype}, but field {first.name} has {first.planes.dtype}; "
                "stacks of one training must come from one camera setting"
            )
        digests = [hashlib.sha256(np.ascontiguousarray(image)).digest() for image in one.planes]
        for name, digest in zip(one.names, digests, strict=True):
            place, plane = self.seen.get(digest, (one.place, name))
            # A test image that was also trained on would make the report too good.
            if place != one.place:
                raise ValueError(
                    f"field {one.name}, plane {name}: the same image as plane {plane} of field {place}; each field "
                    "must be a "
                    "place of its own: leave one of them out"
                )
        self.first = first
        self.seen |= {digest: (one.place, name) for name, digest in zip(one.names, digests, strict=True)}


def check_alike(found: list[Stack]) -> None:
    """Raises ValueError where the stacks cannot be used together."""
    for one in found:  # first each by itself: a bad stack explains why it differs from others
        check(one)
    alike = Alike()
    for one in found:
        alike.check(one)


def check(one: Stack) -> None:
    """Raises ValueError where a stack by itself cannot be used."""
    if len(one.planes) < 2:
        raise ValueError(
            f"field {one.name}: {len(one.planes)} plane(s); a focal stack needs at least 2, with one of them in focus"
        )
    if one.planes.dtype not in TYPES:
        raise ValueError(
            f"field {one.name}: pixels are {one.planes.dtype}; expected 8 or 16-bit unsigned or 32-bit float"
        )
    h, w = one.planes.shape[1:]
    if min(h, w) < SMALLEST_PX:
        raise ValueError(f"field {one.name}: {w}x{h} px; expected at least {SMALLEST_PX} each way")
    for plane, image in zip(one.names, one.planes, strict=True):
        bad = image.size - int(np.isfinite(image).sum())
        if bad:
            raise ValueError(f"field {one.name}, plane {plane}: {bad} pixels are not finite; mend them first")
        if image.min() == image.max():
            raise ValueError(f"field {one.name}, plane {plane}: every pixel is {image.flat[0]:g}; leave this field out")
