"""The exported file keeps the promise to hosts, computes what PyTorch computes, and tiny.onnx is reproducible."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import onnx
from training.config import Config
from training.network import checkpoint
from training.network.model import HeadToTail, multiply_adds_per_pixel
from training.network.networks import build
from training.release import export

TINY = Path(__file__).parents[3] / "tests" / "models" / "tiny.onnx"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A checkpoint of width 2, exported by the command as a release is."""
    folder = tmp_path_factory.mktemp("export")
    torch.manual_seed(3)
    model = build(Config.network, 2)
    state = {
        "model": model.state_dict(), "average": model.state_dict(), "step": 12, "minutes": 3.0, "best_score": 0.0,
        "config": Config(width=2).__dict__, "commit": "0123456789abcdef", "seed": 1,
        "sources": {"dsb2018": 337, "my-own": 5},
    }  # fmt: skip
    checkpoint.save(state, folder / "last.pt")
    export.main([str(folder / "last.pt"), str(folder / "model.onnx"), "--version", "7"])
    assert sorted(p.name for p in folder.iterdir()) == ["last.pt", "model.onnx"]
    return folder / "model.onnx", model.eval()


def sizes(value):
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


@pytest.mark.parametrize("which", ["exported", "tiny"])
def test_graph_is_the_one_promised(exported, which):
    path = exported[0] if which == "exported" else TINY
    model = onnx.load(path, load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    assert all(n.domain == "" for n in model.graph.node) and not model.functions
    assert all(t.data_location == onnx.TensorProto.DEFAULT and not t.external_data for t in model.graph.initializer)
    (image,), (restored,) = model.graph.input, model.graph.output
    assert (image.name, restored.name) == ("image", "restored")
    for value in (image, restored):
        assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        n, c, h, w = sizes(value)
        assert c == 1 and all(isinstance(d, str) for d in (n, h, w)) and len({n, h, w}) == 3


def test_the_file_describes_itself(exported):
    path, model = exported
    found = {p.key: p.value for p in onnx.load(path).metadata_props}
    assert all(key.startswith("parfocal.") for key in found)
    found = {key.removeprefix("parfocal."): value for key, value in found.items()}
    assert (found["format"], found["name"], found["version"], found["license"]) == ("1", "model", "7", "CC-BY-4.0")
    assert "base width 2" in found["description"] and "12 steps" in found["description"]
    low, high = (float(v) for v in found["pixel_size_um"].split(","))
    assert 0 < low < high < 10
    assert found["percentiles"] == "0.1,99.9" and found["multiple"] == "16"
    assert int(found["halo"]) % 16 == 0 and 0 < int(found["halo"]) <= 320
    assert set(found["modalities"].split(",")) == {"fluorescence", "brightfield", "reflected"}
    assert found["config_sha256"] == Config(width=2).sha256() != Config().sha256()
    assert float(found["macs_per_pixel"]) == pytest.approx(multiply_adds_per_pixel(model), abs=0.1)
    assert int(found["bytes_per_pixel"]) > 4 * 2 * 2  # at least two full-size feature maps
    data = {entry["name"]: entry for entry in json.loads(found["training_data"])}
    assert set(data) == {"dsb2018", "my-own", "drawn specimens"}
    assert data["dsb2018"] == {"name": "dsb2018", "planes": 337} | export.SOURCES["dsb2018"]
    assert data["my-own"]["licence"] == "not stated"
    assert data["drawn specimens"]["commit"] == "0123456789abcdef"


def test_sources_of_an_early_checkpoint_are_asked_for():
    with pytest.raises(ValueError, match="does not say what it was trained on; .*--data"):
        export.training_data({"commit": "abc"})


@pytest.mark.parametrize("which", ["exported", "tiny"])
def test_pytorch_and_onnxruntime_agree_on_random_sizes(exported, which):
    path, model = exported if which == "exported" else (TINY, export.tiny_model())
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(11)
    shapes = [(1, 1, 16, 16), (3, 1, 16, 32)] + [
        (int(random.integers(1, 4)), 1, *(16 * random.integers(1, 12, 2)).tolist()) for _ in range(8)
    ]
    for shape in shapes:
        image = random.random(shape, np.float32) * 1.4 - 0.2
        with torch.inference_mode():
            expected = model(torch.from_numpy(image)).numpy()
        (found,) = session.run(["restored"], {"image": image})
        assert found.shape == shape and found.dtype == np.float32
        assert np.abs(found - expected).max() < 1e-4 * max(1.0, np.ptp(expected))
        assert np.ptp(expected) > 1e-3  # a constant would agree with anything


def test_tiny_is_what_the_command_makes(tmp_path):
    """The same weights, graph and figures; not the same bytes, which name the versions of the exporter."""
    assert TINY.stat().st_size < 100_000
    export.main(["--tiny", str(tmp_path / "tiny.onnx")])
    committed, made = onnx.load(TINY), onnx.load(tmp_path / "tiny.onnx")
    weights = [{t.name: onnx.numpy_helper.to_array(t) for t in m.graph.initializer} for m in (committed, made)]
    assert weights[0].keys() == weights[1].keys()
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert [n.op_type for n in committed.graph.node] == [n.op_type for n in made.graph.node]
    described = [{p.key: p.value for p in m.metadata_props} for m in (committed, made)]
    # The halo is measured: rounding, which differs between processors, may move it by one step.
    first, second = (int(d.pop("parfocal.halo")) for d in described)
    assert abs(first - second) <= 16
    assert described[0] == described[1]


def test_a_failed_export_leaves_the_previous_file(tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"previous")

    def fails(path):
        raise ValueError("no halo will do")

    monkeypatch.setattr(export, "measure_halo", fails)
    with pytest.raises(ValueError, match="no halo"):
        export.export(HeadToTail(1), path, Config(network="head-to-tail", width=1), "x", "1", "", [])
    assert path.read_bytes() == b"previous" and [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


def test_messages(tmp_path):
    with pytest.raises(SystemExit, match=r"export: .*absent\.pt: no such file"):
        export.main([str(tmp_path / "absent.pt"), str(tmp_path / "out.onnx")])
    (tmp_path / "bad.pt").write_bytes(b"nonsense")
    with pytest.raises(SystemExit, match=r"export: .*bad\.pt: not a readable checkpoint"):
        export.main([str(tmp_path / "bad.pt"), str(tmp_path / "out.onnx")])
    assert not (tmp_path / "out.onnx").exists()
