"""A network that takes a condition is exported as a file of format 2, which computes what PyTorch computes."""

import numpy as np
import pytest
import torch

import onnx
from training.config import Config
from training.evaluate.restore import estimate_of, load_network, torch_network
from training.network.conditioned import Conditioned
from training.network.error_head import ErrorHead
from training.optics.contrast import FREQUENCIES
from training.release import export, halo

COUNT = len(FREQUENCIES)


@pytest.fixture(scope="module", params=["all", "step", "trusted"])
def exported(request, tmp_path_factory):
    torch.manual_seed(5)
    trusted = request.param == "trusted"
    use = "step" if trusted else request.param
    model = Conditioned(2, use).eval()
    if trusted:
        model.error_head = ErrorHead(2).eval()
    with torch.no_grad():
        for layer in getattr(model, "film", []):
            layer.weight.normal_(0, 0.1)
    path = tmp_path_factory.mktemp("condition") / "model.onnx"
    config = Config(width=2, condition=use)
    factors = {"fluorescence": 1.25, "transmitted": 0.5} if trusted else None
    images = halo.halo_images
    halo.halo_images = lambda size: images(size)[1:3]  # in seconds
    try:
        return model, path, export.export(model, path, config, "model", "1", "A test.", [], error_factors=factors)
    finally:
        halo.halo_images = images


def test_the_file_says_what_it_takes(exported):
    model, path, metadata = exported
    graph = onnx.load(path).graph
    more = [] if model.error_head is None else ["error"]
    assert [v.name for v in graph.input] == ["image", "condition"]
    assert [v.name for v in graph.output] == ["restored", "estimate", *more]
    assert metadata.get("error_factors") == ("fluorescence:1.25,transmitted:0.5" if more else None)
    assert [d.dim_value for d in graph.input[1].type.tensor_type.shape.dim] == [1, 2 * COUNT]
    assert metadata["format"] == "2" and float(metadata["macs_per_pixel"]) > 1000
    written = [float(f) for f in metadata["frequencies"].split(",")]
    assert np.allclose(written, FREQUENCIES, rtol=1e-5)


def test_pytorch_and_onnxruntime_agree(exported):
    model, path, _ = exported
    ours, theirs = load_network(path, threads=1), torch_network(model)
    random = np.random.default_rng(6)
    for height, width in ((16, 16), (32, 48), (96, 64), (176, 144)):
        image = random.random((2, 1, height, width), np.float32)
        condition = np.concatenate([random.uniform(-0.3, 1, COUNT), random.uniform(0, 0.4, COUNT)]).astype(np.float32)
        found, expected = ours(image, condition), theirs(image, condition)
        assert found.shape == image.shape and np.abs(found - expected).max() < 1e-4 * max(1.0, np.ptp(expected))
        assert np.abs(ours.estimate(image) - theirs.estimate(image)).max() < 1e-4
        if model.error_head is not None:
            (again, error), (_, wanted) = ours.run_with_error(image, condition), theirs.run_with_error(image, condition)
            assert np.array_equal(again, found) and np.abs(error - wanted).max() < 1e-4
        assert (
            np.abs(found - ours(image, np.concatenate([np.ones(COUNT), np.zeros(COUNT)], dtype=np.float32))).max() > 0
        )


def test_halves_with_the_condition_of_the_whole_agree_beyond_the_halo(exported):
    _, path, metadata = exported
    network, halo = load_network(path, threads=1), int(metadata["halo"])
    image = np.random.default_rng(7).random((1, 1, 64, 512), np.float32)
    condition = estimate_of(image, network).condition
    whole = network(image, condition)
    half = network(np.ascontiguousarray(image[..., :256]), condition)
    assert np.abs(half - whole[..., :256])[..., : 256 - halo].max() < 1e-3 * np.ptp(whole)


def test_a_trust_map_needs_its_factors(tmp_path):
    model = Conditioned(2, "step").eval()
    model.error_head = ErrorHead(2).eval()
    with pytest.raises(ValueError, match="the trust map has no factors: finish it with `training trust` where"):
        export.export(model, tmp_path / "x.onnx", Config(width=2, condition="step"), "x", "1", "", [])
