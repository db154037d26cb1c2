"""The trust map's head: what it returns, that it learns where errors lie, and that it moves no restored pixel."""

import torch

from training.network.conditioned import Conditioned
from training.network.error_head import MOST, SMALLEST, ErrorHead, Standard, error_loss


def test_every_pixel_has_an_expected_error_above_0():
    torch.manual_seed(1)
    head = ErrorHead(4).eval()
    image = torch.rand(2, 1, 32, 48)
    found = head(image, image * 0.5, torch.randn(2, 4, 32, 48))
    assert found.shape == image.shape and (found >= SMALLEST).all()
    flat = torch.zeros(1, 1, 32, 32)
    assert torch.isfinite(head(flat, flat, torch.zeros(1, 4, 32, 32))).all()


def test_it_learns_where_errors_lie():
    torch.manual_seed(2)
    head = ErrorHead(4)
    optimizer = torch.optim.Adam(head.parameters(), 5e-3)
    image, features = torch.rand(4, 1, 32, 32), torch.randn(4, 4, 32, 32)
    features[:, 0, :, :16] += 4  # the left half tells that it is wrong
    scale = torch.where(torch.arange(32) < 16, 0.2, 0.02).expand(4, 1, 32, 32)
    for _ in range(400):
        target = image + scale * torch.randn(4, 1, 32, 32)
        loss = error_loss(head(image, image, features), image, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = head.eval()(image, image, features)
    assert found[..., 4:12].mean() > 4 * found[..., 20:28].mean()
    mean_error = 0.8 * 0.2  # the mean absolute value of a normal distribution of 0.2
    assert 0.6 * mean_error < found[..., 4:12].mean() < 1.6 * mean_error


def test_the_likelihood_is_best_at_the_mean_error_and_one_hot_pixel_is_bounded():
    torch.manual_seed(3)
    error = 0.1 * torch.empty(20_000).exponential_()
    at = lambda expected: float(error_loss(torch.full_like(error, expected), torch.zeros_like(error), error))
    assert at(0.1) < min(at(0.08), at(0.125))
    assert float(error_loss(torch.tensor([0.01]), torch.tensor([0.0]), torch.tensor([1e6]))) < MOST


def test_finished_it_computes_what_the_layer_computes():
    torch.manual_seed(5)
    standard, x = Standard(3), torch.randn(4, 3, 8, 8) * 3 + 1
    standard(x)
    mean, variance = standard.running_mean, standard.running_var
    expected = torch.nn.functional.batch_norm(x, mean, variance, eps=standard.eps)
    assert torch.allclose(standard.eval()(x), expected, atol=1e-6) and (mean != 0).all()


def test_restored_pixels_are_the_same_with_it_and_without():
    torch.manual_seed(4)
    model = Conditioned(2, "all").eval()
    image = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        before = model(image)
        model.error_head = ErrorHead(2).eval()
        restored, error = model.restored_and_error(image)
    assert torch.equal(before, restored) and torch.equal(model(image), before) and error.shape == image.shape
