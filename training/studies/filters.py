"""What a known blur is worth, before any training: Wiener filters from few numbers, and a step behind a released model.

    python -m training filters --model models/parfocal-w8.onnx

Prints the tables that docs/decisions/blur.md quotes: gains in dB over the image as it was, on held-out specimens in
fluorescence and transmitted light, each with the best noise level of a few.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from training.command import add_threads, one_line_errors, parser_of
from training.evaluate import held_out, restore
from training.evaluate.held_out import SCOPE, Case
from training.evaluate.metrics import fitted_psnr
from training.network import radial
from training.optics.contrast import FREQUENCIES, ratio_of, told_curves
from training.optics.microscope import transfer_function

NOISE = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
TEN = (0.02, 0.04, 0.06, 0.09, 0.12, 0.16, 0.2, 0.25, 0.31, 0.38)
SIZE = 512  # of the transfer function that stands for the whole curve
MARGIN = 32


def curves(defocus_um: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Frequencies and R at them: the whole curve, and what is left of it at few frequencies."""
    focused, blurred = (transfer_function(SCOPE, z, SIZE)[0] for z in (0.0, defocus_um))
    whole = np.arange(SIZE // 2 + 1) / SIZE, ratio_of(focused, blurred)
    at = lambda nodes: (np.concatenate([[0], nodes]), np.concatenate([[1], np.interp(nodes, *whole)]))
    return {"whole curve": whole, f"{len(FREQUENCIES)} numbers": at(FREQUENCIES), "ten numbers": at(TEN)}


def by_fourier(image: np.ndarray, nodes: np.ndarray, ratio: np.ndarray, noise: float) -> np.ndarray:
    """The image [H, W], mean 0, deconvolved in the frequencies of the whole frame."""
    padded = np.pad(image, MARGIN, mode="reflect")
    frequency = np.hypot(np.fft.fftfreq(padded.shape[0])[:, None], np.fft.rfftfreq(padded.shape[1])[None, :])
    r = np.interp(frequency, nodes, ratio)
    return np.fft.irfft2(np.fft.rfft2(padded) * r / (r**2 + noise), padded.shape)[MARGIN:-MARGIN, MARGIN:-MARGIN]


def by_kernel(image: np.ndarray, ratio: np.ndarray, noise: float) -> np.ndarray:
    """The same by the network's kernel at full size; `ratio` at 0 and FREQUENCIES."""
    response = torch.tensor(ratio / (ratio**2 + noise), dtype=torch.float32)[None, None]
    return radial.filtered(torch.tensor(image, dtype=torch.float32)[None, None], response, 1)[0, 0].numpy()


def best(case: Case, filtered: Callable[[np.ndarray, float], np.ndarray]) -> float:
    """The best gain in dB of a filter on the exposure, over NOISE."""
    image = case.seen.astype(np.float64)
    mean = image.mean()
    before = fitted_psnr(case.seen, case.truth)
    return max(fitted_psnr(filtered(image - mean, noise) + mean, case.truth) - before for noise in NOISE)


def stepped(case: Case, network, curve: np.ndarray, noise: float | None) -> float:
    """The gain in dB of a model, and of one step of data consistency behind it; `noise` None: of the model alone."""

    def run(images):
        restored = network(images)
        if noise is None:
            return restored
        y, n = torch.from_numpy(images), torch.from_numpy(restored)
        r = torch.tensor(np.concatenate([[1], curve]), dtype=torch.float32)[None, None]
        return (n + radial.filtered(y - radial.filtered(n, r, 1), r / (r**2 + noise), 1)).numpy()

    return held_out.gained(case, run)


def cases(defocus_um: float, photons: float) -> Iterator[Case]:
    for light in ("fluorescence", "transmitted"):
        yield from held_out.cases(light, 1, (defocus_um,), (photons,))


def row(defocus_um: float, photons: float, network) -> list[float]:
    """Mean gains in dB: of the filters from each curve and the kernel, of the model, and of a step at each noise."""
    found = curves(defocus_um)
    few = found[f"{len(FREQUENCIES)} numbers"][1]
    told = told_curves(SCOPE, [defocus_um])[0]
    gains = []
    for case in cases(defocus_um, photons):
        filters = [lambda x, n, c=curve: by_fourier(x, *c, n) for curve in found.values()]
        filters.append(lambda x, n: by_kernel(x, few, n))
        steps = [stepped(case, network, told, noise) for noise in (None, *NOISE[:4])]
        gains.append([best(case, one) for one in filters] + steps)
    return np.mean(gains, 0).tolist()


def main(argv=None):
    parser = parser_of("filters", __doc__)
    parser.add_argument("--model", type=Path, default=Path("models/parfocal-w8.onnx"))
    add_threads(parser)
    args = parser.parse_args(argv)
    with one_line_errors("filters"):
        network = restore.load_network(args.model, args.threads)
    names = [*curves(1.0), "kernel", args.model.stem, *(f"step at {noise:g}" for noise in NOISE[:4])]
    print("| defocus | photons | " + " | ".join(names) + " |")
    print("|---|---|" + "---|" * len(names))
    for defocus_um in (0.5, 1.0, 2.0, 4.0):
        for photons in (1000, 20000):
            cells = " | ".join(f"{gain:+.2f}" for gain in row(defocus_um, photons, network))
            print(f"| {defocus_um:g} um | {photons} | {cells} |", flush=True)
