"""Ablations: each run changes one setting, runs are made and resumed, and the page has the measured figures."""

import dataclasses
import json
import shutil

import pytest
import torch

from training.config import Config
from training.fit.train import parse_settings
from training.network import checkpoint
from training.studies import ablate, compare
from training.tests.studies.test_compare import CONFIG, add_stacks, data  # noqa: F401 (a fixture)


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
    assert (paper.network, paper.loss, paper.scale_weights) == (
        "head-to-tail",
        "mse",
        (1.0, 1.0, 1.0),
    ) and paper == dataclasses.replace(parse_settings([], "paper"), width=8)


def test_a_name_that_is_not_known():
    with pytest.raises(ValueError, match="--config papers: expected one of default, paper"):
        parse_settings([], "papers")


def test_runs_are_made_measured_and_reported(data, tmp_path, monkeypatch):  # noqa: F811
    out, names = tmp_path / "runs", ["released", "up-bilinear", "loss-l1"]
    ablate.train_all(CONFIG, data, out, 0.003, 0, names, log=lambda *_: None)
    contents = lambda: {n: [(out / n / f).read_bytes() for f in ("last.pt", "best.pt", "log.jsonl")] for n in names}
    before = contents()
    ablate.train_all(CONFIG, data, out, 0.003, 0, names, log=lambda *_: None)
    assert contents() == before
    add_stacks(data, monkeypatch)
    text = ablate.report(out, tmp_path / "docs", data, 1, 1).read_text()
    stored = {n: json.loads((out / n / "measured.json").read_text()) for n in names}
    gains = {n: compare.gain(m["simulated"], "model", defocus_um=(2.0,)) for n, m in stored.items()}
    assert f"| {gains['loss-l1']:+.2f} | {gains['loss-l1'] - gains['released']:+.2f} |" in text
    (row,) = [r for r in stored["loss-l1"]["real"] if r["stack"] == "nucleus-widefield"]
    assert "| tissue-brightfield | nucleus-widefield |\n" in text and f" | {row['gained']:+.2f} |\n" in text
    assert "Not on this page: paper, width-half" in text
    assert (
        "--minutes 0.003 --width 1 --set batch=2 patch_px=32 margin_px=16 optics_bank=4\n" in text
        and "All learned" not in text
    )
    # A run that is not finished is left out; one of other settings or another plan is refused.
    last, best = (out / "loss-l1" / name for name in ("last.pt", "best.pt"))
    state, chosen = checkpoint.load_checkpoint(last), checkpoint.load_checkpoint(best)
    checkpoint.save(state | {"minutes": 0.002}, last)
    text = ablate.report(out, tmp_path / "docs", data, 1, 1).read_text()
    assert "loss-l1 is not finished (0.0 of 0.003 minutes) and left out." in text and "| loss-l1 |" not in text
    checkpoint.save(state | {"planned_minutes": 0.001}, last)
    with pytest.raises(
        ValueError,
        match="released 0.003, up-bilinear 0.003, loss-l1 0.001|released 0.003, loss-l1 0.001, up-bilinear 0.003",
    ):
        ablate.report(out, tmp_path / "docs", data, 1, 1)
    checkpoint.save(state, last)
    checkpoint.save(chosen | {"config": chosen["config"] | {"seed": 7}}, best)
    with pytest.raises(
        ValueError, match=r"loss-l1: differs from .*released in more than its name says: seed 7 \(expected 1\)"
    ):
        ablate.report(out, tmp_path / "docs", data, 1, 1)
    with pytest.raises(SystemExit, match="ablate: .*holds no finished run `released`"):
        ablate.main(["report", "--out", str(tmp_path), "--docs", str(tmp_path / "docs"), "--data", str(tmp_path)])


def test_a_network_that_hands_images_through_is_measured(data, tmp_path, monkeypatch):  # noqa: F811
    ablate.train_all(CONFIG, data, tmp_path, 0.003, 0, ["released"], log=lambda *_: None)
    state = checkpoint.load_checkpoint(tmp_path / "released" / "best.pt")
    silent = {k: torch.zeros_like(v) for k, v in state["average"].items()}
    checkpoint.save(state | {"average": silent}, tmp_path / "released" / "best.pt")
    add_stacks(data, monkeypatch)
    text = ablate.report(tmp_path, tmp_path / "docs", data, 1, 1).read_text()
    (row,) = [
        r
        for r in json.loads((tmp_path / "released" / "measured.json").read_text())["real"]
        if r["stack"] == "nucleus-widefield"
    ]
    assert row["psnr_to_input"] is None and row["gained"] == 0 and "| +0.00 |  | +0.00 | +0.00 |" in text


def test_runs_that_share_samples_say_so(data, tmp_path, monkeypatch):  # noqa: F811
    out, drawn = tmp_path / "runs", []
    ablate.train_all(CONFIG, data, out, 0.003, 0, ["released", "loss-l1"], log=drawn.append, samples=5)
    assert sum("bank/00000.npy: finished" in line for line in drawn) == 1
    ablate.train_all(CONFIG, data, tmp_path / "aside", 0.003, 0, ["up-bilinear"], log=drawn.append)
    add_stacks(data, monkeypatch)
    text = ablate.report(out, tmp_path / "docs", data, 1, 1).read_text()
    shutil.rmtree(out / "bank")  # the runs know what they learned from
    assert ablate.report(out, tmp_path / "docs", data, 1, 1).read_text() == text
    (tmp_path / "aside" / "up-bilinear").rename(out / "up-bilinear")
    with pytest.raises(
        ValueError,
        match="other samples are not compared: released 5, loss-l1 5, up-bilinear its own; train all with the same "
        "--samples",
    ):
        ablate.report(out, tmp_path / "docs", data, 1, 1)
    checkpoint.save(
        checkpoint.load_checkpoint(out / "up-bilinear" / "last.pt") | {"finished": False},
        out / "up-bilinear" / "last.pt",
    )
    with pytest.raises(
        ValueError, match="last.pt: learned from samples simulated as it went, now 5 kept samples; choose another --out"
    ):
        ablate.train_all(CONFIG, data, out, 0.003, 0, ["up-bilinear"], log=drawn.append, samples=5)
    assert "--width 1 --samples 5 --set batch=2" in text and "All learned from the same 5 simulated samples" in text
