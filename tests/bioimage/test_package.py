"""The package of bioimage.io passes its validator, and its test image gives the stated result."""

import io
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from bioimageio.spec import load_description
from bioimageio.spec.model.v0_5 import ModelDescr

from training.release import bioimage

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "models" / "parfocal-w16.onnx"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "w16.zip"
    bioimage.main([str(MODEL), "--out", str(path)])
    assert [p.name for p in path.parent.iterdir()] == ["w16.zip"]
    return path


@pytest.mark.parametrize("model", ["parfocal-w16", "parfocal-w8"])
def test_what_the_card_shows_is_in_the_package(model, tmp_path):
    path = tmp_path / "model.zip"
    bioimage.main([str(MODEL.with_name(f"{model}.onnx")), "--out", str(path)])
    with zipfile.ZipFile(path) as archive:
        words = archive.read("README.md").decode()
        links = re.findall(r"\]\(([^()#]+)\)", words)
        assert f"{model}-failures.png" in links and set(links) <= set(archive.namelist())
    described = load_description(path, perform_io_checks=True)
    assert isinstance(described, ModelDescr), described.validation_summary.format()


@pytest.fixture(scope="module")
def described(package):
    return load_description(package, perform_io_checks=True)


def test_the_validator_finds_it_valid(described):
    assert isinstance(described, ModelDescr), described.validation_summary.format()
    assert described.validation_summary.status in ("valid-format", "passed")
    facts = bioimage.facts_of(MODEL)
    assert [a.name for a in described.authors] == [bioimage.AUTHOR]
    assert described.name == facts["name"] and str(described.version) == facts["version"] + ".0.0"
    assert str(described.license) == facts["license"] and described.weights.onnx.opset_version == 17
    assert [axis.halo for axis in described.outputs[0].axes if axis.type == "space"] == [int(facts["halo"])] * 2


def test_the_validator_would_tell(package, tmp_path):
    """The same package with a smaller least size than its halo leaves room for."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    path = tmp_path / "bioimageio.yaml"
    facts = bioimage.facts_of(MODEL)
    least = 2 * int(facts["halo"]) + int(facts["multiple"])
    assert f"min: {least}" in path.read_text()
    path.write_text(path.read_text().replace(f"min: {least}", "min: 64"))
    changed = load_description(path, perform_io_checks=True)
    assert changed.validation_summary.status == "failed" and "too small for halo" in changed.validation_summary.format()


def test_the_test_image_comes_out_as_it_says(package, described):
    with zipfile.ZipFile(package) as archive:
        read = lambda name: archive.read(name)
        array = lambda tensor: np.load(io.BytesIO(read(str(tensor.test_tensor.source))))
        seen, expected = array(described.inputs[0]), array(described.outputs[0])
        session = onnxruntime.InferenceSession(
            read(str(described.weights.onnx.source)), providers=["CPUExecutionProvider"]
        )
        assert b"is an estimate" in read(str(described.documentation.source))
    (step,) = [s for s in described.inputs[0].preprocessing if s.id != "ensure_dtype"]  # which the reader adds
    assert step.id == "scale_range" and [str(a) for a in step.kwargs.axes] == ["channel", "y", "x"]
    low, high = np.percentile(seen, (step.kwargs.min_percentile, step.kwargs.max_percentile))
    image = ((seen - low) / (high - low + step.kwargs.eps)).astype(np.float32)
    (restored,) = session.run(["restored"], {"image": image})
    assert seen.min() > 50 and restored.shape == seen.shape  # counts, not a normalised image
    assert np.abs(restored - expected).max() < 1e-4
    assert np.abs(restored - image).max() > 0.05


def entry(key: str, value: bytes) -> bytes:
    """An entry of a model's metadata: a protobuf message of two fields, each with its length."""
    fields = b"\x0a" + bytes([len(key) + 9]) + f"parfocal.{key}".encode() + b"\x12" + bytes([len(value)]) + value
    return b"\x72" + bytes([len(fields)]) + fields


