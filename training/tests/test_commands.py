"""Every command has its help, documented commands have their options, and files that documents name exist."""

import re
from pathlib import Path

import pytest

from training import __main__ as package

ROOT = Path(__file__).parents[2]
PLACES = ("*.md", "docs/*.md", "models/*.md", "training/*.md", "training/*/*.py", "training/*/*.md")
FILES = sorted({p for place in PLACES for p in ROOT.glob(place) if "tests" not in p.parts})
# A line of its own, or between backticks.
COMMAND = re.compile(r"(?:^ *|`)python -m training ([a-zA-Z][^`\n]*)", re.MULTILINE)


def documented() -> dict[str, str]:
    """Each documented command, without the explanation behind it -> the file that has it."""
    found = {}
    for path in FILES:
        for words in COMMAND.findall(path.read_text(encoding="utf-8")):
            found.setdefault(words.split("  ")[0].strip(' ."'), path.name)
    return found


def help_of(words: list[str], capsys) -> str:
    with pytest.raises(SystemExit) as end:
        package.main([*words, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", package.COMMANDS)
def test_every_command_has_help(name, capsys):
    text = help_of([name], capsys)
    assert (
        text.startswith(f"usage: python -m training {name} ")
        and f"python -m training {name}" in text.split("options:")[0][20:]
    )


def test_documents_name_commands():
    found = documented()
    assert len(found) > 25
    assert {words.split()[0] for words in found} - {"COMMAND"} == set(package.COMMANDS)


@pytest.mark.parametrize("words", sorted(documented()))
def test_a_documented_command_has_its_options(words, capsys):
    parts = words.replace("[", " ").replace("]", " ").split()
    if parts[0] == "COMMAND":
        return
    options = {part for part in parts if part.startswith("--")}
    action = [part for part in parts[1:2] if part in ("train", "report", "simulate", "compare")]
    text = help_of([parts[0], *action], capsys)
    assert all(re.search(rf"{option}\b", text) for option in options), words


def test_files_that_are_named_exist():
    """Cards are left out: they also name files as they were when a model was trained."""
    named = {
        (path.name, name)
        for path in FILES
        if path.parent.name != "models"
        for name in re.findall(r"\btraining/[\w/]+\.py\b", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 30
    assert [(page, name) for page, name in sorted(named) if not (ROOT / name).is_file()] == []
