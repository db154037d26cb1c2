"""The training loop: best.pt is the best, runs resume, killed runs lose minutes at most, bad checkpoints are named."""

import dataclasses
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from training.config import Config
from training.fit import run as steps_of_a_run
from training.fit import sources, train
from training.fit.validation import Validation
from training.network import checkpoint
from training.network.networks import build
from training.optics.simulate import Sample
from training.tests.helpers import trained

CONFIG = Config(width=1, batch=2, patch_px=32, margin_px=16, optics_bank=4)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data" / "train"
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for i in range(2):
        Image.fromarray(random.integers(0, 255, (128, 128), np.uint8)).save(folder / f"{i}.png")
    return tmp_path / "data"


def more(run):
    """Minutes that a finished run has not used yet."""
    return checkpoint.load_checkpoint(run / "last.pt")["minutes"] + 0.01


@pytest.fixture(autouse=True)
def few_patches(monkeypatch):
    monkeypatch.setattr(Validation, "PATCHES", 4)
    monkeypatch.setattr(Validation, "SKIPPED", 0)


def test_best_is_the_best():
    best = steps_of_a_run.Best()
    offers = [1.0, 0.5, 2.0, 2.0, float("nan"), 1.9, 2.1]
    assert [best.offer(s) for s in offers] == [True, False, True, False, False, False, True]
    assert best.score == 2.1


def test_best_file_holds_the_highest_score_of_the_log(data, tmp_path, monkeypatch):
    scores = iter([3.0, 5.0, 4.0, 1.0])
    monkeypatch.setattr(Validation, "__call__", lambda self, model: (next(scores), {}))
    minutes = 0.01
    for _ in range(4):
        trained(CONFIG, data, tmp_path / "run", minutes, resume=True)
        minutes = more(tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["best"] for line in lines] == [True, True, False, False]
    best = checkpoint.load_checkpoint(tmp_path / "run" / "best.pt")
    assert best["best_score"] == 5.0 and best["step"] == lines[1]["step"] < lines[3]["step"]


def test_best_survives_a_kill_between_the_two_files(data, tmp_path, monkeypatch):
    """best.pt is written some time before last.pt: a resumed run must not take a worse score for a better one."""
    scores = iter([3.0, 5.0, 4.0])
    monkeypatch.setattr(Validation, "__call__", lambda self, model: (next(scores), {}))
    run = tmp_path / "run"
    trained(CONFIG, data, run, 0.01, resume=False)
    early = (run / "last.pt").read_bytes()
    trained(CONFIG, data, run, more(run), resume=True)
    (run / "last.pt").write_bytes(early)
    trained(CONFIG, data, run, more(run), resume=True)
    assert checkpoint.load_checkpoint(run / "best.pt")["best_score"] == 5.0


