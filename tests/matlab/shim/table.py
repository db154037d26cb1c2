"""A C header as MATLAB's loadlibrary would read it, written as an Octave function: table.py HEADER OUTPUT_FOLDER.

Parsed by pycparser. The names of types are those of "Pass Arguments to Shared C Library Functions"; what becomes of a
type that MATLAB cannot read ('error', FcnPtr) was recorded on R2025b (README.md). The exact-width names of stdint.h are
taken by name, so that uint64_t is uint64 also where it is an unsigned long, which MATLAB's own parser calls ulong.
"""

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "abi"))

from header import declarations
from pycparser import c_ast, c_generator

EXACT = {f"{sign}int{bits}_t": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
PLAIN = {
    "char": "int8", "signed char": "int8", "unsigned char": "uint8",
    "short": "int16", "unsigned short": "uint16", "int": "int32", "unsigned int": "uint32",
    "long": "long", "unsigned long": "ulong", "long long": "int64", "unsigned long long": "uint64",
    "float": "single", "double": "double", "_Bool": "bool",
}  # fmt: skip
# A prototype file may declare text as its bytes: MATLAB's page on prototype files names changed signatures as a use of
# them.
TEXT = ["cstring", "int8Ptr", "uint8Ptr"]


def plain_name(names: list) -> str:
    """'unsigned long int' and its orders as one spelling."""
    words = [w for w in names if w not in ("int", "signed")]
    if "char" in words:
        return " ".join(["unsigned"] * ("unsigned" in words) + ["char"])
    known = [w for w in ("unsigned",) if w in words] + [w for w in words if w != "unsigned"]
    base = " ".join(known)
    return {"": "int", "unsigned": "unsigned int"}.get(base, base)


class Reader:
    def __init__(self, path: Path):
        self.nodes = declarations(path)
        self.typedefs = {n.name: n.type for n in self.nodes if isinstance(n, c_ast.Typedef)}
        self.structures, self.enums = {}, {}
        for name, node in self.typedefs.items():
            # One without a tag goes by its typedef.
            if isinstance(node, c_ast.TypeDecl) and isinstance(node.type, (c_ast.Struct, c_ast.Enum, c_ast.Union)):
                node.type.name = node.type.name or name
        for node in self.nodes:
            self.collect(node)

    def collect(self, node):
        for _, child in node.children():
            self.collect(child)
        # A structure with bit fields cannot be used; a pointer to it is then a voidPtr.
        if isinstance(node, c_ast.Struct) and node.decls and not any(member.bitsize for member in node.decls):
            self.structures[node.name] = [member.name for member in node.decls]
        if isinstance(node, c_ast.Enum) and node.values:
            value, members = -1, {}
            for item in node.values.enumerators:
                value = number(item.value) if item.value else value + 1
                members[item.name] = value
            self.enums[node.name] = members

    def matlab(self, node) -> str:
        """MATLAB's name of a type; '' is void."""
        if isinstance(node, (c_ast.PtrDecl, c_ast.ArrayDecl)):
            return self.pointer(node)
        if isinstance(node, c_ast.EllipsisParam):
            return "error"
        if isinstance(node, c_ast.Typename):
            return self.matlab(node.type)
        base = node.type
        if isinstance(base, (c_ast.Struct, c_ast.Enum)):
            return base.name if base.name in self.structures or base.name in self.enums else "error"
        if not isinstance(base, c_ast.IdentifierType):
            return "error"
        name = " ".join(base.names)
        if name in EXACT:
            return EXACT[name]
        if name in self.typedefs:
            return self.matlab(self.typedefs[name])
        return "" if name == "void" else PLAIN.get(plain_name(base.names), "error")

    def pointer(self, node) -> str:
        below = node.type
        while isinstance(below, c_ast.ArrayDecl):
            below = below.type
        if isinstance(below, c_ast.FuncDecl):
            return "FcnPtr"
        inner = self.matlab(below)
        if isinstance(below, c_ast.TypeDecl):
            text = isinstance(below.type, c_ast.IdentifierType) and below.type.names in (["char"], ["signed", "char"])
            if text and isinstance(node, c_ast.PtrDecl):
                return "cstring"
            return {"": "voidPtr", "error": "voidPtr"}.get(inner, inner + "Ptr")
        return {"cstring": "stringPtrPtr", "stringPtrPtr": "int8PtrPtrPtr"}.get(inner, inner + "Ptr")

    def functions(self):
        for node in self.nodes:
            if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl):
                given = node.type.args.params if node.type.args else []
                types = [
                    self.matlab(getattr(p, "type", p) if not isinstance(p, c_ast.EllipsisParam) else p) for p in given
                ]
                yield node, self.matlab(node.type.type), [t for t in types if t != ""]


def number(node) -> int:
    if isinstance(node, c_ast.UnaryOp) and node.op == "-":
        return -number(node.expr)
    if isinstance(node, c_ast.Constant) and node.type == "int":
        return int(node.value.rstrip("uUlL"), 0)
    raise ValueError("an enumerator that is no plain number")


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def cell(items: list) -> str:
    return "{" + ", ".join(quoted(i) for i in items) + "}"


def program(path: Path) -> str:
    reader = Reader(path)
    name = path.stem + "_h_table"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    out = [f"function table = {name}", f"% Made from {path.name} by tests/matlab/shim/table.py; not for editing."]
    out += [f"  table.header = {quoted(path.name)};", f"  table.sha256 = {quoted(digest)};"]
    out += ["  table.structures = struct();", "  table.enums = struct();"]
    out += [f"  table.structures.{s} = {cell(fields)};" for s, fields in reader.structures.items() if s]
    for enum, members in reader.enums.items():
        if enum:
            out.append(f"  table.enums.{enum} = struct({', '.join(f'{quoted(m)}, {v}' for m, v in members.items())});")
    out.append("  f = struct('name', {}, 'declaration', {}, 'lhs', {}, 'rhs', {});")
    for node, returns, parameters in reader.functions():
        declaration = " ".join(c_generator.CGenerator().visit(node).split())
        lhs = "{}" if returns == "" else cell([returns])
        rhs = "{" + ", ".join(cell(TEXT if p == "cstring" else [p]) for p in parameters) + "}"
        out.append(f"  f(end + 1) = struct('name', {quoted(node.name)}, 'declaration', {quoted(declaration)}, ...")
        out.append(f"                      'lhs', {{{lhs}}}, 'rhs', {{{rhs}}});")
    return "\n".join(out + ["  table.functions = f;", "end"]) + "\n"


def main() -> int:
    path, folder = Path(sys.argv[1]), Path(sys.argv[2])
    (folder / f"{path.stem}_h_table.m").write_text(program(path), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
