"""One TIFF file to an array and the names of its axes: nothing of other files, no series left out, no page made up."""

import logging
import re
from pathlib import Path

import numpy as np
import tifffile

# What tifffile says, and goes on, where a file ends before its pages do.
_CUT = re.compile(r"invalid page offset|invalid or corrupted file|missing data are zeroed", re.IGNORECASE)


class _Heard(logging.Handler):
    """Keeps what tifffile warns of."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record):
        self.words.append(record.getMessage())


def read(path: Path) -> tuple[np.ndarray, str]:
    """The image and its axes, a letter each (tifffile's: T, Z, C, Y, X, S for samples; I, Q for pages). Raises ValueError."""
    path = Path(path)
    heard, logger = _Heard(), logging.getLogger("tifffile")
    passed_on, logger.propagate = logger.propagate, False  # what matters is in our own message
    logger.addHandler(heard)
    try:
        # A file of Micro-Manager's carries the description of the whole data set, and tifffile would follow it: each of
        # them would be read as the first position.
        with tifffile.TiffFile(path, _multifile=False, is_mmstack=False) as file:
            image, axes, pages, declared = _series(path, file)
    except _Refused as error:
        raise ValueError(str(error)) from error
    except Exception as error:  # decoders have errors of their own (imagecodecs.DeflateError), without a common base
        cut = " (the file is cut off)" if _CUT.search(" ".join(heard.words)) or "got " in str(error) else ""
        words = str(error) or type(error).__name__
        raise ValueError(f"{path}: cannot be read as a TIFF{cut}: {words}; save it as TIFF again, or leave it out") from error
    finally:
        logger.removeHandler(heard)
        logger.propagate = passed_on
    if declared > pages or _CUT.search(" ".join(heard.words)):
        of = f" of {declared}" if declared > pages else ""
        raise ValueError(f"{path}: is truncated: {pages}{of} planes can be read; copy the file again, or leave it out")
    return image, axes


class _Refused(Exception):
    """What we say ourselves, beside all that a decoder may."""


def _series(path: Path, file: tifffile.TiffFile) -> tuple[np.ndarray, str, int, int]:
    """Image, axes, and the number of planes: as there are, and as the file says."""
    found, pages = file.series, len(file.pages)
    declared = int((file.imagej_metadata or {}).get("images", 1)) if file.is_imagej else 1
    first = found[0]
    if first.kind == "imagej":
        pages = max(pages, int(np.prod(first.shape[: -2 - first.axes.endswith("S")])))  # one page may hold them all
    if file.is_ome and first.kind not in ("ome", "imagej"):
        # The planes are there, one after the other, but which channel each belongs to only the description says.
        most = max([int(n) for n in re.findall(r'Size[CT]="(\d+)"', file.ome_metadata or "")] or [1])
        if most > 1:
            raise _Refused(
                f"{path}: is one of several files of an OME data set with up to {most} channels or times; save each "
                "position and channel as a file of its own (Fiji: Bio-Formats Importer, then Save As > Tiff)"
            )
    if len(found) > 1:
        alike = {(s.shape, s.dtype) for s in found}
        if len(alike) > 1 or any(len(s.pages) > 1 for s in found):
            listed = ", ".join(sorted({f"{s.dtype} {s.shape}" for s in found}))
            raise _Refused(
                f"{path}: holds {len(found)} images ({listed}); expected one stack, planes of one size and type: save each as a "
                "file of its own"
            )
        # One page after the other, as a loop of write calls leaves them: each is a series to tifffile.
        image = np.stack([s.asarray() for s in found])
        return image, "I" + first.axes, pages, declared
    return first.asarray(), first.axes, pages, declared
