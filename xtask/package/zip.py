"""Packs folders into a zip or jar whose bytes depend on the files only: zip.py OUT.zip FOLDER..."""

import sys
import zipfile
from pathlib import Path

TIME = (2000, 1, 1, 0, 0, 0)


def entries(folder: Path) -> list[tuple[str, Path]]:
    found = [(path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()]
    # A jar's manifest comes first: some readers look for it nowhere else.
    return sorted(found, key=lambda entry: (entry[0] != "META-INF/MANIFEST.MF", entry[0]))


def main(out: str, *folders: str) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for folder in folders:
            for name, path in entries(Path(folder)):
                info = zipfile.ZipInfo(name, TIME)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3  # Unix, whatever packs it: permissions count.
                info.external_attr = (0o100755 if path.stat().st_mode & 0o100 else 0o100644) << 16
                archive.writestr(info, path.read_bytes(), compresslevel=9)


if __name__ == "__main__":
    main(*sys.argv[1:])