def renamed(path, **facts):
    """The released model with the metadata of another. The environment has no onnx to write with."""
    content = MODEL.read_bytes()
    for key, value in facts.items():
        old = bioimage.facts_of(MODEL)[key].encode()
        assert content.count(entry(key, old)) == 1
        content = content.replace(entry(key, old), entry(key, value.encode()))
    path.write_bytes(content)
    return path


CARD = """# mine

A table of 2 fields.

# Validation

The table above is all that was measured of mine.
"""


def test_a_fine_tuned_model_is_packaged_and_claims_nothing_else(tmp_path):
    """Its short name and its card beside it, as `finetune` leaves them."""
    model = renamed(tmp_path / "mine.onnx", name="mine", version="1.2")
    model.with_suffix(".md").write_text(CARD)
    bioimage.main([str(model), "--out", str(tmp_path / "mine.zip"), "--author", "A. Nother"])
    described = load_description(tmp_path / "mine.zip", perform_io_checks=True)
    assert isinstance(described, ModelDescr), described.validation_summary.format()
    assert described.validation_summary.status in ("valid-format", "passed")
    assert [a.name for a in described.authors] == ["A. Nother"]
    assert described.name == "Parfocal mine" and str(described.version) == "1.2.0"
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert archive.read("README.md").decode() == CARD  # and not what was measured of the released model


def test_a_card_without_figures_gets_none(tmp_path):
    model = renamed(tmp_path / "other.onnx", name="other-model")
    model.with_suffix(".md").write_text("# Other\n")
    bioimage.main([str(model), "--out", str(tmp_path / "other.zip")])
    with zipfile.ZipFile(tmp_path / "other.zip") as archive:
        text = archive.read("README.md").decode()
    assert "# Validation" in text and "names no measurement" in text and "PSNR" not in text


@pytest.mark.parametrize(
    "facts, message",
    [
        (
            {"name": "köln"},
            "name 'köln': expected 1 to 128 letters a to z, digits, spaces or _+-(); give another when the model is "
            "made",
        ),
        ({"name": "run.2"}, "name 'run.2': expected 1 to 128 letters"),
        (
            {"version": "new"},
            "version 'new': expected one to three numbers, as 2 or 2.1.0; give another when the model is made",
        ),
    ],
)
def test_names_and_versions_that_bioimage_io_does_not_take(tmp_path, facts, message):
    model = renamed(tmp_path / "odd.onnx", **facts)
    with pytest.raises(SystemExit) as error:
        bioimage.main([str(model), "--out", str(tmp_path / "odd.zip"), "--card", str(MODEL.with_suffix(".md"))])
    assert f"odd.onnx: {message}" in str(error.value) and not (tmp_path / "odd.zip").exists()


def test_bad_input(tmp_path, monkeypatch):
    def refused(*arguments):
        with pytest.raises(SystemExit) as error:
            bioimage.main([str(a) for a in (*arguments, "--out", tmp_path / "out.zip")])
        assert not list(tmp_path.glob("out.*"))
        return str(error.value)

    assert "--author 'a/b': expected a name without slashes" in refused(MODEL, "--author", "a/b")
    (tmp_path / "broken.onnx").write_bytes(MODEL.read_bytes()[:1000])
    assert "broken.onnx: not a model that ONNX Runtime opens" in refused(tmp_path / "broken.onnx")
    shutil.copy(MODEL, tmp_path / "alone.onnx")
    assert "alone.md: no such file; expected the model's card" in refused(tmp_path / "alone.onnx")
    # A file of another project: the same network without parfocal's entries.
    plain = MODEL.read_bytes().replace(b"parfocal.halo", b"parfocal.hola")
    (tmp_path / "foreign.onnx").write_bytes(plain)
    message = refused(tmp_path / "foreign.onnx", "--card", MODEL.with_suffix(".md"))
    assert "foreign.onnx: does not describe itself (no parfocal.halo); expected a model of `training export`" in message

    def full(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    assert "out.zip: No space left on device" in refused(MODEL)
