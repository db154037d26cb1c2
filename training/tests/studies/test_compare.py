"""The comparison: its runs, that they can be stopped, and that the page says what was measured."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from training.config import NETWORKS, Config
from training.data import real_stacks
from training.evaluate import held_out, known, sentences
from training.fit.train import parse_settings
from training.fit.validation import Validation
from training.network import checkpoint
from training.studies import compare, runs
from training.tests.helpers import trained

CONFIG = Config(width=1, batch=2, patch_px=32, margin_px=16, optics_bank=4)


@pytest.fixture
def data(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "train"
    folder.mkdir(parents=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (128, 128), np.uint8)).save(folder / "a.png")
    monkeypatch.setattr(known, "FOLDER", tmp_path / "none")
    monkeypatch.setattr(Validation, "PATCHES", 2)
    monkeypatch.setattr(Validation, "SKIPPED", 0)
    monkeypatch.setattr(held_out, "DEFOCUS_UM", (0.0, 2.0))
    monkeypatch.setattr(held_out, "PHOTONS", (1000,))
    monkeypatch.setattr(held_out.cases, "__defaults__", (1, (0.0, 2.0), (1000,), held_out.SCOPE, held_out.SEED))
    monkeypatch.setattr(held_out.measure, "__defaults__", (1, (0.0, 2.0), (1000,), True))
    monkeypatch.setattr(held_out, "SPECIMENS", {"reflected": held_out.SPECIMENS["reflected"][:1]})
    return tmp_path / "data"


def test_every_network_once_before_any_twice():
    order = compare.planned()
    assert [name for name, _ in order[: len(NETWORKS)]] == list(NETWORKS)
    assert sum(name == "head-to-tail" for name, _ in order) == 3 and len(order) == len(set(order))
    assert compare.planned(["unet"]) == [("unet", 1)]


def test_only_mimo_has_a_loss_of_its_own():
    for name in NETWORKS:
        config = compare.settings_of(CONFIG, name, 2)
        assert (config.network, config.seed) == (name, 2)
        assert config.loss == ("mimo" if name == "mimo" else CONFIG.loss)
        assert config.blur_weight == 0  # not all of them can have a blur head


def add_stacks(data, monkeypatch):
    """From here on there are stacks to evaluate on, of two planes each."""
    (data / "eval").mkdir()
    detail = ndimage.gaussian_filter(np.random.default_rng(1).standard_normal((48, 48)), 1)
    sharp, blurred = (
        np.clip(128 + 200 * image, 0, 255).astype(np.uint8) for image in (detail, ndimage.gaussian_filter(detail, 1))
    )
    planes = [("0", 0.0, sharp), ("1", 3.0, blurred)]
    monkeypatch.setattr(real_stacks, "stack_planes", lambda name, data=None: (sharp, planes, "planes"))


def test_runs_are_made_resumed_measured_and_reported(data, tmp_path, monkeypatch):
    out = tmp_path / "runs"
    names = ["head-to-tail", "unet"]
    compare.train_all(CONFIG, data, out, 0.005, 0, names, log=lambda *_: None)
    folders = sorted(p.name for p in out.iterdir())
    assert folders == ["head-to-tail-1", "head-to-tail-2", "head-to-tail-3", "unet-1"]
    contents = lambda: {
        f: [(out / f / n).read_bytes() for n in ("last.pt", "best.pt", "log.jsonl")] for f in folders if f != "unet-1"
    }
    before = contents()
    # Finished runs are left alone, and one that lost its checkpoint is made again.
    (out / "unet-1" / "last.pt").unlink()
    compare.train_all(CONFIG, data, out, 0.005, 0, names, log=lambda *_: None)
    assert contents() == before and (out / "unet-1" / "last.pt").exists()
    text = compare.report(out, tmp_path / "docs", data, 1, 1).read_text()
    stored = json.loads((out / "unet-1" / "measured.json").read_text())
    assert f"{compare.gain(stored['simulated'], 'model', defocus_um=(2.0,)):+.2f}" in text
    assert all(
        words in text for words in (sentences.SPECIMENS, sentences.SSIM, sentences.CHOICE, "No run has the blur head")
    )
    assert "unet (one seed of unet; seeds of head-to-tail differ by up to " in text
    assert "--minutes 0.005 --width 1 --set batch=2 patch_px=32 margin_px=16 optics_bank=4\n" in text
    assert (
        "Not on this page: cascade-1, unlinked-1, both-1, mimo-1, cascade-2" in text
        and "tissue" not in text.split("| network |")[1]
    )
    pictures = {p.name for p in (tmp_path / "docs" / "evaluation").iterdir()}
    assert pictures == {"psnr-reflected.svg", "ssim-reflected.svg"} and all(f"evaluation/{p}" in text for p in pictures)
    similar = (tmp_path / "docs" / "evaluation" / "ssim-reflected.svg").read_text()
    assert (
        all(f">{words}<" in similar for words in ("before", "Wiener, true blur", "Richardson-Lucy, true blur"))
        and "200 to 5000 photons<" in similar
    )
    # Kept rows without the SSIM of deconvolution are measured again.
    (kept,) = out.glob("deconvolution-*.json")
    rows = json.loads(kept.read_text())
    kept.write_text(json.dumps([row | {"ssim": {"before": row["ssim"]["before"]}} for row in rows]))
    assert known.measure_oracles(out, 1) == rows == json.loads(kept.read_text())
    # Measured once for each checkpoint; steps and minutes are read each time.
    altered = stored | {"simulated": [r | {"restored": {"model": r["before"] + 77}} for r in stored["simulated"]]}
    (out / "unet-1" / "measured.json").write_text(json.dumps(altered))
    checkpoint.save(
        checkpoint.load_checkpoint(out / "unet-1" / "last.pt") | {"step": 123456789, "cpu_minutes": 54.321},
        out / "unet-1" / "last.pt",
    )
    again = compare.report(out, tmp_path / "docs", data, 1, 1).read_text()
    assert "| +77.00 |" in again and "| 123,456,789 | 54.3 |" in again
    # With stacks there is more to measure.
    add_stacks(data, monkeypatch)
    again = compare.report(out, tmp_path / "docs", data, 1, 1).read_text()
    assert "+77.00" not in again and "| tissue-brightfield | nucleus-widefield | reflected-brightfield |" in again
    (row,) = [
        r
        for r in json.loads((out / "unet-1" / "measured.json").read_text())["real"]
        if r["stack"] == "smear-brightfield"
    ]
    assert f"| {row['gained']:+.2f} |" in again and row["distance"] == 3.0 and abs(row["gained"]) > 0.01


def made_run(network, **more):
    config = compare.settings_of(dataclasses.replace(CONFIG, loss="l1"), network, 1)
    return {
        "folder": Path(f"out/{network}-1"),
        "config": config,
        "network": network,
        "seed": 1,
        "minutes": 20.1,
        "planned": 20.0,
        "finished": True,
    } | more


def test_only_finished_runs_of_one_plan_and_the_same_settings_are_compared():
    ours, mimo = made_run("head-to-tail"), made_run("mimo")
    done, left_out = runs.finished([ours, made_run("unet", finished=False, minutes=4.0)])
    assert done == [ours] and left_out == ["unet-1 is not finished (4.0 of 20 minutes) and left out."]
    assert runs.one_plan([ours, mimo]) == 20
    with pytest.raises(
        ValueError,
        match="planned minutes are not compared: head-to-tail-1 20, mimo-1 30; give train the same --minutes",
    ):
        runs.one_plan([ours, mimo | {"planned": 30.0}])
    base = compare.base_of([mimo, ours])
    assert (
        runs.set_words(base, ("network", "seed", "width", "blur_weight"))
        == " --set batch=2 patch_px=32 loss=l1 margin_px=16 optics_bank=4"
    )
    for name, value in (("learning_rate", 0.5), ("blur_weight", 8.0)):
        other = made_run("unet", config=dataclasses.replace(made_run("unet")["config"], **{name: value}))
        with pytest.raises(
            ValueError, match=f"out/unet-1: differs from out/head-to-tail-1 in more than its name says: {name} {value} "
        ):
            compare.base_of([ours, other])


def test_the_settings_on_the_page_give_the_runs_again():
    import shlex

    base = dataclasses.replace(Config(), photons=(10.0, 20.5), loss="l1", phase=0.0)
    words = shlex.split(runs.set_words(base, ()))
    assert words[0] == "--set" and len(words) == 4 and parse_settings(words[1:]) == base
    assert runs.set_words(Config(), ()) == ""


def test_an_unfinished_run_is_told_from_a_finished_one(data, tmp_path):
    trained(CONFIG, data, tmp_path / "run", 0.003)
    assert runs.facts(tmp_path / "run")["finished"] and runs.facts(tmp_path / "run")["planned"] == 0.003
    state = checkpoint.load_checkpoint(tmp_path / "run" / "last.pt")
    for change in ({"finished": False}, {"planned_minutes": 1.0 + state["minutes"]}):
        checkpoint.save(state | change, tmp_path / "run" / "last.pt")
        assert not runs.facts(tmp_path / "run")["finished"]
    (tmp_path / "run" / "last.pt").unlink()
    assert not runs.facts(tmp_path / "run")["finished"]


def test_runs_that_got_through_unlike_numbers_of_steps_are_named():
    made = lambda name, steps: {"network": name, "steps": steps}
    assert compare.unequal_steps([made("cascade", 1000), made("cascade", 1090), made("unet", 5000)]) == []
    (line,) = compare.unequal_steps([made("cascade", 1000), made("cascade", 1250), made("unet", 5000)])
    assert "Runs of cascade differ by 25 % in steps: equal minutes were not equal compute" in line
    assert (runs.span([1000, 1250]), runs.span([5.0, 5.0], ".1f"), runs.span([1.0, None])) == (
        "1,000 to 1,250",
        "5.0",
        "",
    )


def test_nothing_to_report(tmp_path):
    with pytest.raises(SystemExit, match="compare: .*holds no finished run"):
        compare.main(["report", "--out", str(tmp_path), "--docs", str(tmp_path / "docs"), "--data", str(tmp_path)])


def test_the_verdict_follows_the_figures():
    row = lambda gained: {
        "light": "reflected",
        "defocus_um": 2.0,
        "photons": 1000,
        "before": 20.0,
        "restored": {"model": 20.0 + gained},
    }
    made = lambda name, gained: {"network": name, "simulated": [row(gained)], "real": []}
    ours = [made("head-to-tail", 2.0), made("head-to-tail", 2.2)]
    lines = compare.verdict([*ours, made("cascade", 1.0), made("cascade", 1.2), made("unet", 3.0), made("both", 2.1)])
    assert "1.00 dB above cascade (standard error of the difference: 0.14 dB)." in lines[0]
    assert (
        "head-to-tail is as good as both (one seed of both; seeds of head-to-tail differ by up to 0.20 dB)." in lines[1]
    )
    assert "0.90 dB below unet (one seed of unet; seeds of head-to-tail differ by up to 0.20 dB)." in lines[2]
    lines = compare.verdict([ours[0], made("cascade", 1.0), made("cascade", 1.2), made("unet", 3.0)])
    assert "(one seed of head-to-tail; seeds of cascade differ by up to 0.20 dB)" in lines[0]
    assert "1.00 dB below unet (one seed each: how far seeds differ is not known)." in lines[1]
