"""Fine-tuning from end to end on a small network, and its messages where it cannot."""

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

import onnx
from training import __main__ as package
from training.command import words_of
from training.config import Config
from training.data import fields as focal
from training.evaluate import metrics, restore
from training.finetune import finetune, real_planes
from training.finetune import report as finetune_report
from training.network import checkpoint
from training.network.model import HeadToTail
from training.release import bioimage, export
from training.tests.data.test_fields import SIZE, stack

WIDTH = 2


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A small network that has learned nothing."""
    torch.manual_seed(0)
    model = HeadToTail(WIDTH)
    path = tmp_path_factory.mktemp("released") / "small.pt"
    checkpoint.save(
        {"config": dataclasses.asdict(Config(network="head-to-tail", width=WIDTH)), "average": model.state_dict()}, path
    )
    return path


@pytest.fixture
def stacks(tmp_path):
    (tmp_path / "stacks").mkdir()
    for seed in range(4):
        tifffile.imwrite(
            tmp_path / "stacks" / f"f{seed}.tif", stack(seed), photometric="minisblack", metadata={"axes": "ZYX"}
        )
    return tmp_path / "stacks"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The halo is tested where it is measured."""
    monkeypatch.setattr(export, "measure_halo", lambda path: (64, []))


def run(released, *more):
    package.main(["finetune", "--model", str(released), "--workers", "0", *map(str, more)])


def commands_of_the_page():
    page = Path(finetune.__file__).parents[2] / "docs" / "finetune.md"
    return [line.strip() for line in page.read_text().splitlines() if line.startswith("    python -m training ")]


@pytest.mark.parametrize("command", commands_of_the_page())
def test_the_pages_commands_are_understood(command, tmp_path, monkeypatch):
    """Each ends because its folder is missing, except for make-stacks, which makes one; none for wrong options."""
    monkeypatch.chdir(tmp_path)
    if "make-stacks" in command:
        package.main([*command.split()[3:], "--fields", "1", "--planes", "3"])
        assert (tmp_path / "stacks" / "field00.tif").is_file()
        return
    with pytest.raises(SystemExit, match="finetune: .*(no such folder|no pairs|has no folder)"):
        package.main(command.split()[3:])


def test_the_released_model_learns_a_new_specimen(tmp_path, capsys):
    """The commands of docs/finetune.md, shortened: few fields, and 40 steps."""
    stacks, out = tmp_path / "stacks", tmp_path / "mine"
    make, tune, *_ = [c.split()[3:] for c in commands_of_the_page()]
    shorter = {"stacks": str(stacks), "runs/shells": str(out), "8": "3"}
    package.main([shorter.get(word, word) for word in make] + ["--planes", "5"])
    package.main([shorter.get(word, word) for word in tune] + ["--workers", "0", "--steps", "40"])
    said = capsys.readouterr().out
    assert "[1/3] field field00: sharpest plane 2; drifts by up to" in said
    assert "the checkpoint is chosen by 5 planes of 1 of 1 held-back field(s)" in said
    model = onnx.load(out / "mine.onnx")
    listed = json.loads(next(p.value for p in model.metadata_props if p.key == "parfocal.training_data"))
    assert [entry["name"] for entry in listed] == ["own stacks", "drawn specimens", "began with"]
    keys = {p.key for p in model.metadata_props}
    ours = onnx.load(finetune.RELEASED, load_external_data=False)
    assert keys == {p.key for p in ours.metadata_props}  # what hosts read is all there
    state = checkpoint.load_checkpoint(out / "best.pt")
    assert (
        0 < state["step"] <= 40
        and state["origin"]["name"] == finetune.RELEASED.name
        and state["sources"] == {"own stacks": 1}
    )
    figures = json.loads((out / "report.json").read_text())
    gain = {when: finetune_report.mean_gain(figures[when]) for when in ("began", "tuned")}
    assert gain["tuned"] > gain["began"] + 0.1
    text = (out / "report.md").read_text()
    assert f"{gain['tuned']:+.2f} | {gain['tuned'] - gain['began']:+.2f} |" in text and "is an estimate" in text
    # Nothing of the reported field was trained on or chosen by.
    told = {r["field"] for r in figures["tuned"]}
    line = next(l for l in text.splitlines() if l.startswith("Fields trained on"))
    assert len(told) == 1 and told.pop() not in line.split("The table is of")[0]
    assert (out / "before-after.png").stat().st_size > 1000
    shifts = (out / "planes.csv").read_text().splitlines()
    assert len(shifts) == 1 + 3 * 5 and shifts[3].startswith("field00,2,0,0.00,0.00,1.0000,0.000")
    # It opens in the engine, where that was built.
    if command := os.environ.get("PARFOCAL_COMMAND"):
        done = subprocess.run([command, "info", str(out / "mine.onnx")], capture_output=True, text=True)
        assert done.returncode == 0 and "name:                 mine" in done.stdout, done.stderr
    # The model file is what was reported on.
    network = restore.load_network(out / "mine.onnx", 1)
    fields = focal.split(focal.fields_of_stacks(stacks))[2]
    assert finetune_report.mean_gain(finetune_report.rows_of(fields, network)) == pytest.approx(gain["tuned"], abs=1e-3)


