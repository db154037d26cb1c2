"""Makes the TIFF files of the tests: those that are read (good/, kinds/), and one of each kind that is refused.

    python tests/data/make_tiffs.py          writes good/ and bad/ beside itself; needs numpy, tifffile, imagecodecs

Good files hold pattern(), which the Rust tests compute again: a decoder that mixes up rows, channels or bytes shows.
"""

import pathlib
import struct

import numpy as np
import tifffile

HERE = pathlib.Path(__file__).parent
W, H = 37, 29


def pattern(dtype, pages=1, channels=1, width=W, height=H):
    """(pages, height, width, channels); the same formula stands in src/tiff/tests/mod.rs."""
    p, y, x, c = np.meshgrid(*map(np.arange, (pages, height, width, channels)), indexing="ij")
    v = (7 * x + 13 * y + 31 * c + 57 * p + 5 * ((x * y) % 11)) % 251
    if dtype == np.uint8:
        return v.astype(np.uint8)
    if dtype == np.uint16:
        return (v * 257 + 3 * x + c).astype(np.uint16)
    return (v / np.float32(4) - 20).astype(np.float32)


def write(name, data, **options):
    options.setdefault("metadata", None)
    options.setdefault("photometric", "minisblack")
    options.setdefault("software", False)
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    tifffile.imwrite(path, data, **options)
    assert path.stat().st_size < 15_000, f"{path}: {path.stat().st_size} bytes, expected less than 15000"


def grey(dtype, **kw):
    return pattern(dtype, **kw)[0, :, :, 0]


def kinds():
    """Pixel types and structures beyond the common ones."""
    u8, u16 = grey(np.uint8), grey(np.uint16)
    write("kinds/signed.tif", u16.astype(np.int16))
    write("kinds/u32.tif", u16.astype(np.uint32))
    write("kinds/f64.tif", u16.astype(np.float64))
    write("kinds/f16.tif", u8.astype(np.float16))
    write("kinds/five-samples.tif", pattern(np.uint8, channels=5)[0], planarconfig="contig")
    write("kinds/zstd.tif", u8, compression="zstd")
    write("kinds/jpeg.tif", u8, compression="jpeg")
    with tifffile.TiffWriter(HERE / "kinds/other-size.tif") as file:
        for page in u8, u8, u8[:20]:
            file.write(page, photometric="minisblack", metadata=None, software=False, contiguous=False)
    with tifffile.TiffWriter(HERE / "kinds/other-type.tif") as file:
        for page in u8, u16:
            file.write(page, photometric="minisblack", metadata=None, software=False, contiguous=False)
    write(
        "kinds/imagej-one-page.tif",
        pattern(np.uint8, pages=3)[..., 0],
        imagej=True,
        truncate=True,
        metadata={"axes": "ZYX"},
    )
    write("kinds/tifffile-one-page.tif", pattern(np.uint8, pages=3)[..., 0], truncate=True, metadata={"axes": "ZYX"})


