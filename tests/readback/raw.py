"""Writes TIFF files byte by byte, for what tifffile would not write, and runs the command on files.

Little-endian, one strip; a tag may come twice, values are given as bytes or whole numbers.
"""

import os
import pathlib
import struct
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
TINY = ROOT / "tests/models/tiny.onnx"
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 12: 8}
CODES = {1: "B", 3: "H", 4: "I"}


def picture(dtype="uint16", size=(40, 48), seed=0):
    """A smooth picture with spots, as an array of this type."""
    y, x = np.mgrid[: size[0], : size[1]]
    waves = 2 + np.sin((x + seed) / 3) + np.cos(y / 4 + seed) * np.sin((x * y) % 17)
    scaled = (waves - waves.min()) / np.ptp(waves)
    if np.dtype(dtype).kind == "f":
        return scaled.astype(dtype)
    limits = np.iinfo(dtype)
    return (scaled * (limits.max // 8)).astype(dtype)


def write(path, pages, entries=(), blocks=None, drop=(), next_page=0, header=b""):
    """`pages`: arrays. `entries`: (tag, type, value) added to the first page; a value may also be a function of the
    places of the `blocks`, which are bytes or functions of their own place. `drop`: tags left out."""
    body = bytearray(b"II*\0\0\0\0\0" + header)
    places = {}
    for name, block in (blocks or {}).items():
        body += b"\0" * (len(body) % 2)
        places[name] = len(body)
        body += block(places[name]) if callable(block) else block
    link = 4
    for index, data in enumerate(pages):
        body += b"\0" * (len(body) % 2)
        at = len(body)
        body += np.ascontiguousarray(data).tobytes()
        kind = {"u": 1, "i": 2, "f": 3}[data.dtype.kind]
        tags = [
            (256, 4, data.shape[1]), (257, 4, data.shape[0]), (258, 3, data.dtype.itemsize * 8), (259, 3, 1),
            (262, 3, 1), (273, 4, at), (277, 3, 1), (278, 4, data.shape[0]), (279, 4, data.nbytes), (339, 3, kind),
        ]  # fmt: skip
        added = entries if index == 0 else ()
        replaced = {entry[0] for entry in added} | set(drop)
        tags = [entry for entry in tags if entry[0] not in replaced] + list(added)
        tags.sort(key=lambda entry: entry[0])
        fields = b""
        for tag, kind, value in tags:
            value = value(places) if callable(value) else value
            values = value if isinstance(value, bytes) else struct.pack("<" + CODES[kind], value)
            count = len(values) // SIZES[kind]
            if len(values) > 4:
                body += b"\0" * (len(body) % 2)
                values, at = struct.pack("<I", len(body)), values
                body += at
            fields += struct.pack("<HHI", tag, kind, count) + values.ljust(4, b"\0")
        body += b"\0" * (len(body) % 2)
        body[link : link + 4] = struct.pack("<I", len(body))
        body += struct.pack("<H", len(tags)) + fields
        link = len(body)
        body += struct.pack("<I", next_page if index + 1 == len(pages) else 0)
    path.write_bytes(body)
    return path


def run(*args, code=0, **more):
    """Runs the command; returns what it wrote to stderr and stdout."""
    done = subprocess.run([os.environ["PARFOCAL_COMMAND"], *args], capture_output=True, text=True, **more)
    assert done.returncode == code, done.stderr + done.stdout
    return done


def restore(inputs, out, *more, **kind):
    """Restores files; returns stderr."""
    inputs = inputs if isinstance(inputs, list) else [inputs]
    return run("restore", *inputs, "-o", out, "--model", TINY, "--threads", "1", *more, **kind).stderr
