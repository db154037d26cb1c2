"""Focus measures on real focal stacks: which ranks planes best by their distance from the sharpest one.

    python -m training.focus [--data FOLDER]

Prints two tables: every measure on the development stacks, best first, and the chosen one (`score`, what
`parfocal score` computes) on each stack. Test stacks stand in the second table only and choose nothing.

Each cell is `rho / peak / pairs`: Spearman's correlation of the measure with the nearness to the sharpest plane, how many
planes the maximum lies from it, and the share of neighbouring planes of which the nearer one has the larger value.
The first table has the worse of the two development stacks.
Points: whether it falls with the blur of simulated bright points; those that do not stand below. Order: by the most
misplaced peak, then by the lowest rho.
Exposure: each plane has its own gain (0.5 to 2) and offset (0 to 0.3 of the range of the stack). Noise: Gaussian, its
standard deviation in per cent of that range, added before the gain. Means over three seeds.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import fft, ndimage
from scipy.stats import spearmanr

from .evaluate import DEVELOPMENT, TEST, data_folder, stack_planes

# ---- the chosen measure, as src/focus.rs computes it ------------------------------------------------------------------


def score(frame: np.ndarray) -> float:
    """Gradient energy over variance, both at a scale of 2 px; frame [H, W] or [H, W, C], larger = sharper, 0 = constant.

    The Gaussian-derivative measure of Geusebroek et al. 2000 (sigma about 2 px), computed on the frame binned 2x2 (odd
    edges repeat the last pixel) with the binomial filters [1 4 6 4 1] and [-1 -2 0 2 1], edges repeated, over the
    variance of the bins smoothed alike: neither gain nor offset changes it. Channels: both sums are taken over all of
    them. Bins with a pixel that is not finite within the filters' reach are left out.
    """
    planes = frame[..., None] if frame.ndim == 2 else frame
    energy = variance = 0.0
    for c in range(planes.shape[-1]):
        plane = planes[..., c].astype(np.float64)
        finite = plane[np.isfinite(plane)]
        if finite.size == 0 or finite.min() == finite.max():
            continue
        # Normalised, so that the squares of 32-bit floats cannot overflow.
        squares, levels = filtered((plane - finite.mean()) / finite.std())
        used = np.isfinite(levels)
        spread = levels[used].var() if used.any() else 0.0
        # What is left of detail that the bins cancel is rounding: a millionth of the pixels' deviation.
        if spread > 1e-12:
            energy += finite.var() * squares[used].mean()
            variance += finite.var() * spread
    return float(energy / variance) if variance > 0 else 0.0


def filtered(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared gradient (a bin) and smoothed level of each 2x2 bin; [H, W] to [ceil(H / 2), ceil(W / 2)]."""
    h, w = plane.shape
    with np.errstate(invalid="ignore"):
        even = np.pad(plane, ((0, h % 2), (0, w % 2)), mode="edge")
        bins = (even[::2, ::2] + even[::2, 1::2] + even[1::2, ::2] + even[1::2, 1::2]) / 4
        bins = np.pad(bins, 2, mode="edge")
        smooth = lambda a: (a[:-4] + 4 * a[1:-3] + 6 * a[2:-2] + 4 * a[3:-1] + a[4:]) / 16
        slope = lambda a: (a[4:] - a[:-4] + 2 * (a[3:-1] - a[1:-3])) / 8
        down, across = smooth(bins).T, slope(bins).T
        return (slope(down) ** 2 + smooth(across) ** 2).T, smooth(down).T


# ---- published measures, for images [H, W] in float64 -----------------------------------------------------------------


def brenner(g):
    """Brenner et al. 1976, J. Histochem. Cytochem. 24, 100-111."""
    return np.mean((g[:, 2:] - g[:, :-2]) ** 2)


def tenengrad(g):
    """Krotkov 1988, Int. J. Comput. Vision 1, 223-237; Sobel operator, no threshold."""
    return np.mean(ndimage.sobel(g, 0) ** 2 + ndimage.sobel(g, 1) ** 2)


def variance_of_laplacian(g):
    """Pech-Pacheco et al. 2000, Proc. ICPR 3, 314-317."""
    return (g[1:-1, 2:] + g[1:-1, :-2] + g[2:, 1:-1] + g[:-2, 1:-1] - 4 * g[1:-1, 1:-1]).var()


def sum_modified_laplacian(g):
    """Nayar and Nakagawa 1994, IEEE Trans. Pattern Anal. Mach. Intell. 16, 824-831; step 1, no threshold."""
    middle = 2 * g[1:-1, 1:-1]
    return np.mean(np.abs(middle - g[1:-1, 2:] - g[1:-1, :-2]) + np.abs(middle - g[2:, 1:-1] - g[:-2, 1:-1]))


