"""Images that no model is made for, and what a model does to them: pictures and figures for its card.

    python -m training failures --model models/parfocal-w16.onnx --out models/parfocal-w16-failures.png

Three simulated exposures with known truth: unstained cells, whose defocus is interference and inverts their contrast; a
specimen so thick that most light comes from other depths; and a field with nothing in it. The words describe the images
and hold for every model; the figures are of the model at hand.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from training.command import one_line_errors, parser_of
from training.data.intensity import normalisation_range
from training.evaluate import restore
from training.optics import specimen
from training.optics.camera import Camera
from training.optics.microscope import Microscope, convolve, transfer_function

SIZE, MARGIN = 256, 64
SEED = 50_000_000
SCOPE = Microscope(numerical_aperture=0.75, wavelength_um=0.55, refractive_index=1.0, pixel_size_um=0.325)


@dataclass
class Case:
    """One simulated exposure."""

    name: str
    words: str  # what it is
    seen: np.ndarray  # uint16 [SIZE, SIZE]
    truth: np.ndarray  # float [SIZE, SIZE], in focus and without noise
    hard: str  # why it is hard, and what the truth contains
    lower: np.ndarray | None = None  # the part of the truth that is light of layers below the focused one


def _cut(image: np.ndarray) -> np.ndarray:
    return image[MARGIN:-MARGIN, MARGIN:-MARGIN]


def partially_coherent(field: np.ndarray, scope: Microscope, defocus_um: float, condenser: float = 0.4) -> np.ndarray:
    """Intensity [n, n] of a complex transmission; `condenser` is its aperture as a share of the objective's.

    Abbe's method (Goodman, Statistical Optics, 2nd ed., section 7.2): the sum of one coherent image for each of 37
    source points. The defocus phase is that of training/optics/microscope.py.
    """
    n = field.shape[0]
    frequency = np.fft.fftfreq(n, scope.pixel_size_um)
    fy, fx = np.meshgrid(frequency, frequency, indexing="ij")
    limit, medium = scope.numerical_aperture / scope.wavelength_um, scope.refractive_index / scope.wavelength_um
    points = [(0.0, 0.0)] + [
        (r * np.cos(a), r * np.sin(a))
        for r, count in ((1 / 3, 6), (2 / 3, 12), (1, 18))
        for a in 2 * np.pi * np.arange(count) / count
    ]
    spectrum, total = np.fft.fft2(field), np.zeros(field.shape)
    for py, px in points:
        # Oblique light shifts the specimen's spectrum. Here the pupil is shifted instead.
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
        "unstained cells",
        "6 um from focus, transmitted light, phase only",
        seen,
        truth,
        "In focus they are nearly invisible, and so they are in the truth. Out of focus they are bright on one side "
        "of focus and dark on "
        "the other, by interference: contrast that looks like stain and is none. The picture is of one side.",
    )


def thick() -> Case:
    random = np.random.default_rng(SEED + 1)
    n = SIZE + 2 * MARGIN
    light, truth, lower = 0.0, 0.0, 0.0
    for z in np.arange(0.0, 41.0, 4.0):  # um below the plane in focus
        layer = specimen.nuclei(n, random)
        light = light + convolve(layer, transfer_function(SCOPE, z + 2.5, n))
        focused = convolve(layer, transfer_function(SCOPE, z, n))
        truth, lower = truth + focused, lower + (focused if z > 0 else 0.0)
    camera = Camera(photons=600, read_noise=1.5, offset=100, counts_per_photon=1.0, full_scale=65535)
    seen = camera.expose(_cut(np.maximum(light, 0)), random).astype(np.uint16)
    return Case(
        "haze of a thick specimen",
        "11 layers of nuclei over 40 um, the uppermost 2.5 um from focus",
        seen,
        camera.expectation(_cut(np.maximum(truth, 0))),
        "Light of the lower layers lies over the uppermost. The truth is what the microscope shows with the "
        "uppermost in focus: it contains that light, as the targets of training do.",
        camera.photons * camera.counts_per_photon * _cut(lower),
    )


def empty() -> Case:
    random = np.random.default_rng(SEED + 2)
    light = np.full((SIZE, SIZE), 0.2)
    camera = Camera(photons=100, read_noise=2.0, offset=100, counts_per_photon=2.0, full_scale=65535)
    return Case(
        "empty field",
        "background alone, 20 photons a pixel",
        camera.expose(light, random).astype(np.uint16),
        camera.expectation(light),
        "There is nothing to restore, and the truth is even: any structure in the result was never there.",
    )


@cache
def cases() -> tuple[Case, ...]:
    return phase_object(), thick(), empty()


def error_of(image: np.ndarray, truth: np.ndarray, low: float, high: float) -> float:
    """Root mean squared difference in per cent of the input's range, without a fit."""
    return float(100 * np.sqrt(np.mean((image.astype(np.float64) - truth) ** 2)) / (high - low))


