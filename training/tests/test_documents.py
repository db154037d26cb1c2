"""The card of each committed model is about that file, and docs/evaluation.md about the default one."""

import json
from pathlib import Path

import pytest

from training.evaluate import held_out, known, oracle
from training.network.model_file import metadata_of, sha256_of

ROOT = Path(__file__).parents[2]
MODELS = sorted((ROOT / "models").glob("*.onnx"))
EVALUATION = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")


def test_both_models_are_there():
    assert [p.name for p in MODELS] == ["parfocal-w16.onnx", "parfocal-w8.onnx"]


@pytest.mark.parametrize("model", MODELS, ids=lambda p: p.stem)
def test_a_card_is_of_its_model(model):
    text, facts = model.with_suffix(".md").read_text(encoding="utf-8"), metadata_of(model)
    assert sha256_of(model) in text, f"{model.stem}.md describes another file; make it again with `training card`"
    assert text.startswith(f"# {facts['name']}, version {facts['version']}\n") and facts["config_sha256"] in text
    assert (model.parent / f"{model.stem}-failures.png").is_file() and f"({model.stem}-failures.png)" in text


def test_the_evaluation_is_of_the_default_model():
    model = ROOT / "models" / "parfocal-w16.onnx"
    words = f"`{model.name}`, version {metadata_of(model)['version']}, SHA-256 `{sha256_of(model)[:16]}`"
    assert words in EVALUATION, "docs/evaluation.md is of another model; make it again with `training report`"
    assert "is not made yet" not in EVALUATION and "have not been reported" not in EVALUATION


def test_the_evaluation_is_of_the_fast_model_beside_it():
    assert f"`parfocal-w8.onnx`: SHA-256 `{sha256_of(ROOT / 'models' / 'parfocal-w8.onnx')[:16]}`" in EVALUATION


@pytest.mark.parametrize("page", ["networks.md", "ablation.md", "finetune.md"])
def test_pages_that_it_leads_to_are_there(page):
    assert (ROOT / "docs" / page).is_file()


def test_what_deconvolution_found_is_of_todays_exposures_and_methods():
    rows = json.loads((known.FOLDER / f"deconvolution-1-{held_out.SEED}.json").read_text())
    assert known.fits_exposures(rows, 1) and not known.fits_exposures(rows, 2)
    stored = {(r["light"], r["defocus_um"], r["photons"], r["seed"]): r for r in rows}
    for light in held_out.SPECIMENS:
        now = held_out.measure(light, {}, 1, (2.0,), (200,), oracles=False)
        for row in now:
            assert row.before == pytest.approx(stored[light, 2.0, 200, row.seed]["before"], abs=1e-3)
    case = next(held_out.cases("reflected", 1, (2.0,), (200,)))
    for method, (psnr, ssim) in held_out.deconvolved(case, {}).items():
        kept = stored["reflected", 2.0, 200, case.seed]
        assert psnr == pytest.approx(kept["restored"][method], abs=0.01) and ssim == pytest.approx(
            kept["ssim"][method], abs=1e-3
        )


def test_what_deconvolution_found_is_of_the_listed_planes():
    for stack, distances in oracle.PLANES.items():
        rows = [oracle.row_from_json(row) for row in json.loads((known.FOLDER / f"oracle-{stack}.json").read_text())]
        assert {round(abs(r["distance"]), 2) for r in rows} == {round(d, 2) for d in distances}