def test_a_run_goes_on_where_it_stopped(released, stacks, tmp_path):
    out = tmp_path / "mine"
    run(released, "--stacks", stacks, "--out", out, "--steps", 1)
    step = checkpoint.load_checkpoint(out / "last.pt")["step"]
    run(released, "--stacks", stacks, "--out", out, "--steps", 3, "--resume")
    assert checkpoint.load_checkpoint(out / "last.pt")["step"] == 3 > step == 1
    with pytest.raises(SystemExit, match=r"finetune: .*mine: holds a run already.*--resume"):
        run(released, "--stacks", stacks, "--out", out, "--minutes", 0.1)


def test_samples_are_planes_beside_their_targets(stacks):
    source = real_planes.RealPlanes(focal.fields_of_stacks(stacks), [])
    config = Config(patch_px=source.patch_px(128), margin_px=16, optics_bank=4)
    assert config.patch_px == 112  # 128 less what drift and edges take
    make = source.sampler(config, 0)
    make.simulated = None
    blurred = focused = 0
    for _ in range(60):
        sample = make()
        image, target = sample.image, sample.target
        assert (
            np.isnan(sample.blur.contrast_kept).all()
            and image.shape == target.shape == (112, 112)
            and image.dtype == target.dtype == np.float32
        )
        assert image.min() > -0.5 and image.max() < 1.6
        gain, _ = metrics.gain_and_offset(image, target)
        focused += np.array_equal(image, target)
        blurred += gain > 1.0 and not np.array_equal(image, target)
    assert focused >= 1 and blurred >= 40
    assert source.counts() == {"own stacks": 4} and {s.modality for s in source.sharp} <= {
        "fluorescence",
        "brightfield",
    }


def test_a_colour_is_normalised_by_the_range_of_its_frame(stacks):
    """Both in the samples and for the network in the report."""
    (one, *_) = focal.fields_of_stacks(stacks)
    config = Config(patch_px=96, optics_bank=4)
    low, high = one.planes[0].range
    wider = dataclasses.replace(
        one, planes=[dataclasses.replace(p, range=(low, low + 2 * (high - low))) for p in one.planes]
    )
    patches = [
        real_planes.RealSampler(real_planes.pairs_of(f)[:1], None, config, 0)()
        for f in (dataclasses.replace(one), wider)
    ]
    for name in ("image", "target"):
        own, shared = (getattr(patch, name) for patch in patches)
        assert np.abs(own / 2 - shared).max() < 1e-5 and own.max() > 0.5
    seen = []
    finetune_report.rows_of([wider], lambda x: seen.append(x.max()) or x)
    assert 0.4 < seen[0] < 0.6


def test_planes_are_held_as_they_were_read(stacks):
    """Not as floats with targets: many fields would fill the memory."""
    fields = focal.fields_of_stacks(stacks)
    source = real_planes.RealPlanes(fields, [])
    assert all(p.plane.image.dtype == np.uint16 and p.field in fields for p in source.pairs)
    arrays = lambda pair: [v for v in vars(pair).values() if isinstance(v, np.ndarray)]
    assert not any(arrays(p) for p in source.pairs)


