"""Fetches MMDevice, the headers and sources that a Micro-Manager device adapter is built with: fetch_mmdevice.py FOLDER

It lies in the source package of pymmcore on the Python package index, whose last number is the device interface. Only
MMDevice (BSD) is taken out of it, not MMCore (LGPL).
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

VERSION = "12.5.1.75.0"
SHA256 = "30e7dc47d76fd774fc4b34b27c77565d6d523d819575dbb4731b04035c123d76"
INSIDE = f"pymmcore-{VERSION}/subprojects/mmdevice/"

# pip asks a source package for its name and version, and to tell them it would install a compiler and build for
# minutes. This answers in the build's place.
ANSWER = f"""
import pathlib

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    information = pathlib.Path(folder) / "pymmcore-{VERSION}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\\nName: pymmcore\\nVersion: {VERSION}\\n")
    return information.name
"""


def download(folder: pathlib.Path) -> pathlib.Path:
    """The source package, as pip finds it."""
    backend = folder / "backend"
    backend.mkdir()
    (backend / "mesonpy.py").write_text(ANSWER)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
    ]
    command += ["--no-binary", "pymmcore", "--no-build-isolation", "--dest", str(folder), f"pymmcore=={VERSION}"]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(backend)})
    (archive,) = folder.glob("pymmcore-*.tar.gz")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(
            f"{archive.name}: its SHA-256 is {found}, expected {SHA256}: not the package that this was tested with"
        )
    return archive


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__.splitlines()[0])
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work, tarfile.open(download(pathlib.Path(work))) as archive:
        for member in archive.getmembers():
            name = member.name.removeprefix(INSIDE)
            if member.isfile() and name != member.name and "/" not in name:
                (target / name).write_bytes(archive.extractfile(member).read())


if __name__ == "__main__":
    main()
