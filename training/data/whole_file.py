"""Files that are written whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, content) -> None:
    """Writes bytes to `path`. A full disk or a kill leaves the previous file. Raises OSError with the file's name.

    Python itself does the writing: PyTorch would report a full disk as an internal error without its number.
    """
    temporary = path.with_suffix(".tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)  # on a full disk it would keep the next file from being written
        if isinstance(error, OSError) and not error.filename:
            error.filename = str(path)
        raise
