"""Held-out exposures: what is known of them is true, and deconvolution is given its best chance."""

import numpy as np
import pytest

from training import held_out

FEW = dict(seeds=1, defocus=(0.0, 2.0), photons=(50, 20000))


@pytest.mark.parametrize("light", held_out.SPECIMENS)
def test_exposures(light):
    made = list(held_out.cases(light, **FEW))
    assert len(made) == 4 * len(held_out.SPECIMENS[light])
    again = list(held_out.cases(light, **FEW))
    for case, other in zip(made, again):
        assert np.array_equal(case.seen, other.seen) and case.seen.dtype == np.uint16
        # The brightest structure of the focused image has as many photons as the case says.
        brightest = np.percentile(case.truth, 99.9) - case.camera.offset
        assert brightest == pytest.approx(case.photons, rel=0.01)
    error = lambda case: np.std(case.seen - case.truth) / np.ptp(case.truth)
    by = {(c.defocus_um, c.photons, c.seed): error(c) for c in made}
    for seed in {c.seed for c in made}:
        assert by[0.0, 20000, seed] < by[0.0, 50, seed] and by[0.0, 20000, seed] < by[2.0, 20000, seed]


def test_noise_below_the_cameras_offset_is_no_bright_light():
    """Counts below the offset are negative electrons; deconvolution of a dim focused image must at least take noise away."""
    case = next(held_out.cases("fluorescence", 1, (0.0,), (50,)))
    assert case.seen.min() < case.camera.offset
    gains = held_out.deconvolved(case, {})
    before = held_out.fitted_psnr(case.seen, case.truth)
    assert all(value > before + 2 for value in gains.values())


def test_rows_and_margins():
    networks = {"nothing": lambda x: x}
    rows = held_out.measure("reflected", networks, **FEW)
    for row in rows:
        assert row.restored["nothing"] == pytest.approx(row.before, abs=0.01)
        assert row.ssim["nothing"] == pytest.approx(row.ssim["before"], abs=0.01)
    # With many photons and the true blur, deconvolution gains a lot where there is blur.
    clean = [r for r in rows if r.photons == 20000 and r.defocus_um == 2.0]
    assert all(r.restored[method] > r.before + 2 for r in clean for method in ("Wiener", "Richardson-Lucy"))
    lines = held_out.table(rows)
    assert len(lines) == 2 + 4 and lines[2].startswith("| reflected | 0 um | 50 |") and lines[2].endswith("+0.00 |")
    for row in rows:
        row.photons = 1000
    assert all(margin < 0 for margin in held_out.margins(rows, "nothing").values())
