"""Checkpoints of training.train, and weights to start from. Files are written whole or not at all."""

import dataclasses
import errno
import hashlib
import io
import json
import os
from pathlib import Path

import torch

from .config import Config
from .model import RELEASED, Layers
from .networks import build


def save(state: dict, path: Path):
    """Whole or not at all: a full disk or a kill leaves the previous file."""
    stream = io.BytesIO()
    torch.save(state, stream)
    write_whole(path, stream.getbuffer())


def write_whole(path: Path, content) -> None:
    """By Python's own writing: PyTorch's reports a full disk as an internal error without its number."""
    temporary = path.with_suffix(".tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)  # on a full disk it would be what keeps the next one from being written
        if isinstance(error, OSError) and not error.filename:
            error.filename = str(path)
        raise


def words_of(error: OSError, out: Path, saved: bool = False) -> str:
    """What failed while something was read or written in the folder `out`, and what to do where that is known.

    `saved`: the same command goes on with what is there; a folder with last.pt goes on with --resume.
    """
    words = f"{error.filename or out}: {error.strerror or error}"
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    resume = (Path(out) / "last.pt").exists()
    if resume or saved:
        again = "run the same command " + ("with --resume" if resume else "again")
        return f"{words}; what was saved before is whole: {'make room and ' if full else ''}{again}"
    return words + ("; make room" if full else "")


def load_checkpoint(path: Path) -> dict:
    """What `training.train` saved. Raises ValueError that names the file."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file; expected a checkpoint of training.train") from error
    except Exception as error:
        # PyTorch's words advise to read it with weights_only=False, which would run whatever is in the file.
        reason = "it is damaged, or holds more than numbers and settings"
        if isinstance(error, OSError):
            reason = error.strerror or reason
        raise ValueError(
            f"{path}: not a readable checkpoint ({reason}); expected last.pt or best.pt as training.train wrote them"
        ) from error
    if not isinstance(state, dict) or not isinstance(state.get("config"), dict) or "average" not in state:
        raise ValueError(f"{path}: a PyTorch file, but not a checkpoint of training.train")
    unknown = sorted(state["config"].keys() - {f.name for f in dataclasses.fields(Config)})
    if unknown:
        commit = f" (commit {state['commit'][:12]})" if isinstance(state.get("commit"), str) else ""
        raise ValueError(
            f"{path}: has the setting {unknown[0]} that training/config.py does not know; use it with the version of Parfocal "
            f"that made it{commit}"
        )
    try:
        config_of(state)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: its settings cannot be used: {error}; use it with the version of Parfocal that made it") from error
    return state


# Settings that older checkpoints do not have, at the values that mean what their simulation did.
BEFORE = {"corrected_share": 0.0, "middle_share": 0.0, "clean_share": 0.0, "coherent_share": 0.0, "most_layers": 1, "blur_weight": 0.0, "brightest_target": 1e9}


def config_of(state: dict) -> Config:
    return Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in (BEFORE | state["config"]).items()})


def config_sha256(state: dict) -> str:
    """Of the configuration as the checkpoint has it: settings that came later do not change it."""
    return hashlib.sha256(json.dumps(state["config"], sort_keys=True).encode()).hexdigest()


def load_weights(path: Path) -> torch.nn.Module:
    """The averaged weights of a checkpoint, ready to run."""
    state = load_checkpoint(path)
    model = build(**network_settings(config_of(state)))
    model.load_state_dict(state["average"])
    return model.eval()


def network_settings(config: Config) -> dict:
    """The settings that weights depend on: arguments of `networks.build`."""
    return {
        "name": config.network,
        "width": config.width,
        "layers": Layers(config.activation, config.downsampling, config.upsampling),
    }


def _onnx_graph(path: Path):
    import onnx

    if not path.is_file():
        raise ValueError(f"{path}: no such file; expected a model of training.export or a checkpoint of training.train")
    try:
        return onnx.load(path, load_external_data=False).graph
    except Exception as error:  # protobuf's and onnx's own exceptions have no common base
        raise ValueError(f"{path}: not a readable ONNX model: {error}") from error


def _onnx_weights(path: Path) -> dict[str, torch.Tensor]:
    from onnx import numpy_helper

    graph = _onnx_graph(path)
    try:
        return {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    except Exception as error:  # as above
        raise ValueError(f"{path}: not a readable ONNX model: {error}") from error


def settings_of(path: Path) -> dict:
    """The settings that the weights in this file depend on, as `network_settings` has them. Raises ValueError."""
    path = Path(path)
    if path.suffix != ".onnx":
        return network_settings(config_of(load_checkpoint(path)))
    first = _onnx_weights(path).get("subnetworks.0.encoder.0.0.weight")
    if first is None:
        raise ValueError(f"{path}: has no tensor of a network of training.model; expected a model of training.export")
    graph = _onnx_graph(path)
    last = next((node.op_type for node in graph.node if graph.output[0].name in node.output), "")
    # With residuals the last operation adds the image; without, it is the last convolution. The tensors are the same.
    return {"name": "cascade" if last == "Add" else "head-to-tail", "width": first.shape[0], "layers": RELEASED}


def start_weights(path: Path, config: Config) -> tuple[dict[str, torch.Tensor], dict]:
    """Weights of an earlier network to start a run from, and where they are from: the file's name and SHA-256, and of a
    checkpoint its steps, minutes and own origin.

    `path`: a checkpoint (its averaged weights) or an ONNX file of training.export (its initialisers). Raises ValueError
    where the file holds another network than `config` describes; but a network with residuals may begin with the weights
    of one without, all but those of its last layers.
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
        # The same tensors, but the last layers now give what is to be added to the image: they begin with nothing.
        settings = settings | {"name": config.network}
        found = {k: torch.zeros_like(v) if ".head." in k else v for k, v in found.items()}
        made = made | {"heads": "zero"}
    differ = [f"{k} {settings[k]} (now {v})" for k, v in network_settings(config).items() if settings.get(k, v) != v]
    if differ:
        raise ValueError(f"{path}: holds another network: {', '.join(differ)}; give --set with its settings")
    apart = [k for k, v in wanted.items() if k not in found or found[k].shape != v.shape]
    if apart:
        raise ValueError(f"{path}: holds another network: {apart[0]} is absent or of another shape")
    record = {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | made
    return {k: found[k].to(v.dtype) for k, v in wanted.items()}, record


def fixed_network(path: Path) -> tuple[torch.nn.Module, dict]:
    """A network as a file has it, of any width, ready to run and not to be trained, and the file's name and SHA-256.

    `path`: a checkpoint (its averaged weights) or an ONNX file of training.export. Raises ValueError.
    """
    path = Path(path)
    model = build(**settings_of(path))
    found = _onnx_weights(path) if path.suffix == ".onnx" else load_checkpoint(path)["average"]
    absent = [k for k, v in model.state_dict().items() if k not in found or found[k].shape != v.shape]
    if absent:
        raise ValueError(f"{path}: holds another network than it says: {absent[0]} is absent or of another shape")
    model.load_state_dict({k: found[k] for k in model.state_dict()})
    return model.eval().requires_grad_(False), {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
