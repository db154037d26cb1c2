"""The comparison: what is run, that it can be stopped, and that the page says what was measured."""

import json

import numpy as np
import pytest
from PIL import Image

from training import compare, held_out, train
from training.config import NETWORKS, Config

CONFIG = Config(width=1, batch=2, patch_px=32, margin_px=16, optics_bank=4)


@pytest.fixture
def data(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "train"
    folder.mkdir(parents=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (128, 128), np.uint8)).save(folder / "a.png")
    monkeypatch.setattr(train.Validation, "PATCHES", 2)
    monkeypatch.setattr(train.Validation, "SKIPPED", 0)
    monkeypatch.setattr(held_out, "DEFOCUS_UM", (0.0, 2.0))
    monkeypatch.setattr(held_out, "PHOTONS", (1000,))
    monkeypatch.setattr(held_out.cases, "__defaults__", (1, (0.0, 2.0), (1000,), held_out.SCOPE, held_out.SEED))
    monkeypatch.setattr(held_out.measure, "__defaults__", (1, (0.0, 2.0), (1000,), True))
    monkeypatch.setattr(held_out, "SPECIMENS", {"reflected": held_out.SPECIMENS["reflected"][:1]})
    return tmp_path / "data"


def test_every_network_once_before_any_twice():
    order = compare.runs()
    assert [name for name, _ in order[: len(NETWORKS)]] == list(NETWORKS)
    assert sum(name == "head-to-tail" for name, _ in order) == 3 and len(order) == len(set(order))
    assert compare.runs(["unet"]) == [("unet", 1)]


def test_only_mimo_has_a_loss_of_its_own():
    for name in NETWORKS:
        config = compare.settings_of(CONFIG, name, 2)
        assert (config.network, config.seed) == (name, 2)
        assert config.loss == ("mimo" if name == "mimo" else CONFIG.loss)
        assert config.blur_weight == 0  # a task that not all of them can have


def test_runs_are_made_resumed_measured_and_reported(data, tmp_path):
    out = tmp_path / "runs"
    names = ["head-to-tail", "unet"]
    compare.train_all(CONFIG, data, out, 0.005, 0, names, log=lambda *_: None)
    folders = sorted(p.name for p in out.iterdir())
    assert folders == ["head-to-tail-1", "head-to-tail-2", "head-to-tail-3", "unet-1"]
    steps = lambda: {f: train.load_checkpoint(out / f / "last.pt")["step"] for f in folders}
    before = steps()
    # Finished runs are left alone, and one that lost its checkpoint is made again.
    (out / "unet-1" / "last.pt").unlink()
    compare.train_all(CONFIG, data, out, 0.005, 0, names, log=lambda *_: None)
    assert {k: v for k, v in steps().items() if k != "unet-1"} == {k: v for k, v in before.items() if k != "unet-1"}
    path = compare.report(out, tmp_path / "docs", data, 1, 1)
    text = path.read_text()
    stored = json.loads((out / "unet-1" / "measured.json").read_text())
    assert f"{compare.gain(stored['simulated'], 'model', defocus_um=(2.0,)):+.2f}" in text
    assert "dB below unet" in text or "dB above unet" in text
    pictures = {p.name for p in (tmp_path / "docs" / "evaluation").iterdir()}
    assert pictures == {"psnr-reflected.svg", "ssim-reflected.svg"} and all(f"evaluation/{p}" in text for p in pictures)
    # Measured once for each checkpoint.
    (out / "unet-1" / "measured.json").write_text(json.dumps(stored | {"parameters": 123456789}))
    assert "123,456,789" in compare.report(out, tmp_path / "docs", data, 1, 1).read_text()
    (out / "unet-1" / "measured.json").write_text(json.dumps(stored | {"key": "another", "parameters": 123456789}))
    assert "123,456,789" not in compare.report(out, tmp_path / "docs", data, 1, 1).read_text()


def test_nothing_to_report(tmp_path):
    with pytest.raises(SystemExit, match="compare: .*holds no run"):
        compare.main(["report", "--out", str(tmp_path), "--docs", str(tmp_path / "docs"), "--data", str(tmp_path)])


def test_the_verdict_follows_the_figures():
    row = lambda gained: {"light": "reflected", "defocus_um": 2.0, "photons": 1000, "before": 20.0, "restored": {"model": 20.0 + gained}}
    made = lambda name, gained: {"network": name, "simulated": [row(gained)], "real": []}
    lines = compare.verdict([made("head-to-tail", 2.0), made("head-to-tail", 2.2), made("cascade", 1.0), made("cascade", 1.2), made("unet", 3.0)])
    assert "1.00 dB above cascade (standard error of the difference: 0.14 dB)" in lines[0]
    assert "0.90 dB below unet." in lines[1]
