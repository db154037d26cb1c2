"""The blur head: it learns from the features and teaches them, and a run with it can be stopped and resumed."""

import dataclasses

import numpy as np
import pytest
import torch

from training.config import Config
from training.network.blur_head import BlurHead
from training.network.networks import build
from training.optics.contrast import FREQUENCIES

NAN = float("nan")


def test_it_learns_from_the_features_and_teaches_them():
    torch.manual_seed(0)
    model = build("head-to-tail", 4)
    head = BlurHead(model)
    image = torch.rand(4, 1, 64, 64) * torch.tensor([0.2, 0.6, 1.0, 2.0]).view(4, 1, 1, 1)
    wanted = torch.linspace(-1, 1, 4)[:, None].repeat(1, len(FREQUENCIES))
    optimizer = torch.optim.Adam([*model.parameters(), *head.parameters()], 3e-3)
    losses = []
    for _ in range(60):
        model(image)
        loss = head.loss(wanted)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        assert model.subnetworks[2].encoder[0][0].weight.grad.abs().sum() > 0  # down to the first layer
        optimizer.step()
    assert losses[-1] < 0.3 * losses[0]


def test_samples_of_unknown_blur_do_not_count():
    model = build("head-to-tail", 1)
    head = BlurHead(model)
    model(torch.rand(2, 1, 32, 32))
    known = torch.zeros(2, len(FREQUENCIES))
    alone = head.loss(torch.stack((known[0], torch.full((len(FREQUENCIES),), NAN))))
    both = head.loss(known)
    assert torch.isfinite(alone) and alone != both
    nothing = head.loss(torch.full((2, len(FREQUENCIES)), NAN))
    assert nothing.item() == 0


@pytest.mark.parametrize("name", ["unet", "mimo"])
def test_networks_without_sub_networks_are_refused(name):
    with pytest.raises(ValueError, match="no sub-networks to read the blur from; give --set blur_weight=0"):
        BlurHead(build(name, 2))


def test_a_run_with_it_goes_on_where_it_stopped(tmp_path, monkeypatch):
    from PIL import Image

    from training.fit.validation import Validation
    from training.network import checkpoint
    from training.tests.helpers import trained

    folder = tmp_path / "data" / "train"
    folder.mkdir(parents=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (128, 128), np.uint8)).save(folder / "a.png")
    monkeypatch.setattr(Validation, "PATCHES", 2)
    monkeypatch.setattr(Validation, "SKIPPED", 0)
    config = dataclasses.replace(Config(), width=1, batch=2, patch_px=32, margin_px=16, optics_bank=4)
    assert config.blur_weight > 0
    run = lambda steps, resume: trained(config, tmp_path / "data", tmp_path / "run", 5, resume, steps=steps)
    run(2, False)
    first = checkpoint.load_checkpoint(tmp_path / "run" / "last.pt")
    run(3, True)
    second = checkpoint.load_checkpoint(tmp_path / "run" / "last.pt")
    assert (first["step"], second["step"]) == (2, 3)
    moved = [float((second["blur_head"][k] - v).abs().max()) for k, v in first["blur_head"].items()]
    assert all(0 < m < 0.01 for m in moved)  # a step further, not begun anew
    assert set(first["average"]) == set(
        build(**checkpoint.network_settings(config)).state_dict()
    )  # the head is not part of the network