def test_a_lighter_field_keeps_its_sharp_plane(stacks):
    (one, *_) = focal.fields_of_stacks(stacks)
    smaller = real_planes.lighter(one, 96, 2)
    assert [p.steps for p in smaller.planes] == [-1, 0] and smaller.reference.shape == (96, 96)
    assert np.array_equal(smaller.reference, one.reference[16:112, 16:112])
    many = focal.Field("many", [focal.Plane(str(i), one.reference, i - 7) for i in range(20)], 7)
    steps = [p.steps for p in real_planes.lighter(many, 4096, 9).planes]
    assert len(steps) == 9 and steps[0] == -7 and steps[-1] == 12 and 0 in steps and max(np.diff(steps)) <= 4
    assert real_planes.lighter(one, 4096, 9).planes[0].image.shape == (SIZE, SIZE)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_full_disk_leaves_the_previous_checkpoint(released, stacks, tmp_path):
    out = tmp_path / "mine"
    run(released, "--stacks", stacks, "--out", out, "--steps", 1)
    before = (out / "last.pt").read_bytes()
    (out / "last.tmp").symlink_to("/dev/full")  # what is written there meets a full disk
    with pytest.raises(
        SystemExit,
        match=r"last\.pt: No space left on device; what was saved before is whole: make room and run .*--resume",
    ):
        run(released, "--stacks", stacks, "--out", out, "--steps", 2, "--resume")
    assert (out / "last.pt").read_bytes() == before and not (out / "last.tmp").is_symlink()


def test_only_a_full_disk_is_told_to_make_room(tmp_path):
    (tmp_path / "last.pt").write_bytes(b"")
    for number, words in ((28, "make room and run"), (13, "is whole: run the same command with --resume")):
        said = words_of(OSError(number, os.strerror(number), "x.pt"), tmp_path)
        assert f"x.pt: {os.strerror(number)}; " in said and words in said and ("make room" in said) == (number == 28)
    assert words_of(PermissionError(13, "Permission denied", "a.tif"), tmp_path / "none") == "a.tif: Permission denied"


def test_a_run_is_not_resumed_with_other_fields(released, stacks, tmp_path):
    out = tmp_path / "mine"
    run(released, "--stacks", stacks, "--out", out, "--steps", 1)
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    def refused(message):
        with pytest.raises(SystemExit, match=rf"finetune: .*fields\.json: {message}.*choose another --out"):
            run(released, "--stacks", stacks, "--out", out, "--steps", 2, "--resume")
        assert {p.name: p.read_bytes() for p in out.iterdir()} == before

    tifffile.imwrite(stacks / "f9.tif", stack(9), photometric="minisblack")
    refused("field f[0-9] (was not there when the run began|was .* and would now be)")
    (stacks / "f9.tif").unlink()
    original = (stacks / "f1.tif").read_bytes()
    tifffile.imwrite(stacks / "f1.tif", stack(8), photometric="minisblack")
    refused("field f1 has other pixels than when the run began; put back what it began with")
    (stacks / "f1.tif").rename(stacks / "f7.tif")
    refused("the run began with field f1, which is no longer there")
    (stacks / "f7.tif").unlink()
    (stacks / "f1.tif").write_bytes(original)
    before["fields.json"] = b"{"
    (out / "fields.json").write_bytes(b"{")
    refused("cannot be read, so it is not known what this run was trained on")


def test_a_run_is_not_resumed_with_another_model(released, stacks, tmp_path):
    out, other = tmp_path / "mine", tmp_path / "other.pt"
    run(released, "--stacks", stacks, "--out", out, "--steps", 1)
    torch.manual_seed(9)
    checkpoint.save(
        {
            "config": dataclasses.asdict(Config(network="head-to-tail", width=WIDTH)),
            "average": HeadToTail(WIDTH).state_dict(),
        },
        other,
    )
    with pytest.raises(
        SystemExit,
        match=r"began with another model, small\.pt \(SHA-256 \w{12}\), not other\.pt; give that one with --model",
    ):
        run(other, "--stacks", stacks, "--out", out, "--steps", 2, "--resume")


def test_a_model_of_other_layers(stacks, tmp_path):
    """The checkpoint says which layers the network has; there is nothing to set."""
    config = Config(network="head-to-tail", width=WIDTH, activation="relu", downsampling="average")
    made = HeadToTail(WIDTH, checkpoint.network_settings(config)["layers"])
    checkpoint.save({"config": dataclasses.asdict(config), "average": made.state_dict()}, tmp_path / "relu.pt")
    run(tmp_path / "relu.pt", "--stacks", stacks, "--out", tmp_path / "mine", "--steps", 1)
    assert checkpoint.load_checkpoint(tmp_path / "mine" / "last.pt")["config"]["activation"] == "relu"


