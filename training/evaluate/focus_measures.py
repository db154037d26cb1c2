"""Focus measures on real focal stacks: which ranks planes best by their distance from the sharpest one.

    python -m training focus [--data FOLDER]

Prints two tables: every measure on the development stacks, best first, and the chosen one (what `parfocal score`
computes) on each stack. Test stacks stand in the second table only and choose nothing.

Each cell is `rho / peak / pairs`: Spearman's correlation of the measure with the nearness to the sharpest plane, the
number of planes between the maximum and the sharpest plane, and the share of neighbouring planes whose nearer one has
the larger value. The first table has the worse of the two development stacks. Points: whether the measure falls with
the blur of simulated bright points; measures that do not stand last. Order: by the most misplaced peak, then by the
lowest rho. Exposure: each plane has its own gain (0.5 to 2) and offset (0 to 0.3 of the range of the stack). Noise:
Gaussian, its standard deviation in per cent of that range, added before the gain. Means over three seeds.
"""

from pathlib import Path

import numpy as np
from scipy import fft, ndimage
from scipy.stats import spearmanr

from training.command import add_data, one_line_errors, parser_of
from training.data.focus_score import score
from training.data.intensity import percentile_range
from training.data.real_stacks import DEVELOPMENT, TEST, data_folder, require_stacks, stack_planes

# ---- published measures, for images [H, W] in float64
# -----------------------------------------------------------------


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
        return np.mean(
            ndimage.gaussian_filter(g, sigma_px, (0, 1)) ** 2 + ndimage.gaussian_filter(g, sigma_px, (1, 0)) ** 2
        )

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

# Energies no longer depend on gain when divided by the variance; first-order measures, when divided by its root.
ENERGIES = [name for name in PUBLISHED if name.startswith(("Brenner", "Tenengrad", "variance", "Vollath", "Gaussian"))]
CHOSEN = "chosen (parfocal score)"


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


# ---- how well they rank
# -----------------------------------------------------------------------------------------------

CONDITIONS = {"as taken": None, "exposure": 0.0, "and 2 % noise": 0.02, "and 5 % noise": 0.05}
SEEDS = (1, 2, 3)


def changed(planes, noise, seed):
    """The planes, each with its own gain, offset and noise; `noise` is relative to the largest range of a plane."""
    random = np.random.default_rng(seed)
    span = max(np.ptp(percentile_range(p)) for p in planes)
    for plane in planes:
        gain, offset = np.exp(random.uniform(-0.7, 0.7)), random.uniform(0, 0.3) * span
        yield gain * (plane + noise * span * random.standard_normal(plane.shape)) + offset


def ranking(values, distances) -> np.ndarray:
    """[rho with the nearness, misplacement of the peak in planes, share of neighbours in order]; distances ascend."""
    values, away = np.asarray(values, np.float64), np.abs(distances)
    # Spearman's correlation of a constant is not defined.
    rho = spearmanr(values, -away)[0] if np.ptp(values) > 0 else 0.0
    focus = int(np.argmin(away))
    # The measure should rise up to the focus and fall behind it.
    steps = np.diff(values)
    ordered = np.concatenate([steps[:focus] > 0, steps[focus:] < 0])
    return np.array([rho, abs(int(np.argmax(values)) - focus), ordered.mean()])


def falls_with_blur_of_points(measure) -> bool:
    """Whether the measure of bright points (spots, beads) falls with each step of growing Gaussian blur."""
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
                # Only the chosen measure takes colours.
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
        # Rounded as printed. Misplaced peaks come first, because finding the focus is the purpose.
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
    parser = parser_of("focus", __doc__)
    add_data(parser)
    data = parser.parse_args(argv).data or data_folder()
    with one_line_errors("focus"):
        require_stacks(data)
        print("\n".join(tables(data)))
