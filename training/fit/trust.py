"""Trains the error head of a finished network, whose own weights stay as they are.

    python -m training trust runs/w16/best.pt --out runs/w16/trusted.pt --bank runs/bank --steps 3000

The result is the checkpoint with the head in it. `--ensemble SHARE` also shows the head, for that share of its batches,
how far the network's results for the eight turns and reflections of an image lie apart; each such batch costs as much
as ten others. Factors for each kind of light are measured on the development stacks where they are at hand: the mean
error there over the expected one.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from training.command import add_data, one_line_errors, parser_of
from training.data.real_stacks import data_folder
from training.evaluate.error_map import factors
from training.evaluate.restore import torch_network
from training.fit.bank import Bank
from training.fit.run import running_mean
from training.fit.sources import Batch, SharpImages, Source, batches
from training.network.checkpoint import config_of, load_checkpoint, load_weights, save
from training.network.conditioned import Conditioned
from training.network.error_head import ErrorHead, error_loss
from training.network.estimator import condition_of
from training.network.told import mixed_condition

LEARNING_RATE = 3e-3
TURNS = 8
SPREAD_SHARE = 0.3  # weight of the ensemble's spread beside the errors
FLOOR = 1e-3  # of spreads, in the frame's range


def turned(images: torch.Tensor, turn: int) -> torch.Tensor:
    """[N, C, H, W] turned by `turn` % 4 quarters, and for `turn` of 4 and above then mirrored."""
    images = torch.rot90(images, turn % 4, (2, 3))
    return images.flip(3) if turn >= 4 else images


def turned_back(images: torch.Tensor, turn: int) -> torch.Tensor:
    """Undoes `turned`."""
    images = images.flip(3) if turn >= 4 else images
    return torch.rot90(images, -(turn % 4), (2, 3))


class Trainer:
    """The head of one network, and how it learns."""

    def __init__(self, path: Path, seed: int = 0):
        """`path`: a checkpoint. Raises ValueError where its network takes no condition."""
        torch.manual_seed(seed)
        self.state = load_checkpoint(path)
        self.config = dataclasses.replace(config_of(self.state), seed=seed)
        self.model = load_weights(path).requires_grad_(False)
        if not isinstance(self.model, Conditioned):
            raise ValueError(f"{path}: its network takes no condition; expected one of --set condition=all or another")
        self.head = ErrorHead(self.model.trunk.width).train()
        self.model.error_head = self.head
        # What the spread has to be multiplied with to be an error: learned with the head.
        self.log_factor = torch.nn.Parameter(torch.zeros(()))
        self.optimizer = torch.optim.Adam([*self.head.parameters(), self.log_factor], LEARNING_RATE)
        self.random = np.random.default_rng(seed)
        self.loss: float | None = None

    def train(self, source: Source, steps: int, ensemble: float, log: Callable[[str], None]) -> None:
        """Learns from `steps` batches of `source`."""
        samples = batches(source, self.config, 0, 0)
        for step in range(steps):
            for group in self.optimizer.param_groups:
                group["lr"] = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            loss = self._loss(next(samples), self.random.random() < ensemble)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.head.parameters(), 1.0)
            self.optimizer.step()
            self.loss = running_mean(self.loss, loss.item())
            if (step + 1) % 100 == 0:
                log(f"{step + 1} steps, loss {self.loss:.4f}")

    def _loss(self, batch: Batch, ensemble: bool) -> torch.Tensor:
        image, target = batch.image[:, None], batch.target[:, None]
        with torch.no_grad(), self._low_precision():
            condition = mixed_condition(condition_of(self.model.estimator(image)), batch.told, self.config)
            outputs, features = self.model.scales_and_features(image, condition)
            spread = self._spread(image, condition) if ensemble else None
        output = outputs[-1].float()
        expected = self.head(image, output, features)
        loss = error_loss(expected, output, target)
        if spread is not None:
            apart = torch.log(expected) - torch.log(spread + FLOOR) - self.log_factor
            loss = loss + SPREAD_SHARE * apart.square().mean()
        return loss

    def _spread(self, image: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        results = [turned_back(self.model(turned(image, turn), condition), turn) for turn in range(TURNS)]
        return torch.stack(results).float().std(0)

    def _low_precision(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported())

    def finished(self, data: Path | None, record: dict) -> dict:
        """The checkpoint with the head. `data`: where the development stacks are, or None."""
        self.head.eval()
        head = {"weights": self.head.state_dict(), "loss": self.loss} | record
        if data is not None:
            head["factors"] = factors(torch_network(self.model), data)
        return self.state | {"error_head": head}


def main(argv=None):
    parser = parser_of("trust", __doc__)
    add_data(parser, "train/ and eval/")
    parser.add_argument("checkpoint", type=Path, help="of a network that takes a condition")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint to write")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--ensemble", type=float, default=0.0, metavar="SHARE", help="of batches, from 0 to 1")
    parser.add_argument("--bank", type=Path, metavar="FOLDER", help="learn from this light; default: simulate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="of the network; 0: all cores")
    args = parser.parse_args(argv)
    if not 0 <= args.ensemble <= 1 or args.steps < 1:
        parser.error("expected --ensemble from 0 to 1, and at least one of --steps")
    with one_line_errors("trust", args.out.parent):
        if args.threads:
            torch.set_num_threads(args.threads)
        data = args.data or data_folder()
        trainer = Trainer(args.checkpoint, args.seed)
        source = Bank(data, trainer.config, args.bank) if args.bank else SharpImages(data)
        trainer.train(source, args.steps, args.ensemble, print)
        record = {"steps": args.steps, "ensemble": args.ensemble, "seed": args.seed, "samples": source.kept()}
        state = trainer.finished(data if (data / "eval").is_dir() else None, record)
        save(state, args.out)
    print(f"{args.out}: loss {trainer.loss:.4f}, factors {state['error_head'].get('factors')}")
