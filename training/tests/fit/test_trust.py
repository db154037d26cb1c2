"""Training of the trust map: the network stays as it is, the checkpoint gets the head, and mistakes are told."""

import dataclasses

import numpy as np
import pytest
import torch

from training.evaluate.restore import load_network
from training.fit import trust
from training.network.checkpoint import load_checkpoint, load_weights
from training.network.error_head import ErrorHead
from training.tests.fit.test_train import CONFIG, data, few_patches  # noqa: F401 (fixtures)
from training.tests.helpers import trained


@pytest.fixture
def checkpoint(data, tmp_path):  # noqa: F811
    config = dataclasses.replace(CONFIG, network="cascade", condition="step")
    trained(config, data, tmp_path / "run", 5, steps=2)
    return tmp_path / "run" / "last.pt"


def test_turns_are_undone():
    image = torch.arange(24.0).view(1, 2, 3, 4)
    seen = {tuple(trust.turned(image, turn).flatten().tolist()) for turn in range(trust.TURNS)}
    assert len(seen) == trust.TURNS
    for turn in range(trust.TURNS):
        assert torch.equal(trust.turned_back(trust.turned(image, turn), turn), image)


@pytest.mark.parametrize("ensemble", ["0", "1"])
def test_the_checkpoint_gets_the_head_and_keeps_its_network(checkpoint, data, tmp_path, capsys, ensemble):  # noqa: F811
    out = tmp_path / "trusted.pt"
    words = [str(checkpoint), "--out", str(out), "--data", str(data), "--steps", "3", "--ensemble", ensemble]
    trust.main(words)
    before, after = load_checkpoint(checkpoint), load_checkpoint(out)
    assert all(torch.equal(before["average"][k], v) for k, v in after["average"].items())
    assert after["error_head"]["steps"] == 3 and after["error_head"]["ensemble"] == float(ensemble)
    first = ErrorHead(CONFIG.width).state_dict()
    assert after["error_head"]["weights"].keys() == first.keys()
    assert "trusted.pt: loss" in capsys.readouterr().out
    image = np.random.default_rng(1).random((1, 1, 32, 32), np.float32)
    network, plain = load_network(out), load_network(checkpoint)
    condition = np.concatenate([np.ones(24), np.zeros(24)]).astype(np.float32)
    restored, error = network.run_with_error(image, condition)
    assert np.array_equal(restored, plain(image, condition)) and (error > 0).all()
    assert plain.run_with_error is None and load_weights(out).error_head is not None


def test_messages(checkpoint, data, tmp_path):  # noqa: F811
    trained(CONFIG, data, tmp_path / "plain", 5, steps=1)
    words = lambda path, *more: [str(path), "--out", str(tmp_path / "x.pt"), "--data", str(data), *more]
    with pytest.raises(SystemExit, match="trust: .*last.pt: its network takes no condition; expected one of --set"):
        trust.main(words(tmp_path / "plain" / "last.pt"))
    with pytest.raises(SystemExit, match="trust: .*none.pt: no such file"):
        trust.main(words(tmp_path / "none.pt"))
    with pytest.raises(SystemExit):
        trust.main(words(checkpoint, "--ensemble", "2"))
