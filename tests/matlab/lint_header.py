"""The header as strictly as MATLAB's loadlibrary could take it: lint_header.py HEADER.

MATLAB is not at hand, so each rule refuses what its documentation rules out or leaves open, and what recordings of its
parser showed to go wrong (tests/matlab/shim/README.md has the sources). tests/abi/check_header.py has the rules of all
languages; these are MATLAB's. The rules are tried on headers that break them, each time, and there must be no second
header for MATLAB beside the one.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "shim"))

from pycparser import c_ast  # noqa: E402
from table import EXACT, Reader, number  # noqa: E402

ROOT = HERE.parents[1]
GUARD = {"#ifndef PARFOCAL_H", "#define PARFOCAL_H"}
# What the compiler that MATLAB calls may define: the header must read the same with and without.
DEFINED = ("MATLAB_MEX_FILE", "BUILDING_THUNKFILE", "_MSC_VER=1930", "__MINGW32__", "_WIN32")
KEYWORDS = {
    "break", "case", "catch", "classdef", "continue", "else", "elseif", "end", "for", "function", "global", "if",
    "otherwise", "parfor", "persistent", "return", "spmd", "switch", "try", "while",
}  # fmt: skip
LONGEST_NAME = 63  # namelengthmax
BY_VALUE = {"int32", "uint32", "int64", "uint64"}
POINTED_TO = {"uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "single", "double"}


def directives(text: str) -> list:
    code = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    found = []
    for line in (re.sub(r"\s*//.*", "", raw).strip() for raw in code.splitlines()):
        if not line.startswith("#") or line in GUARD | {"#endif", "#ifdef __cplusplus"}:
            continue
        if line.startswith("#include"):
            if line != "#include <stdint.h>":
                found.append(f"'{line}': a second header needs addheader in MATLAB")
        elif line.startswith("#define"):
            found.append(f"'{line}': MATLAB does not see macros; an enumerator it does")
        else:
            found.append(f"'{line}': the header must read the same for MATLAB's compiler as for the library's")
    return found


def preprocessed(path: Path, *defines: str) -> str:
    options = [f"-D{d}" for d in defines]
    # stdint.h itself is left out: only what the header says may depend on what is defined.
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "stdint.h").write_text("")
        command = ["cc", "-E", "-P", "-std=c99", "-nostdinc", f"-I{folder}", *options, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def same_for_all(path: Path) -> list:
    plain = preprocessed(path)
    return [f"reads differently where {d} is defined" for d in DEFINED if preprocessed(path, d) != plain]


def name_problems(kind: str, name: str) -> list:
    if not re.fullmatch(r"[A-Za-z]\w*", name, flags=re.A) or name in KEYWORDS:
        return [f"{kind} '{name}': no name in MATLAB"]
    return [f"{kind} '{name}': {len(name)} characters, MATLAB has {LONGEST_NAME}"] if len(name) > LONGEST_NAME else []


def spelled_exactly(reader: Reader, node) -> bool:
    """Whether a type is written with exact names only: through this header's typedefs to stdint.h's, float, double,
    char or void.
    """
    while isinstance(node, (c_ast.PtrDecl, c_ast.ArrayDecl)):
        node = node.type
    if not isinstance(node, c_ast.TypeDecl) or not isinstance(node.type, c_ast.IdentifierType):
        return True  # another rule's
    name = " ".join(node.type.names)
    if name in reader.typedefs:
        return spelled_exactly(reader, reader.typedefs[name])
    return name in EXACT or name in ("float", "double", "char", "void")


def parameter_problem(reader: Reader, node) -> str | None:
    if isinstance(node, c_ast.EllipsisParam):
        return "variable arguments: loadlibrary cannot call them"
    kind = node.type
    if isinstance(kind, c_ast.ArrayDecl):
        return "an array: MATLAB forgets its size, and makes int8Ptr of char[]: write a pointer"
    name = reader.matlab(kind)
    if name == "FcnPtr":
        return "a function pointer: loadlibrary has no callbacks"
    if name.endswith("PtrPtr"):
        return "a pointer to a pointer: support is limited"
    if name.removesuffix("Ptr") in reader.structures or name.removesuffix("Ptr") in reader.enums:
        return f"'{name}': structures and enumerations do not go through as plain values"
    if not spelled_exactly(reader, kind):
        return "a type whose width is the compiler's: use those of stdint.h"
    if name == "error":
        return "a type that MATLAB cannot read"
    if name == "cstring":
        signed = kind.type.type.names != ["char"]
        return "int8_t *: MATLAB takes it for text" if signed else None
    if name == "voidPtr":
        bare = isinstance(kind.type.type, c_ast.IdentifierType) and kind.type.type.names == ["void"]
        return None if bare else "a pointer to what MATLAB does not know"
    if name.endswith("Ptr"):
        if name == "int8Ptr":
            return "int8_t *: MATLAB takes it for text"
        return None if name[:-3] in POINTED_TO else f"a pointer to '{name[:-3]}'"
    if name in ("single", "double"):
        return "floating point by value: lost on the way where there is no thunk file: pass a pointer"
    return None if name in BY_VALUE else f"'{name}' by value: use int32_t"


def return_problem(reader: Reader, node) -> str | None:
    name = reader.matlab(node)
    if name in ("", "int32"):
        return None if spelled_exactly(reader, node) else "returns a type whose width is the compiler's: use int32_t"
    if name == "cstring":
        return (
            None if "const" in node.type.quals else "returns text that is not const: MATLAB copies it and frees nothing"
        )
    if name in ("int64", "uint64", "long", "ulong"):
        return "returns 64 bits by value: MATLAB makes a double of them: use an out-pointer"
    if name.endswith("Ptr"):
        return "returns a pointer: MATLAB does not know the size behind it"
    if name in reader.structures:
        return "returns a structure: not supported by value"
    return f"returns '{name or 'a type that MATLAB cannot read'}': use int32_t"


def enum_problems(node) -> list:
    found = [] if node.name else ["an enumeration without a name"]
    found += name_problems("the enumeration", node.name) if node.name else []
    for item in node.values.enumerators if node.values else []:
        found += name_problems("the enumerator", item.name)
        try:
            value = number(item.value) if item.value else None
        except ValueError:
            found.append(f"{item.name}: its value must be a plain number")
            continue
        if value is None:
            found.append(f"{item.name}: its value must be written")
        elif not -(2**31) <= value < 2**31:
            found.append(f"{item.name}: {value} does not fit an int")
    return found


def node_problems(reader: Reader, node, functions: dict) -> list:
    if isinstance(node, c_ast.Typedef):
        if not isinstance(node.type, c_ast.TypeDecl) or not isinstance(node.type.type, c_ast.IdentifierType):
            return ["a typedef of something else than a number"]
        return [] if spelled_exactly(reader, node.type) else ["a typedef of a type whose width is the compiler's"]
    if isinstance(node, c_ast.FuncDef):
        return ["a function with a body: it is not in the library"]
    if not isinstance(node, c_ast.Decl):
        return [f"a {type(node).__name__}"]
    if isinstance(node.type, c_ast.Enum):
        return enum_problems(node.type)
    if not isinstance(node.type, c_ast.FuncDecl):
        return [f"a {type(node.type).__name__}: neither a function, an enumeration nor a number's typedef"]
    found = name_problems("the function", node.name)
    if node.name.lower() in functions:
        found.append(f"{node.name}: declared twice, or different in case only")
    functions[node.name.lower()] = node.name
    if node.storage or node.funcspec:
        found.append(f"{node.name}: '{' '.join(node.storage + node.funcspec)}' before it")
    if node.type.args is None:
        return found + [f"{node.name}: () says nothing about its arguments: write (void)"]
    back = return_problem(reader, node.type.type)
    found += [f"{node.name}: {back}"] if back else []
    for index, parameter in enumerate(node.type.args.params):
        if isinstance(parameter, c_ast.Typename) and reader.matlab(parameter.type) == "":
            continue
        problem = parameter_problem(reader, parameter)
        if problem:
            found.append(f"{node.name}, argument {index + 1}: {problem}")
    return found


def problems(path: Path) -> list:
    data = path.read_bytes()
    found = (
        []
        if data.isascii()
        else ["a character that is not ASCII: MATLAB's compiler reads it in the system's code page"]
    )
    text = data.decode("utf-8")
    found += directives(text)
    try:
        found += same_for_all(path)
        strict = ["-std=c99", "-pedantic-errors", "-Wall", "-Werror", "-fsyntax-only", "-x", "c"]
        subprocess.run(["cc", *strict, path], check=True, capture_output=True)
        reader = Reader(path)
    except Exception as error:  # the compiler's, pycparser's, or a number that is none
        told = getattr(error, "stderr", None) or str(error)
        return found + [f"does not parse: {told if isinstance(told, str) else told.decode(errors='replace')}"]
    functions = {}
    for node in reader.nodes:
        found += [f"line {node.coord.line}: {problem}" for problem in node_problems(reader, node, functions)]
    return found if functions else [*found, "no functions"]


def other_headers(root: Path) -> list:
    """MATLAB reads include/parfocal.h itself, so that nothing can drift apart."""
    found = [p for p in (root / "include").iterdir() if p.name not in ("parfocal.h", "parfocal.hpp")]
    matlab = root / "bindings/matlab"
    found += [p for ending in ("*.h", "*.hh", "*.hpp") for p in matlab.rglob(ending)] if matlab.is_dir() else []
    return [f"{p.relative_to(root)}: a header of MATLAB's own" for p in found]


def main() -> int:
    from lint_mutants import let_through

    path = Path(sys.argv[1])
    found = problems(path) + other_headers(ROOT) + let_through(path, problems, other_headers)
    for problem in found:
        print(f"{path.name}: {problem}", file=sys.stderr)
    count = sum(1 for _ in Reader(path).functions()) if not found else 0
    print(f"{path.name} for MATLAB: {count} functions, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
