"""What the command writes, opened by tifffile: nothing but the pixels may differ from the input.

Run by `cargo xtask test`, which sets PARFOCAL_COMMAND to the release build.
"""

import os
import pathlib
import re
import subprocess

import numpy as np
import pytest
import tifffile

ROOT = pathlib.Path(__file__).parents[2]
GOOD = sorted((ROOT / "tests/data/good").glob("*.tif"))
NAMES = [path.name for path in GOOD]
# What says how the pixels are stored: written anew.
STORAGE = {
    "RowsPerStrip", "StripOffsets", "StripByteCounts", "TileWidth", "TileLength", "TileOffsets", "TileByteCounts",
    "PlanarConfiguration", "Predictor", "SampleFormat", "SamplesPerPixel", "BitsPerSample",
}  # fmt: skip


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("restored")
    command = os.environ["PARFOCAL_COMMAND"]
    model = ROOT / "tests/models/tiny.onnx"
    done = subprocess.run([command, "restore", *GOOD, "-o", folder, "--model", model], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def without_uuid(text):
    """OME-XML without the file's identifier, of which each output has a new one."""
    return re.sub(r"urn:uuid:[0-9a-f-]{36}", "", str(text))


def pair(outputs, name):
    stem = name.removesuffix(".tif")
    written = f"{stem.removesuffix('.ome')}-restored.ome.tif" if stem.endswith(".ome") else f"{stem}-restored.tif"
    return ROOT / "tests/data/good" / name, outputs / written


def test_there_are_all_kinds():
    assert len(GOOD) > 25
    kinds = {
        (page.compression.name, page.dtype.str[1:]) for path in GOOD for page in [tifffile.TiffFile(path).pages[0]]
    }
    assert {name for name, _ in kinds} >= {"NONE", "LZW", "ADOBE_DEFLATE", "PACKBITS"}
    assert {kind for _, kind in kinds} == {"u1", "u2", "f4"}


@pytest.mark.parametrize("name", NAMES)
def test_everything_but_the_pixels_is_kept(outputs, name):
    source, result = pair(outputs, name)
    with tifffile.TiffFile(source) as before, tifffile.TiffFile(result) as after:
        assert len(after.pages) == len(before.pages)
        assert after.is_bigtiff == before.is_bigtiff
        for old, new in zip(before.pages, after.pages, strict=True):
            assert (new.dtype, new.imagewidth, new.imagelength) == (old.dtype, old.imagewidth, old.imagelength)
            assert (new.samplesperpixel, new.extrasamples) == (old.samplesperpixel, old.extrasamples)
            assert (new.photometric, new.compression) == (old.photometric, old.compression)
            kept = {tag.name: tag.value for tag in old.tags if tag.name not in STORAGE | {"Software"}}
            found = {tag.name: tag.value for tag in new.tags if tag.name not in STORAGE | {"Software"}}
            assert kept.keys() == found.keys()
            for key, value in kept.items():
                assert (
                    np.array_equal(found[key], value)
                    if isinstance(value, np.ndarray)
                    else without_uuid(found[key]) == without_uuid(value)
                ), key
        for old, new in zip(before.series, after.series, strict=True):
            squeezed = old.axes.replace("S", "") if old.keyframe.planarconfig == 2 else old.axes
            assert new.axes == old.axes or squeezed in new.axes
            assert new.dtype == old.dtype and sorted(new.shape) == sorted(old.shape)
        assert after.imagej_metadata is None or str(after.imagej_metadata) == str(before.imagej_metadata)
        assert without_uuid(after.ome_metadata) == without_uuid(before.ome_metadata)
        assert before.ome_metadata is None or after.ome_metadata != before.ome_metadata, "the same identifier"
        software = after.pages[0].software
        assert "Parfocal 0." in software and "model tiny" in software and "device cpu" in software
        assert software.startswith(before.pages[0].software)


@pytest.mark.parametrize("name", NAMES)
def test_the_data_can_be_read(outputs, name):
    source, result = pair(outputs, name)
    before, after = tifffile.imread(source), tifffile.imread(result)
    if before.shape != after.shape:  # planar became interleaved
        assert name.startswith("planar")
        before = np.moveaxis(before, 0, -1)
    assert after.shape == before.shape
    assert np.array_equal(np.isfinite(before), np.isfinite(after))
    if name in ("1x1.tif", "constant.tif", "saturated.tif"):
        assert np.array_equal(before, after)
    else:
        assert not np.array_equal(before, after), "nothing was restored"
    if name == "rgba8.tif" or name.startswith("grey-alpha"):
        assert np.array_equal(before[..., -1], after[..., -1]), "alpha is copied"


@pytest.mark.parametrize("name", NAMES)
def test_the_stack_is_its_pages(outputs, name):
    """ImageJ, and tifffile where it takes a file for ImageJ's, read an uncompressed stack from the first page on."""
    _, result = pair(outputs, name)
    with tifffile.TiffFile(result) as after:
        pages = np.stack([after.pages.get(i, validate=False).asarray() for i in range(len(after.pages))])
        assert np.array_equal(after.asarray().reshape(pages.shape), pages, equal_nan=pages.dtype.kind == "f")
        first = after.pages.first
        if first.compression == 1 and len(after.pages) > 1:
            raw = np.fromfile(result, first.dtype, pages.size, offset=first.dataoffsets[0])
            assert np.array_equal(raw.reshape(pages.shape), pages)


@pytest.mark.parametrize("name", ["imagej-le.tif", "imagej-be.tif"])
def test_imagej_metadata(outputs, name):
    source, result = pair(outputs, name)
    with tifffile.TiffFile(source) as before, tifffile.TiffFile(result) as after:
        old, new = before.imagej_metadata, after.imagej_metadata
        assert after.series[0].axes == "TCYX" and after.series[0].shape == (2, 2, 16, 24)
        assert new["Labels"] == [f"label {i} \u00b5" for i in range(4)]
        assert new["Ranges"] == (10.0, 60000.0, 20.0, 50000.0)
        assert new["Info"] == "an info text"
        assert len(new["LUTs"]) == 2 and all(
            np.array_equal(a, b) for a, b in zip(old["LUTs"], new["LUTs"], strict=True)
        )
        overlay = new["Overlays"]
        assert overlay == old["Overlays"] and bytes(overlay).startswith(b"Iout")
        assert (new["unit"], new["spacing"], new["finterval"], new["mode"]) == ("\\u00B5m", 2.0, 0.5, "composite")
        x = after.pages[0].tags["XResolution"].value
        assert x[1] / x[0] == pytest.approx(0.325, rel=1e-6)


def test_ome_metadata(outputs):
    _, result = pair(outputs, "ome.ome.tif")
    with tifffile.TiffFile(result) as after:
        assert after.is_ome and after.series[0].axes == "ZCYX" and after.series[0].shape == (3, 2, 16, 24)
        xml = after.ome_metadata
        for part in 'PhysicalSizeX="0.11"', 'PhysicalSizeZ="0.5"', 'Name="DAPI"', 'Name="GFP"':
            assert part in xml


def test_the_pages_keep_their_order(outputs):
    """Each output page is that of a file with this page alone: none is swapped, repeated or left out."""
    source, result = pair(outputs, "stack-u8.tif")
    pages = tifffile.imread(source)
    command, model = os.environ["PARFOCAL_COMMAND"], ROOT / "tests/models/tiny.onnx"
    for index, restored in enumerate(tifffile.imread(result)):
        single, alone = outputs / f"page-{index}.tif", outputs / f"page-{index}-alone.tif"
        tifffile.imwrite(single, pages[index])
        subprocess.run([command, "restore", single, "-o", alone, "--model", model], check=True, capture_output=True)
        assert np.array_equal(tifffile.imread(alone), restored), f"page {index}"


def test_white_is_zero_is_the_same_picture(outputs):
    """The network sees brightness: the inverted file restores to the inverse of the plain one."""
    for white, plain in ("white-is-zero-u8.tif", "u8.tif"), ("white-is-zero-u16.tif", "u16.tif"):
        inverted, expected = tifffile.imread(pair(outputs, white)[1]), tifffile.imread(pair(outputs, plain)[1])
        assert np.array_equal(~inverted, expected)
