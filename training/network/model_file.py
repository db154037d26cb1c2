"""What a model file (ONNX) says of itself. Needs ONNX Runtime alone."""

import hashlib
from pathlib import Path

PREFIX = "parfocal."


def metadata_of(path: Path) -> dict[str, str]:
    """The `parfocal.*` entries of the file's metadata, without the prefix. Raises ValueError where it is no model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the exceptions of onnxruntime have no common base
        raise ValueError(f"{path}: not a model that ONNX Runtime opens: {error}") from error
    entries = session.get_modelmeta().custom_metadata_map
    return {key.removeprefix(PREFIX): value for key, value in entries.items() if key.startswith(PREFIX)}


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
