"""Networks that are told the blur: what the condition does, how it is drawn, and that all forms learn and resume."""

import dataclasses

import pytest
import torch

from training.config import Config
from training.network.conditioned import STRENGTHS, Conditioned, wiener
from training.network.estimator import Estimator, estimate_loss
from training.network.networks import build
from training.network.told import mixed_condition, told_condition
from training.optics.contrast import FREQUENCIES, TOLD_FACTORS

COUNT = len(FREQUENCIES)
FORMS = ("film", "deconvolved", "step", "all")
NAN = float("nan")


def condition(mean, spread, n=1):
    return torch.cat((torch.full((n, COUNT), mean), torch.full((n, COUNT), spread)), 1)


def test_a_certain_blur_is_undone_and_an_uncertain_one_is_left():
    certain, unsure = wiener(condition(0.5, 0.0)), wiener(condition(0.5, 1.0))
    assert certain.shape == (1, len(STRENGTHS), 1 + COUNT) and torch.allclose(certain[..., 0], torch.ones(()))
    strongest = certain[0, -1, 1:]
    assert torch.allclose(strongest, torch.tensor(2.0), atol=0.05) and (unsure[0, -1, 1:] < 0.45).all()
    assert torch.allclose(wiener(condition(1.0, 0.0)), torch.ones(()))  # in focus nothing changes


@pytest.mark.parametrize("use", FORMS)
def test_what_is_told_changes_the_result_and_nothing_told_is_the_own_estimate(use):
    torch.manual_seed(1)
    model = Conditioned(4, use).eval()
    with torch.no_grad():
        for layer in getattr(model, "film", []):
            layer.weight.normal_(0, 0.1)
        image = torch.rand(2, 1, 64, 64)
        blind = model(image)
        own = model.estimator(image)[:, : 2 * COUNT]
        assert torch.equal(blind, model(image, own))
        told = model(image, condition(0.3, 0.05, 2))
        assert blind.shape == told.shape == image.shape and not torch.allclose(blind, told, atol=1e-4)
        assert [o.shape[-1] for o in model.scales(image)] == [16, 32, 64]


def test_estimates_have_their_ranges_and_learn_the_truth():
    torch.manual_seed(2)
    estimator = Estimator()
    image = torch.rand(8, 1, 32, 32) * torch.linspace(0.2, 2, 8).view(8, 1, 1, 1)
    kept = torch.linspace(-0.5, 1, 8)[:, None].repeat(1, COUNT)
    radius = torch.linspace(0, 9, 8)
    optimizer = torch.optim.Adam(estimator.parameters(), 3e-3)
    losses = []
    for _ in range(150):
        loss = estimate_loss(estimator(image), kept, radius)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.3
    found = estimator(image)
    assert found.shape == (8, 2 * COUNT + 2) and (found[:, COUNT : 2 * COUNT] > 0).all()
    assert (found[:, :COUNT] - kept).abs().mean() < 0.3


def test_unknown_blur_has_no_part_in_the_loss():
    torch.manual_seed(3)
    estimate = Estimator()(torch.rand(2, 1, 32, 32))
    kept, radius = torch.ones(2, COUNT), torch.ones(2)
    alone = estimate_loss(estimate[:1], kept[:1], radius[:1])
    kept[1], radius[1] = NAN, NAN
    assert torch.allclose(estimate_loss(estimate, kept, radius), alone)
    kept[:], radius[:] = NAN, NAN
    assert float(estimate_loss(estimate, kept, radius)) == 0


def test_users_are_off_by_their_own_error_and_know_it():
    torch.manual_seed(4)
    line = torch.tensor(TOLD_FACTORS)[None, :, None].expand(400, -1, COUNT)  # a curve that is the distance itself
    for error in (0.03, 0.15):
        found = told_condition(line, dataclasses.replace(Config(), told_error=(error, error)))
        mean, spread = found[:, 0], found[:, COUNT]
        assert float(mean.std()) == pytest.approx(error, rel=0.3, abs=0.02)
        assert abs(float(mean.mean()) - 1) < 0.02 and float(spread.mean()) == pytest.approx(error, rel=0.4, abs=0.02)


def test_a_share_of_the_samples_is_told_and_unknown_optics_never():
    torch.manual_seed(5)
    own, told = torch.full((400, 2 * COUNT), 7.0), torch.ones(400, len(TOLD_FACTORS), COUNT)
    told[::2] = NAN
    mixed = mixed_condition(own, told, dataclasses.replace(Config(), told_share=0.5))
    assert torch.isfinite(mixed).all() and (mixed[::2] == 7).all()
    assert 0.35 < float((mixed[1::2, 0] != 7).float().mean()) < 0.65


def test_only_the_released_form_takes_a_condition():
    with pytest.raises(ValueError, match="network unet: takes no condition; condition=film is for cascade"):
        build("unet", 2, condition="film")
