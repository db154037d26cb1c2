"""Headers that break one rule of lint_header.py each, with a piece of what the rule must say."""

import tempfile
from pathlib import Path

ADDED = {
    "a second header": ("#include <stddef.h>", "needs addheader"),
    "a header in quotes": ('#include "stdint.h"', "needs addheader"),
    "a macro": ("#define PARFOCAL_MOST 3", "does not see macros"),
    "a pragma": ("#pragma pack(push, 1)", "must read the same"),
    "a branch for MATLAB": (
        "#ifdef MATLAB_MEX_FILE\ntypedef int32_t parfocal_x;\n#endif",
        "MATLAB_MEX_FILE is defined",
    ),
    "a branch for thunks": (
        "#ifndef BUILDING_THUNKFILE\nint32_t parfocal_x(void);\n#endif",
        "BUILDING_THUNKFILE is defined",
    ),
    "a branch for Windows": ("#ifdef _WIN32\nint32_t parfocal_x(void);\n#endif", "_WIN32 is defined"),
    "linkage outside of C++": ('extern "C" int32_t parfocal_x(void);', "does not parse"),
    "an attribute": ("__attribute__((deprecated)) int32_t parfocal_x(void);", "does not parse"),
    "a letter beyond ASCII": ("/* \u00b5m */", "not ASCII"),
    "a struct": ("struct parfocal_box { int32_t a; };", "a Struct"),
    "a typedef of a struct": ("typedef struct { int32_t a; } parfocal_box;", "a typedef of something else"),
    "an opaque struct": ("typedef struct parfocal_box parfocal_box;", "a typedef of something else"),
    "a union": ("union parfocal_box { int32_t a; float b; };", "a Union"),
    "a bit field": ("struct parfocal_box { int32_t a : 3; };", "a Struct"),
    "a struct by value": (
        "struct parfocal_box { int32_t a; };\nint32_t parfocal_x(struct parfocal_box a);",
        "do not go through",
    ),
    "a struct by pointer": (
        "struct parfocal_box { int32_t a; };\nint32_t parfocal_x(struct parfocal_box *a);",
        "do not go through",
    ),
    "a pointer to an unknown struct": (
        "struct parfocal_box;\nint32_t parfocal_x(struct parfocal_box *a);",
        "does not know",
    ),
    "a struct by return": (
        "struct parfocal_box { int32_t a; };\nstruct parfocal_box parfocal_x(void);",
        "returns a structure",
    ),
    "a union by value": ("union parfocal_u { int32_t a; };\nint32_t parfocal_x(union parfocal_u a);", "cannot read"),
    "a typedef of a pointer": ("typedef int32_t *parfocal_p;", "a typedef of something else"),
    "a typedef of a callback": ("typedef int32_t (*parfocal_f)(void);", "a typedef of something else"),
    "a typedef of long": ("typedef long parfocal_n;", "width is the compiler's"),
    "a callback": ("int32_t parfocal_x(void (*f)(int32_t));", "function pointer"),
    "text to text": ("int32_t parfocal_x(char **a);", "pointer to a pointer"),
    "a pointer to a pointer": ("int32_t parfocal_x(double **a);", "pointer to a pointer"),
    "void **": ("int32_t parfocal_x(void **a);", "pointer to a pointer"),
    "three levels": ("int32_t parfocal_x(double ***a);", "pointer to a pointer"),
    "an array": ("int32_t parfocal_x(int64_t a[4]);", "forgets its size"),
    "a matrix": ("int32_t parfocal_x(int32_t a[2][3]);", "forgets its size"),
    "char[]": ("int32_t parfocal_x(char a[16]);", "forgets its size"),
    "variable arguments": ("int32_t parfocal_x(int32_t a, ...);", "variable arguments"),
    "long": ("int32_t parfocal_x(long a);", "width is the compiler's"),
    "unsigned long *": ("int32_t parfocal_x(unsigned long *a);", "width is the compiler's"),
    "int": ("int32_t parfocal_x(int a);", "width is the compiler's"),
    "long long": ("int32_t parfocal_x(long long a);", "width is the compiler's"),
    "intptr_t": ("int32_t parfocal_x(intptr_t a);", "width is the compiler's"),
    "int_fast32_t": ("int32_t parfocal_x(int_fast32_t *a);", "width is the compiler's"),
    "unsigned char *": ("int32_t parfocal_x(unsigned char *a);", "width is the compiler's"),
    "_Bool": ("int32_t parfocal_x(_Bool a);", "width is the compiler's"),
    "long double": ("int32_t parfocal_x(long double a);", "width is the compiler's"),
    "_Complex": ("int32_t parfocal_x(double _Complex a);", "width is the compiler's"),
    "int8_t *": ("int32_t parfocal_x(int8_t *a);", "takes it for text"),
    "char by value": ("int32_t parfocal_x(char a);", "'int8' by value"),
    "uint8_t by value": ("int32_t parfocal_x(uint8_t a);", "'uint8' by value"),
    "double by value": ("int32_t parfocal_x(double a);", "floating point by value"),
    "float by value": ("int32_t parfocal_x(float a);", "floating point by value"),
    "an enum as a type": ("int32_t parfocal_x(enum PARFOCAL_PIXEL a);", "do not go through"),
    "an enum by pointer": ("int32_t parfocal_x(enum PARFOCAL_PIXEL *a);", "do not go through"),
    "64 bits by return": ("uint64_t parfocal_x(void);", "returns 64 bits"),
    "a handle by return": ("parfocal_model parfocal_x(void);", "returns 64 bits"),
    "long by return": ("long parfocal_x(void);", "returns 64 bits"),
    "int by return": ("int parfocal_x(void);", "returns a type whose width"),
    "double by return": ("double parfocal_x(void);", "returns 'double'"),
    "an enum by return": ("enum PARFOCAL_PIXEL parfocal_x(void);", "returns 'PARFOCAL_PIXEL'"),
    "a pointer by return": ("const uint8_t *parfocal_x(void);", "returns a pointer"),
    "text that is not const": ("char *parfocal_x(void);", "not const"),
    "no prototype": ("int32_t parfocal_x();", "()"),
    "a body": (
        "static int32_t parfocal_x(void);\nstatic int32_t parfocal_x(void) { return parfocal_x(); }",
        "a function with a body",
    ),
    "extern before a function": ("extern int32_t parfocal_x(void);", "'extern' before it"),
    "a variable": ("extern int32_t parfocal_x;", "neither a function"),
    "a name too long": (f"int32_t parfocal_{'x' * 55}(void);", "64 characters"),
    "a name with an underscore first": ("int32_t _parfocal_x(void);", "no name in MATLAB"),
    "a keyword of MATLAB": ("int32_t parfor(void);", "no name in MATLAB"),
    "a function twice": ("int32_t parfocal_abi_version(void);", "declared twice"),
    "a function in other case": ("int32_t Parfocal_Abi_Version(void);", "different in case"),
    "an enumeration without a name": ("enum { PARFOCAL_X = 1 };", "without a name"),
    "an enumerator of a letter": ("enum PARFOCAL_E { PARFOCAL_X = 'a' };", "plain number"),
    "an enumerator of a sum": ("enum PARFOCAL_E { PARFOCAL_X = 1 << 3 };", "plain number"),
    "an enumerator without a value": ("enum PARFOCAL_E { PARFOCAL_X };", "must be written"),
    "an enumerator with an underscore first": ("enum PARFOCAL_E { _X = 1 };", "no name in MATLAB"),
}
# They break no rule, so that a refusal means something.
SOUND = """int32_t parfocal_x(uint64_t a, int32_t b, const uint8_t *c, uint16_t *d, const float *e, double *f,
    const char *g, char *h, void *i, int64_t *j, parfocal_task k, parfocal_model *l);
const char *parfocal_y(void);
void parfocal_z(int64_t a);
enum PARFOCAL_E { PARFOCAL_F = -1, PARFOCAL_G = 0x10 };
"""