def good():
    u8, u16, f32 = grey(np.uint8), grey(np.uint16), grey(np.float32)
    write("good/u8.tif", u8, software="Scope 2")
    write("good/u16.tif", u16, resolution=(30769.23, 30769.23), resolutionunit="CENTIMETER")
    write("good/f32.tif", f32)
    write("good/lzw-u8.tif", u8, compression="lzw", rowsperstrip=7)
    write("good/lzw-predictor-u16.tif", u16, compression="lzw", predictor=2, rowsperstrip=8)
    write(
        "good/deflate-predictor-rgb8.tif",
        pattern(np.uint8, channels=3)[0],
        photometric="rgb",
        compression="zlib",
        predictor=2,
        rowsperstrip=10,
    )
    write("good/deflate-predictor-f32.tif", f32, compression="zlib", predictor=3, rowsperstrip=6)
    write("good/packbits-u8.tif", u8, compression="packbits", rowsperstrip=5)
    write("good/tiles-u16.tif", u16, tile=(16, 16))
    write(
        "good/tiles-deflate-predictor-rgb16.tif",
        pattern(np.uint16, channels=3)[0],
        photometric="rgb",
        tile=(16, 16),
        compression="zlib",
        predictor=2,
    )
    write("good/tiles-predictor-f32.tif", f32, tile=(16, 32), compression="zlib", predictor=3)
    write("good/big-endian-u16.tif", u16, byteorder=">")
    write("good/big-endian-f32.tif", f32, byteorder=">")
    write("good/bigtiff-u16.tif", pattern(np.uint16, pages=2)[..., 0], bigtiff=True)
    write("good/rgb8.tif", pattern(np.uint8, channels=3)[0], photometric="rgb")
    write(
        "good/planar-rgb16.tif",
        np.moveaxis(pattern(np.uint16, channels=3)[0], -1, 0),
        photometric="rgb",
        planarconfig="separate",
    )
    write(
        "good/planar-tiles-lzw-rgb8.tif",
        np.moveaxis(pattern(np.uint8, channels=3)[0], -1, 0),
        photometric="rgb",
        planarconfig="separate",
        tile=(16, 32),
        compression="lzw",
        predictor=2,
    )
    write("good/tiles-lzw-u16.tif", u16, tile=(16, 32), compression="lzw", predictor=2)
    write("good/rgba8.tif", pattern(np.uint8, channels=4)[0], photometric="rgb", extrasamples=["unassalpha"])
    write(
        "good/grey-alpha-u16.tif", pattern(np.uint16, channels=2)[0], extrasamples=["unassalpha"], planarconfig="contig"
    )
    write("good/white-is-zero-u8.tif", ~u8, photometric="miniswhite")
    write("good/white-is-zero-u16.tif", ~u16, photometric="miniswhite", compression="lzw", predictor=2)
    write(
        "good/stack-u8.tif",
        pattern(np.uint8, pages=5)[..., 0],
        compression="zlib",
        description="five pages of a pattern",
        software="SI.a = 1\nSI.b = 2",
    )

    for name, order in ("le", "<"), ("be", ">"):
        ramp = np.arange(256, dtype=np.uint8)
        luts = [np.stack([ramp, 0 * ramp, ramp]), np.stack([0 * ramp, ramp, 255 - ramp])]
        data = pattern(np.uint16, pages=4, width=24, height=16)[..., 0].reshape(2, 1, 2, 16, 24)
        write(
            f"good/imagej-{name}.tif",
            data,
            imagej=True,
            byteorder=order,
            software="tifffile.py",
            resolution=(1 / 0.325, 1 / 0.325),
            metadata={
                "axes": "TZCYX",
                "unit": "\\u00B5m",
                "spacing": 2.0,
                "finterval": 0.5,
                "mode": "composite",
                "Labels": [f"label {i} \u00b5" for i in range(4)],
                "LUTs": luts,
                "Info": "an info text",
                "Ranges": (10.0, 60000.0, 20.0, 50000.0),
                "Overlays": [b"Iout\0\xe4" + bytes(range(58))],
            },
        )
    write(
        "good/ome.ome.tif",
        pattern(np.uint8, pages=6, width=24, height=16)[..., 0].reshape(3, 2, 16, 24),
        metadata={
            "axes": "ZCYX",
            "PhysicalSizeX": 0.11,
            "PhysicalSizeXUnit": "\u00b5m",
            "PhysicalSizeY": 0.11,
            "PhysicalSizeYUnit": "\u00b5m",
            "PhysicalSizeZ": 0.5,
            "Channel": {"Name": ["DAPI", "GFP"]},
        },
    )

    write(
        "good/ome-rgb8.ome.tif",
        pattern(np.uint8, pages=2, channels=3, width=24, height=16),
        photometric="rgb",
        metadata={"axes": "ZYXS"},
    )

    # Frames with a defined result.
    write("good/1x1.tif", np.full((1, 1), 77, np.uint16))
    write("good/1xN.tif", grey(np.uint16, width=1, height=41))
    write("good/Nx1.tif", grey(np.uint8, width=50, height=1))
    write("good/17x23.tif", grey(np.uint16, width=17, height=23))
    write("good/constant.tif", np.full((H, W), 1234, np.uint16))
    write("good/saturated.tif", np.full((H, W), 255, np.uint8))
    f = f32.copy()
    f[3, 4], f[20:22, 30] = np.nan, np.nan
    write("good/nan.tif", f)
    f = f32.copy()
    f[3, 4], f[20, 30] = np.inf, -np.inf
    write("good/inf.tif", f)


