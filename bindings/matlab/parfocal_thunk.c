/* Thunks for parfocal_prototype.m, through which 64-bit MATLAB calls the functions of include/parfocal.h.

   MATLAB calls thunk(function, arguments, size). The arguments lie one after the other, each in as many machine
   words as it needs: here one word each. The thunk passes them to the function and returns its result. A thunk's
   name is the result type, the argument types and "Thunk", as MATLAB itself names them. One thunk serves all
   functions of one signature, so this file names nothing of Parfocal, and needs no header and no library. Build it
   once for each system; the name ends in MATLAB's computer('arch'):

     Linux    cc -O2 -shared -fPIC -o parfocal_thunk_glnxa64.so parfocal_thunk.c
     macOS    cc -O2 -dynamiclib -o parfocal_thunk_maca64.dylib parfocal_thunk.c     (Intel: maci64)
     Windows  cl /O2 /LD parfocal_thunk.c /Fe:parfocal_thunk_win64.dll                (or gcc -O2 -shared -o ...) */

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

typedef int32_t int32;
typedef uint64_t uint64;
typedef void *voidPtr;
typedef const char *cstring;

/* What MATLAB passes for the function. */
typedef void (*any_function)(void);

/* The next argument, and a step over its words. */
#define WORDS(type) ((sizeof(type) + sizeof(size_t) - 1) / sizeof(size_t) * sizeof(size_t))
#define TAKE(type, name)                                                                                               \
    const type name = *(const type *)arguments;                                                                        \
    arguments += WORDS(type)

#define THUNK(name) name(any_function function, const char *arguments, int size)
#define CALL(result, types) ((result(*) types)function)
#define UNUSED(name) (void)name

EXPORTED int32 THUNK(int32voidThunk) {
    UNUSED(arguments), UNUSED(size);
    return CALL(int32, (void))();
}

EXPORTED cstring THUNK(cstringvoidThunk) {
    UNUSED(arguments), UNUSED(size);
    return CALL(cstring, (void))();
}

EXPORTED int32 THUNK(int32int32Thunk) {
    TAKE(int32, a);
    UNUSED(size);
    return CALL(int32, (int32))(a);
}

EXPORTED cstring THUNK(cstringint32Thunk) {
    TAKE(int32, a);
    UNUSED(size);
    return CALL(cstring, (int32))(a);
}

EXPORTED int32 THUNK(int32voidPtrThunk) {
    TAKE(voidPtr, a);
    UNUSED(size);
    return CALL(int32, (voidPtr))(a);
}

EXPORTED int32 THUNK(int32uint64Thunk) {
    TAKE(uint64, a);
    UNUSED(size);
    return CALL(int32, (uint64))(a);
}

EXPORTED int32 THUNK(int32uint64voidPtrThunk) {
    TAKE(uint64, a);
    TAKE(voidPtr, b);
    UNUSED(size);
    return CALL(int32, (uint64, voidPtr))(a, b);
}

EXPORTED int32 THUNK(int32uint64voidPtrvoidPtrThunk) {
    TAKE(uint64, a);
    TAKE(voidPtr, b);
    TAKE(voidPtr, c);
    UNUSED(size);
    return CALL(int32, (uint64, voidPtr, voidPtr))(a, b, c);
}

EXPORTED int32 THUNK(int32voidPtruint64voidPtrThunk) {
    TAKE(voidPtr, a);
    TAKE(uint64, b);
    TAKE(voidPtr, c);
    UNUSED(size);
    return CALL(int32, (voidPtr, uint64, voidPtr))(a, b, c);
}

EXPORTED int32 THUNK(int32voidPtrvoidPtrvoidPtrThunk) {
    TAKE(voidPtr, a);
    TAKE(voidPtr, b);
    TAKE(voidPtr, c);
    UNUSED(size);
    return CALL(int32, (voidPtr, voidPtr, voidPtr))(a, b, c);
}

EXPORTED int32 THUNK(int32voidPtruint64voidPtrvoidPtrThunk) {
    TAKE(voidPtr, a);
    TAKE(uint64, b);
    TAKE(voidPtr, c);
    TAKE(voidPtr, d);
    UNUSED(size);
    return CALL(int32, (voidPtr, uint64, voidPtr, voidPtr))(a, b, c, d);
}

EXPORTED int32 THUNK(int32uint64voidPtruint64voidPtrThunk) {
    TAKE(uint64, a);
    TAKE(voidPtr, b);
    TAKE(uint64, c);
    TAKE(voidPtr, d);
    UNUSED(size);
    return CALL(int32, (uint64, voidPtr, uint64, voidPtr))(a, b, c, d);
}

EXPORTED int32 THUNK(int32uint64uint64voidPtrvoidPtrvoidPtrThunk) {
    TAKE(uint64, a);
    TAKE(uint64, b);
    TAKE(voidPtr, c);
    TAKE(voidPtr, d);
    TAKE(voidPtr, e);
    UNUSED(size);
    return CALL(int32, (uint64, uint64, voidPtr, voidPtr, voidPtr))(a, b, c, d, e);
}

