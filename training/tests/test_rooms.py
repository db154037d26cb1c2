"""Rooms import only themselves and the rooms above them in the table of training/README.md; nothing grows too long."""

import ast
import re
from pathlib import Path

import pytest

TRAINING = Path(__file__).parents[1]
SHARED = ("config", "command")  # files below all rooms
ENTRIES = ("__init__", "__main__")  # what starts a command may import any room


def order(readme: str) -> list[str]:
    """The rooms of the table, from the first to the last."""
    table = readme.split("## Rooms")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def imports(source: str) -> list[tuple[int, str]]:
    """(line, module) of every import of the package, also inside functions; relative ones as they are written."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            # `from training import x` and `from . import x` name the module last.
            whole = module in ("training", ".", "..")
            found += (
                [(node.lineno, f"{module}.{alias.name}") for alias in node.names] if whole else [(node.lineno, module)]
            )
    return [(line, module) for line, module in found if module.startswith((".", "training.")) or module == "training"]


def violations(folder: Path, rooms: list[str]) -> list[str]:
    """A line for each import that goes to a later room, and for each file that lies in no room."""
    wrong = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if parts[0] in ("tests", "acceptance") or parts[0] in ENTRIES:
            continue
        if parts[0] not in (*rooms, *SHARED):
            wrong.append(f"{'/'.join(parts)}.py: lies in no room of the table")
            continue
        allowed = rooms[: rooms.index(parts[0]) + 1] if parts[0] in rooms else []
        for line, module in imports(path.read_text(encoding="utf-8")):
            room = module.split(".")[1] if module.startswith("training.") else module
            if room not in (*allowed, *SHARED):
                wrong.append(f"{'/'.join(parts)}.py:{line}: imports {module}")
    return wrong


ROOMS = order((TRAINING / "README.md").read_text(encoding="utf-8"))


def test_the_table_has_every_room():
    folders = {p.parent.name for p in TRAINING.glob("*/__init__.py")} - {"tests", "acceptance"}
    assert set(ROOMS) == folders and len(ROOMS) == len(folders) >= 8


def test_the_table_has_every_file():
    text = (TRAINING / "README.md").read_text(encoding="utf-8")
    rows = {room: next(line for line in text.splitlines() if line.startswith(f"| `{room}` |")) for room in ROOMS}
    for room, row in rows.items():
        listed = set(re.findall(r"`(\w+\.py)`", row))
        assert listed == {p.name for p in (TRAINING / room).glob("*.py")} - {"__init__.py"}, room


def test_imports_go_one_way():
    assert violations(TRAINING, ROOMS) == []


@pytest.mark.parametrize(
    "words, module",
    [
        ("from training.fit.train import train", "training.fit.train"),
        ("import training.fit.train", "training.fit.train"),
        ("from training import fit", "training.fit"),
        ("def late():\n    from training.evaluate import restore", "training.evaluate"),
        ("from ..fit import train", "..fit"),
        ("from . import simulate", "..simulate"),
    ],
)
def test_a_planted_import_is_found(tmp_path, words, module):
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "file.py").write_text(
            "from training.config import Config\nfrom training.data import images\nimport numpy"
        )
    assert violations(tmp_path, ROOMS) == []
    (tmp_path / "optics" / "file.py").write_text(words)
    (told,) = violations(tmp_path, ROOMS)
    assert told == f"optics/file.py:{words.count(chr(10)) + 1}: imports {module}"


def test_a_file_in_no_room_and_a_shared_file_that_imports_one_are_found(tmp_path):
    (tmp_path / "config.py").write_text("from training.data import images")
    (tmp_path / "attic.py").write_text("")
    assert violations(tmp_path, ROOMS) == [
        "attic.py: lies in no room of the table",
        "config.py:1: imports training.data",
    ]


LONGEST_FUNCTION, LONGEST_FILE = 80, 400  # lines


def too_long(folder: Path) -> list[str]:
    """A line for each function and file that is longer than it may be."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        name, lines = path.relative_to(folder).as_posix(), len(source.splitlines())
        if lines > LONGEST_FILE:
            found.append(f"{name}: {lines} lines")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= LONGEST_FUNCTION:
                found.append(f"{name}: {node.name} has {node.end_lineno - node.lineno + 1} lines")
    return found


def test_functions_and_files_are_short(tmp_path):
    assert too_long(TRAINING) == []
    (tmp_path / "long.py").write_text("def short():\n    pass\n" + "\n" * 395 + "def f():\n" + "    x = 1\n" * 80)
    assert too_long(tmp_path) == ["long.py: 478 lines", "long.py: f has 81 lines"]
