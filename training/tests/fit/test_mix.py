"""Mixtures of a run's weights and those it began with: the best by validation is written, and the card names it."""

import pytest
import torch

from training.fit import mix
from training.network import checkpoint
from training.tests.fit.test_train import CONFIG, data, few_patches  # noqa: F401 (fixtures)
from training.tests.helpers import trained


@pytest.fixture
def run(data, tmp_path):  # noqa: F811
    trained(CONFIG, data, tmp_path / "first", 5, resume=False, steps=3)
    began = tmp_path / "first" / "last.pt"
    trained(CONFIG, data, tmp_path / "second", 5, resume=False, start=began, steps=3)
    return tmp_path / "second" / "last.pt", began


def test_a_mixture_lies_on_the_line(run):
    reached, began = run
    ends = [checkpoint.load_checkpoint(p)["average"] for p in (began, reached)]
    state = mix.mixed(reached, began, 0.25)
    for key, value in state["average"].items():
        assert torch.allclose(value, 0.75 * ends[0][key] + 0.25 * ends[1][key], atol=1e-7)
    assert (
        any(not torch.equal(a, b) for a, b in zip(ends[0].values(), ends[1].values(), strict=True))
        and state["mixed"] == 0.25
    )


def test_the_best_by_validation_is_written(run, data, tmp_path, monkeypatch, capsys):  # noqa: F811
    reached, began = run
    scores = iter([1.0, 3.0, 2.0])
    monkeypatch.setattr(mix.Validation, "__call__", lambda self, model: (next(scores), {}))
    words = [str(reached), "--began", str(began), "--data", str(data), "--shares", "0", "0.5", "1"]
    mix.main([*words, "--out", str(tmp_path / "mixed.pt")])
    state = checkpoint.load_checkpoint(tmp_path / "mixed.pt")
    assert (state["mixed"], state["best_score"]) == (0.5, 3.0) and "share 0.5: score 3.0000" in capsys.readouterr().out
    assert torch.equal(
        next(iter(state["average"].values())), next(iter(mix.mixed(reached, began, 0.5)["average"].values()))
    )


def test_messages(run, data, tmp_path):  # noqa: F811
    reached, began = run
    with pytest.raises(ValueError, match=r"--shares 1\.5: expected 0 .* to 1"):
        mix.mixed(reached, began, 1.5)
    with pytest.raises(
        ValueError,
        match=r"last\.pt: began with last\.pt \(SHA-256 .*\), not with .*last\.pt .*give the file it began with",
    ):
        mix.mixed(reached, reached, 0.5)
    with pytest.raises(ValueError, match="began with random weights, not with"):
        mix.mixed(began, reached, 0.5)
    with pytest.raises(SystemExit, match="mix: .*none.pt: no such file"):
        mix.main(
            [str(tmp_path / "none.pt"), "--began", str(began), "--out", str(tmp_path / "x.pt"), "--data", str(data)]
        )
