"""Folders of images: sharp ones to blur by simulation, real focal stacks, and blurred/sharp pairs.

Layouts (PNG, TIFF, JPEG; 8-bit, 16-bit or float; grey, RGB(A) or channels first):

    SHARP/fluorescence/...            any files, any depth: bright structures on dark ground
    SHARP/brightfield/...             transmitted or reflected light
    STACKS/FIELD/PLANE.png            one folder a field, one file a plane, in order of their names
    STACKS/FIELD.tif                  or one multi-page TIFF a field
    PAIRS/blurred/NAME, PAIRS/sharp/NAME

Where no folder is named after a modality, other names decide: a file whose name starts with `he_` or `bf_`, or whose
folder's name ends in `-he` or contains `brightfield`, is bright-field; everything else is fluorescence.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.data import tiff
from training.data.intensity import percentile_range

SUFFIXES = {".png", ".tif", ".tiff", ".jpg", ".jpeg"}


def read_image(path: Path) -> np.ndarray:
    """File to array as stored: [H, W], [H, W, C] or [C, H, W]. Raises ValueError that names the file."""
    path = Path(path)
    if path.suffix.lower() in {".tif", ".tiff"}:
        return tiff.read(path)[0]
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB") if image.mode == "P" else image)
    except (OSError, ValueError, IndexError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: cannot be read as an image: {error}") from error


def in_order(names: list[str]) -> list[str]:
    """Sorted by the values of the numbers in them, signs included: `z2` before `z10`, `-01` before `+00`.

    A minus before a number is its sign, unless every name has one there: then it only separates the number from the
    word.
    """
    parts = {name: re.split(r"([+-]?\d+(?:\.\d+)?)", name) for name in names}  # words and numbers alternate
    most = max((len(p) for p in parts.values()), default=0)
    signed = [
        any(not p[i].startswith("-") for p in parts.values() if len(p) > i) if i % 2 else False for i in range(most)
    ]

    def key(name):
        value = lambda i, part: float(part) if signed[i] else abs(float(part))
        return [value(i, part) if i % 2 else part.lower() for i, part in enumerate(parts[name])], name

    return sorted(names, key=key)


def channels(image: np.ndarray) -> list[np.ndarray]:
    """The grey planes, float32 [H, W], of a grey, RGB(A) or channels-first image. Raises ValueError for another shape.

    Alpha, constant channels and the copies of grey stored as RGB are left out.
    """
    if image.ndim == 2:
        planes = [image]
    elif image.ndim == 3 and image.shape[-1] in (3, 4):
        planes = [image[..., c] for c in range(3)]
        if all(np.array_equal(planes[0], p) for p in planes[1:]):
            planes = planes[:1]
    elif image.ndim == 3 and image.shape[0] <= 8:
        planes = list(image)
    else:
        raise ValueError(f"shape {image.shape}: expected [H, W], [H, W, 3 or 4] or [C, H, W] with at most 8 channels")
    return [np.ascontiguousarray(p, np.float32) for p in planes if p.max() > p.min()]


def modality(path: Path) -> str:
    """ "fluorescence" or "brightfield", by the names in `path`; the deepest folder that names either wins."""
    parts = [p.lower() for p in Path(path).parts]
    for part in reversed(parts[:-1]):
        if part in ("fluorescence", "brightfield"):
            return part
        if part.endswith("-he") or "brightfield" in part:
            return "brightfield"
    return "brightfield" if parts[-1].startswith(("he_", "bf_")) else "fluorescence"


@dataclass(frozen=True)
class Sharp:
    """One grey plane of a sharp image.

    1 is its 99.9 percentile; 0 is its 0.1 percentile (fluorescence) or darkness (bright-field).
    """

    plane: np.ndarray  # float16 [H, W]
    modality: str
    source: str  # the first folder below the root; the model card names it


def load_sharp(root: Path, smallest_px: int = 96) -> list[Sharp]:
    """All planes below `root` that have contrast and are at least `smallest_px` wide and high.

    Raises ValueError if there are none.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"{root}: no such folder; expected a folder of sharp images (layout: training/README.md)")
    found = []
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES):
        kind = modality(path.relative_to(root))
        for plane in channels(read_image(path)):
            if min(plane.shape) < smallest_px:
                continue
            low, high = percentile_range(plane)
            if high <= low:
                continue
            # In bright-field zero is darkness, not the darkest structure.
            low = 0.0 if kind == "brightfield" else low
            plane = np.clip((plane - low) / (high - low), 0, 1.5)
            found.append(Sharp(plane.astype(np.float16), kind, path.relative_to(root).parts[0]))
    if not found:
        raise ValueError(f"{root}: holds no image of at least {smallest_px} px with any contrast")
    return found