def vollath_f4(g):
    """Vollath 1987, J. Microsc. 147, 279-288: autocorrelation at a step of 1 less that at 2, along both axes."""
    g = g - g.mean()
    along = lambda a: np.mean(a[:, :-1] * a[:, 1:]) - np.mean(a[:, :-2] * a[:, 2:])
    return along(g) + along(g.T)


def vollath_f5(g):
    """Vollath 1988, J. Microsc. 151, 133-146: autocorrelation at a step of 1 less the squared mean."""
    g = g - g.mean()
    return np.mean(g[:, :-1] * g[:, 1:])


def normalised_variance(g):
    """Groen et al. 1985, Cytometry 6, 81-91; the best of Sun et al. 2004, Microsc. Res. Tech. 65, 139-149."""
    return g.var() / g.mean()


def power_spectrum_slope(g):
    """Bray et al. 2012, J. Biomol. Screen. 17, 266-274: of the log of radial means against log frequency."""
    power = np.abs(np.fft.fft2(g)) ** 2
    radius = np.hypot(np.fft.fftfreq(g.shape[0])[:, None], np.fft.fftfreq(g.shape[1])[None])
    ring = np.rint(radius * min(g.shape)).astype(int).ravel()
    used = np.s_[1 : min(g.shape) // 2]
    mean = np.bincount(ring, power.ravel())[used] / np.bincount(ring)[used]
    return np.polyfit(np.log(np.arange(1, min(g.shape) // 2)), np.log(mean), 1)[0]


def dct_entropy(g):
    """Royer et al. 2016, Nat. Biotechnol. 34, 1267-1278; support radius: half the frame, as the optics are unknown."""
    spectrum = np.abs(fft.dctn(g, norm="ortho"))
    y, x = np.mgrid[: g.shape[0], : g.shape[1]]
    inside = spectrum[y / g.shape[0] + x / g.shape[1] < 0.5] / np.sqrt((spectrum**2).sum())
    inside = inside[inside > 0]
    return -2 * np.sum(inside * np.log2(inside)) / inside.size


def gaussian_derivative(sigma_px):
    """Geusebroek et al. 2000, Cytometry 39, 1-9."""

    def measure(g):
        return np.mean(ndimage.gaussian_filter(g, sigma_px, (0, 1)) ** 2 + ndimage.gaussian_filter(g, sigma_px, (1, 0)) ** 2)

    return measure


SCALES_PX = (1, 1.5, 2, 3)
PUBLISHED = {
    "Brenner": brenner,
    "Tenengrad": tenengrad,
    "variance of Laplacian": variance_of_laplacian,
    "sum-modified Laplacian": sum_modified_laplacian,
    "Vollath F4": vollath_f4,
    "Vollath F5": vollath_f5,
    "normalised variance": normalised_variance,
    "power-spectrum slope": power_spectrum_slope,
    "DCT entropy": dct_entropy,
} | {f"Gaussian derivative, {s} px": gaussian_derivative(s) for s in SCALES_PX}

# Those that are energies become free of gain when divided by the variance; those of first order, by its root.
ENERGIES = [name for name in PUBLISHED if name.startswith(("Brenner", "Tenengrad", "variance", "Vollath", "Gaussian"))]
CHOSEN = "chosen (src/focus.rs)"


def _over(measure, power):
    return lambda g: measure(g) / g.var() ** power


def _at_scale(sigma_px):
    return lambda g: gaussian_derivative(sigma_px)(g) / ndimage.gaussian_filter(g, sigma_px).var()


MEASURES = (
    {CHOSEN: score}
    | PUBLISHED
    | {f"{name} / variance": _over(PUBLISHED[name], 1.0) for name in ENERGIES}
    | {f"Gaussian derivative, {s} px / variance at {s} px": _at_scale(s) for s in SCALES_PX}
    | {"sum-modified Laplacian / deviation": _over(sum_modified_laplacian, 0.5)}
)


# ---- how well they rank -----------------------------------------------------------------------------------------------

CONDITIONS = {"as taken": None, "exposure": 0.0, "and 2 % noise": 0.02, "and 5 % noise": 0.05}
SEEDS = (1, 2, 3)


def changed(planes, noise, seed):
    """Planes with gain, offset and noise of their own; `noise` is relative to the largest range of a plane."""
    random = np.random.default_rng(seed)
    span = max(np.ptp(np.percentile(p, (0.1, 99.9))) for p in planes)
    for plane in planes:
        gain, offset = np.exp(random.uniform(-0.7, 0.7)), random.uniform(0, 0.3) * span
        yield gain * (plane + noise * span * random.standard_normal(plane.shape)) + offset


def ranking(values, distances) -> np.ndarray:
    """Spearman's rho with the nearness, misplacement of the peak in planes, share of neighbours in order."""
    values, away = np.asarray(values, np.float64), np.abs(distances)
    # A measure that is the same everywhere ranks nothing.
    rho = spearmanr(values, -away)[0] if np.ptp(values) > 0 else 0.0
    focus = int(np.argmin(away))
    # `distances` ascend: towards the focus on its left, away from it on its right.
    steps = np.diff(values)
    ordered = np.concatenate([steps[:focus] > 0, steps[focus:] < 0])
    return np.array([rho, abs(int(np.argmax(values)) - focus), ordered.mean()])


def falls_with_blur_of_points(measure) -> bool:
    """Whether it falls from each to the next of growing Gaussian blurs of bright points (spots, beads)."""
    points = np.zeros((300, 300))
    points[tuple(np.random.default_rng(5).integers(300, size=(2, 150)))] = 1000
    values = [measure(100 + ndimage.gaussian_filter(points, sigma)) for sigma in (0.7, 1, 1.5, 2, 3, 4, 6)]
    return bool(np.all(np.diff(values) < 0))


def rank_stack(name: str, measures: dict, data: Path | None = None, conditions=tuple(CONDITIONS)) -> dict:
    """{(measure, condition): mean of `ranking` over the seeds} on one stack."""
    _, listed, _ = stack_planes(name, data)
    distances = [distance for _, distance, _ in listed]
    found: dict = {}
    for condition in conditions:
        noise = CONDITIONS[condition]
        for seed in SEEDS[:1] if noise is None else SEEDS:
            planes = [p.astype(np.float64) for _, _, p in listed]
            planes = planes if noise is None else list(changed(planes, noise, seed))
            for measure, function in measures.items():
                # Only the chosen measure knows colours.
                values = [function(p if p.ndim == 2 or function is score else p.mean(-1)) for p in planes]
                found.setdefault((measure, condition), []).append(ranking(values, distances))
    return {key: np.mean(rankings, axis=0) for key, rankings in found.items()}


def _cell(ranking):
    return f"{ranking[0]:.3f} / {ranking[1]:.1f} / {ranking[2]:.2f}"


def tables(data: Path | None = None) -> list[str]:
    """Markdown: all measures by their worse development stack, and the chosen one by stack."""
    development = {stack: rank_stack(stack, MEASURES, data) for stack in DEVELOPMENT}

    def worst(key):
        both = np.array([found[key] for found in development.values()])
        return np.array([both[:, 0].min(), both[:, 1].max(), both[:, 2].min()])

    points = {measure: falls_with_blur_of_points(function) for measure, function in MEASURES.items()}

    def merit(measure):
        cells = [worst((measure, condition)) for condition in CONDITIONS]
        # To the digits that are printed. To find the focus is what it is for: misplaced peaks come first.
        return (
            points[measure],
            -round(max(c[1] for c in cells), 1),
            round(min(c[0] for c in cells), 3),
            float(np.mean([c[2] for c in cells])),
        )

    head = " | ".join(CONDITIONS)
    lines = [f"| measure | points | {head} |", "|---" * (2 + len(CONDITIONS)) + "|"]
    for measure in sorted(MEASURES, key=merit, reverse=True):
        cells = " | ".join(_cell(worst((measure, condition))) for condition in CONDITIONS)
        lines.append(f"| {measure} | {'yes' if points[measure] else 'no'} | {cells} |")
    lines += ["", f"| stack | {head} |", "|---" * (1 + len(CONDITIONS)) + "|"]
    for stack in DEVELOPMENT + TEST:
        found = development.get(stack) or rank_stack(stack, {CHOSEN: score}, data)
        cells = " | ".join(_cell(found[CHOSEN, condition]) for condition in CONDITIONS)
        lines.append(f"| {stack}{'' if stack in DEVELOPMENT else ' (not used to choose)'} | {cells} |")
    return lines


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with eval/ (default: $PARFOCAL_DATA, else ../shared/data)")
    data = parser.parse_args(argv).data or data_folder()
    if not (data / "eval").is_dir():
        sys.exit(f"focus: no data: {data / 'eval'} does not exist; set PARFOCAL_DATA to the evaluation data")
    print("\n".join(tables(data)))


if __name__ == "__main__":
    main()