def test_resuming_goes_on_where_it_stopped_and_stays_within_the_minutes(data, tmp_path, monkeypatch):
    run = tmp_path / "run"
    trained(CONFIG, data, run, 0.02, resume=False)
    first = checkpoint.load_checkpoint(run / "last.pt")
    assert (
        first["seed"] == CONFIG.seed
        and checkpoint.config_of(first) == CONFIG
        and first["sources"] == {"loose files": 2}
    )
    here = subprocess.run(["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True)
    assert first["commit"].startswith(here.stdout.strip() or "unknown")
    # Next to no time is left: what is saved again is what was loaded.
    trained(CONFIG, data, run, first["minutes"] + 1e-9, resume=True)
    again = checkpoint.load_checkpoint(run / "last.pt")
    for name in ("model", "average"):
        assert all(torch.equal(first[name][k], again[name][k]) for k in first[name])
    moments = [[s["exp_avg"] for s in c["optimizer"]["state"].values()] for c in (first, again)]
    assert len(moments[0]) > 0 and all(torch.equal(a, b) for a, b in zip(*moments, strict=True))
    assert first["history"] == again["history"] == [[0, first["commit"]]]
    monkeypatch.setattr(train, "commit", lambda: "other code")
    planned = again["minutes"] + 0.05
    # The run's clock goes on by a hundredth of a minute whenever it is read, however fast the machine is.
    ticks = itertools.count(0.0, 0.6)
    clock = SimpleNamespace(monotonic=lambda: next(ticks), process_time=time.process_time)
    monkeypatch.setattr(steps_of_a_run, "time", clock)
    trained(CONFIG, data, run, planned, resume=True)
    second = checkpoint.load_checkpoint(run / "last.pt")
    assert second["step"] == first["step"] + 2 and first["step"] > 0
    assert second["commit"] == "other code" and second["history"] == [*first["history"], [first["step"], "other code"]]
    # The first run's time counts. Beyond the plan are parts of one step, one validation and two saves.
    assert planned <= second["minutes"] < planned + 0.1
    assert 0 < first["cpu_minutes"] < second["cpu_minutes"]
    with pytest.raises(ValueError, match=r"last\.pt.*another configuration: seed 1 \(now 9\)"):
        trained(dataclasses.replace(CONFIG, seed=9), data, run, 0.05, resume=True)
    with pytest.raises(ValueError, match=r"run: holds a run already.*--resume"):
        trained(CONFIG, data, run, 0.05, resume=False)


def test_a_finished_run_is_left_alone(data, tmp_path):
    run = tmp_path / "run"
    best = trained(CONFIG, data, run, 0.01, resume=False)
    files = {p.name: p.read_bytes() for p in run.iterdir()}
    assert {"last.pt", "best.pt", "log.jsonl"} <= set(files)
    assert trained(CONFIG, data, run, 0.01, resume=True) == best
    assert {p.name: p.read_bytes() for p in run.iterdir()} == files
    # One that was bounded by steps, too.
    step = checkpoint.load_checkpoint(run / "last.pt")["step"]
    trained(CONFIG, data, run, 60, resume=True, steps=step)
    assert {p.name: p.read_bytes() for p in run.iterdir()} == files
    # Killed before its last validation, it is not finished; nor is it with more minutes than it had.
    for state, minutes in (
        (checkpoint.load_checkpoint(run / "last.pt") | {"finished": False}, 0.01),
        (None, more(run)),
    ):
        if state:
            checkpoint.save(state, run / "last.pt")
        lines = len((run / "log.jsonl").read_text().splitlines())
        trained(CONFIG, data, run, minutes, resume=True)
        assert len((run / "log.jsonl").read_text().splitlines()) == lines + 1


def test_a_warm_start_begins_with_the_weights_and_validates_them(data, tmp_path):
    trained(CONFIG, data, tmp_path / "first", 0.02, resume=False)
    first = checkpoint.load_checkpoint(tmp_path / "first" / "last.pt")
    run = tmp_path / "second"
    # No time is left for a step: what is saved is what it began with.
    trained(CONFIG, data, run, 1e-9, resume=False, start=tmp_path / "first" / "last.pt")
    second = checkpoint.load_checkpoint(run / "last.pt")
    assert second["step"] == 0 and all(torch.equal(first["average"][k], second["model"][k]) for k in first["average"])
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert lines[0]["step"] == 0 and lines[0]["best"]
    assert second["origin"]["name"] == "last.pt"
    # What goes on is the run itself, not its start.
    trained(CONFIG, data, run, more(run), resume=True, start=tmp_path / "absent.pt")
    assert checkpoint.load_checkpoint(run / "last.pt")["origin"] == second["origin"]


@pytest.mark.parametrize("uses", [1, 3])
def test_every_sample_is_used_so_often_and_each_time_turned_otherwise(uses):
    class Numbers(sources.Source):
        validation = counts = None

        def sampler(self, config, seed):
            counter = iter(range(10**6))

            def draw():
                image = np.arange(16, dtype=np.float32).reshape(4, 4) + 100 * next(counter)
                return Sample(image, image + 0.5)

            return draw

    samples = iter(sources.SampleStream(Numbers(), dataclasses.replace(CONFIG, uses=uses), 0))
    found = {}
    for _ in range(3000):
        sample = next(samples)
        image, target = sample.image, sample.target
        assert image.shape == (4, 4) and np.array_equal(target, image + 0.5)
        found.setdefault(int(image.min()) // 100, []).append(tuple(image.ravel() - image.min()))
    first = [found[i] for i in range(300)]
    assert {len(seen) for seen in first} <= {uses, uses - 1} and np.mean([len(seen) for seen in first]) > uses - 0.1
    assert all(seen[0] == tuple(range(16)) for seen in first)
    assert len({way for seen in first for way in seen}) == (8 if uses > 1 else 1)


def test_a_teacher_is_followed(data, tmp_path):
    """A teacher whose answers are far too dark makes the answers of its pupil darker."""
    quick = dataclasses.replace(CONFIG, warmup_steps=1, learning_rate=0.02, average_decay=0.5, loss="mse")
    trained(dataclasses.replace(CONFIG, width=2), data, tmp_path / "teacher", 1e-9, resume=False)
    path = tmp_path / "teacher" / "last.pt"
    state = checkpoint.load_checkpoint(path)
    state["average"]["subnetworks.2.head.bias"] -= 3.0
    checkpoint.save(state, path)
    model = build(CONFIG.network, 2)
    model.load_state_dict(state["average"])
    image = torch.rand(1, 1, 64, 64)
    fixed, record = checkpoint.fixed_network(path)
    with torch.no_grad():
        assert torch.equal(fixed(image), model.eval()(image))
    assert record == {"name": "last.pt", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    mean = {}
    for name, taught in (("taught", path), ("alone", None)):
        trained(quick, data, tmp_path / name, 5, resume=False, steps=12, teacher=taught)
        with torch.no_grad():
            mean[name] = float(checkpoint.fixed_network(tmp_path / name / "last.pt")[0](image).mean())
    assert mean["taught"] < mean["alone"] - 0.1, mean
    assert checkpoint.load_checkpoint(tmp_path / "taught" / "last.pt")["teacher"] == record
    with pytest.raises(
        ValueError, match=r"last\.pt: made with the teacher last\.pt \(SHA-256 \w{16}\), now no teacher; choose"
    ):
        trained(quick, data, tmp_path / "taught", 10, resume=True)
    with pytest.raises(ValueError, match=r"absent\.onnx: no such file; expected a model"):
        trained(CONFIG, data, tmp_path / "new", 1, resume=False, teacher=tmp_path / "absent.onnx")


def test_the_average_follows_the_weights(data, tmp_path):
    trained(CONFIG, data, tmp_path / "run", 0.02, resume=False)
    state = checkpoint.load_checkpoint(tmp_path / "run" / "last.pt")
    torch.manual_seed(CONFIG.seed)
    start = build(CONFIG.network, CONFIG.width).state_dict()
    apart = lambda a, b: sum(((a[k] - b[k]) ** 2).sum() for k in a)
    model, average = state["model"], state["average"]
    # Behind the weights on their way, and nearer to them than to where they started.
    assert 0 < apart(average, model) < apart(average, start)


def test_a_killed_run_loses_at_most_one_interval(data, tmp_path):
    assert train.SAVE_SECONDS <= 180
    run = tmp_path / "run"
    settings = [
        f"{k}={json.dumps(getattr(CONFIG, k))}" for k in ("width", "batch", "patch_px", "margin_px", "optics_bank")
    ]
    program = (
        "import sys, training.fit.train as t; from training.fit.validation import Validation as v; "
        "t.SAVE_SECONDS = 1; v.SKIPPED = 0; v.PATCHES = 4; t.main(sys.argv[1:])"
    )
    arguments = ["--data", str(data), "--out", str(run), "--minutes", "30", "--set", *settings]
    process = subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=Path(__file__).parents[3])
    try:
        seen = []  # the times of three different saves
        deadline = time.monotonic() + 600  # a guard against a hang
        while len(seen) < 3:
            assert process.poll() is None and time.monotonic() < deadline, "no checkpoint within 600 s"
            if (run / "last.pt").exists() and (moment := (run / "last.pt").stat().st_mtime) not in seen:
                seen.append(moment)
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        killed = time.time()
    finally:
        process.kill()
        process.wait()
    state = checkpoint.load_checkpoint(run / "last.pt")
    assert state["step"] > 0 and killed - (run / "last.pt").stat().st_mtime < 10
    trained(CONFIG, data, run, state["minutes"] + 0.01, resume=True)
    assert checkpoint.load_checkpoint(run / "last.pt")["step"] > state["step"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_failed_save_leaves_the_previous_checkpoint(tmp_path):
    path = tmp_path / "last.pt"
    checkpoint.save({"config": {}, "average": {}, "step": 1}, path)
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]

    (tmp_path / "last.tmp").symlink_to("/dev/full")  # what is written there meets a full disk
    with pytest.raises(OSError, match="No space left on device"):
        checkpoint.save({"step": 2}, path)
    assert checkpoint.load_checkpoint(path)["step"] == 1 and [p.name for p in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_run_whose_disk_is_full_says_so_and_goes_on_later(data, tmp_path):
    run = tmp_path / "run"
    words = [
        "--data",
        str(data),
        "--out",
        str(run),
        "--workers",
        "0",
        "--set",
        "width=1",
        "batch=2",
        "patch_px=32",
        "margin_px=16",
        "optics_bank=4",
    ]
    train.main([*words, "--minutes", "0.005"])
    before = (run / "last.pt").read_bytes()
    (run / "last.tmp").symlink_to("/dev/full")
    longer = ["--minutes", str(more(run)), "--resume"]
    with pytest.raises(
        SystemExit,
        match=r"train: .*last\.pt: No space left on device; what was saved before is whole: make room and run the "
        r"same command with --resume",
    ):
        train.main([*words, *longer])
    assert (run / "last.pt").read_bytes() == before
    train.main([*words, *longer])
    assert checkpoint.load_checkpoint(run / "last.pt")["step"] > 0
    (run / "last.pt").write_bytes(before[: len(before) // 2])
    with pytest.raises(SystemExit, match=r"train: .*last\.pt: not a readable checkpoint"):
        train.main([*words, *longer])


def test_bad_checkpoints(tmp_path):
    good = tmp_path / "good.pt"
    checkpoint.save({"config": {}, "average": {}}, good)
    (tmp_path / "cut.pt").write_bytes(good.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"cut\.pt: not a readable checkpoint"):
        checkpoint.load_checkpoint(tmp_path / "cut.pt")
    torch.save({"something": 1}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match=r"other\.pt.*not a checkpoint"):
        checkpoint.load_checkpoint(tmp_path / "other.pt")
    with pytest.raises(ValueError, match=r"absent\.pt: no such file"):
        checkpoint.load_checkpoint(tmp_path / "absent.pt")


def test_learning_rate_warms_up_and_decays():
    c = Config()
    assert steps_of_a_run.learning_rate(c, 0, 0) < 0.01 * c.learning_rate
    assert steps_of_a_run.learning_rate(c, 10**4, 0) == pytest.approx(c.learning_rate)
    assert steps_of_a_run.learning_rate(c, 10**4, 1) == pytest.approx(c.final_learning_rate)


def test_settings():
    assert train.parse_settings(["width=8", "photons=[1, 2]", "read_noise=[0, 1.5]"]).photons == (1, 2)
    for bad, message in (
        ("colour=1", "colour=1: expected NAME=VALUE.*width"),
        ("width", "width: expected NAME=VALUE"),
        ("width=true", "width=true: expected a value like the default, 16"),
        ("width=wide", "width=wide: expected a value like the default, 16"),
        ("photons=[1]", r"photons=\[1\]: expected a value like the default, \[30.0, 60000.0\]"),
        ("width=0", "width 0.*at least 1"),
        ("uses=0", "uses 0: expected at least 1 use"),
        ("patch_px=100", "patch_px 100: expected a multiple of 16"),
    ):
        with pytest.raises(ValueError, match=message):
            train.parse_settings([bad])


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf"])
def test_impossible_minutes(data, tmp_path, minutes):
    with pytest.raises(SystemExit, match="train: --minutes .*: expected a number above 0"):
        train.main(["--data", str(data), "--out", str(tmp_path / "run"), "--minutes", minutes])
    assert not (tmp_path / "run").exists()


def test_missing_data_is_named(tmp_path):
    with pytest.raises(SystemExit, match="train: .*nowhere/train: no such folder; expected a folder of sharp images"):
        train.main(["--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "run"), "--minutes", "1"])


def test_a_spike_is_left_out():
    assert (
        steps_of_a_run.is_spike(0.3, 0.005)
        and steps_of_a_run.is_spike(float("nan"), None)
        and steps_of_a_run.is_spike(float("inf"), 1.0)
    )
    assert not steps_of_a_run.is_spike(0.02, 0.005) and not steps_of_a_run.is_spike(50.0, None)
