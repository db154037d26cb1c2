"""Prints the length in lines of every Python function: `file:line: name length`. Decorators count."""

import ast
import pathlib
import sys


def functions(text):
    """Line, name and length of the functions, also of those inside others."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.lineno, node.name, node.end_lineno - first + 1


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for line, function, length in functions(pathlib.Path(name).read_text(encoding="utf-8")):
            print(f"{name}:{line}: {function} {length}")
