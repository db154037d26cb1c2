"""PSNR of BBBC006's blurred planes before and after fine-tuning, by the literature's measure and of the raw images.

The literature normalises each image to its own minimum and maximum, which hides absolute intensity; so the PSNR of the
raw images stands beside it.
"""

import numpy as np

from training.data.fields import Field
from training.evaluate.metrics import psnr
from training.evaluate.restore import restored_frame


def _stretched(image: np.ndarray) -> np.ndarray:
    image = image.astype(np.float64)
    return (image - image.min()) / max(float(np.ptp(image)), 1e-12)


def stretched_psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """PSNR of two images, each normalised to its own minimum and maximum; range 1. In dB."""
    return float(10 * np.log10(1 / max(np.mean((_stretched(image) - _stretched(reference)) ** 2), 1e-12)))


def protocol(fields: list[Field], networks) -> list[str]:
    """Markdown: PSNR by plane, by both measures, of the input and of `networks` (model begun with, fine-tuned one)."""
    lines = [
        "PSNR against plane 16, means over fields: each image normalised to its own minimum and maximum (what is "
        "published),",
        "and of the images as they are, in the 0.1 to 99.9 percentile range of plane 16.",
        "",
        "| plane | normalised: before | begun with | fine-tuned | raw: before | begun with | fine-tuned |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(p.name for f in fields for p in f.planes if p.steps):
        cells = {stretched_psnr: [], psnr: []}
        for field in fields:
            plane = next((p for p in field.planes if p.name == name), None)
            if plane is None:  # left out as too blurred
                continue
            images = [plane.image] + [restored_frame(plane.image, n) for n in networks]
            for measure, values in cells.items():
                values.append([measure(image, field.reference) for image in images])
        words = " | ".join(f"{v:.2f}" for values in cells.values() for v in np.mean(values, 0))
        lines.append(f"| {name} | {words} |")
    return lines
