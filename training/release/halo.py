"""The halo of a network: the context that a tile needs around it, measured on the exported file."""

from pathlib import Path

import numpy as np

from training.data.intensity import normalisation_range, percentile_range
from training.evaluate.restore import estimate_of, load_network
from training.optics import specimen
from training.optics.microscope import Microscope, convolve, transfer_function

HALO_TOLERANCE = 3e-4  # of the output's 0.1 to 99.9 percentile range; the contract with users is 1e-3


def halo_images(size: int) -> list[np.ndarray]:
    """Blurred drawn specimens with fixed seeds, and bright points around the cut in the dark; float32 [size, size]."""
    scope = Microscope(0.75, 0.55, 1.0, 0.325)
    images = []
    for seed, kind in enumerate(specimen.KINDS):
        for radius in (0.0, 5.0, 12.0):
            random = np.random.default_rng(1000 + seed)
            light = convolve(kind(size, random), transfer_function(scope, scope.defocus_um(radius), size))
            images.append(light + 0.01 * random.standard_normal(light.shape))
    random = np.random.default_rng(2000)
    point = 0.02 * random.random((size, size)) + 0.1
    for offset in (-24, -2, 9, 40):
        point[size // 2 + 3 * offset, size // 2 + offset] += 10
    images.append(convolve(point, transfer_function(scope, scope.defocus_um(6.0), size)))
    return [np.asarray(i, np.float32) for i in images]


def measure_halo(path: Path, size: int = 640) -> tuple[int, list[float]]:
    """The context that a tile needs in pixels (a multiple of 16), and the worst deviation by distance in steps of 16.

    Each image is restored whole and cut in half. The deviation at distance d from the cut is the largest difference of
    the two results there or further inside, relative to the range between the percentiles of the whole result. Raises
    ValueError where the deviation never falls below HALO_TOLERANCE.
    """
    network = load_network(path)
    half = size // 2
    worst = np.zeros(half // 16)
    for image in halo_images(size):
        low, high = normalisation_range(image)
        x = ((image - low) / (high - low))[None, None]
        # All tiles of a frame have the frame's condition.
        condition = estimate_of(x, network).condition if network.estimate else None
        whole = network(x, condition)[0, 0]
        low, high = percentile_range(whole)
        for left in (True, False):
            part = np.s_[:half] if left else np.s_[half:]
            alone = network(np.ascontiguousarray(x[..., part]), condition)[0, 0]
            difference = np.abs(alone - whole[:, part]).max(0)
            if left:  # its cut is the right edge
                difference = difference[::-1]
            by_step = difference.reshape(-1, 16).max(1)
            # For each distance from the cut, the worst of all that lies at least as far away.
            worst = np.maximum(worst, np.maximum.accumulate(by_step[::-1])[::-1] / max(high - low, 1e-6))
    enough = np.nonzero(worst <= HALO_TOLERANCE)[0]
    if not len(enough):
        raise ValueError(
            f"{path}: results still change by {worst[-1]:.1e} at {half - 16} px from a cut: no halo will do"
        )
    return int(enough[0]) * 16, worst.tolist()
