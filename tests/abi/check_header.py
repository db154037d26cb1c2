"""Checks the rules of include/parfocal.h, which let C, C++, MATLAB, Java, ctypes and Octave read it: check_header.py
HEADER.

Each run also tests the rules themselves, on headers that break them.
"""

import re
import sys
import tempfile
from pathlib import Path

from header import HANDLES, NAME, declarations, functions, spelled
from pycparser import c_ast

SCALARS = {
    "void",
    "char",
    "float",
    "double",
    "uint8_t",
    "uint16_t",
    "int32_t",
    "int64_t",
    "uint64_t",
    "parfocal_status",
}
ALLOWED = SCALARS | set(HANDLES)
# Numbers are never reused: this list only grows.
ENUMERATORS = {
    "PARFOCAL_STATUS_OK": 0,
    "PARFOCAL_STATUS_INVALID_ARGUMENT": 1,
    "PARFOCAL_STATUS_INVALID_HANDLE": 2,
    "PARFOCAL_STATUS_BAD_OPTION": 3,
    "PARFOCAL_STATUS_UNSUPPORTED": 4,
    "PARFOCAL_STATUS_NOT_FOUND": 5,
    "PARFOCAL_STATUS_IO": 6,
    "PARFOCAL_STATUS_FORMAT": 7,
    "PARFOCAL_STATUS_MODEL": 8,
    "PARFOCAL_STATUS_RUNTIME": 9,
    "PARFOCAL_STATUS_DEVICE": 10,
    "PARFOCAL_STATUS_OUT_OF_MEMORY": 11,
    "PARFOCAL_STATUS_CANCELLED": 12,
    "PARFOCAL_STATUS_WOULD_BLOCK": 13,
    "PARFOCAL_STATUS_TIMEOUT": 14,
    "PARFOCAL_STATUS_CLOSED": 15,
    "PARFOCAL_STATUS_EXISTS": 16,
    "PARFOCAL_STATUS_INTERNAL": 17,
    "PARFOCAL_PIXEL_U8": 1,
    "PARFOCAL_PIXEL_U16": 2,
    "PARFOCAL_PIXEL_F32": 3,
    "PARFOCAL_PACKING_MONO10P": 1,
    "PARFOCAL_PACKING_MONO12P": 2,
    "PARFOCAL_PACKING_MONO10_PACKED": 3,
    "PARFOCAL_PACKING_MONO12_PACKED": 4,
}


def directives(text: str) -> list:
    """Preprocessor lines other than the guard, stdint.h and the C++ linkage."""
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    lines = [re.sub(r"\s*//.*", "", line).strip() for line in code.splitlines()]
    expected = {"#ifndef PARFOCAL_H", "#define PARFOCAL_H", "#include <stdint.h>", "#ifdef __cplusplus", "#endif"}
    return [f"line '{line}'" for line in lines if line.startswith("#") and line not in expected]


def type_problem(node) -> str | None:
    try:
        text = spelled(node)
    except ValueError as error:
        return str(error)
    base = text.removeprefix("const ").removesuffix(" *")
    return None if base in ALLOWED else f"the type '{base}'"


def documentation(text: str, names: list) -> list:
    problems = []
    for name in names:
        found = re.search(r"/\*((?:(?!\*/).)*)\*/\s*[\w ]+\*?\s*" + name + r"\(", text, flags=re.S)
        comment = found.group(1) if found else ""
        # A function that differs only in its pixel type, or in the source of its bytes, refers to the other.
        referring = re.search(r"[Aa]s parfocal_\w+", comment)
        for word in ["Since "] + ([] if referring else ["Threads: "]):
            if word not in comment:
                problems.append(f"{name}: its comment does not say '{word.strip()}'")
    return problems


