"""The networks of the comparison have equal cost, and each differs from ours in what its name says."""

import pytest
import torch

from training.config import ACTIVATIONS, DOWNSAMPLINGS, NETWORKS, UPSAMPLINGS, Config
from training.network.checkpoint import network_settings
from training.network.mimo import MimoUNet
from training.network.model import RELEASED, HeadToTail, Layers, multiply_adds_per_pixel, parameter_count
from training.network.networks import build


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("name", NETWORKS)
def test_equal_multiply_adds(name, width):
    budget = multiply_adds_per_pixel(HeadToTail(width))
    assert multiply_adds_per_pixel(build(name, width)) == pytest.approx(budget, rel=0.03)


@pytest.mark.parametrize("name", NETWORKS)
def test_same_interface(name):
    torch.manual_seed(0)
    model = build(name, 2).eval()
    x = torch.rand(2, 1, 32, 48)
    with torch.inference_mode():
        sizes = [tuple(o.shape) for o in model.scales(x)]
        expected = [(2, 1, 32 // f, 48 // f) for f in (4, 2, 1)]
        assert sizes == (expected[2:] if name == "unet" else expected)
        assert torch.equal(model(x), model.scales(x)[-1])


def with_heads_at_zero(model):
    for name, module in model.named_modules():
        if "head" in name and isinstance(module, torch.nn.Conv2d):
            torch.nn.init.zeros_(module.weight)
            torch.nn.init.zeros_(module.bias)
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_who_adds_its_input(name):
    x = torch.rand(1, 1, 32, 32)
    restored = with_heads_at_zero(build(name, 2))(x)
    assert torch.equal(restored, x) if name in ("cascade", "mimo") else restored.abs().max() == 0


@pytest.mark.parametrize(
    "name, expected", [("head-to-tail", True), ("cascade", True), ("both", True), ("unlinked", False)]
)
def test_who_passes_features_on(name, expected):
    """With the images between the scales cut, only features carry what the coarse sub-network does."""
    model = build(name, 2)
    for subnetwork in model.subnetworks[1:]:
        with torch.no_grad():
            subnetwork.encoder[0][0].weight[:, 1] = 0
    model(torch.rand(1, 1, 32, 32)).sum().backward()
    weight = model.subnetworks[0].decoder[0][0].weight
    assert (weight.grad is not None and weight.grad.abs().sum() > 0) == expected


def test_who_passes_the_encoder_on():
    decoder_only, both = build("head-to-tail", 4).subnetworks[1], build("both", 4).subnetworks[1]
    arriving = lambda net: net.encoder[1][0].in_channels / net.encoder[0][0].out_channels
    assert (arriving(decoder_only), arriving(both)) == (2, 3)


def test_mimo_at_its_published_size():
    """Of three colours: 6.8 million parameters, 63.7 G multiply-adds at 256x256 (from its public code)."""
    model = MimoUNet(32)
    assert parameter_count(model) == pytest.approx(6.81e6, rel=0.005)
    assert multiply_adds_per_pixel(model) * 256**2 == pytest.approx(63.7e9, rel=0.005)


@pytest.mark.parametrize("name", ["activation", "downsampling", "upsampling"])
def test_layers_of_other_kinds(name):
    """Each choice computes something of its own, of the same shape; only head to tail has the choice."""
    x = torch.rand(1, 1, 32, 48, generator=torch.Generator().manual_seed(0))
    results = {}
    for value in {"activation": ACTIVATIONS, "downsampling": DOWNSAMPLINGS, "upsampling": UPSAMPLINGS}[name]:
        torch.manual_seed(1)
        layers = Layers(**{name: value})
        model = build("head-to-tail", 2, layers)
        results[value] = model(x)
        residual = build("cascade", 2, layers)
        residual.load_state_dict(model.state_dict())
        assert not torch.allclose(residual(x), results[value])
        assert results[value].shape == x.shape
        assert (layers == RELEASED) == (getattr(RELEASED, name) == value)
        if layers != RELEASED:
            with pytest.raises(ValueError, match="network unet: has no choice of layers"):
                build("unet", 2, layers)
    values = list(results.values())
    assert all(not torch.allclose(a, b) for i, a in enumerate(values) for b in values[:i])


def test_settings_of_a_checkpoint_hold_its_layers():
    config = Config(width=2, activation="gelu", upsampling="bilinear")
    assert build(**network_settings(config)).layers == Layers("gelu", "max", "bilinear")
