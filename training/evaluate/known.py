"""Results of deconvolution that took hours and depend on no model, kept in training/known or in a folder of work.

docs/evaluation.md and docs/networks.md are made from them.
"""

import json
from dataclasses import asdict
from pathlib import Path

from training.evaluate import held_out
from training.evaluate.deconvolve import METHODS

FOLDER = Path(__file__).parents[1] / "known"


def file_of(work: Path, name: str, fits=lambda path: True) -> Path:
    """The file `name` in `work`, or the one in FOLDER if only that exists and it `fits`.

    Where neither is there, the file in `work` is returned, to be made.
    """
    own, known = Path(work) / name, FOLDER / name
    return known if not own.exists() and known.exists() and fits(known) else own


def measure_oracles(work: Path, seeds: int) -> list[dict]:
    """Held-out rows of deconvolution with the true blur: from a kept file, else measured and kept in `work`."""
    name = f"deconvolution-{seeds}-{held_out.SEED}.json"
    stored = file_of(work, name, lambda path: fits_exposures(json.loads(path.read_text()), seeds))
    if not stored.exists() or not fits_exposures(json.loads(stored.read_text()), seeds):
        stored = work / name
        stored.write_text(json.dumps([asdict(r) for r in held_out.all_rows({}, seeds)], allow_nan=False))
    return json.loads(stored.read_text())


def fits_exposures(rows: list[dict], seeds: int) -> bool:
    """Whether rows have today's light, defocus, photons and methods. `held_out.beside` checks that the pixels agree."""
    found = {(r["light"], r["defocus_um"], r["photons"]) for r in rows}
    wanted = {(light, um, n) for light in held_out.SPECIMENS for um in held_out.DEFOCUS_UM for n in held_out.PHOTONS}
    specimens = seeds * sum(map(len, held_out.SPECIMENS.values()))
    measured = all(m in r["ssim"] for r in rows for m in METHODS)
    return found == wanted and len({(r["light"], r["seed"]) for r in rows}) == specimens and measured
