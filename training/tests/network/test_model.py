"""The network is the one described: sizes, joins, no cascade residual."""

import pytest
import torch

from training.network.model import LEVELS, HeadToTail, multiply_adds_per_pixel, parameter_count


@pytest.mark.parametrize(
    "width, parameters, multiply_adds", [(8, 0.67e6, 1.0e9), (16, 2.66e6, 4.0e9), (24, 5.98e6, 8.9e9)]
)
def test_size(width, parameters, multiply_adds):
    model = HeadToTail(width)
    assert parameter_count(model) == pytest.approx(parameters, rel=0.01)
    assert multiply_adds_per_pixel(model) * 256 * 256 == pytest.approx(multiply_adds, rel=0.02)


@pytest.mark.parametrize("shape", [(1, 1, 16, 16), (2, 1, 48, 80)])
def test_shapes_of_all_scales(shape):
    outputs = HeadToTail(2).scales(torch.rand(shape))
    n, c, h, w = shape
    assert [tuple(o.shape) for o in outputs] == [(n, c, h // f, w // f) for f in (4, 2, 1)]


def test_decoder_features_enter_the_finer_encoder():
    """With the coarse IMAGE cut off, the finer output still depends on the coarse decoder, not its bottleneck alone."""
    model = HeadToTail(2)
    x = torch.rand(1, 1, 32, 32)
    _, features, _ = model.subnetworks[0](torch.nn.functional.avg_pool2d(x, 4), [])
    assert len(features) == LEVELS[0] - 1
    for feature in features:
        feature.retain_grad()
    middle, *_ = model.subnetworks[1](torch.rand(1, 2, 16, 16), features)
    middle.sum().backward()
    assert all(feature.grad.abs().sum() > 0 for feature in features)


def test_no_output_has_its_input_added():
    """With the heads at zero a residual network would return its input; this one returns zero."""
    model = HeadToTail(2)
    for subnetwork in model.subnetworks:
        torch.nn.init.zeros_(subnetwork.head.weight)
    assert all(o.abs().max() == 0 for o in model.scales(torch.rand(1, 1, 32, 32)))


def test_frames_do_not_disturb_each_other():
    torch.manual_seed(0)
    model = HeadToTail(2).eval()
    x = torch.rand(3, 1, 32, 32)
    with torch.inference_mode():
        alone = model(x[1:2])
        assert (model(x)[1:2] - alone).abs().max() < 1e-5 * alone.abs().max()
        x[0], x[2] = 50, -50
        assert (model(x)[1:2] - alone).abs().max() < 1e-5 * alone.abs().max()
