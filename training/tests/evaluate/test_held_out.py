"""Held-out exposures: what is known of them is true, and deconvolution gets its best chance."""

import numpy as np
import pytest

from training.evaluate import held_out, metrics

FEW = {"seeds": 1, "defocus": (0.0, 2.0), "photons": (50, 20000)}


@pytest.mark.parametrize("light", held_out.SPECIMENS)
def test_exposures(light):
    made = list(held_out.cases(light, **FEW))
    assert len(made) == 4 * len(held_out.SPECIMENS[light])
    again = list(held_out.cases(light, **FEW))
    for case, other in zip(made, again, strict=True):
        assert np.array_equal(case.seen, other.seen) and case.seen.dtype == np.uint16
        # The brightest structure of the focused image has as many photons as the case says.
        brightest = np.percentile(case.truth, 99.9) - case.camera.offset
        assert brightest == pytest.approx(case.photons, rel=0.01)
    error = lambda case: np.std(case.seen - case.truth) / np.ptp(case.truth)
    by = {(c.defocus_um, c.photons, c.seed): error(c) for c in made}
    for seed in {c.seed for c in made}:
        assert by[0.0, 20000, seed] < by[0.0, 50, seed] and by[0.0, 20000, seed] < by[2.0, 20000, seed]


def test_noise_below_the_cameras_offset_is_no_bright_light():
    """Counts below the offset are negative electrons; deconvolution must take noise from a dim focused image."""
    case = next(held_out.cases("fluorescence", 1, (0.0,), (50,)))
    assert case.seen.min() < case.camera.offset
    gains = held_out.deconvolved(case, {})
    before = held_out.fitted_psnr(case.seen, case.truth)
    similar = metrics.ssim(case.seen, case.truth)
    assert all(psnr > before + 2 and similarity > similar + 0.1 for psnr, similarity in gains.values())


def test_rows_and_margins():
    networks = {"nothing": lambda x: x}
    rows = held_out.measure("reflected", networks, **FEW)
    for row in rows:
        assert row.restored["nothing"] == pytest.approx(row.before, abs=0.01)
        assert row.ssim["nothing"] == pytest.approx(row.ssim["before"], abs=0.01)
    # With many photons and the true blur, deconvolution gains a lot where there is blur.
    clean = [r for r in rows if r.photons == 20000 and r.defocus_um == 2.0]
    assert all(r.restored[method] > r.before + 2 for r in clean for method in ("Wiener", "Richardson-Lucy"))
    noisy = [r for r in rows if r.photons == 50 and r.defocus_um == 2.0]
    assert noisy and all(
        r.ssim[method] > r.ssim["before"] + 0.2 for r in noisy for method in ("Wiener", "Richardson-Lucy")
    )
    lines = held_out.table(rows)
    assert len(lines) == 2 + 4 and lines[2].startswith("| reflected | 0 um | 50 |") and lines[2].endswith("+0.00 |")
    for row in rows:
        row.photons = 1000
    assert all(margin < 0 for margin in held_out.margins(rows, "nothing").values())


def made_up(light, seed, um, photons, model, wiener, lucy):
    return held_out.Row(
        light, um, photons, seed, 20.0, {"model": model, "Wiener": wiener, "Richardson-Lucy": lucy}, {"before": 0.5}
    )


def test_the_margin_by_photons_defocus_and_specimen():
    rows = [
        made_up("fluorescence", 0, 0.0, 200, 30, 20, 20),  # in focus: in the table of defocus alone
        made_up("fluorescence", 1, 2.0, 200, 24, 23, 22),
        made_up("fluorescence", 1001, 2.0, 200, 22, 23, 21),
        made_up("transmitted", 1, 4.0, 5000, 21, 23, 24),
        made_up("reflected", 1, 4.0, 20000, 26, 21, 21),  # not of a moderate level
    ]
    lines = held_out.margin_tables(rows, "model")
    body = [line for line in lines if line.startswith("|") and not line.startswith("|--") and "exposures" not in line]
    assert body == [
        "| 200 | 2 | +0.00 | +1.50 | 1 of 2 |",
        "| 5000 | 1 | -2.00 | -3.00 | 0 of 1 |",
        "| 20000 | 1 | +5.00 | +5.00 | 1 of 1 |",
        "| 0 um | 1 | +10.00 | +10.00 | 1 of 1 |",
        "| 2 um | 2 | +0.00 | +1.50 | 1 of 2 |",
        "| 4 um | 1 | -2.00 | -3.00 | 0 of 1 |",
        "| filaments, fluorescence | 2 | +0.00 | +1.50 | 1 of 2 |",
        "| membranes, transmitted | 1 | -2.00 | -3.00 | 0 of 1 |",
    ]
    assert held_out.margins(rows, "model") == pytest.approx({"Wiener": -2 / 3, "Richardson-Lucy": 0.0})


def test_every_specimen_has_the_name_of_what_drew_it():
    named = [
        held_out.kind_of(made_up(light, 1000 + n, 2.0, 200, 1, 1, 1))
        for light, makers in held_out.SPECIMENS.items()
        for n in range(len(makers))
    ]
    assert named == [
        "nuclei",
        "filaments",
        "puncta",
        "membranes",
        "chromatin",
        "nuclei",
        "membranes",
        "chromatin",
        "edges",
        "dead leaves",
    ]


def test_words_for_a_difference():
    assert [held_out.above_or_below(v) for v in (0.5, -0.25, 0.0, -0.001)] == [
        "0.50 dB above",
        "0.25 dB below",
        "as good as",
        "as good as",
    ]


def test_rows_of_other_exposures_are_not_put_side_by_side():
    known = [
        {
            "light": "reflected",
            "defocus_um": 2.0,
            "photons": 200,
            "seed": 0,
            "before": 20.0,
            "restored": {"Wiener": 21.0},
            "ssim": {"before": 0.5},
        }
    ]
    mine = [known[0] | {"restored": {"model": 22.0}, "ssim": {"before": 0.5, "model": 0.6}}]
    (row,) = held_out.beside(known, {"unet": mine, "mimo": mine}, "file")
    assert row.restored == {"Wiener": 21.0, "unet": 22.0, "mimo": 22.0} and row.ssim == {
        "before": 0.5,
        "unet": 0.6,
        "mimo": 0.6,
    }
    for change in ({"seed": 1}, {"photons": 50}, {"before": 20.5}):
        with pytest.raises(
            ValueError, match="file: is of other exposures than those unet was measured on; remove both"
        ):
            held_out.beside(known, {"unet": [mine[0] | change]}, "file")
    with pytest.raises(ValueError, match="other exposures"):
        held_out.beside(known, {"unet": mine * 2}, "file")
