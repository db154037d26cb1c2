"""The card says what the checkpoint, the model file and the rows say, and nothing else."""

import dataclasses

import pytest
import torch

from training.config import Config
from training.evaluate import protocol
from training.network import checkpoint
from training.network.model import HeadToTail
from training.release import card, export

METADATA_OF = card.metadata_of
CONFIG = Config(network="head-to-tail", width=1, seed=42)
STATE = {
    "step": 1234, "minutes": 56.7, "planned_minutes": 57.0, "best_score": 0.0, "config": dataclasses.asdict(CONFIG),
    "commit": "0123456789abcdef", "seed": 42, "sources": {"dsb2018": 337, "neubias": 37}, "device": "an abacus",
}  # fmt: skip


def row(plane, distance, before, after):
    return protocol.Row("tissue-brightfield", plane, distance, "planes", before, after, 0.5, 0.6, 20, 21, 1.02, 0, 30.5)


ROWS = [row("09", -1.0, 29.0, 28.5), row("10", 0.0, float("inf"), 30.2), row("13", 3.0, 26.0, 26.84)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("card")
    torch.manual_seed(0)
    weights = HeadToTail(1).state_dict()
    checkpoint.save(STATE | {"model": weights, "average": weights}, folder / "best.pt")
    export.main([str(folder / "best.pt"), str(folder / "parfocal-w1.onnx")])
    return folder


def test_card_from_results(files, capsys):
    (files / "rows.json").write_text(protocol.as_json(ROWS))
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
    assert card.read_table(text) == card.read_table("\n".join(protocol.table(ROWS)))
    assert card.read_table(text)["tissue-brightfield", "13"][5] == "+0.84"


def test_residuals_are_named(files, monkeypatch):
    assert "Other than in the paper" not in card.card(STATE, files / "parfocal-w1.onnx", ROWS, "x")
    other = STATE | {"config": STATE["config"] | {"network": "cascade"}}
    monkeypatch.setattr(
        card, "metadata_of", lambda path: METADATA_OF(path) | {"config_sha256": checkpoint.config_sha256(other)}
    )
    text = card.card(other, files / "parfocal-w1.onnx", ROWS, "x")
    assert "base width 1.\nOther than in the paper, every sub-network adds its input image to its output" in text


def test_a_teacher_is_named(files):
    text = lambda **more: card.card(STATE | more, files / "parfocal-w1.onnx", ROWS, "x")
    assert "at the three scales |" in text()
    taught = text(teacher={"name": "parfocal-w16.onnx", "sha256": "0123456789abcdef" * 4})
    assert (
        "at the three scales; half of it against the answers of parfocal-w16.onnx, SHA-256 `0123456789abcdef`, in "
        "place of the truth |" in taught
    )


def test_every_setting_of_the_simulation_stands_in_the_card():
    """A setting that is added to Config belongs in RANGES, or here with a reason."""
    other = {
        "network", "condition", "told_share", "told_error",
        "width", "activation", "downsampling", "upsampling", "batch", "patch_px", "uses", "learning_rate",
        "final_learning_rate", "warmup_steps", "weight_decay", "gradient_clip", "scale_weights", "loss", "error_floor",
        "bright_target", "blur_weight", "average_decay", "seed",  # network and optimisation
        "margin_px", "optics_bank", "optics_life",  # how it is computed
        "blur_power",  # how a range is filled
    }  # fmt: skip
    fields = {f.name for f in dataclasses.fields(Config)}
    listed = [name for name, _, _ in card.RANGES]
    assert set(listed) | other == fields and not set(listed) & other and len(listed) == len(set(listed))
    assert set(card.SHARE_OF) | set(card.SHARE_OF.values()) <= set(listed)


def test_what_the_checkpoint_did_not_have_is_not_claimed(files):
    old = {k: v for k, v in STATE["config"].items() if k not in checkpoint.BEFORE}
    text = lambda config: card.card(STATE | {"config": config}, files / "parfocal-w1.onnx", ROWS, "x")
    now = text(STATE["config"])
    assert "| other layers, up to | 3 |" in now and "up to 3 dimmer layers at other depths, in some uneven" in now
    assert (
        "| second task | telling the blur, weight 8 " in now and "Stain that also delays the light is simulated" in now
    )
    assert (
        "| aperture of their illumination beside the objective's | 0.3 to 1 |" in now
        and "of the input's range | 12 |" in now
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            card, "config_sha256", lambda state: CONFIG.sha256()
        )  # the file was exported from another checkpoint
        before = text(old)
    assert (
        "| other layers, up to | 1 |" in before and "in some samples with one dimmer layer at another depth" in before
    )
    assert "| second task | none |" in before and "Specimens are simulated as if they delayed no light" in before
    assert "whose light is partly coherent | 0 |" in before and "aperture of their illumination" not in before
    assert "of the input's range | none |" in before
    flat = card.limits(dataclasses.replace(CONFIG, layered_share=0.0, relief_share=0.0))
    assert "The simulation blurs one plane.\n" in flat


def test_contrast_that_is_not_regained_is_named(files):
    far = dataclasses.replace(ROWS[0], distance=-9.0, gain_fit_after=1.31)
    words = lambda rows: card.card(STATE, files / "parfocal-w1.onnx", rows, "x").replace("\n ", "")
    assert f"the fitted gain of the table above reaches 1.31 ({far.stack}, -9.00 {far.unit})" in words([*ROWS, far])
    assert "Lost contrast" not in words([dataclasses.replace(r, gain_fit_after=1.0) for r in ROWS])


def test_a_mixture_is_named(files):
    text = card.card(STATE | {"mixed": 0.3}, files / "parfocal-w1.onnx", ROWS, "x")
    assert (
        "exponential moving average, 0.3 of it, and 0.7 of what it began with: the mixture with the best validation "
        "score" in text
    )
    assert "| weights | their exponential moving average |" in card.card(STATE, files / "parfocal-w1.onnx", ROWS, "x")


def test_both_halves_of_what_chose_the_checkpoint_are_named(files):
    text = card.card(STATE, files / "parfocal-w1.onnx", ROWS, "x").replace("\n", " ")
    assert (
        "Half of the score that chooses a checkpoint is of planes of tissue-brightfield and nucleus-widefield, half "
        "of simulated" in text
    )


def test_a_run_with_changed_code_names_all_commits(files):
    state = STATE | {"history": [[0, "first"], [1000, "second"]]}
    assert "| code, commit | `first`, `second` from step 1,000 |" in card.card(
        state, files / "parfocal-w1.onnx", ROWS, "x"
    )


def test_a_run_that_began_with_weights_names_them_all(files):
    first = {"name": "parfocal-w16.onnx", "sha256": 64 * "a"}
    second = {"name": "best.pt", "sha256": 64 * "b", "step": 2600, "minutes": 14.6, "origin": first}
    text = card.card(STATE | {"origin": second}, files / "parfocal-w1.onnx", ROWS, "x")
    assert (
        f"the weights of best.pt, SHA-256 `{16 * 'b'}` (2,600 steps in 15 minutes, begun with the weights of "
        "parfocal-w16.onnx" in text
    )


def test_messages(files):
    other = STATE | {"config": dataclasses.asdict(dataclasses.replace(CONFIG, batch=3))}
    with pytest.raises(ValueError, match="not exported from this checkpoint"):
        card.card(other, files / "parfocal-w1.onnx", ROWS, "x")
    with pytest.raises(SystemExit, match=r"card: .*absent\.pt: no such file"):
        card.main([str(files / "absent.pt"), str(files / "parfocal-w1.onnx")])
    with pytest.raises(ValueError, match="no table"):
        card.read_table("# A card without figures")
