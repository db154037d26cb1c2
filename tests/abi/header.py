"""Parses include/parfocal.h as other languages do, with pycparser: its functions and their parameters."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pycparser import c_ast, c_parser

NAME = "parfocal.h"
HANDLES = ("parfocal_model", "parfocal_stream", "parfocal_task")


@dataclass(frozen=True)
class Parameter:
    type: str  # as C spells it, "const uint16_t *" for example
    name: str


@dataclass(frozen=True)
class Function:
    name: str
    returns: str
    parameters: tuple


def declarations(path: Path):
    """The declarations of the header itself, without those of stdint.h."""
    compiler = os.environ.get("CC", "cc")
    text = subprocess.run([compiler, "-E", "-std=c99", str(path)], capture_output=True, text=True, check=True).stdout
    tree = c_parser.CParser().parse(text, str(path))
    return [node for node in tree.ext if node.coord and Path(node.coord.file).name == path.name]


def spelled(node) -> str:
    """A type as C spells it. Raises ValueError for types that the header must not have."""
    if isinstance(node, c_ast.PtrDecl):
        if not isinstance(node.type, c_ast.TypeDecl):
            raise ValueError("a pointer to a pointer, an array or a function")
        return spelled(node.type) + " *"
    if isinstance(node, c_ast.TypeDecl):
        if not isinstance(node.type, c_ast.IdentifierType):
            raise ValueError(f"a {type(node.type).__name__.lower()} as a type")
        return " ".join([q for q in node.quals if q == "const"] + node.type.names)
    raise ValueError(f"a {type(node).__name__}")


def functions(path: Path) -> list:
    found = []
    for node in declarations(path):
        if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl):
            given = node.type.args.params if node.type.args else []
            parameters = tuple(
                Parameter(spelled(p.type), p.name) for p in given if not (p.name is None and spelled(p.type) == "void")
            )
            found.append(Function(node.name, spelled(node.type.type), parameters))
    return found
