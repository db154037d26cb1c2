"""Mixes the weights that a run began with and those that it reached, in the shares with the best validation score.

    python -m training mix runs/w16/last.pt --began models/parfocal-w16.onnx \\
        --out runs/w16/mixed.pt [--shares 0.3 0.5 0.7 1]

A short run that continues a finished one loses some of what that knew before it has learned as much elsewhere. Mixtures
of the two keep most of both (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022, section 3). The
result is a checkpoint of the run with other averaged weights, for `training export` and `training card`.
"""

from pathlib import Path

from training.command import add_data, one_line_errors, parser_of
from training.data.images import load_sharp
from training.data.real_stacks import data_folder
from training.fit.validation import Validation
from training.network.checkpoint import config_of, load_checkpoint, network_settings, save, start_weights
from training.network.networks import build

SHARES = (0.3, 0.5, 0.7, 1.0)


def mixed(checkpoint: Path, began: Path, share: float) -> dict:
    """The state of `checkpoint` with mixed averaged weights: `share` of its own, the rest of those it began with.

    `began`: the file that the run began with. Raises ValueError for another file, and for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"--shares {share:g}: expected 0 (what it began with) to 1 (what it reached)")
    state = load_checkpoint(checkpoint)
    config = config_of(state)
    first, record = start_weights(began, config)
    origin = state.get("origin") or {}
    if origin.get("sha256") != record["sha256"]:
        first_weights = f"{origin['name']} (SHA-256 {origin['sha256'][:16]})" if origin else "random weights"
        raise ValueError(
            f"{checkpoint}: began with {first_weights}, not with {began} (SHA-256 {record['sha256'][:16]}); "
            "give the file it began with"
        )
    average = {k: share * v + (1 - share) * first[k] for k, v in state["average"].items()}
    return state | {"average": average, "mixed": share}


def best_mixture(checkpoint: Path, began: Path, shares, data: Path, log=print) -> dict:
    """The mixture with the best validation score, which is the score of `training train`."""
    config = config_of(load_checkpoint(checkpoint))
    validation = Validation(config, load_sharp(data / "train"), data)
    model = build(**network_settings(config)).eval()
    found = []
    for share in shares:
        state = mixed(checkpoint, began, share)
        model.load_state_dict(state["average"])
        score, _ = validation(model)
        log(f"share {share:g}: score {score:.4f}")
        found.append(state | {"best_score": score})
    return max(found, key=lambda state: state["best_score"])


def main(argv=None):
    parser = parser_of("mix", __doc__)
    parser.add_argument("checkpoint", type=Path, help="of the run")
    parser.add_argument("--began", type=Path, required=True, help="the checkpoint or model file that it began with")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint to write")
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES, help="of the weights that the run reached")
    add_data(parser, "train/ and eval/")
    args = parser.parse_args(argv)
    with one_line_errors("mix", args.out.parent):
        args.out.parent.mkdir(parents=True, exist_ok=True)
        state = best_mixture(args.checkpoint, args.began, args.shares, args.data or data_folder())
        save(state, args.out)
    print(f"{args.out}: share {state['mixed']:g}")
