"""The losses: zero for the truth, and how much each error weighs."""

import dataclasses

import numpy as np
import pytest
import torch

from training.config import LOSSES, NAMED, Config
from training.fit.loss import scale_loss

CONFIG = Config()


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_is_zero_for_the_truth_and_tames_bright_targets(loss):
    config = dataclasses.replace(CONFIG, loss=loss)
    target = torch.rand(2, 1, 32, 32)
    scales = [torch.nn.functional.avg_pool2d(target, f) if f > 1 else target for f in (4, 2, 1)]
    assert scale_loss(scales, target, config) == pytest.approx(
        0, abs=2e-3
    )  # Charbonnier's smallest value is its constant
    assert (
        scale_loss([s + 0.1 for s in scales], target, config)
        > scale_loss([s + 0.05 for s in scales], target, config)
        > 0
    )
    if loss not in ("mse", "mse_fourier", "log_mse"):  # as published: they weigh nothing
        return
    bright = target.clone()
    bright[0] *= 100
    zero = [torch.zeros_like(s) for s in scales]
    assert scale_loss(zero, bright, config) < 10 * (3 if loss == "log_mse" else 1)


def test_log_mse_weighs_samples_by_the_inverse_of_their_error():
    """A good and a bad sample improved by the same factor count alike; with MSE the good one hardly counts."""
    target = torch.zeros(2, 1, 16, 16)
    errors = torch.tensor([0.3, 0.02]).view(2, 1, 1, 1)  # 10 and 34 dB, both far above the floor

    def steps(loss):
        outputs = [(errors * torch.ones(2, 1, 16 // f, 16 // f)).requires_grad_() for f in (4, 2, 1)]
        scale_loss(outputs, target, dataclasses.replace(CONFIG, loss=loss, error_floor=2e-5)).backward()
        # Gradient along the error: what the loss gains when the error shrinks by a share of itself.
        return [(outputs[2].grad[i] * outputs[2][i]).sum().item() for i in range(2)]

    bad, good = steps("log_mse")
    assert good == pytest.approx(bad, rel=0.1)
    bad, good = steps("mse")
    assert good < 0.01 * bad


def test_mimos_loss_is_its_published_formula():
    random = np.random.default_rng(0)
    output, target = random.random((2, 1, 1, 8, 8)).astype(np.float32)
    spectrum = np.fft.fft2(output - target)
    parts = np.stack((spectrum.real, spectrum.imag))
    expected = np.abs(output - target).mean() + 0.1 * np.abs(parts).mean()
    found = scale_loss([torch.from_numpy(output)], torch.from_numpy(target), dataclasses.replace(CONFIG, loss="mimo"))
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_a_network_of_one_scale_is_judged_at_that_scale():
    target = torch.rand(1, 1, 16, 16)
    config = dataclasses.replace(CONFIG, loss="mse", bright_target=100.0)
    assert scale_loss([target + 0.5], target, config).item() == pytest.approx(0.25 * config.scale_weights[2])


def test_the_other_losses_are_their_formulas():
    random = np.random.default_rng(0)
    output, target = random.random((2, 1, 1, 8, 8)).astype(np.float32)
    difference = output - target
    spectrum = np.fft.fft2(difference, norm="ortho")
    fourier = np.abs(np.stack((spectrum.real, spectrum.imag))).mean()
    expected = {
        "l1": np.abs(difference).mean(),
        "charbonnier": np.sqrt(difference**2 + 1e-6).mean(),
        "mse_fourier": (difference**2).mean() + 0.01 * fourier,
    }
    for loss, value in expected.items():
        config = dataclasses.replace(CONFIG, loss=loss, scale_weights=(1.0, 1.0, 1.0), bright_target=100.0)
        found = scale_loss([torch.from_numpy(output)], torch.from_numpy(target), config)
        assert found.item() == pytest.approx(value, rel=1e-5), loss


def test_the_papers_loss_is_the_plain_sum_over_scales():
    config = dataclasses.replace(CONFIG, **NAMED["paper"])
    target = 50 * torch.rand(1, 1, 16, 16)
    outputs = [torch.nn.functional.avg_pool2d(target, f) + 0.1 * f for f in (4, 2)] + [target + 0.1]
    assert scale_loss(outputs, target, config).item() == pytest.approx(0.16 + 0.04 + 0.01, rel=1e-4)