@pytest.mark.parametrize(
    "words, message",
    [
        (["--name", "köln"], r"name 'köln': expected 1 to 128 letters a to z.* with --name"),
        (["--name", "a/b"], r"name 'a/b': expected 1 to 128 letters"),
        (["--out", "run.2"], r"name 'run\.2': expected 1 to 128 letters"),
        (["--version", "new"], r"version 'new': expected one to three numbers, as 2 or 2\.1\.0"),
        (["--minutes", "0"], r"--minutes 0\.0: expected a number above 0"),
        (["--fields", "5"], r"--fields 5: expected at least 3, and --bbbc006"),
    ],
)
def test_what_a_package_would_not_take_is_refused_before_training(
    released, stacks, tmp_path, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="finetune: " + message):
        run(released, "--stacks", stacks, "--out", "mine", *words)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["stacks"]


def test_the_folder_one_is_in(released, stacks, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run(released, "--stacks", stacks, "--out", ".", "--steps", 1)
    assert (tmp_path / "here" / "here.onnx").is_file()
    card = (tmp_path / "here" / "here.md").read_text()
    assert "# Validation" in card and "1 field(s) of the same stacks" in card and "was not measured on other" in card
    assert bioimage.RESULTS not in card
    (tmp_path / "file").write_text("x")
    with pytest.raises(SystemExit, match="--out .*file: is a file; expected a folder"):
        run(released, "--stacks", stacks, "--out", tmp_path / "file")


def test_what_chooses_is_bounded(stacks):
    fields = focal.fields_of_stacks(stacks)
    many = [dataclasses.replace(fields[i % 4], name=f"g{i}", place="") for i in range(100)]
    said = []
    source = real_planes.RealPlanes(fields, many, said.append)
    assert len(source.choose) == 8 and {f.name for f in source.choose} >= {"g0", "g99"}
    assert said == [
        f"the checkpoint is chosen by 24 planes of 8 of 100 held-back field(s), {real_planes.CHOOSE_PX} px of each "
        "at most"
    ]


@pytest.mark.parametrize(
    "break_it, message",
    [
        (lambda p: p.write_bytes(p.read_bytes()[:1000]), r"small\.pt: not a readable checkpoint"),
        (lambda p: p.unlink(), r"small\.pt: no such file"),
        (lambda p: torch.save({"something": 1}, p), r"small\.pt: a PyTorch file, but not a checkpoint"),
    ],
)
def test_bad_models(released, stacks, tmp_path, break_it, message):
    (stacks / "f0.tif").write_bytes(b"II*")  # the model is looked at first: to measure many fields takes its time
    copy = tmp_path / "small.pt"
    copy.write_bytes(released.read_bytes())
    break_it(copy)
    with pytest.raises(SystemExit, match="finetune: .*" + message):
        run(copy, "--stacks", stacks, "--out", tmp_path / "mine", "--minutes", 0.01)
    assert not (tmp_path / "mine").exists()


def test_a_checkpoint_of_another_configuration(released, stacks, tmp_path):
    out = tmp_path / "mine"
    run(released, "--stacks", stacks, "--out", out, "--steps", 1)
    with pytest.raises(
        SystemExit, match=r"last\.pt: made with another configuration: learning_rate 0\.0003 \(now 0\.001\)"
    ):
        run(released, "--stacks", stacks, "--out", out, "--steps", 2, "--resume", "--learning-rate", 0.001)


def test_too_few_fields(released, stacks, tmp_path):
    for name in ("f2.tif", "f3.tif"):
        (stacks / name).unlink()
    with pytest.raises(SystemExit, match=r"finetune: 2 field\(s\); expected at least 3"):
        run(released, "--stacks", stacks, "--out", tmp_path / "mine")


def test_a_bad_field_ends_it_before_anything_is_written(released, stacks, tmp_path):
    planes = stack(1)
    planes[0] = 5
    tifffile.imwrite(stacks / "f1.tif", planes, photometric="minisblack", metadata={"axes": "ZYX"})
    with pytest.raises(SystemExit, match="finetune: field f1, plane 0: every pixel is 5; leave this field out"):
        run(released, "--stacks", stacks, "--out", tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_the_list_of_commands(capsys):
    package.main(["--help"])
    assert "finetune" in capsys.readouterr().out
    for wrong in (["bake"], []):
        with pytest.raises(SystemExit, match=f"training: {wrong[0] if wrong else 'no command'}: expected one of"):
            package.main(wrong)
    for words, message in (
        (["--learning-rate", "2"], "--learning-rate 2.0: expected a number between 0 and 1"),
        (["--steps", "0"], "--steps 0: expected at least 1"),
    ):
        with pytest.raises(SystemExit, match=f"finetune: {message}"):
            package.main(["finetune", "--stacks", ".", "--out", ".", *words])
