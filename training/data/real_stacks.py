"""The real focal stacks that models are judged by, and a user's own stack laid out like them."""

import os
from pathlib import Path

import numpy as np

from training.data.images import load_stack, read_image

# Development stacks may guide choices; test stacks stand in tables only.
DEVELOPMENT = ("tissue-brightfield", "nucleus-widefield")
TEST = ("reflected-brightfield", "lightsheet-mitochondria", "smear-brightfield")
ALL = DEVELOPMENT + TEST
NUCLEUS_STEP_UM = 0.4994

# A sharp plane, all planes as (name, signed distance from it, plane), and the unit of the distances.
FocalStack = tuple[np.ndarray, list[tuple[str, float, np.ndarray]], str]


def data_folder() -> Path:
    """$PARFOCAL_DATA, else shared/data beside the repository."""
    return Path(os.environ.get("PARFOCAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def require_stacks(data: Path) -> None:
    """Raises ValueError where the folder `data` has no evaluation stacks."""
    if not (data / "eval").is_dir():
        raise ValueError(f"no data: {data / 'eval'} does not exist; set PARFOCAL_DATA to the evaluation data")


def without_alpha(plane: np.ndarray) -> np.ndarray:
    """[H, W], or the first three channels of [H, W, C]."""
    return plane[..., :3] if plane.ndim == 3 else plane


def stack_planes(name: str, data: Path | None = None) -> FocalStack:
    """One stack of the evaluation data, by its name. Raises ValueError."""
    folder = (data or data_folder()) / "eval" / name
    if name == "nucleus-widefield":
        widefield = read_image(folder / "xyzc_16bit__dna_conf_wf.tif")[:, 1]
        return widefield[19], [(str(z), (z - 19) * NUCLEUS_STEP_UM, p) for z, p in enumerate(widefield)], "um"
    planes = load_stack(folder)
    if name == "tissue-brightfield":
        listed, unit = [(n, int(n) - 10.0, p) for n, p in planes], "planes"
    elif name == "reflected-brightfield":
        listed, unit = [(n, float(n[1:-2]), without_alpha(p)) for n, p in planes], "um"
    elif name == "lightsheet-mitochondria":
        listed, unit = [(n, float(n.split("z")[1][:-2]), p) for n, p in planes], "um"
    elif name == "smear-brightfield":
        listed, unit = [(n, float(n), without_alpha(p)) for n, p in planes], "steps"
    else:
        raise ValueError(f"stack {name!r}: expected one of {', '.join(ALL)}")
    listed.sort(key=lambda entry: entry[1])
    sharp = min(listed, key=lambda entry: abs(entry[1]))[2]
    return sharp, listed, unit


def own_stack(path: Path, focus: str) -> FocalStack:
    """A user's focal stack (layouts: training/data/images.py); `focus` names its sharp plane. Raises ValueError."""
    planes = load_stack(path)
    names = [name for name, _ in planes]
    if focus not in names:
        raise ValueError(f"{path}: no plane is called {focus!r}; --focus is one of {', '.join(names)}")
    sharp = names.index(focus)
    listed = [(name, float(i - sharp), without_alpha(plane)) for i, (name, plane) in enumerate(planes)]
    return listed[sharp][2], listed, "planes"
