"""Ablations: each run changes one thing, runs are made and resumed, and the page has what was measured."""

import dataclasses
import json

import pytest

from training import ablate, compare, train
from training.config import Config
from training.tests.test_compare import CONFIG, data  # noqa: F401 (a fixture)


def test_each_run_changes_what_it_says():
    base = Config(width=8)
    seen = set()
    for name, (_, changes) in ablate.VARIANTS.items():
        config = ablate.settings_of(base, name)
        differ = {f.name for f in dataclasses.fields(Config) if getattr(config, f.name) != getattr(base, f.name)}
        assert differ == set(changes), name
        assert len(differ) == 1 or name in ("released", "paper")
        seen.add(config)
    assert len(seen) == len(ablate.VARIANTS)  # no two are the same run
    assert (ablate.settings_of(base, "width-half").width, ablate.settings_of(base, "width-double").width) == (4, 16)
    paper = ablate.settings_of(base, "paper")
    assert (paper.loss, paper.scale_weights) == ("mse", (1.0, 1.0, 1.0)) and paper == dataclasses.replace(train.parse_settings([], "paper"), width=8)


def test_a_name_that_is_not_known():
    with pytest.raises(ValueError, match="--config papers: expected one of default, paper"):
        train.parse_settings([], "papers")


def test_runs_are_made_measured_and_reported(data, tmp_path):  # noqa: F811
    out, names = tmp_path / "runs", ["released", "up-bilinear", "loss-l1"]
    ablate.train_all(CONFIG, data, out, 0.003, 0, names, log=lambda *_: None)
    before = {n: train.load_checkpoint(out / n / "last.pt")["step"] for n in names}
    ablate.train_all(CONFIG, data, out, 0.003, 0, names, log=lambda *_: None)
    assert before == {n: train.load_checkpoint(out / n / "last.pt")["step"] for n in names}
    text = ablate.report(out, tmp_path / "docs", data, 1, 1).read_text()
    stored = {n: json.loads((out / n / "measured.json").read_text()) for n in names}
    gains = {n: compare.gain(m["simulated"], "model", defocus_um=(2.0,)) for n, m in stored.items()}
    assert f"| {gains['loss-l1']:+.2f} | {gains['loss-l1'] - gains['released']:+.2f} |" in text
    assert "Not run yet: paper, width-half" in text and f"{stored['up-bilinear']['parameters']:,}" in text
    with pytest.raises(SystemExit, match="ablate: .*holds no run"):
        ablate.main(["report", "--out", str(tmp_path), "--docs", str(tmp_path / "docs"), "--data", str(tmp_path)])
