"""A table of TIFF files of others: restored to the right pixels, or refused and in which words. No line may get worse.

The files are the test images in the source packages of Pillow, tifftools, the crates tiff and image, Go's x/image, and
those of tests/data. Run by `cargo xtask test`; to write the table anew:
`PARFOCAL_COMMAND=... python tests/readback/test_collection.py`.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile

import numpy as np
import pytest
import tifffile
from packages import fetched
from raw import ROOT, TINY

TABLE = pathlib.Path(__file__).with_name("collection.tsv")
PILLOW = (
    "pillow==12.0.0",
    "pillow-12.0.0.tar.gz",
    "87d4f8125c9988bfbed67af47dd7a953e2fc7b0cc1e7800ec6d2080d490bb353",
)
TIFFTOOLS = (
    "tifftools==1.7.0",
    "tifftools-1.7.0.tar.gz",
    "164226faf0c1264c390ccf93c38dbb50f6f5891c428479baf3291b39213563cc",
)
# Crates and a Go module whose packages carry test images; their own tools check what they fetch.
CRATES = {"tiff-0.2.2": "=0.2.2", "tiff-0.10.3": "=0.10.3", "tiff-0.11.3": "=0.11.3", "image-0.24.9": "=0.24.9"}
MODULE = "golang.org/x/image@v0.18.0"
SOURCES = ["data", "pillow", "tifftools", "crates", "go"]


def is_tiff(name):
    return re.search(r"\.tiff?$", name, re.IGNORECASE)


def unpacked(archive, folder, prefix=""):
    """The TIFF files of an archive; they get the name of their path below the tests."""
    folder.mkdir(exist_ok=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and is_tiff(member.name):
                name = prefix + re.split(r"[Tt]ests/", member.name, maxsplit=1)[-1].replace("/", "-")
                (folder / name).write_bytes(tar.extractfile(member).read())


def crates(folder):
    """Fetched by cargo, as dependencies of a package that is never built."""
    package = folder / "fetch"
    (package / "src").mkdir(parents=True)
    (package / "src/lib.rs").touch()
    lines = [
        f'{name.replace("-", "_").replace(".", "_")} = {{ package = "{name.split("-")[0]}", version = "{version}" }}'
        for name, version in CRATES.items()
    ]
    manifest = '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n'
    (package / "Cargo.toml").write_text(manifest + "\n".join(lines) + "\n")
    unreachable(subprocess.run(["cargo", "fetch", "-q"], cwd=package, capture_output=True, text=True), "crates")
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    for name in CRATES:
        archive = next((home / "registry/cache").glob(f"*/{name}.crate"))
        unpacked(archive, folder / "crates", f"{name}-")


def go(folder):
    if not shutil.which("go"):
        pytest.skip("there is no go, which fetches the files")
    # The sum that the module must have.
    (folder / "go.mod").write_text(f"module fetch\nrequire {MODULE.replace('@', ' ')}\n")
    (folder / "go.sum").write_text(f"{MODULE.replace('@', ' ')} h1:jGzIakQa/ZXI1I0Fxvaa9W7yP25TqT6cHIHn+6CqvSQ=\n")
    command = ["go", "mod", "download", "-json", MODULE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    unreachable(done, MODULE)
    (folder / "go").mkdir()
    with zipfile.ZipFile(json.loads(done.stdout)["Zip"]) as archive:
        for name in filter(is_tiff, archive.namelist()):
            (folder / "go" / name.split("/")[-1]).write_bytes(archive.read(name))


def unreachable(done, what):
    """Skips where a registry cannot be reached; fails in CI."""
    if done.returncode != 0:
        assert not os.environ.get("CI"), done.stderr
        pytest.skip(f"{what} cannot be fetched")


def collection(source):
    """The files of one source by name."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parfocal-collection-"))
    if source == "pillow":
        unpacked(fetched(*PILLOW, source=True), folder / "pillow")
    elif source == "tifftools":
        unpacked(fetched(*TIFFTOOLS, source=True), folder / "tifftools")
    elif source == "crates":
        crates(folder)
    elif source == "go":
        go(folder)
    else:
        # But for the set, which `test_judges.py` restores as one.
        for path in (p for p in (ROOT / "tests/data").rglob("*.tif*") if p.parent.name != "ome-set"):
            kind = folder / path.relative_to(ROOT / "tests/data").parts[0]
            kind.mkdir(exist_ok=True)
            (kind / "-".join(path.relative_to(ROOT / "tests/data").parts[1:])).write_bytes(path.read_bytes())
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if is_tiff(path.name)}


def source_of(name):
    kind = name.split("/")[0]
    return kind if kind in SOURCES else "data"


def restore(source, result):
    command = [os.environ["PARFOCAL_COMMAND"], "restore", source, "-o", result, "--model", TINY, "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    message = next((line for line in done.stderr.splitlines() if line.startswith("error: ")), "")
    return done.returncode, message.split(source.name + ": ", 1)[-1]


def pages(path):
    """Each page, or each plane behind the only directory, with pixels as rows of interleaved samples."""
    with tifffile.TiffFile(path) as file:
        found = [page for page in file.pages if not (page.subfiletype & 1)] or list(file.pages)
        # Not those of a file with images in SubIFDs, which are left out with a warning.
        behind = len(found) == 1 and file.series[0].size > found[0].size and file.series[0].kind != "generic"
        if behind:
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
            photometric=("miniswhite" if white_is_zero(page, path) else "minisblack")
            if grey or data.shape[-1] not in (3, 4) else "rgb",
            extrasamples=None if grey else list(page.extrasamples),
        )  # fmt: skip
        assert restore(plain, result)[0] == 0, plain
        results.append(tifffile.imread(result))
    return results


def spread(data, found):
    return data, found * (len(data) if len(found) == 1 else 1)


def white_is_zero(page, path):
    """Where the tag is missing tifffile says 0, but takes it for black as we do."""
    imagej = tifffile.TiffFile(path).is_imagej
    return 262 in page.tags and page.photometric == 0 and not imagej and page.dtype.kind != "f"


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


@pytest.mark.parametrize("source", SOURCES)
def test_no_line_of_the_table_gets_worse(source):
    table = [line.split("\t") for line in TABLE.read_text().splitlines()[1:]]
    known = [line for line in table if source_of(line[0]) == source]
    files = collection(source)
    assert set(files) == {name for name, *_ in known}, "write the table anew"
    worse = []
    for name, kind, words in known:
        found, now = verdict(files[name])
        if RANK[found] < RANK[kind] or (found == "refused" and kind == "refused" and now != words):
            worse.append(f"{name}: {kind} {words} -> {found} {now}")
    assert not worse, "\n".join(worse)


if __name__ == "__main__":
    lines = []
    for source in SOURCES:
        lines += ["\t".join([name, *verdict(path)]) for name, path in collection(source).items()]
    TABLE.write_text("\n".join(["file\tverdict\twords", *sorted(lines)]) + "\n")
