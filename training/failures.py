"""Images that the released model is not made for, and what it does to them: pictures and figures for its card.

    python -m training.failures --model models/parfocal-w16.onnx --out models/parfocal-w16-failures.png

Three simulated exposures with known truth, each outside of what was trained: an unstained cell, whose defocus is interference and
inverts its contrast; a specimen so thick that most light comes from other depths; and a field with nothing in it.
"""

import argparse
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from . import specimen
from .degrade import Camera, Microscope, convolve, normalisation_range, transfer_function

SIZE, MARGIN = 256, 64
SEED = 50_000_000
SCOPE = Microscope(numerical_aperture=0.75, wavelength_um=0.55, refractive_index=1.0, pixel_size_um=0.325)


@dataclass
class Case:
    name: str
    words: str  # what it is
    seen: np.ndarray  # uint16 [SIZE, SIZE]
    truth: np.ndarray  # float [SIZE, SIZE], in focus and without noise
    lesson: str  # what to make of it


def _cut(image: np.ndarray) -> np.ndarray:
    return image[MARGIN:-MARGIN, MARGIN:-MARGIN]


def partially_coherent(field: np.ndarray, scope: Microscope, defocus_um: float, condenser: float = 0.4) -> np.ndarray:
    """Intensity of a complex transmission [n, n] lit by a condenser of `condenser` of the objective's aperture.

    Abbe's method (Goodman, Statistical Optics, 2nd ed., section 7.2): one coherent image for each of 37 source points, added up. The
    defocus phase is that of training/degrade.py.
    """
    n = field.shape[0]
    frequency = np.fft.fftfreq(n, scope.pixel_size_um)
    fy, fx = np.meshgrid(frequency, frequency, indexing="ij")
    limit, medium = scope.numerical_aperture / scope.wavelength_um, scope.refractive_index / scope.wavelength_um
    points = [(0.0, 0.0)] + [
        (r * np.cos(a), r * np.sin(a)) for r, count in ((1 / 3, 6), (2 / 3, 12), (1, 18)) for a in 2 * np.pi * np.arange(count) / count
    ]
    spectrum, total = np.fft.fft2(field), np.zeros(field.shape)
    for py, px in points:
        # Oblique light moves the specimen's spectrum; moved back, the pupil is moved instead.
        radius2 = (fy + py * condenser * limit) ** 2 + (fx + px * condenser * limit) ** 2
        pupil = radius2 <= limit**2
        phase = 2 * np.pi * defocus_um * (np.sqrt(np.maximum(medium**2 - radius2, 0)) - medium)
        total += np.abs(np.fft.ifft2(spectrum * pupil * np.exp(1j * phase))) ** 2
    return total / len(points)


def phase_object() -> Case:
    random = np.random.default_rng(SEED)
    n = SIZE + 2 * MARGIN
    thickness = specimen.nuclei(n, random)
    field = np.exp(0.6j * thickness)  # a tenth of a wave at most, and nothing absorbed
    camera = Camera(photons=40000, read_noise=1.5, offset=100, counts_per_photon=1.0, full_scale=65535)
    seen = camera.expose(_cut(partially_coherent(field, SCOPE, 6.0)), random).astype(np.uint16)
    truth = camera.expectation(_cut(partially_coherent(field, SCOPE, 0.0)))
    return Case(
        "unstained cells", "6 um from focus, transmitted light, phase only", seen, truth,
        "In focus they are nearly invisible. Out of focus they are bright on one side of focus and dark on the other, by interference; "
        "the model takes that for stain and sharpens it.",
    )  # fmt: skip


def thick() -> Case:
    random = np.random.default_rng(SEED + 1)
    n = SIZE + 2 * MARGIN
    light, truth = 0.0, 0.0
    for z in np.arange(0.0, 41.0, 4.0):  # um below the plane in focus
        layer = specimen.nuclei(n, random)
        light = light + convolve(layer, transfer_function(SCOPE, z + 2.5, n))
        truth = truth + convolve(layer, transfer_function(SCOPE, z, n))
    camera = Camera(photons=600, read_noise=1.5, offset=100, counts_per_photon=1.0, full_scale=65535)
    seen = camera.expose(_cut(np.maximum(light, 0)), random).astype(np.uint16)
    return Case(
        "thick specimen", "11 layers of nuclei over 40 um, the uppermost 2.5 um from focus", seen, camera.expectation(_cut(np.maximum(truth, 0))),
        "Light of the lower layers lies over the uppermost. The model takes none of it away, and gives some of it edges that are not "
        "there.",
    )  # fmt: skip


def empty() -> Case:
    random = np.random.default_rng(SEED + 2)
    light = np.full((SIZE, SIZE), 0.2)
    camera = Camera(photons=100, read_noise=2.0, offset=100, counts_per_photon=2.0, full_scale=65535)
    return Case(
        "empty field", "background alone, 20 photons a pixel", camera.expose(light, random).astype(np.uint16), camera.expectation(light),
        "There is nothing to restore. The noise is smoothed, and what is left of it is faint structure that was never there.",
    )  # fmt: skip


@cache
def cases() -> tuple[Case, ...]:
    return phase_object(), thick(), empty()


def error_of(image: np.ndarray, truth: np.ndarray, low: float, high: float) -> float:
    """Root mean square difference in per cent of the input's range; no fit."""
    return float(100 * np.sqrt(np.mean((image.astype(np.float64) - truth) ** 2)) / (high - low))


def measure(network) -> list[tuple[Case, np.ndarray, float, float]]:
    """(case, restored, error before, error after) of each."""
    from .evaluate import restore, to_type

    found = []
    for case in cases():
        low, high = normalisation_range(case.seen)
        restored = to_type(restore(case.seen, network), case.seen.dtype)
        found.append((case, restored, error_of(case.seen, case.truth, low, high), error_of(restored, case.truth, low, high)))
    return found


def sheet(measured) -> Image.Image:
    """One row a case: as it was, restored, the truth; all in the range of the input."""
    step = SIZE + 4
    page = Image.new("L", (3 * step - 4, len(measured) * (step + 16)), 255)
    draw = ImageDraw.Draw(page)
    for row, (case, restored, _, _) in enumerate(measured):
        low, high = normalisation_range(case.seen)
        for column, (words, image) in enumerate(((case.name, case.seen), ("restored", restored), ("truth, in focus", case.truth))):
            part = np.clip((np.asarray(image, np.float64) - low) / (high - low), 0, 1)
            draw.text((column * step + 4, row * (step + 16) + 3), words, fill=0)
            page.paste(Image.fromarray(np.uint8(255 * part)), (column * step, row * (step + 16) + 17))
    return page


def lines(measured, picture: str) -> list[str]:
    """Markdown for the card."""
    head = ["| image | error before | after | |", "|---|---|---|---|"]
    rows = [f"| {c.name}: {c.words} | {before:.1f} % | {after:.1f} % | {c.lesson} |" for c, _, before, after in measured]
    return [f"![What the model is not made for]({picture})", "", *head, *rows]


def main(argv=None):
    from .evaluate import load_network

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the picture, PNG")
    args = parser.parse_args(argv)
    try:
        measured = measure(load_network(args.model))
    except ValueError as error:
        sys.exit(f"failures: {error}")
    sheet(measured).save(args.out)
    print("\n".join(lines(measured, args.out.name)))


if __name__ == "__main__":
    main()
