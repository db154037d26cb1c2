"""Fetches what the adapter is built with and this repository does not have: fetch_mmdevice.py FOLDER

MMDevice, the headers and sources of Micro-Manager's device interface, goes into FOLDER, nlohmann/json into
FOLDER/nlohmann. Both come from the Python package index: MMDevice (BSD) lies in the source package of pymmcore, whose
last number is the device interface; MMCore (LGPL), beside it there, is not taken.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

MMDEVICE = "12.5.1.75.0"
MMDEVICE_SHA256 = "30e7dc47d76fd774fc4b34b27c77565d6d523d819575dbb4731b04035c123d76"
JSON = "3.12.0"
JSON_SHA256 = "5f6132720fb25d0d70bf0742f8397b49a540dcc193e7312a914f6aa49f054810"

# pip builds a source package to learn its name and version: here with a compiler that it would install first, for
# minutes. This build backend answers at once instead.
BACKEND = f"""
import pathlib

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    information = pathlib.Path(folder) / "pymmcore-{MMDEVICE}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\\nName: pymmcore\\nVersion: {MMDEVICE}\\n")
    return information.name
"""


def download(folder: pathlib.Path, package: str, sha256: str, *options: str) -> pathlib.Path:
    """The file that pip finds for a package, if it is the one that this was tested with."""
    folder.mkdir()
    (folder / "mesonpy.py").write_text(BACKEND)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", *options, "--dest", str(folder), package]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(folder)})
    (archive,) = (file for file in folder.iterdir() if file.name.endswith((".tar.gz", ".whl")))
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(
            f"{archive.name}: its SHA-256 is {found}, expected {sha256}: not the package that this was tested with"
        )
    return archive


def write(file: pathlib.Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def mmdevice(work: pathlib.Path, target: pathlib.Path) -> None:
    package = f"pymmcore=={MMDEVICE}"
    inside = f"pymmcore-{MMDEVICE}/subprojects/mmdevice/"
    options = ["--no-binary", "pymmcore", "--no-build-isolation"]
    with tarfile.open(download(work / "mmdevice", package, MMDEVICE_SHA256, *options)) as archive:
        for member in archive.getmembers():
            name = member.name.removeprefix(inside)
            if member.isfile() and name != member.name and "/" not in name:
                write(target / name, archive.extractfile(member).read())


def nlohmann(work: pathlib.Path, target: pathlib.Path) -> None:
    inside = "nlohmann_json/include/nlohmann/"
    licence = f"nlohmann_json-{JSON}.dist-info/licenses/LICENSE"
    with zipfile.ZipFile(
        download(work / "json", f"nlohmann-json=={JSON}", JSON_SHA256, "--only-binary", ":all:")
    ) as archive:
        for name in archive.namelist():
            if name.startswith(inside) and name.endswith(".hpp"):
                write(target / "nlohmann" / name.removeprefix(inside), archive.read(name))
        write(target / "nlohmann/LICENSE.MIT", archive.read(licence))


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__.splitlines()[0])
    target = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as work:
        mmdevice(pathlib.Path(work), target)
        nlohmann(pathlib.Path(work), target)


if __name__ == "__main__":
    main()
