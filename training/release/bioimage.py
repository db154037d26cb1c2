"""A model file as a package of bioimage.io (model description 0.5), for the programs that read those.

    python -m training bioimage models/parfocal-w16.onnx --out parfocal-w16.zip

The zip holds the description (bioimageio.yaml), the ONNX file, its card, a picture, and a test image with its result.
NumPy, Pillow and ONNX Runtime only; bioimage.io's own validator checks the result in tests/bioimage.

Such a package cannot state the inverse of its normalisation. So programs other than Parfocal show the restored image in
normalised units (0 and 1 are the 0.1 and 99.9 percentiles of the input), and the test image's result is in these units.
"""

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from training.command import one_line_errors, parser_of
from training.data.intensity import normalisation_range
from training.network.model_file import metadata_of
from training.optics import demo_specimen
from training.optics.demo_specimen import SIZE

FORMAT = "0.5.3"
AUTHOR = "The Parfocal authors"
NEEDED = ("name", "version", "description", "license", "multiple", "halo", "percentiles")
RESULTS = "Results on real focal stacks"  # the heading in the card of a released model
VALIDATION = f"""
# Validation

See "{RESULTS}" above: PSNR and SSIM against the sharpest plane, which no image of the training is from.
Compare a restored image with the original, and where there is one with a plane in focus, before anything is
concluded from it.
"""
NO_VALIDATION = """
# Validation

Its card names no measurement. Compare a restored image with the original, and where there is one with a plane in focus.
"""
PAPER = {
    "text": "J. Wang, B. Han, Defocus Deblur Microscopy via Head-to-Tail Cross-Scale Fusion, ICIP 2022, 2081-2086",
    "doi": "10.1109/ICIP46576.2022.9897168",
}


def title(name: str) -> str:
    """The name as bioimage.io accepts it: 5 to 128 letters, digits and _+- (). Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9_+\- ()]{1,128}", name):
        raise ValueError(f"name {name!r}: expected 1 to 128 letters a to z, digits, spaces or _+-(); give another")
    return name if len(name) >= 5 else f"Parfocal {name}"


def semantic(version: str) -> str:
    """A version in three parts. Raises ValueError."""
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9}){0,2}", version):
        raise ValueError(f"version {version!r}: expected one to three numbers, as 2 or 2.1.0; give another")
    return ".".join([*version.split("."), "0", "0"][:3])


def facts_of(path: Path) -> dict[str, str]:
    """The metadata of a model file. Raises ValueError where entries that the package needs are missing."""
    found = metadata_of(path)
    missing = [k for k in NEEDED if k not in found]
    if missing:
        raise ValueError(
            f"{path}: does not describe itself (no parfocal.{missing[0]}); expected a model of `training export`"
        )
    return found


def test_image() -> np.ndarray:
    """The demo's specimen, blurred, as its camera records it: float32 [1, 1, SIZE, SIZE] in counts."""
    return demo_specimen.exposure().astype(np.float32)[None, None]