def bad():
    u8 = grey(np.uint8)
    write("bad/one-bit.tif", u8 > 100)
    write("bad/palette.tif", u8, photometric="palette", colormap=np.arange(768, dtype=np.uint16).reshape(3, 256))
    write("bad/complex.tif", u8.astype(np.complex64))
    write("bad/cmyk.tif", pattern(np.uint8, channels=4)[0], photometric="separated", planarconfig="contig")

    plain = (HERE / "good/u8.tif").read_bytes()
    deflated = (HERE / "good/deflate-predictor-f32.tif").read_bytes()
    (HERE / "bad/empty.tif").write_bytes(b"")
    (HERE / "bad/header-only.tif").write_bytes(plain[:6])
    (HERE / "bad/truncated.tif").write_bytes(plain[:-100])
    (HERE / "bad/absurd-size.tif").write_bytes(patched(plain, {256: 4_000_000_000, 257: 4_000_000_000}))
    (HERE / "bad/absurd-deflate.tif").write_bytes(patched(deflated, {256: 1_000_000}))
    (HERE / "bad/absurd-count.tif").write_bytes(patched(plain, {}, count={273: 0x7FFF_FFFF}))
    (HERE / "bad/shared-strips.tif").write_bytes(shared_strips())
    predicted = (HERE / "good/lzw-predictor-u16.tif").read_bytes()
    (HERE / "bad/predictor-packbits.tif").write_bytes(patched(predicted, {259: 32773}))
    (HERE / "bad/predictor-none.tif").write_bytes(patched(predicted, {259: 1}))
    (HERE / "bad/predictor-float.tif").write_bytes(patched(predicted, {317: 3}))
    (HERE / "bad/zero-width.tif").write_bytes(patched(plain, {256: 0}))
    (HERE / "bad/circle.tif").write_bytes(circle(plain))
    noise = bytearray(deflated)
    start = tifffile.TiffFile(HERE / "good/deflate-predictor-f32.tif").pages[0].dataoffsets[2]
    noise[start : start + 60] = bytes(60)
    (HERE / "bad/damaged-data.tif").write_bytes(noise)
    # A PNG that was renamed: signature, header and end are enough to be one.
    (HERE / "bad/png.tif").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(17) + b"\0\0\0\0IEND\xaeB`\x82")


def entries(raw):
    """Place of each entry of the first directory of a classic little-endian file, by tag."""
    (at,) = struct.unpack_from("<I", raw, 4)
    (count,) = struct.unpack_from("<H", raw, at)
    return {
        struct.unpack_from("<H", raw, at + 2 + 12 * i)[0]: at + 2 + 12 * i for i in range(count)
    }, at + 2 + 12 * count


def patched(raw, values, count=None):
    raw, (places, _) = bytearray(raw), entries(raw)
    for tag, value in values.items():
        struct.pack_into("<HHII", raw, places[tag], tag, 4, 1, value)
    for tag, number in (count or {}).items():
        struct.pack_into("<I", raw, places[tag] + 4, number)
    return bytes(raw)


def circle(raw):
    raw, (_, end) = bytearray(raw), entries(raw)
    raw[end : end + 4] = raw[4:8]
    return bytes(raw)


def shared_strips(strips=64, packed=2048, width=4096, rows=1280):
    """LZW strips that are all the same bytes: each alone could hold its rows, the file not all of them."""
    at = 8 + 2 + 8 * 12 + 4
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, rows * strips),
        (258, 3, 1, 8),
        (259, 3, 1, 5),
        (262, 3, 1, 1),
        (273, 4, strips, at + packed),
        (278, 4, 1, rows),
        (279, 4, strips, at + packed + 4 * strips),
    ]
    raw = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return raw + bytes(packed) + struct.pack("<I", at) * strips + struct.pack("<I", packed) * strips


if __name__ == "__main__":
    good()
    kinds()
    bad()
    files = sorted(HERE.glob("*/*.tif"))
    print(f"{len(files)} files, {sum(f.stat().st_size for f in files)} bytes")