def contrast_of(image: np.ndarray, low: float, high: float) -> float:
    """Standard deviation in per cent of the input's range."""
    return float(100 * np.std(image.astype(np.float64)) / (high - low))


def lower_share(image: np.ndarray, case: Case) -> float:
    """Share of the lower layers' light in `image`, in per cent of that in the truth; by least squares."""
    parts = np.stack([np.ones(case.truth.size), (case.truth - case.lower).ravel(), case.lower.ravel()], 1)
    return float(100 * np.linalg.lstsq(parts, image.astype(np.float64).ravel(), rcond=None)[0][2])


def outcome(case: Case, restored: np.ndarray, before: float, after: float) -> str:
    """Sentences on the restored image, from the figures alone."""
    if f"{before:.1f}" == f"{after:.1f}":
        text = "Restored, it is as far from the truth as before."
    else:
        text = f"Restored, it is {'nearer to' if after < before else 'further from'} the truth than before."
    low, high = normalisation_range(case.seen)
    true, shown = (contrast_of(image, low, high) for image in (case.truth, restored))
    if shown > 1.5 * true + 0.5:  # more than noise and the specimen's own detail explain
        text += f" It shows contrast that is not there: {shown:.1f} % where the truth has {true:.1f} %."
    if case.lower is not None:
        text += (
            f" Of the lower layers' light, the image has {lower_share(case.seen, case):.0f} % and the restored "
            f"one {lower_share(restored, case):.0f} %."
        )
    return text


def measure(network) -> list[tuple[Case, np.ndarray, float, float]]:
    """(case, restored, error before, error after) of each."""
    found = []
    for case in cases():
        low, high = normalisation_range(case.seen)
        restored = restore.restored_frame(case.seen, network)
        found.append(
            (case, restored, error_of(case.seen, case.truth, low, high), error_of(restored, case.truth, low, high))
        )
    return found


def sheet(measured) -> Image.Image:
    """One row for each case: as it was, restored, and the truth, all in the range of the input."""
    step = SIZE + 4
    page = Image.new("L", (3 * step - 4, len(measured) * (step + 16)), 255)
    draw = ImageDraw.Draw(page)
    for row, (case, restored, _, _) in enumerate(measured):
        low, high = normalisation_range(case.seen)
        for column, (words, image) in enumerate(
            ((case.name, case.seen), ("restored", restored), ("truth, in focus", case.truth))
        ):
            part = np.clip((np.asarray(image, np.float64) - low) / (high - low), 0, 1)
            draw.text((column * step + 4, row * (step + 16) + 3), words, fill=0)
            page.paste(Image.fromarray(np.uint8(255 * part)), (column * step, row * (step + 16) + 17))
    return page


def lines(measured, picture: str) -> list[str]:
    """Markdown for the card."""
    head = [
        "| image | error before | after | contrast of the truth | before | after | |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = []
    for case, restored, before, after in measured:
        low, high = normalisation_range(case.seen)
        contrast = " | ".join(f"{contrast_of(image, low, high):.1f} %" for image in (case.truth, case.seen, restored))
        words = f"{case.hard} {outcome(case, restored, before, after)}"
        rows.append(f"| {case.name}: {case.words} | {before:.1f} % | {after:.1f} % | {contrast} | {words} |")
    return [f"![What the model is not made for]({picture})", "", *head, *rows]


def main(argv=None):
    parser = parser_of("failures", __doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the picture, PNG")
    args = parser.parse_args(argv)
    with one_line_errors("failures", args.out.parent):
        measured = measure(restore.load_network(args.model))
        sheet(measured).save(args.out)
    print("\n".join(lines(measured, args.out.name)))