def source_counts(sharp: list[Sharp]) -> dict[str, int]:
    """Number of planes by source, for checkpoints and model cards.

    Files that lie beside the folders count as one source.
    """
    counts: dict[str, int] = {}
    for one in sharp:
        name = "loose files" if Path(one.source).suffix.lower() in SUFFIXES else one.source
        counts[name] = counts.get(name, 0) + 1
    return counts


def crop(image: np.ndarray, size: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """A random square, float32 [size, size], of [H, W] shrunk by `scale` (area filter), turned and mirrored at random.

    An image that is too small is first extended by reflection.
    """
    need = int(np.ceil(size * scale))
    h, w = image.shape
    if min(h, w) < need:
        image = np.pad(image, ((0, max(0, need - h)), (0, max(0, need - w))), mode="symmetric")
        h, w = image.shape
    y, x = random.integers(0, h - need + 1), random.integers(0, w - need + 1)
    cut = image[y : y + need, x : x + need].astype(np.float32)
    if scale > 1.001:
        cut = np.asarray(Image.fromarray(cut, mode="F").resize((size, size), Image.Resampling.BOX))
    cut = np.rot90(cut[:size, :size], random.integers(4))
    return cut[::-1] if random.random() < 0.5 else cut


def load_stack(path: Path) -> list[tuple[str, np.ndarray]]:
    """The planes of one field with their names, in order: of a folder of files or a multi-page TIFF.

    Raises ValueError.
    """
    path = Path(path)
    if path.is_dir():
        planes = [(p.stem, read_image(p)) for p in image_files(path)]
    elif path.is_file():
        planes = [(str(i), plane) for i, plane in enumerate(read_image(path))]
    else:
        raise ValueError(f"{path}: no such file or folder; expected a focal stack")
    if len(planes) < 2:
        raise ValueError(f"{path}: {len(planes)} plane(s); a focal stack needs at least 2")
    return planes


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder, ordered by `in_order`; other files and hidden ones are skipped."""
    files = {
        p.name: p
        for p in folder.iterdir()
        if p.suffix.lower() in SUFFIXES and p.is_file() and not p.name.startswith(".")
    }
    return [files[name] for name in in_order(list(files))]


def pair_files(root: Path) -> list[tuple[Path, Path]]:
    """(blurred, sharp) files of equal names in PAIRS/blurred and PAIRS/sharp. Raises ValueError."""
    root = Path(root)
    pairs = []
    for blurred in image_files(root / "blurred") if (root / "blurred").is_dir() else []:
        sharp = root / "sharp" / blurred.name
        if not sharp.is_file():
            raise ValueError(f"{blurred}: has no partner; expected {sharp}")
        pairs.append((blurred, sharp))
    if not pairs:
        raise ValueError(f"{root}: no pairs; expected images of equal names in blurred/ and sharp/")
    return pairs


def load_pairs(root: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """(blurred, sharp) arrays of equal shape from PAIRS/blurred and PAIRS/sharp. Raises ValueError."""
    pairs = []
    for blurred, sharp in pair_files(root):
        a, b = read_image(blurred), read_image(sharp)
        if a.shape != b.shape:
            raise ValueError(f"{blurred}: shape {a.shape}, but {sharp} has {b.shape}; a pair must be of one shape")
        pairs.append((a, b))
    return pairs
