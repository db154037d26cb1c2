"""What is committed beside a model file is about that file: its card and, of the default one, docs/evaluation.md."""

from pathlib import Path

import pytest

from training import card, held_out
from training.deconvolve import KNOWN

ROOT = Path(__file__).parents[2]
MODELS = sorted((ROOT / "models").glob("*.onnx"))
EVALUATION = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")


def test_both_models_are_there():
    assert [p.name for p in MODELS] == ["parfocal-w16.onnx", "parfocal-w8.onnx"]


@pytest.mark.parametrize("model", MODELS, ids=lambda p: p.stem)
def test_a_card_is_of_its_model(model):
    text, facts = model.with_suffix(".md").read_text(encoding="utf-8"), card.metadata_of(model)
    assert card.sha256_of(model) in text, f"{model.stem}.md describes another file; make it again with training.card"
    assert text.startswith(f"# {facts['name']}, version {facts['version']}\n") and facts["config_sha256"] in text
    assert (model.parent / f"{model.stem}-failures.png").is_file() and f"({model.stem}-failures.png)" in text


def test_the_evaluation_is_of_the_default_model():
    model = ROOT / "models" / "parfocal-w16.onnx"
    words = f"`{model.name}`, version {card.metadata_of(model)['version']}, SHA-256 `{card.sha256_of(model)[:16]}`"
    assert words in EVALUATION, "docs/evaluation.md is of another model; make it again with training.report"
    assert "have not been reported yet" not in EVALUATION


@pytest.mark.parametrize("page", ["networks.md", "ablation.md", "finetune.md"])
def test_pages_that_it_leads_to_are_there(page):
    assert (ROOT / "docs" / page).is_file()


def test_what_deconvolution_found_is_of_todays_exposures():
    assert (KNOWN / f"deconvolution-1-{held_out.SEED}.json").is_file() and len(list(KNOWN.glob("oracle-*.json"))) == 3
