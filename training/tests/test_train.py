"""The training loop: best is best, runs resume, killed runs lose minutes, bad checkpoints are named."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image

from training import train
from training.config import Config

CONFIG = Config(width=1, batch=2, patch_px=32, margin_px=16, optics_bank=4)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data" / "train"
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for i in range(2):
        Image.fromarray(random.integers(0, 255, (128, 128), np.uint8)).save(folder / f"{i}.png")
    return tmp_path / "data"


def test_best_is_the_best():
    best = train.Best()
    offers = [1.0, 0.5, 2.0, 2.0, float("nan"), 1.9, 2.1]
    assert [best.offer(s) for s in offers] == [True, False, True, False, False, False, True]
    assert best.score == 2.1


def test_best_file_holds_the_highest_score_of_the_log(data, tmp_path, monkeypatch):
    scores = iter([3.0, 5.0, 4.0, 1.0])
    monkeypatch.setattr(train.Validation, "__call__", lambda self, model: (next(scores), {}))
    for minutes in (0.01, 0.02, 0.03, 0.04):
        train.train(CONFIG, data, tmp_path / "run", minutes, resume=True, workers=0, log=lambda *_: None)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["best"] for line in lines] == [True, True, False, False]
    best = train.load_checkpoint(tmp_path / "run" / "best.pt")
    assert best["best_score"] == 5.0 and best["step"] == lines[1]["step"] < lines[3]["step"]


def test_resuming_goes_on_where_it_stopped(data, tmp_path):
    quiet = dict(resume=True, workers=0, log=lambda *_: None)
    train.train(CONFIG, data, tmp_path / "run", 0.02, **quiet)
    first = train.load_checkpoint(tmp_path / "run" / "last.pt")
    assert first["seed"] == CONFIG.seed and first["config"]["width"] == 1 and first["commit"]
    train.train(CONFIG, data, tmp_path / "run", 0.04, **quiet)
    second = train.load_checkpoint(tmp_path / "run" / "last.pt")
    assert second["step"] > first["step"] > 0 and second["minutes"] >= 0.04
    with pytest.raises(ValueError, match=r"last\.pt.*another configuration"):
        train.train(dataclasses.replace(CONFIG, seed=9), data, tmp_path / "run", 0.05, **quiet)


def test_a_failed_save_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "last.pt"
    train.save({"config": {}, "average": {}, "step": 1}, path)

    def full(state, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError):
        train.save({"step": 2}, path)
    assert train.load_checkpoint(path)["step"] == 1


def test_bad_checkpoints(tmp_path):
    good = tmp_path / "good.pt"
    train.save({"config": {}, "average": {}}, good)
    (tmp_path / "cut.pt").write_bytes(good.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"cut\.pt: not a readable checkpoint"):
        train.load_checkpoint(tmp_path / "cut.pt")
    torch.save({"something": 1}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match=r"other\.pt.*not a checkpoint"):
        train.load_checkpoint(tmp_path / "other.pt")


def test_loss_is_zero_for_the_truth_and_tames_bright_targets():
    target = torch.rand(2, 1, 32, 32)
    scales = [torch.nn.functional.avg_pool2d(target, f) if f > 1 else target for f in (4, 2, 1)]
    assert train.scale_loss(scales, target, CONFIG) == 0
    bright = target.clone()
    bright[0] *= 100
    zero = [torch.zeros_like(s) for s in scales]
    assert train.scale_loss(zero, bright, CONFIG) < 10


def test_learning_rate_warms_up_and_decays():
    c = Config()
    assert train.learning_rate(c, 0, 0) < 0.01 * c.learning_rate
    assert train.learning_rate(c, 10**4, 0) == pytest.approx(c.learning_rate)
    assert train.learning_rate(c, 10**4, 1) == pytest.approx(c.final_learning_rate)


def test_settings():
    assert train.parse_settings(["width=8", "photons=[1, 2]"]).photons == (1, 2)
    with pytest.raises(ValueError, match="colour=1: expected NAME=VALUE.*width"):
        train.parse_settings(["colour=1"])
