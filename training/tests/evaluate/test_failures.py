"""Images that no model is made for: each is what its words say, and the figures are of the model at hand."""

import numpy as np
import pytest

from training.evaluate import failures


def test_contrast_of_a_phase_object_inverts_with_focus():
    """It is weakest in focus, so defocus is no blur there."""
    from training.optics import specimen

    field = np.exp(0.6j * specimen.nuclei(128, np.random.default_rng(3)))
    above, focus, below = (failures.partially_coherent(field, failures.SCOPE, z) for z in (2.0, 0.0, -2.0))
    assert np.corrcoef(above.ravel(), below.ravel())[0, 1] < -0.5
    assert focus.std() < 0.5 * above.std()
    assert above.mean() == pytest.approx(focus.mean(), rel=1e-3)  # no light is lost


def test_without_a_specimen_all_light_passes():
    even = failures.partially_coherent(np.ones((32, 32), complex), failures.SCOPE, 3.0)
    assert np.allclose(even, 1)


def test_figures_and_picture():
    same = failures.measure(lambda x: x)
    assert [c.name for c, *_ in same] == ["unstained cells", "haze of a thick specimen", "empty field"]
    for case, restored, before, after in same:
        assert before == pytest.approx(after, abs=0.05) and before > 1 and case.seen.dtype == restored.dtype
    assert np.ptp(same[2][0].truth) == 0
    worse = failures.measure(lambda x: 0.5 * x)
    assert all(w[3] > s[3] + 1 for w, s in zip(worse, same, strict=True))
    page = failures.sheet(same)
    assert page.size[0] >= 3 * failures.SIZE and page.size[1] >= 3 * failures.SIZE
    lines = failures.lines(same, "picture.png")
    assert lines[0] == "![What the model is not made for](picture.png)" and len(lines) == 4 + 3
    assert f"| {same[0][2]:.1f} % | {same[0][3]:.1f} % |" in lines[4]
    assert "| 0.0 % |" in lines[6]  # the truth of an empty field has no contrast
    assert all("as far from the truth as before" in line for line in lines[4:])


def test_what_became_of_an_image_is_told_by_its_figures():
    case = failures.cases()[1]
    assert case.lower is not None and case.lower.mean() > 0.5 * (
        case.truth.mean() - 100
    )  # most light is not of the layer in focus
    without = case.truth - case.lower
    told = failures.outcome(case, without, 5.0, 2.0)
    assert "nearer to the truth" in told and "the restored one 0 %." in told
    told = failures.outcome(case, without + 0.5 * case.lower, 2.0, 5.0)
    assert "further from the truth" in told and "the restored one 50 %." in told
    cells = failures.cases()[0]
    assert failures.outcome(cells, cells.truth, 5.0, 5.01) == "Restored, it is as far from the truth as before."
    low, high = failures.normalisation_range(cells.seen)
    kept = [f"{failures.contrast_of(image, low, high):.1f} %" for image in (cells.seen, cells.truth)]
    told = failures.outcome(cells, cells.seen, 5.0, 4.0)
    assert told.endswith(f"It shows contrast that is not there: {kept[0]} where the truth has {kept[1]}.")
    # Only the sentences on the outcome depend on the model.
    assert not any(word in c.hard for c in failures.cases() for word in ("model", "sharpen", "smooth", "restored"))


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(SystemExit, match="failures: .*none.onnx: no such file"):
        failures.main(["--model", str(tmp_path / "none.onnx"), "--out", str(tmp_path / "x.png")])