def scaled(image: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The image after `scale_range` of bioimage.io with the engine's percentiles, and the two percentiles."""
    low, high = normalisation_range(image)
    return ((image - low) / (high - low + 1e-6)).astype(np.float32), low, high


def yaml(value, indent: int = 0) -> str:
    """Block YAML of dicts, lists, texts and numbers; texts are written as JSON, which YAML reads."""
    pad = "  " * indent
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            nested = isinstance(item, dict | list) and item
            lines.append(f"{pad}{key}:" + (f"\n{yaml(item, indent + 1)}" if nested else f" {json.dumps(item)}"))
        return "\n".join(lines)
    return "\n".join(
        f"{pad}- {yaml(item, indent + 1).lstrip()}" if isinstance(item, dict) else f"{pad}- {json.dumps(item)}"
        for item in value
    )


def describe(facts: dict[str, str], files: dict[str, bytes], model: str, author: str) -> dict:
    """The model description of bioimage.io. `files`: the contents of the other files in the package, by name."""
    source = lambda name: {"source": name, "sha256": hashlib.sha256(files[name]).hexdigest()}
    low, high = (float(p) for p in facts["percentiles"].split(","))
    multiple, halo = int(facts["multiple"]), int(facts["halo"])
    # The smallest image has something left when the halo is cut off all around.
    side = lambda axis: {"id": axis, "type": "space", "size": {"min": 2 * halo + multiple, "step": multiple}}
    same = lambda axis: {"id": axis, "type": "space", "size": {"tensor_id": "image", "axis_id": axis}, "halo": halo}
    channel = {"type": "channel", "channel_names": ["intensity"]}
    return {
        "type": "model",
        "format_version": FORMAT,
        "name": title(facts["name"]),
        "description": facts["description"][:1024],
        "version": semantic(facts["version"]),
        "authors": [{"name": author}],
        "maintainers": [],
        "cite": [PAPER],
        "license": facts["license"],
        "documentation": source("README.md"),
        "covers": ["cover.png"],
        "tags": [
            "deblurring",
            "defocus",
            "restoration",
            "fluorescence-light-microscopy",
            "brightfield-microscopy",
            "2d",
            "onnx",
        ],
        "inputs": [
            {
                "id": "image",
                "description": "One channel of an out-of-focus image, in any units; colours one after the other",
                "axes": [{"type": "batch"}, channel, side("y"), side("x")],
                "test_tensor": source("test_input.npy"),
                "data": {"type": "float32"},
                "preprocessing": [
                    {
                        "id": "scale_range",
                        "kwargs": {
                            "axes": ["channel", "y", "x"],
                            "min_percentile": low,
                            "max_percentile": high,
                            "eps": 1e-6,
                        },
                    }
                ],
            }
        ],
        "outputs": [
            {
                "id": "restored",
                "description": "An estimate of the focused image, in units of the input's percentiles: 0 and 1 are "
                "the two above",
                "axes": [{"type": "batch"}, channel, same("y"), same("x")],
                "test_tensor": source("test_output.npy"),
                "data": {"type": "float32"},
            }
        ],
        "weights": {"onnx": source(model) | {"opset_version": 17}},
    }


def readme_of(card: Path) -> tuple[str, dict[str, Path]]:
    """The card as the package's documentation, and the pictures that it shows, by name. Raises ValueError."""
    if not card.is_file():
        raise ValueError(f"{card}: no such file; expected the model's card (python -m training card makes it)")
    words = card.read_text(encoding="utf-8")
    if RESULTS in words:
        words += VALIDATION
    elif "\n# Validation\n" not in words:
        words += NO_VALIDATION
    # Pictures of the card go into the package; files of the repository that it links to do not.
    pictures = {name: card.with_name(name) for name in re.findall(r"!\[[^\]]*\]\(([^()/]+)\)", words)}
    for path in pictures.values():
        if not path.is_file():
            raise ValueError(
                f"{path}: no such file; expected the picture that {card} shows (python -m training card makes both)"
            )
    words = re.sub(r"(?<!!)\[([^\]]*)\]\(\.\./([^()]+)\)", r"\1 (`\2` in Parfocal's sources)", words)
    left = [t for t in re.findall(r"\]\(([^()\s]+)\)", words) if not re.match(r"https?:|#", t) and t not in pictures]
    if left:
        raise ValueError(
            f"{card}: leads to {left[0]}, which is not in the package; name pictures beside the card, or pages by "
            "their "
            "address"
        )
    return words, pictures


def tests_of(model: Path) -> dict[str, bytes]:
    """The test image, its result, and the cover, which shows halves of both; by name in the package."""
    import onnxruntime

    counts = test_image()
    image, _, _ = scaled(counts)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    (restored,) = session.run(["restored"], {"image": image})

    def file(array: np.ndarray) -> bytes:
        stream = io.BytesIO()
        np.save(stream, array)
        return stream.getvalue()

    halves = np.concatenate([image[0, 0, :, : SIZE // 2], restored[0, 0, :, SIZE // 2 :]], 1)
    cover = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(halves, 0, 1) * 255)).save(cover, "PNG")
    return {"cover.png": cover.getvalue(), "test_input.npy": file(counts), "test_output.npy": file(restored)}


def package(model: Path, out: Path, card: Path | None = None, author: str = AUTHOR) -> dict:
    """Writes the zip, whole or not at all, and returns the description. Raises ValueError and OSError.

    `card`: default is the one beside the model.
    """
    model, out = Path(model), Path(out)
    if not author.strip() or re.search(r"[/\\]", author):
        raise ValueError(f"--author {author!r}: expected a name without slashes")
    facts = facts_of(model)
    card = card or model.with_suffix(".md")
    words, pictures = readme_of(card)
    try:
        title(facts["name"]), semantic(facts["version"])
    except ValueError as error:
        raise ValueError(
            f"{model}: {error} when the model is made (--name and --version of export and finetune)"
        ) from error
    files = {model.name: model.read_bytes(), "README.md": words.encode()} | tests_of(model)
    if taken := [name for name in pictures if name in files]:
        raise ValueError(
            f"{card}: shows {taken[0]}, a name that the package has for a file of its own; call the picture otherwise"
        )
    files |= {name: path.read_bytes() for name, path in pictures.items()}
    described = describe(facts, files, model.name, author)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_suffix(".tmp")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bioimageio.yaml", yaml(described) + "\n")
            for name, content in files.items():
                archive.writestr(name, content)
        draft.replace(out)
    except OSError as error:
        error.filename = error.filename or str(out)
        raise
    finally:
        draft.unlink(missing_ok=True)
    return described


def main(argv=None):
    parser = parser_of("bioimage", __doc__)
    parser.add_argument("model", type=Path, help="a model file")
    parser.add_argument("--out", type=Path, required=True, help="the zip to write")
    parser.add_argument("--card", type=Path, help="its card (default: beside the model)")
    parser.add_argument("--author", default=AUTHOR, help=f"who made the model, for one of your own (default: {AUTHOR})")
    args = parser.parse_args(argv)
    with one_line_errors("bioimage", args.out.parent):
        package(args.model, args.out, args.card, args.author)
    print(args.out)
