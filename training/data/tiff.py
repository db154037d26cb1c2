"""Reads one TIFF file: its pixels and the names of its axes.

Other files are never followed, and no page is invented or skipped.
"""

import logging
import re
from pathlib import Path

import numpy as np
import tifffile

# What tifffile logs, without failing, where a file ends before its pages do.
_CUT = re.compile(r"invalid page offset|invalid or corrupted file|missing data are zeroed", re.IGNORECASE)


class _Warnings(logging.Handler):
    """Keeps the warnings that tifffile logs."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record):
        self.words.append(record.getMessage())


def read(path: Path) -> tuple[np.ndarray, str]:
    """The image, and one letter for each axis as tifffile names them: T, Z, C, Y, X, S (samples), I or Q (pages).
    Raises ValueError.
    """
    path = Path(path)
    heard, logger = _Warnings(), logging.getLogger("tifffile")
    passed_on, logger.propagate = logger.propagate, False  # our own message says what matters
    logger.addHandler(heard)
    try:
        # A Micro-Manager file describes its whole data set. tifffile would follow that description and read the first
        # position for every file.
        with tifffile.TiffFile(path, _multifile=False, is_mmstack=False) as file:
            image, axes, pages, declared = _series(path, file)
    except _Refused as error:
        raise ValueError(str(error)) from error
    except Exception as error:  # the decoders' exceptions (imagecodecs.DeflateError, ...) have no common base
        cut = " (the file is cut off)" if _CUT.search(" ".join(heard.words)) or "got " in str(error) else ""
        words = str(error) or type(error).__name__
        raise ValueError(
            f"{path}: cannot be read as a TIFF{cut}: {words}; save it as TIFF again, or leave it out"
        ) from error
    finally:
        logger.removeHandler(heard)
        logger.propagate = passed_on
    if declared > pages or _CUT.search(" ".join(heard.words)):
        of = f" of {declared}" if declared > pages else ""
        raise ValueError(f"{path}: is truncated: {pages}{of} planes can be read; copy the file again, or leave it out")
    return image, axes


class _Refused(Exception):
    """A message of our own, which must not be taken for a decoder's."""


def _series(path: Path, file: tifffile.TiffFile) -> tuple[np.ndarray, str, int, int]:
    """Image, axes, the number of planes that are there, and the number that the file declares."""
    found, pages = file.series, len(file.pages)
    declared = int((file.imagej_metadata or {}).get("images", 1)) if file.is_imagej else 1
    first = found[0]
    if first.kind == "imagej":
        pages = max(pages, int(np.prod(first.shape[: -2 - first.axes.endswith("S")])))  # one page may hold all of them
    if file.is_ome and first.kind not in ("ome", "imagej"):
        # Only the description, in another file, says which channel or time each plane belongs to.
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
                f"{path}: holds {len(found)} images ({listed}); expected one stack, planes of one size and type: "
                "save each as a "
                "file of its own"
            )
        # Pages that a loop of write calls appended: tifffile takes each for a series.
        image = np.stack([s.asarray() for s in found])
        return image, "I" + first.axes, pages, declared
    return first.asarray(), first.axes, pages, declared
