"""Focal stacks as a user's microscope makes them: read, looked at for what is wrong with them, and brought together.

A field is one place on the slide: its planes at different heights. For each field the sharpest plane is found, every
other plane's shift and exposure are measured against it, and what cannot be learned from is refused with the reason.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage
from skimage.registration import phase_cross_correlation

from .data import SUFFIXES, load_pairs, read_image
from .degrade import normalisation_range
from .focus import score

TYPES = (np.uint8, np.uint16, np.float32)
SMALLEST_PX = 64
LARGEST_SHIFT = 0.05  # of the shorter side: more is no drift but another place
LEAST_CONTRAST = 1.05  # the sharpest plane's focus score over the least sharp one's
BLURS_PX = (0.0, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 5.5, 7.5, 10.0, 14.0)  # of `exposure_against`
REFINEMENTS = 3
LOOK_PX = 768
LEAST_LIKENESS = 0.2  # correlation of the middle frequencies of a registered plane and the sharp one


@dataclass
class Plane:
    """One plane of a field beside its sharp one: where it lies and how it was exposed."""

    name: str
    image: np.ndarray  # [H, W], as stored
    steps: int  # planes from the sharp one, signed
    shift_px: tuple[float, float] = (0.0, 0.0)  # of this plane's content against the sharp plane's, y and x
    gain: float = 1.0  # this plane was exposed as gain x sharp plane + offset
    offset: float = 0.0


@dataclass
class Field:
    """One channel of one place. `sharp`: index of the sharp plane."""

    name: str
    planes: list[Plane]
    sharp: int
    notes: list[str] = field(default_factory=list)

    @property
    def reference(self) -> np.ndarray:
        return self.planes[self.sharp].image

    def target(self, plane: Plane) -> np.ndarray:
        """What `plane` should have looked like: the sharp plane, float64, with this plane's shift and exposure."""
        return moved(self.reference, plane.shift_px) * plane.gain + plane.offset


# ---- reading --------------------------------------------------------------------------------------------------------


def _channels_of_tiff(path: Path) -> list[np.ndarray]:
    """Stacks [Z, H, W], one for each channel or colour of the file."""
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            image, axes = series.asarray(), series.axes
    except (OSError, ValueError, IndexError, struct.error, tifffile.TiffFileError) as error:
        raise ValueError(f"{path}: cannot be read as a TIFF: {error}; save the stack as TIFF again") from error
    if "Y" not in axes or "X" not in axes:
        raise ValueError(f"{path}: axes {axes}; expected planes of rows and columns")
    names = list(axes)
    for name in [n for n in names if n not in "ZIQTCSYX"]:
        if image.shape[names.index(name)] > 1:
            raise ValueError(f"{path}: has an axis {name} of {image.shape[names.index(name)]}; expected one stack for each file")
    deep = [n for n in names if n in "ZIQT" and image.shape[names.index(n)] > 1]
    if len(deep) > 1:
        raise ValueError(f"{path}: has axes {' and '.join(deep)} of several planes each; expected one stack for each file")
    colour = [n for n in names if n in "CS" and image.shape[names.index(n)] > 1]
    order = [*colour, *deep, "Y", "X"]
    kept = tuple(0 if n not in order else slice(None) for n in names)
    image = np.transpose(image[kept], [[n for n in names if n in order].index(n) for n in order])
    if not deep:
        image = np.expand_dims(image, -3)
    flat = image.reshape(-1, *image.shape[-3:])
    return list(flat[:3] if colour == ["S"] else flat)  # a fourth sample is alpha


def _channels_of_folder(path: Path) -> tuple[list[str], list[np.ndarray]]:
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
    images = [read_image(p) for p in files]
    shapes = {i.shape for i in images}
    types = {i.dtype for i in images}
    if len(shapes) > 1 or len(types) > 1:
        odd = next(i for i, image in enumerate(images) if (image.shape, image.dtype) != (images[0].shape, images[0].dtype))
        raise ValueError(
            f"{files[odd]}: {images[odd].dtype} {images[odd].shape}, but {files[0].name} is {images[0].dtype} "
            f"{images[0].shape}; the planes of a field must be of one type and size"
        )
    if not images:
        return [], []
    stack = np.stack(images)
    if stack.ndim == 4:  # colour last, as files have it
        return [p.stem for p in files], list(np.moveaxis(stack[..., :3], -1, 0))
    return [p.stem for p in files], [stack]