def let_through(header: Path, problems, other_headers) -> list:
    """What the rules accept and should not, refuse and should not, or refuse for another reason."""
    text = header.read_text(encoding="utf-8")
    end = text.rindex("#ifdef __cplusplus")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / header.name
        path.write_text(text[:end] + SOUND + text[end:], encoding="utf-8")
        found += [f"the rules refuse what is sound: {p}" for p in problems(path)]
        for name, (code, piece) in ADDED.items():
            path.write_text(text[:end] + code + "\n" + text[end:], encoding="utf-8")
            told = problems(path)
            if not any(piece in problem for problem in told):
                found.append(f"a header with {name} is not refused with '{piece}', but with {told}")
        path.write_text("#include <stdint.h>\n", encoding="utf-8")
        if "no functions" not in problems(path):
            found.append("a header without functions is let through")
        include, matlab = Path(folder) / "root/include", Path(folder) / "root/bindings/matlab"
        include.mkdir(parents=True)
        matlab.mkdir(parents=True)
        (include / "parfocal.h").touch()
        if other_headers(include.parent):
            found.append("the one header is taken for MATLAB's own")
        for second in (include / "parfocal_matlab.h", matlab / "parfocal.h"):
            second.touch()
            if not other_headers(include.parent):
                found.append(f"{second.name} of MATLAB's own is let through")
            second.unlink()
    return found
