"""Files of training/known: what hours of deconvolution found for docs/evaluation.md and docs/networks.md. It depends on no model."""

from pathlib import Path

FOLDER = Path(__file__).parent / "known"


def file_of(work: Path, name: str, fits=lambda path: True) -> Path:
    """The file of this name in `work`; or in FOLDER, where only that has one and it `fits`. It need not exist: then it is to be made in `work`."""
    own, known = Path(work) / name, FOLDER / name
    return known if not own.exists() and known.exists() and fits(known) else own
