"""One picture stored in all the ways that TIFF allows: each file restores to the pixels of the plain one.

Run by `cargo xtask test`, which sets PARFOCAL_COMMAND to the release build. Written on the fly by tifffile.
"""

import itertools
import os
import pathlib
import subprocess

import numpy as np
import pytest
import tifffile

ROOT = pathlib.Path(__file__).parents[2]
PACKING = [(None, 1), ("packbits", 1), ("lzw", 1), ("lzw", 2), ("zlib", 1), ("zlib", 2), ("lzw", 3), ("zlib", 3)]
# Strips that do and do not divide the height, tiles of which the last ones are filled in part.
SHAPES = [
    {"rowsperstrip": 7},
    {"rowsperstrip": 64},
    {"tile": (16, 16)},
    {"tile": (16, 32)},
    {"tile": (32, 16)},
    {"tile": (64, 64)},
]
SIZES = [(48, 56), (50, 33), (40, 48)]


def picture(dtype, size, channels):
    y, x, c = np.meshgrid(np.arange(size[0]), np.arange(size[1]), np.arange(channels), indexing="ij")
    v = (7 * x + 13 * y + 31 * c + 5 * ((x * y) % 11)) % 251
    if dtype == "uint8":
        return v.astype(dtype)
    return (v * 257 + 3 * x + c).astype(dtype) if dtype == "uint16" else (v / np.float32(7) - 20).astype(dtype)


def run(*args):
    done = subprocess.run([os.environ["PARFOCAL_COMMAND"], *map(str, args)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def restored(folder, files):
    run("restore", *files, "-o", folder, "--model", ROOT / "tests/models/tiny.onnx", "--threads", "1")
    return [tifffile.imread(folder / f"{path.stem}-restored.tif") for path in files]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("kind", ["grey", "rgb", "planar", "rgba"])
def test_storage_does_not_change_the_result(tmp_path, dtype, kind):
    channels = {"grey": 1, "rgb": 3, "planar": 3, "rgba": 4}[kind]
    options = {"photometric": "minisblack" if kind == "grey" else "rgb", "metadata": None}
    if kind == "rgba":
        options["extrasamples"] = ["unassalpha"]
    plain, variants, ways = [], [], []
    for size in SIZES:
        data = picture(dtype, size, channels)
        data = data[..., 0] if kind == "grey" else data
        plain.append(tmp_path / f"plain-{size[0]}.tif")
        tifffile.imwrite(plain[-1], data, **options)
        if kind == "planar":
            data = np.moveaxis(data, -1, 0)
            options["planarconfig"] = "separate"
        for (packing, predictor), shape, order in itertools.product(PACKING, SHAPES, "<>"):
            if (predictor == 3 and dtype != "float32") or (predictor == 2 and dtype == "float32"):
                continue
            path = tmp_path / f"v{len(variants)}.tif"
            tifffile.imwrite(path, data, compression=packing, predictor=predictor, byteorder=order, **shape, **options)
            variants.append(path)
            ways.append((len(plain) - 1, size, packing, predictor, shape, order))
        options.pop("planarconfig", None)
    out = tmp_path / "out"
    out.mkdir()
    expected = restored(out, plain)
    assert len(variants) >= 200
    for found, (index, *way) in zip(restored(out, variants), ways, strict=True):
        assert np.array_equal(found, expected[index]), way


def test_the_shape_in_the_text_follows_the_pixels(tmp_path, caplog):
    """tifffile notes the array's shape in the text; planar becomes interleaved: the note must not mislead a reader."""
    data = np.moveaxis(picture("uint8", (40, 48), 3), -1, 0)
    single, stack = tmp_path / "single.tif", tmp_path / "stack.tif"
    tifffile.imwrite(single, data, photometric="rgb", planarconfig="separate", metadata={"note": "\u00b5"})
    tifffile.imwrite(stack, np.stack([data, data + 1]), photometric="rgb", planarconfig="separate")
    restored(tmp_path, [single, stack])
    for name, shape in ("single", (40, 48, 3)), ("stack", (2, 40, 48, 3)):
        with caplog.at_level("DEBUG", "tifffile"), tifffile.TiffFile(tmp_path / f"{name}-restored.tif") as file:
            (series,) = file.series
            assert (series.kind, series.shape, series.asarray().shape) == ("shaped", shape, shape)
            meta = file.shaped_metadata[0]
            assert tuple(meta["shape"]) == shape and (name == "stack" or meta["note"] == "\u00b5")
    assert not caplog.records, caplog.text


def test_limits_of_values_that_no_longer_hold_are_dropped(tmp_path):
    source = tmp_path / "limits.tif"
    limits = [(280, "H", 1, 5, True), (281, "H", 1, 9, True), (340, "H", 1, 5, True), (341, "H", 1, 9, True)]
    tifffile.imwrite(source, picture("uint16", (40, 48), 1)[..., 0], extratags=[*limits, (65000, "H", 1, 7, True)])
    restored(tmp_path, [source])
    codes = [
        {tag.code for tag in tifffile.TiffFile(p).pages[0].tags} for p in (source, tmp_path / "limits-restored.tif")
    ]
    assert {280, 281, 340, 341, 65000} <= codes[0]
    assert codes[1] & {280, 281, 340, 341, 65000} == {65000}


@pytest.mark.parametrize("channels", [1, 3])
def test_an_ordinary_ome_file_gives_no_warning(tmp_path, channels):
    source = tmp_path / "own.ome.tif"
    data = np.stack([picture("uint8", (40, 48), channels)] * 2)
    rgb = channels == 3
    tifffile.imwrite(source, data if rgb else data[..., 0], photometric="rgb" if rgb else "minisblack",
                     metadata={"axes": "ZYXS" if rgb else "ZYX"})  # fmt: skip
    done = run("restore", source, "-o", tmp_path / "out.ome.tif", "--model", ROOT / "tests/models/tiny.onnx")
    assert "planes" not in done.stderr and "planes" not in done.stdout, done.stderr + done.stdout
