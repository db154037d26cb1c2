"""Released models on the REAL focal stacks, which are no part of the repository."""

import os
from pathlib import Path

import pytest

from training.data import real_stacks


def stacks_folder() -> Path:
    """The folder with eval/ in it.

    Where it is missing the test is skipped; with CI set it fails: a missing data set must not look like a passed test.
    """
    data = real_stacks.data_folder()
    if not (data / "eval").is_dir():
        reason = f"no data: {data / 'eval'} does not exist; set PARFOCAL_DATA"
        pytest.fail(reason) if os.environ.get("CI", "") not in ("", "false") else pytest.skip(reason)
    return data
