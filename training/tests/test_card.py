"""The card says what the checkpoint, the model file and the rows say, and nothing else."""

import dataclasses

import pytest
import torch

from training import card, evaluate, export, train
from training.config import Config
from training.model import HeadToTail

CONFIG = Config(width=1, seed=42)
STATE = {
    "step": 1234, "minutes": 56.7, "planned_minutes": 57.0, "best_score": 0.0, "config": dataclasses.asdict(CONFIG),
    "commit": "0123456789abcdef", "seed": 42, "sources": {"dsb2018": 337, "neubias": 37}, "device": "an abacus",
}  # fmt: skip


def row(plane, distance, before, after):
    return evaluate.Row("tissue-brightfield", plane, distance, "planes", before, after, 0.5, 0.6, 20, 21, 1.02, 0, 30.5)


ROWS = [row("09", -1.0, 29.0, 28.5), row("10", 0.0, float("inf"), 30.2), row("13", 3.0, 26.0, 26.84)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("card")
    torch.manual_seed(0)
    weights = HeadToTail(1).state_dict()
    train.save(STATE | {"model": weights, "average": weights}, folder / "best.pt")
    export.main([str(folder / "best.pt"), str(folder / "parfocal-w1.onnx")])
    return folder


def test_card_from_results(files, capsys):
    (files / "rows.json").write_text(evaluate.as_json(ROWS))
    card.main([str(files / "best.pt"), str(files / "parfocal-w1.onnx"), "--results", str(files / "rows.json"),
               "--note", "It rained."])  # fmt: skip
    text = (files / "parfocal-w1.md").read_text()
    for expected in (
        "# parfocal-w1, version 1", "base width 1", "1,234 steps of batch 8 in 57 minutes", "| device | an abacus |",
        "| seed | 42 |", "| began with | random weights |", "| loss | log_mse",
        "commit | `0123456789abcdef`", CONFIG.sha256(), "\nIt rained.\n", card.sha256_of(files / "parfocal-w1.onnx"),
        "| dsb2018 | 337 |", "| neubias | 37 | github.com/NEUBIAS/training-resources | 8bbaa51d | CC BY 4.0 |",
        "| wavelength | 0.42 to 0.7 um |", "mean +0.84 dB", "PSNR(restored, input): 30.5 dB",
        "- tissue-brightfield: 1 of 2 planes, 1 planes from focus, the worst by 0.50 dB (09).",
    ):  # fmt: skip
        assert expected in text, expected
    assert "![What the model is not made for](parfocal-w1-failures.png)" in text and "| empty field: " in text
    assert (files / "parfocal-w1-failures.png").stat().st_size > 1000
    assert "bbbc006" not in text  # not used by this run
    assert card.read_table(text) == card.read_table("\n".join(evaluate.table(ROWS)))
    assert card.read_table(text)["tissue-brightfield", "13"][5] == "+0.84"


def test_a_run_with_changed_code_names_all_commits(files):
    state = STATE | {"history": [[0, "first"], [1000, "second"]]}
    assert "| code, commit | `first`, `second` from step 1,000 |" in card.card(state, files / "parfocal-w1.onnx", ROWS, "x")


def test_a_run_that_began_with_weights_names_them_all(files):
    first = {"name": "parfocal-w16.onnx", "sha256": 64 * "a"}
    second = {"name": "best.pt", "sha256": 64 * "b", "step": 2600, "minutes": 14.6, "origin": first}
    text = card.card(STATE | {"origin": second}, files / "parfocal-w1.onnx", ROWS, "x")
    assert f"the weights of best.pt, SHA-256 `{16 * 'b'}` (2,600 steps in 15 minutes, begun with the weights of parfocal-w16.onnx" in text


def test_messages(files):
    other = STATE | {"config": dataclasses.asdict(dataclasses.replace(CONFIG, batch=3))}
    with pytest.raises(ValueError, match="not exported from this checkpoint"):
        card.card(other, files / "parfocal-w1.onnx", ROWS, "x")
    with pytest.raises(SystemExit, match=r"card: .*absent\.pt: no such file"):
        card.main([str(files / "absent.pt"), str(files / "parfocal-w1.onnx")])
    with pytest.raises(ValueError, match="no table"):
        card.read_table("# A card without figures")
