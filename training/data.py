"""Folders of images: sharp ones to blur by simulation, real focal stacks, and blurred/sharp pairs.

Layouts that a user can copy (PNG, TIFF, JPEG; 8 or 16-bit or float; grey, RGB(A) or channels first):

    SHARP/fluorescence/...            any files, any depth: bright structures on dark ground
    SHARP/brightfield/...             transmitted or reflected light
    STACKS/FIELD/PLANE.png            one folder a field, one file a plane, in order of their names
    STACKS/FIELD.tif                  or one multi-page TIFF a field
    PAIRS/blurred/NAME, PAIRS/sharp/NAME

Where no folder is named after a modality, names decide: a file that starts with `he_` or `bf_`, or lies in a folder
whose name ends in `-he` or contains `brightfield`, is bright-field; all else is fluorescence.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

SUFFIXES = {".png", ".tif", ".tiff", ".jpg", ".jpeg"}


def read_image(path: Path) -> np.ndarray:
    """File to array as stored: [H, W], [H, W, C] or [C, H, W]. Raises ValueError that names the file."""
    path = Path(path)
    try:
        if path.suffix.lower() in {".tif", ".tiff"}:
            return tifffile.imread(path)
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB") if image.mode == "P" else image)
    except (OSError, ValueError, IndexError, struct.error, tifffile.TiffFileError) as error:
        raise ValueError(f"{path}: cannot be read as an image: {error}") from error


def channels(image: np.ndarray) -> list[np.ndarray]:
    """Grey planes of a grey, RGB(A) or channels-first image, float32; alpha and repeated grey channels left out."""
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
    parts = [p.lower() for p in Path(path).parts]
    for part in reversed(parts[:-1]):
        if part in ("fluorescence", "brightfield"):
            return part
        if part.endswith("-he") or "brightfield" in part:
            return "brightfield"
    return "brightfield" if parts[-1].startswith(("he_", "bf_")) else "fluorescence"


@dataclass(frozen=True)
class Sharp:
    """One grey plane of a sharp image, 0 = its 0.1 percentile (fluorescence) or dark (bright-field), 1 = bright."""

    plane: np.ndarray  # float16 [H, W]
    modality: str
    source: str  # first folder below the root, for the model card


def load_sharp(root: Path, smallest_px: int = 96) -> list[Sharp]:
    """All usable planes below `root`. Raises ValueError where there are none."""
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f"{root}: no such folder; expected a folder of sharp images (layout: training/data.py)")
    found = []
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES):
        kind = modality(path.relative_to(root))
        for plane in channels(read_image(path)):
            if min(plane.shape) < smallest_px:
                continue
            low, high = np.percentile(plane, (0.1, 99.9))
            if high <= low:
                continue
            # Bright-field light starts at darkness, not at the darkest structure.
            low = 0.0 if kind == "brightfield" else low
            plane = np.clip((plane - low) / (high - low), 0, 1.5)
            found.append(Sharp(plane.astype(np.float16), kind, path.relative_to(root).parts[0]))
    if not found:
        raise ValueError(f"{root}: holds no image of at least {smallest_px} px with any contrast")
    return found


def source_counts(sharp: list[Sharp]) -> dict[str, int]:
    """Planes by source, for checkpoints and model cards; files beside the folders count as one source."""
    counts: dict[str, int] = {}
    for one in sharp:
        name = "loose files" if Path(one.source).suffix.lower() in SUFFIXES else one.source
        counts[name] = counts.get(name, 0) + 1
    return counts


def crop(image: np.ndarray, size: int, scale: float, random: np.random.Generator) -> np.ndarray:
    """A random square of `size` px after shrinking by `scale` (area filter), mirrored where the image is smaller."""
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
    """Planes of one field in order, with their names: a folder of files or a multi-page TIFF."""
    path = Path(path)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
        planes = [(p.stem, read_image(p)) for p in files]
    elif path.is_file():
        planes = [(str(i), plane) for i, plane in enumerate(read_image(path))]
    else:
        raise ValueError(f"{path}: no such file or folder; expected a focal stack")
    if len(planes) < 2:
        raise ValueError(f"{path}: {len(planes)} plane(s); a focal stack needs at least 2")
    return planes


def load_pairs(root: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """(blurred, sharp) arrays of equal shape from PAIRS/blurred and PAIRS/sharp."""
    root = Path(root)
    pairs = []
    for blurred in sorted((root / "blurred").glob("*")):
        sharp = root / "sharp" / blurred.name
        if not sharp.is_file():
            raise ValueError(f"{blurred}: has no partner; expected {sharp}")
        a, b = read_image(blurred), read_image(sharp)
        if a.shape != b.shape:
            raise ValueError(f"{blurred}: shape {a.shape}, but {sharp} has {b.shape}; a pair must be of one shape")
        pairs.append((a, b))
    if not pairs:
        raise ValueError(f"{root}: no pairs; expected files of equal names in blurred/ and sharp/")
    return pairs
