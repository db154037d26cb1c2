"""Checkpoints of training runs, and the weights in them or in model files."""

import dataclasses
import hashlib
import io
import json
from pathlib import Path

import torch

from training.config import Config
from training.data.whole_file import write_whole
from training.network.error_head import ErrorHead
from training.network.model import RELEASED, Layers
from training.network.model_file import sha256_of
from training.network.networks import build


def save(state: dict, path: Path) -> None:
    """Writes a checkpoint. A full disk or a kill leaves the previous file."""
    stream = io.BytesIO()
    torch.save(state, stream)
    write_whole(path, stream.getbuffer())


def load_checkpoint(path: Path) -> dict:
    """What a training run saved. Raises ValueError that names the file."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file; expected a checkpoint of `training train`") from error
    except Exception as error:
        # PyTorch's message advises weights_only=False, which would run whatever is in the file.
        reason = "it is damaged, or holds more than numbers and settings"
        if isinstance(error, OSError):
            reason = error.strerror or reason
        raise ValueError(
            f"{path}: not a readable checkpoint ({reason}); expected last.pt or best.pt as `training train` wrote them"
        ) from error
    if not isinstance(state, dict) or not isinstance(state.get("config"), dict) or "average" not in state:
        raise ValueError(f"{path}: a PyTorch file, but not a checkpoint of `training train`")
    unknown = sorted(state["config"].keys() - {f.name for f in dataclasses.fields(Config)})
    if unknown:
        commit = f" (commit {state['commit'][:12]})" if isinstance(state.get("commit"), str) else ""
        raise ValueError(
            f"{path}: has the setting {unknown[0]} that training/config.py does not know; use it with the version of "
            "Parfocal "
            f"that made it{commit}"
        )
    try:
        config_of(state)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: its settings cannot be used: {error}; use it with the version of Parfocal that made it"
        ) from error
    return state


# Settings that older checkpoints lack, at the values that reproduce their simulation.
BEFORE = {
    "corrected_share": 0.0,
    "middle_share": 0.0,
    "clean_share": 0.0,
    "coherent_share": 0.0,
    "most_layers": 1,
    "blur_weight": 0.0,
    "brightest_target": 1e9,
    "phase_share": 0.0,
    "plain_share": 0.0,
    "brightfield_saturated_share": 0.12,
    "colour_jpeg_share": 0.0,
}


def config_of(state: dict) -> Config:
    """The settings in a checkpoint, those added since filled in by BEFORE."""
    return Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in (BEFORE | state["config"]).items()})


def config_sha256(state: dict) -> str:
    """SHA-256 of the settings as the checkpoint holds them; settings added since do not change it."""
    return hashlib.sha256(json.dumps(state["config"], sort_keys=True).encode()).hexdigest()


def load_weights(path: Path) -> torch.nn.Module:
    """The network of a checkpoint with its averaged weights, ready to run."""
    state = load_checkpoint(path)
    model = build(**network_settings(config_of(state)))
    model.load_state_dict(state["average"])
    if state.get("error_head") is not None:
        model.error_head = ErrorHead(model.trunk.width)
        model.error_head.load_state_dict(state["error_head"]["weights"])
    return model.eval()


def network_settings(config: Config) -> dict:
    """The settings that the shapes of the weights depend on, as arguments of `networks.build`."""
    return {
        "name": config.network,
        "width": config.width,
        "layers": Layers(config.activation, config.downsampling, config.upsampling),
        "condition": config.condition if config.network == "cascade" else "none",
    }


def _onnx_graph(path: Path):
    """The graph of an ONNX file. Raises ValueError."""
    import onnx

    if not path.is_file():
        raise ValueError(
            f"{path}: no such file; expected a model of `training export` or a checkpoint of `training train`"
        )
    try:
        return onnx.load(path, load_external_data=False).graph
    except Exception as error:  # protobuf's and onnx's own exceptions have no common base
        raise ValueError(f"{path}: not a readable ONNX model: {error}") from error


def _onnx_weights(path: Path) -> dict[str, torch.Tensor]:
    """The initialisers of an ONNX file by name. Raises ValueError."""
    from onnx import numpy_helper

    graph = _onnx_graph(path)
    try:
        return {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    except Exception as error:  # as above
        raise ValueError(f"{path}: not a readable ONNX model: {error}") from error


def settings_of(path: Path) -> dict:
    """`network_settings` of a checkpoint or a model file. Raises ValueError."""
    path = Path(path)
    if path.suffix != ".onnx":
        return network_settings(config_of(load_checkpoint(path)))
    first = _onnx_weights(path).get("subnetworks.0.encoder.0.0.weight")
    if first is None:
        raise ValueError(
            f"{path}: has no tensor of a network of training/network/model.py; expected a model of `training export`"
        )
    graph = _onnx_graph(path)
    last = next((node.op_type for node in graph.node if graph.output[0].name in node.output), "")
    # The tensors are the same with residuals and without; with residuals the last operation adds the image.
    name = "cascade" if last == "Add" else "head-to-tail"
    return {"name": name, "width": first.shape[0], "layers": RELEASED, "condition": "none"}


def start_weights(path: Path, config: Config) -> tuple[dict[str, torch.Tensor], dict]:
    """Weights of an earlier network to start a run from, and a record of their origin.

    `path`: a checkpoint (its averaged weights) or a model file (its initialisers). The record holds the file's name and
    SHA-256, and of a checkpoint its steps, minutes and own origin. Raises ValueError where the file holds another
    network than `config` describes. But a network with residuals may begin with the weights of one without, except for
    its last layers, and a network that takes a condition with those of one that takes none: what the condition adds
    begins with weights of zero, or random ones where it has layers of its own.
    """
    path = Path(path)
    wanted = build(**network_settings(config)).state_dict()
    settings = settings_of(path)
    if path.suffix == ".onnx":
        found, made = _onnx_weights(path), {}
    else:
        state = load_checkpoint(path)
        found = state["average"]
        made = {key: state.get(key) for key in ("step", "minutes", "origin")}
    if (settings["name"], config.network) == ("head-to-tail", "cascade"):
        # With residuals the last layers compute what is added to the image, so they begin at zero.
        settings = settings | {"name": config.network}
        found = {k: torch.zeros_like(v) if ".head." in k else v for k, v in found.items()}
        made = made | {"heads": "zero"}
    if settings.get("condition", "none") == "none" and config.condition != "none":
        settings = settings | {"condition": config.condition}
        found = _with_condition(found, wanted)
        made = made | {"condition": "new"}
    differ = [f"{k} {settings[k]} (now {v})" for k, v in network_settings(config).items() if settings.get(k, v) != v]
    if differ:
        raise ValueError(f"{path}: holds another network: {', '.join(differ)}; give --set with its settings")
    apart = [k for k, v in wanted.items() if k not in found or found[k].shape != v.shape]
    if apart:
        raise ValueError(f"{path}: holds another network: {apart[0]} is absent or of another shape")
    record = {"name": path.name, "sha256": sha256_of(path)} | made
    return {k: found[k].to(v.dtype) for k, v in wanted.items()}, record


def _with_condition(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of a network without a condition as those of one with: of `wanted`, where they are new."""
    result = {}
    for key, fresh in wanted.items():
        old = found.get(key.removeprefix("trunk."))
        if not key.startswith("trunk.") or old is None:
            result[key] = fresh
        elif old.shape == fresh.shape:
            result[key] = old
        else:  # a first layer, whose further inputs come last
            result[key] = torch.zeros_like(fresh)
            result[key][:, : old.shape[1]] = old
    return result


def fixed_network(path: Path) -> tuple[torch.nn.Module, dict]:
    """The network in a file, of any width, ready to run but not to be trained, and the file's name and SHA-256.

    `path`: a checkpoint (its averaged weights) or a model file. Raises ValueError.
    """
    path = Path(path)
    model = build(**settings_of(path))
    found = _onnx_weights(path) if path.suffix == ".onnx" else load_checkpoint(path)["average"]
    absent = [k for k, v in model.state_dict().items() if k not in found or found[k].shape != v.shape]
    if absent:
        raise ValueError(f"{path}: holds another network than it says: {absent[0]} is absent or of another shape")
    model.load_state_dict({k: found[k] for k in model.state_dict()})
    return model.eval().requires_grad_(False), {"name": path.name, "sha256": sha256_of(path)}