EXPORTED int32 THUNK(int32voidPtruint64voidPtrvoidPtrvoidPtrThunk) {
    TAKE(voidPtr, a);
    TAKE(uint64, b);
    TAKE(voidPtr, c);
    TAKE(voidPtr, d);
    TAKE(voidPtr, e);
    UNUSED(size);
    return CALL(int32, (voidPtr, uint64, voidPtr, voidPtr, voidPtr))(a, b, c, d, e);
}

EXPORTED int32 THUNK(int32uint64int32voidPtrvoidPtrvoidPtrThunk) {
    TAKE(uint64, a);
    TAKE(int32, b);
    TAKE(voidPtr, c);
    TAKE(voidPtr, d);
    TAKE(voidPtr, e);
    UNUSED(size);
    return CALL(int32, (uint64, int32, voidPtr, voidPtr, voidPtr))(a, b, c, d, e);
}

EXPORTED int32 THUNK(int32uint64int32voidPtruint64voidPtrvoidPtrvoidPtrvoidPtrThunk) {
    TAKE(uint64, a);
    TAKE(int32, b);
    TAKE(voidPtr, c);
    TAKE(uint64, d);
    TAKE(voidPtr, e);
    TAKE(voidPtr, f);
    TAKE(voidPtr, g);
    TAKE(voidPtr, h);
    UNUSED(size);
    return CALL(int32, (uint64, int32, voidPtr, uint64, voidPtr, voidPtr, voidPtr, voidPtr))(a, b, c, d, e, f, g, h);
}

EXPORTED int32 THUNK(int32uint64voidPtruint64voidPtruint64Thunk) {
    TAKE(uint64, a);
    TAKE(voidPtr, b);
    TAKE(uint64, c);
    TAKE(voidPtr, d);
    TAKE(uint64, e);
    UNUSED(size);
    return CALL(int32, (uint64, voidPtr, uint64, voidPtr, uint64))(a, b, c, d, e);
}

EXPORTED int32 THUNK(int32uint64voidPtruint64voidPtrvoidPtrint32Thunk) {
    TAKE(uint64, a);
    TAKE(voidPtr, b);
    TAKE(uint64, c);
    TAKE(voidPtr, d);
    TAKE(voidPtr, e);
    TAKE(int32, f);
    UNUSED(size);
    return CALL(int32, (uint64, voidPtr, uint64, voidPtr, voidPtr, int32))(a, b, c, d, e, f);
}

EXPORTED int32 THUNK(int32uint64uint64voidPtruint64voidPtrvoidPtruint64voidPtrvoidPtrvoidPtrThunk) {
    TAKE(uint64, a);
    TAKE(uint64, b);
    TAKE(voidPtr, c);
    TAKE(uint64, d);
    TAKE(voidPtr, e);
    TAKE(voidPtr, f);
    TAKE(uint64, g);
    TAKE(voidPtr, h);
    TAKE(voidPtr, i);
    TAKE(voidPtr, j);
    UNUSED(size);
    return CALL(int32, (uint64, uint64, voidPtr, uint64, voidPtr, voidPtr, uint64, voidPtr, voidPtr, voidPtr))(
        a, b, c, d, e, f, g, h, i, j);
}

EXPORTED int32 THUNK(int32int32voidPtruint64uint64voidPtruint64voidPtrvoidPtrThunk) {
    TAKE(int32, a);
    TAKE(voidPtr, b);
    TAKE(uint64, c);
    TAKE(uint64, d);
    TAKE(voidPtr, e);
    TAKE(uint64, f);
    TAKE(voidPtr, g);
    TAKE(voidPtr, h);
    UNUSED(size);
    return CALL(int32, (int32, voidPtr, uint64, uint64, voidPtr, uint64, voidPtr, voidPtr))(a, b, c, d, e, f, g, h);
}

EXPORTED int32 THUNK(int32uint64uint64int32voidPtruint64uint64voidPtruint64voidPtrvoidPtrvoidPtrThunk) {
    TAKE(uint64, a);
    TAKE(uint64, b);
    TAKE(int32, c);
    TAKE(voidPtr, d);
    TAKE(uint64, e);
    TAKE(uint64, f);
    TAKE(voidPtr, g);
    TAKE(uint64, h);
    TAKE(voidPtr, i);
    TAKE(voidPtr, j);
    TAKE(voidPtr, k);
    UNUSED(size);
    return CALL(int32, (uint64, uint64, int32, voidPtr, uint64, uint64, voidPtr, uint64, voidPtr, voidPtr, voidPtr))(
        a, b, c, d, e, f, g, h, i, j, k);
}

EXPORTED int32 THUNK(int32uint64int32voidPtruint64uint64uint64Thunk) {
    TAKE(uint64, a);
    TAKE(int32, b);
    TAKE(voidPtr, c);
    TAKE(uint64, d);
    TAKE(uint64, e);
    TAKE(uint64, f);
    UNUSED(size);
    return CALL(int32, (uint64, int32, voidPtr, uint64, uint64, uint64))(a, b, c, d, e, f);
}
