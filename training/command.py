"""What the sub-commands share: their argument parsers, the options that many have, and errors in one line."""

import argparse
import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def parser_of(name: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of `python -m training NAME`; `description`: the module's docstring, shown as it is written."""
    return argparse.ArgumentParser(
        prog=f"python -m training {name}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_data(parser: argparse.ArgumentParser, holds: str = "eval/") -> None:
    parser.add_argument("--data", type=Path, help=f"folder with {holds} (default: $PARFOCAL_DATA, else ../shared/data)")


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, default=0, help="for the network; 0 = all cores")


@contextmanager
def one_line_errors(name: str, out: Path | None = None, saved: bool = False) -> Iterator[None]:
    """Ends the process with `NAME: MESSAGE` on a ValueError or OSError.

    `out`: the folder that the command writes to; without it an OSError passes through. `saved`: as in `words_of`.
    """
    try:
        yield
    except ValueError as error:
        sys.exit(f"{name}: {error}")
    except OSError as error:
        if out is None:
            raise
        sys.exit(f"{name}: {words_of(error, out, saved)}")


def words_of(error: OSError, out: Path, saved: bool = False) -> str:
    """What failed while a file in the folder `out` was read or written, and what to do about it where that is known.

    `saved`: running the same command again goes on with what is there; a folder with last.pt needs --resume for that.
    """
    words = f"{error.filename or out}: {error.strerror or error}"
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    resume = (Path(out) / "last.pt").exists()
    if resume or saved:
        again = "run the same command " + ("with --resume" if resume else "again")
        return f"{words}; what was saved before is whole: {'make room and ' if full else ''}{again}"
    return words + ("; make room" if full else "")