def read_stacks(folder: Path) -> list[tuple[str, list[str], np.ndarray]]:
    """(name, names of the planes, planes [Z, H, W]) of all fields; colours are fields of their own. Raises ValueError."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder; expected one TIFF (or one folder of planes) for each field")
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            names, stacks = _channels_of_folder(entry)
        elif entry.suffix.lower() in {".tif", ".tiff"}:
            stacks = _channels_of_tiff(entry)
            names = [str(i) for i in range(len(stacks[0]))]
        else:
            continue
        for number, planes in enumerate(stacks or [np.zeros((0, 0, 0), np.uint8)]):
            name = entry.stem if len(stacks) < 2 else f"{entry.stem}, channel {number}"
            found.append((name, names, planes))
    if not found:
        raise ValueError(f"{folder}: holds no stack; expected one TIFF (or one folder of planes) for each field")
    check_alike(found)
    return found


def check_alike(found: list[tuple[str, list[str], np.ndarray]]) -> None:
    """Refuses fields that nothing can be learned from together, each with its name."""
    for name, names, planes in found:
        if len(planes) < 2:
            raise ValueError(f"field {name}: {len(planes)} plane(s); a focal stack needs at least 2, with one of them in focus")
        if planes.dtype not in TYPES:
            raise ValueError(f"field {name}: pixels are {planes.dtype}; expected 8 or 16-bit unsigned or 32-bit float")
        if min(planes.shape[1:]) < SMALLEST_PX:
            raise ValueError(f"field {name}: {planes.shape[2]}x{planes.shape[1]} px; expected at least {SMALLEST_PX} each way")
        for plane, image in zip(names, planes):
            finite = image[np.isfinite(image)]
            if finite.size < image.size:
                raise ValueError(f"field {name}, plane {plane}: {image.size - finite.size} pixels are not finite; mend them first")
            if image.min() == image.max():
                raise ValueError(f"field {name}, plane {plane}: every pixel is {image.flat[0]:g}; leave this field out")
    first = found[0]
    for name, _, planes in found[1:]:
        if planes.dtype != first[2].dtype:
            raise ValueError(
                f"field {name}: pixels are {planes.dtype}, but field {first[0]} has {first[2].dtype}; "
                "stacks of one training must come from one camera setting"
            )


# ---- what is measured of a field ------------------------------------------------------------------------------------


def sharpest(name: str, names: list[str], planes: np.ndarray) -> int:
    """Index of the plane with the highest focus score. Raises ValueError where the focus is not inside the stack."""
    scores = [score(p) for p in planes]
    best = int(np.argmax(scores))
    if max(scores) < LEAST_CONTRAST * min(scores):
        raise ValueError(
            f"field {name}: no plane is sharper than the others (focus scores {min(scores):.4g} to {max(scores):.4g}); "
            "take a stack that goes through focus, or leave this field out"
        )
    if len(planes) > 2 and best in (0, len(planes) - 1):
        raise ValueError(
            f"field {name}: the sharpest plane is its {'first' if best == 0 else 'last'} ({names[best]}), so focus may lie "
            "outside; take a stack that goes through focus, or leave this field out"
        )
    return best


def _detail(image: np.ndarray) -> np.ndarray:
    """Middle frequencies under a window: those that defocus leaves, without the frame's border."""
    window = np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1]))
    return (ndimage.gaussian_filter(image.astype(np.float64), 2.0) - ndimage.gaussian_filter(image.astype(np.float64), 12.0)) * window