def problems(path: Path) -> list:
    text = path.read_text(encoding="utf-8")
    found = directives(text)
    try:
        nodes = declarations(path)
    except Exception as error:  # pycparser's own, or the preprocessor's
        return found + [f"does not parse: {error}"]
    enumerators = {}
    names = []
    for node in nodes:
        where = f"line {node.coord.line}"
        if isinstance(node, c_ast.Typedef):
            base = type_problem(node.type)
            if base:
                found.append(f"{where}: {base}")
        elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.Enum):
            for item in node.type.values.enumerators if node.type.values else []:
                enumerators[item.name] = int(item.value.value, 0) if item.value else None
        elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl):
            names.append(node.name)
            if not node.name.startswith("parfocal_"):
                found.append(f"{where}: the name '{node.name}'")
            if node.type.args is None:
                found.append(f"{where}: () instead of (void)")
            given = node.type.args.params if node.type.args else []
            for item in [node.type] + list(given):
                if isinstance(item, c_ast.EllipsisParam):
                    found.append(f"{where}: variable arguments")
                    continue
                base = type_problem(item.type)
                if base:
                    found.append(f"{where}: {node.name}: {base}")
        else:
            found.append(f"{where}: a {type(getattr(node, 'type', node)).__name__}")
    for name, value in ENUMERATORS.items():
        if name in enumerators and enumerators[name] != value:
            found.append(f"{name} is {enumerators[name]}, was {value}: numbers are never reused")
        if name not in enumerators:
            found.append(f"{name} is gone: nothing is taken away")
    for name in enumerators.keys() - ENUMERATORS.keys():
        found.append(f"{name} is new: add it to ENUMERATORS in tests/abi/check_header.py")
    if not names:
        found.append("no functions")
    return found + documentation(text, names)


def must_be_refused(text: str) -> list:
    """Tries headers that each break a rule. Returns those that pass."""
    end = text.rindex("#ifdef __cplusplus")
    comment = "/*\n Threads: any. Since 0.1.\n */\n"
    added = {
        "a struct": "struct parfocal_box { int32_t a; };",
        "a union": "union parfocal_box { int32_t a; float b; };",
        "a typedef of a struct": "typedef struct { int32_t a; } parfocal_box;",
        "a bit field": "struct parfocal_box { int32_t a : 3; };",
        "a pointer to a pointer": comment + "int32_t parfocal_x(char **a);",
        "a callback": comment + "int32_t parfocal_x(void (*f)(int32_t));",
        "a returned callback type": "typedef int32_t (*parfocal_f)(void);",
        "an array parameter": comment + "int32_t parfocal_x(int64_t a[4]);",
        "long": comment + "int32_t parfocal_x(long a);",
        "int": comment + "int32_t parfocal_x(int a);",
        "unsigned": comment + "int32_t parfocal_x(unsigned a);",
        "size_t": "#include <stddef.h>\n" + comment + "int32_t parfocal_x(size_t a);",
        "bool": "#include <stdbool.h>\n" + comment + "int32_t parfocal_x(bool a);",
        "_Bool": comment + "int32_t parfocal_x(_Bool a);",
        "an int8_t": comment + "int32_t parfocal_x(int8_t a);",
        "an enum as a type": comment + "int32_t parfocal_x(enum PARFOCAL_PIXEL a);",
        "variable arguments": comment + "int32_t parfocal_x(int32_t a, ...);",
        "a macro": "#define PARFOCAL_MOST 3",
        "a variable": "extern int32_t parfocal_x;",
        "another prefix": comment + "int32_t other_x(void);",
        "no documentation": "int32_t parfocal_x(void);",
        "no prototype": comment + "int32_t parfocal_x();",
        "a new number": "enum PARFOCAL_MORE { PARFOCAL_MORE_X = 1 };",
    }
    mutants = {name: text[:end] + code + "\n" + text[end:] for name, code in added.items()}
    mutants["a changed number"] = text.replace("PARFOCAL_STATUS_IO = 6", "PARFOCAL_STATUS_IO = 7")
    mutants["a number taken away"] = text.replace("PARFOCAL_STATUS_IO = 6,", "")
    # A header that breaks no rule must pass.
    sound = text[:end] + comment + "int32_t parfocal_x(const int64_t *a, parfocal_task b);\n" + text[end:]
    passed = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_text(sound, encoding="utf-8")
        if problems(path):
            passed.append("the rules refuse a sound function")
        for name, mutant in mutants.items():
            path.write_text(mutant, encoding="utf-8")
            if not problems(path):
                passed.append(f"the rules let through a header with {name}")
    return passed


def main() -> int:
    path = Path(sys.argv[1])
    found = problems(path) + must_be_refused(path.read_text(encoding="utf-8"))
    for problem in found:
        print(f"{path.name}: {problem}", file=sys.stderr)
    print(f"{path.name}: {len(functions(path))} functions, {len(ENUMERATORS)} enumerators, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
