"""Weights to start from: the network computes what the file computes, and files of other networks are refused."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import torch

import onnx
from training.config import Config
from training.evaluate.restore import load_network
from training.network import checkpoint, networks
from training.network.model import HeadToTail
from training.release import export

CONFIG = Config(network="head-to-tail", width=2)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("model") / "two.onnx"
    model = HeadToTail(2)
    for parameter in model.parameters():  # fresh biases are all zero, and the exporter keeps one tensor of equal ones
        torch.nn.init.normal_(parameter, std=0.1)
    export.to_onnx(model, path)
    return path


@pytest.fixture
def checkpoint_file(tmp_path):
    torch.manual_seed(4)
    state = {"config": dataclasses.asdict(CONFIG), "average": HeadToTail(2).state_dict()}
    checkpoint.save(state, tmp_path / "best.pt")
    return tmp_path / "best.pt"


def test_the_network_computes_what_the_onnx_file_computes(model_file):
    weights, record = checkpoint.start_weights(model_file, CONFIG)
    model = HeadToTail(2).eval()
    model.load_state_dict(weights)
    image = torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(0))
    expected = load_network(model_file, 1)(image.numpy())
    with torch.inference_mode():
        found = model(image).numpy()
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()
    assert record["name"] == "two.onnx" and len(record["sha256"]) == 64


def test_the_averaged_weights_of_a_checkpoint(checkpoint_file):
    weights, _ = checkpoint.start_weights(checkpoint_file, CONFIG)
    expected = checkpoint.load_weights(checkpoint_file).state_dict()
    assert weights.keys() == expected.keys() and all(torch.equal(weights[k], expected[k]) for k in expected)


def test_a_network_with_residuals_begins_with_the_features_of_one_without_and_hands_the_image_through(
    model_file, checkpoint_file
):
    residual = dataclasses.replace(CONFIG, network="cascade")
    image = torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(0))
    for path in (model_file, checkpoint_file):
        weights, record = checkpoint.start_weights(path, residual)
        plain, _ = checkpoint.start_weights(path, CONFIG)
        model = networks.build("cascade", CONFIG.width).eval()
        model.load_state_dict(weights)
        with torch.inference_mode():
            assert torch.equal(model(image), image)
        assert all(torch.equal(weights[k], plain[k]) for k in plain if ".head." not in k) and record["heads"] == "zero"
        assert "heads" not in checkpoint.start_weights(path, CONFIG)[1]


def test_a_model_file_tells_by_its_graph_whether_it_has_residuals(model_file, tmp_path):
    torch.manual_seed(5)
    model = networks.build("cascade", CONFIG.width).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    path = tmp_path / "residual.onnx"
    export.to_onnx(model, path)
    assert (
        checkpoint.settings_of(path)["name"] == "cascade"
        and checkpoint.settings_of(model_file)["name"] == "head-to-tail"
    )
    network, _ = checkpoint.fixed_network(path)
    image = torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(network(image), model(image))
    with pytest.raises(ValueError, match=r"residual\.onnx: holds another network: name cascade \(now head-to-tail\)"):
        checkpoint.start_weights(path, CONFIG)


def test_another_network_is_refused(model_file, checkpoint_file):
    for path in (model_file, checkpoint_file):
        with pytest.raises(ValueError, match=rf"{path.name}: holds another network: width 2 \(now 3\); give --set"):
            checkpoint.start_weights(path, dataclasses.replace(CONFIG, width=3))
        with pytest.raises(ValueError, match=rf"{path.name}: holds another network: name head-to-tail \(now unet\)"):
            checkpoint.start_weights(path, dataclasses.replace(CONFIG, network="unet"))


def test_settings_that_an_older_checkpoint_lacks_mean_what_it_did(checkpoint_file):
    state = checkpoint.load_checkpoint(checkpoint_file)
    for name in checkpoint.BEFORE:
        del state["config"][name]
    config = checkpoint.config_of(state)
    assert (config.clean_share, config.middle_share, config.corrected_share) == (
        0,
        0,
        0,
    ) and config.width == CONFIG.width


def test_bad_files(model_file, tmp_path):
    with pytest.raises(ValueError, match=r"absent\.onnx: no such file"):
        checkpoint.start_weights(tmp_path / "absent.onnx", CONFIG)
    (tmp_path / "cut.onnx").write_bytes(model_file.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"cut\.onnx: not a readable ONNX model"):
        checkpoint.start_weights(tmp_path / "cut.onnx", CONFIG)
    other = onnx.load(model_file)
    other.graph.initializer[-1].name = "something"
    onnx.save(other, tmp_path / "other.onnx")
    with pytest.raises(ValueError, match=r"other\.onnx: holds another network: subnetworks.* absent"):
        checkpoint.start_weights(tmp_path / "other.onnx", CONFIG)
    short = tmp_path / "short.onnx"
    short.write_bytes(model_file.read_bytes())
    export.shorten_names(short)
    with pytest.raises(ValueError, match=r"short\.onnx: has no tensor of a network"):
        checkpoint.start_weights(short, CONFIG)


def test_a_checkpoint_of_another_version(checkpoint_file):
    state = checkpoint.load_checkpoint(checkpoint_file)
    for change, message in (
        (
            {"sharpness": 3},
            "has the setting sharpness that .*config.py does not know; use it with the version .*commit abcdef",
        ),
        ({"activation": "swish"}, "its settings cannot be used: activation 'swish': expected one of"),
    ):
        checkpoint.save(state | {"config": state["config"] | change, "commit": "abcdef"}, checkpoint_file)
        with pytest.raises(ValueError, match=r"best\.pt: " + message):
            checkpoint.load_checkpoint(checkpoint_file)


def test_nobody_is_told_to_run_what_is_in_a_file(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"nonsense")
    torch.save({"config": print}, tmp_path / "b.pt")  # a function, which only running would restore
    for name in ("a.pt", "b.pt"):
        with pytest.raises(
            ValueError, match=rf"{name}: not a readable checkpoint \(it is damaged, or holds more"
        ) as error:
            checkpoint.load_checkpoint(tmp_path / name)
        assert "weights_only" not in str(error.value)


FULL = """
import resource, signal, sys, errno
from pathlib import Path
import torch
from training.network import checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
checkpoint.save({"a": torch.zeros(10)}, path)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    checkpoint.save({"a": torch.zeros(100_000)}, path)
except OSError as error:
    print(errno.errorcode[error.errno], error.filename)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_disk_without_room_leaves_the_previous_file_and_nothing_else(tmp_path):
    """The system limits the size of files, in a process of its own."""
    path = tmp_path / "last.pt"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1) == ["EFBIG", f"{path}\n"]
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]
    assert torch.equal(torch.load(path, weights_only=True)["a"], torch.zeros(10))