def shift_against(image: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """(y, x) in pixels by which the content of `image` lies further down and right than that of `reference`: a first guess."""
    found = phase_cross_correlation(_detail(reference), _detail(image), upsample_factor=4, normalization=None)[0]
    return tuple(float(-v) for v in found)


def moved(image: np.ndarray, shift_px: tuple[float, float]) -> np.ndarray:
    image = image.astype(np.float64)
    return ndimage.shift(image, shift_px, order=3, mode="reflect") if any(shift_px) else image


def exposure_against(image: np.ndarray, reference: np.ndarray) -> tuple[float, float, tuple[float, float]]:
    """Gain, offset and shift left over: image = gain x reference + offset, of the exposures, not of the blur.

    The reference is first blurred by the Gaussian with which it fits the image best: blur takes contrast away, and a fit
    to the sharp reference would call that a weaker lamp. What shift is left comes from the same least squares, by the
    gradients of the blurred reference (Lucas and Kanade 1981).
    """
    edge = min(image.shape) // 12
    cut = np.s_[edge:-edge, edge:-edge]
    smooth = lambda a, sigma: ndimage.gaussian_filter(a, sigma, mode="reflect")
    seen, sharp = smooth(image.astype(np.float64), 1.5)[cut].ravel(), reference.astype(np.float64)
    fits = []
    for sigma in BLURS_PX:
        blurred = smooth(sharp, float(np.hypot(sigma, 1.5)))
        columns = np.stack([part[cut].ravel() for part in (blurred, *np.gradient(blurred))] + [np.ones_like(seen)], 1)
        (gain, down, across, offset), *_ = np.linalg.lstsq(columns, seen, rcond=None)
        error = float(np.mean((columns @ (gain, down, across, offset) - seen) ** 2))
        # A shift by d takes gradient times d away.
        fits.append((error, float(gain), float(offset), (-down / gain, -across / gain) if gain else (0.0, 0.0)))
    return min(fits, key=lambda fit: fit[0])[1:]


def measured(name: str, names: list[str], planes: np.ndarray, sharp: int | None = None) -> Field:
    """The field with the shift and exposure of each plane. `sharp`: where it is known. Raises ValueError."""
    sharp = sharpest(name, names, planes) if sharp is None else sharp
    reference = planes[sharp]
    made = Field(name, [], sharp)
    limit = LARGEST_SHIFT * min(reference.shape)
    # The middle of a large plane tells as much as the whole, sooner.
    look = tuple(slice(max(0, (n - LOOK_PX) // 2), max(0, (n - LOOK_PX) // 2) + LOOK_PX) for n in reference.shape)
    for index, (plane, image) in enumerate(zip(names, planes)):
        one = Plane(plane, image, index - sharp)
        if index != sharp:
            seen, sharp_part = image[look], reference[look]
            one.shift_px = shift_against(seen, sharp_part)
            if max(map(abs, one.shift_px)) > limit:
                raise ValueError(
                    f"field {name}, plane {plane}: lies {one.shift_px[1]:+.1f} px across and {one.shift_px[0]:+.1f} px down "
                    f"from the sharp plane, more than {limit:.0f}; register the stack first, or leave this field out"
                )
            likeness = float(np.corrcoef(_detail(seen).ravel(), _detail(moved(sharp_part, one.shift_px)).ravel())[0, 1])
            if not likeness > LEAST_LIKENESS:
                raise ValueError(
                    f"field {name}, plane {plane}: does not show what the sharp plane shows (correlation {likeness:.2f}, "
                    f"expected above {LEAST_LIKENESS}): another place, or too far from focus; leave this plane out"
                )
            for _ in range(REFINEMENTS):
                one.gain, one.offset, left = exposure_against(seen, moved(sharp_part, one.shift_px))
                # A fit that wants more than the first guess can be wrong by is not believed.
                one.shift_px = tuple(s + float(np.clip(d, -1, 1)) for s, d in zip(one.shift_px, left))
            if not one.gain > 0:
                raise ValueError(
                    f"field {name}, plane {plane}: is bright where the sharp plane is dark (fitted gain {one.gain:.2f}); "
                    "contrast that inverts with focus cannot be learned as blur"
                )
        made.planes.append(one)
    drift = max(max(map(abs, p.shift_px)) for p in made.planes)
    if drift >= 0.25:
        made.notes.append(f"drifts by up to {drift:.2f} px between planes; corrected")
    gains = [p.gain for p in made.planes]
    if max(gains) / min(gains) > 1.02:
        made.notes.append(f"exposure {min(gains):.2f} to {max(gains):.2f} of the sharp plane's; corrected")
    return made


def fields_of_stacks(folder: Path) -> list[Field]:
    return [measured(*found) for found in read_stacks(folder)]


def fields_of_pairs(folder: Path) -> list[Field]:
    """Each pair of PAIRS/blurred and PAIRS/sharp as a field of two planes."""
    found = []
    for number, (blurred, sharp) in enumerate(load_pairs(folder)):
        if blurred.dtype != sharp.dtype:
            raise ValueError(f"pair {number} of {folder}: {blurred.dtype} and {sharp.dtype}; a pair must be of one type")
        both = np.stack([blurred, sharp])
        both = both[None] if both.ndim == 3 else np.moveaxis(both[..., :3], -1, 0)
        found += [(f"{number}" + (f", channel {c}" if len(both) > 1 else ""), ["blurred", "sharp"], one) for c, one in enumerate(both)]
    check_alike(found)
    return [measured(*one, sharp=1) for one in found]


def split(fields: list[Field]) -> tuple[list[Field], list[Field], list[Field]]:
    """Fields to train on, to choose the checkpoint by, and to report on: every fifth to each of the latter, at least one.

    Channels of one field stay together. Raises ValueError below three fields.
    """
    names = list(dict.fromkeys(f.name.split(", channel ")[0] for f in fields))
    if len(names) < 3:
        raise ValueError(
            f"{len(names)} field(s); expected at least 3: one is kept back to choose by and one to report on, because planes "
            "of one field are too alike. Take more fields"
        )
    order = np.random.default_rng(0).permutation(len(names))
    part = max(1, round(0.2 * len(names)))
    chosen = {names[i]: 1 for i in order[:part]} | {names[i]: 2 for i in order[part : 2 * part]}
    parts: tuple[list[Field], ...] = ([], [], [])
    for one in fields:
        parts[chosen.get(one.name.split(", channel ")[0], 0)].append(one)
    return parts
