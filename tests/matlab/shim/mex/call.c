/* calllib itself: the checks in MATLAB's order, the call through libffi or through the thunk, and the outputs. */
#include "shim.h"

#include <stdio.h>
#include <string.h>

static _Noreturn void no_match(const Function *f, const char *what, size_t given, size_t wanted) {
    refuse("MATLAB:calllib:NoMatchingSignatureFound",
           "No method with matching signature. (%s: %zu %s given, %zu expected)", f->call, given, what, wanted);
}

/* A thunk reads its arguments one after the other, each in whole machine words, and calls the function that it is
   given. */
static void through_thunk(const Function *f, const Argument *arguments, Slot *back) {
    uint8_t *stack = kept(8 * (f->count + 1));
    for (size_t i = 0; i < f->count; i++) memcpy(stack + 8 * i, arguments[i].slot.bytes, 8);
    void (*target)(void);
    memcpy(&target, &f->address, sizeof target);
    int size = (int)(8 * f->count);
#define THUNK(type, member)                                                                                            \
    do {                                                                                                               \
        type (*thunk)(void (*)(void), const char *, int);                                                              \
        memcpy(&thunk, &f->thunk, sizeof thunk);                                                                       \
        back->member = thunk(target, (const char *)stack, size);                                                       \
    } while (0)
    if (f->returns_nothing) {
        void (*thunk)(void (*)(void), const char *, int);
        memcpy(&thunk, &f->thunk, sizeof thunk);
        thunk(target, (const char *)stack, size);
    } else if (f->returns.shape != SCALAR) {
        THUNK(void *, pointer);
    } else {
        switch (f->returns.class) {
        case mxINT8_CLASS: THUNK(int8_t, i8); break;
        case mxUINT8_CLASS: THUNK(uint8_t, u8); break;
        case mxINT16_CLASS: THUNK(int16_t, i16); break;
        case mxUINT16_CLASS: THUNK(uint16_t, u16); break;
        case mxINT32_CLASS: THUNK(int32_t, i32); break;
        case mxUINT32_CLASS: THUNK(uint32_t, u32); break;
        case mxSINGLE_CLASS: THUNK(float, f32); break;
        default: THUNK(double, f64); break; /* 64-bit integers were refused before */
        }
    }
#undef THUNK
}

static void directly(Function *f, Argument *arguments, Slot *back) {
    void **values = kept(sizeof *values * (f->count + 1));
    for (size_t i = 0; i < f->count; i++) values[i] = arguments[i].slot.bytes;
    union {
        ffi_arg word;
        ffi_sarg signed_word;
        float f32;
        double f64;
        void *pointer;
    } got = {0};
    void (*target)(void);
    memcpy(&target, &f->address, sizeof target);
    ffi_call(&f->cif, target, &got, values);
    if (f->returns_nothing) return;
    if (f->returns.shape != SCALAR) {
        back->pointer = got.pointer;
        return;
    }
    /* libffi widens small integers to a word. */
    switch (f->returns.class) {
    case mxINT8_CLASS: back->i8 = (int8_t)got.signed_word; break;
    case mxUINT8_CLASS: back->u8 = (uint8_t)got.word; break;
    case mxINT16_CLASS: back->i16 = (int16_t)got.signed_word; break;
    case mxUINT16_CLASS: back->u16 = (uint16_t)got.word; break;
    case mxINT32_CLASS: back->i32 = (int32_t)got.signed_word; break;
    case mxUINT32_CLASS: back->u32 = (uint32_t)got.word; break;
    case mxSINGLE_CLASS: back->f32 = got.f32; break;
    default: back->f64 = got.f64; break;
    }
}

/* "All scalar values returned by MATLAB are of type double." */
static mxArray *returned(const Function *f, const Slot *back) {
    const Type *type = &f->returns;
    if (type->shape == TEXT) return text_result(back->pointer, f->call);
    if (type->shape != SCALAR) return pointer_reference(pointer_to(type, back->pointer, NULL, NULL));
    switch (type->class) {
    case mxINT8_CLASS: return mxCreateDoubleScalar(back->i8);
    case mxUINT8_CLASS: return mxCreateDoubleScalar(back->u8);
    case mxINT16_CLASS: return mxCreateDoubleScalar(back->i16);
    case mxUINT16_CLASS: return mxCreateDoubleScalar(back->u16);
    case mxINT32_CLASS: return mxCreateDoubleScalar(back->i32);
    case mxUINT32_CLASS: return mxCreateDoubleScalar(back->u32);
    case mxSINGLE_CLASS: return mxCreateDoubleScalar(back->f32);
    default: return mxCreateDoubleScalar(back->f64);
    }
}

static void refuse_wide_return(const Function *f) {
    if (f->returns_nothing || f->returns.shape != SCALAR) return;
    if (f->returns.class != mxINT64_CLASS && f->returns.class != mxUINT64_CLASS) return;
    refuse("strict:Return64",
           "%s returns %s by value: MATLAB makes a double of it, which loses bits beyond 2^53: use an out-pointer",
           f->call, f->returns.name);
}

/* The block that the argument points into, to look at its edges. */
static const Block *lent(const Argument *argument) {
    return argument->pointer ? argument->pointer->block : argument->copy;
}

static const char *overrun(const Function *f, const Argument *arguments) {
    for (size_t i = 0; i < f->count; i++) {
        if (lent(&arguments[i]) != NULL && !block_intact(lent(&arguments[i]))) return where_is(f, i);
    }
    return NULL;
}

/* library, function, nargout, kinds (uint8), cell of arguments: a cell of the outputs. */
mxArray *call_command(int count, const mxArray **given) {
    if (count != 5) refuse("strict:Shim", "call takes 5 values, %d given", count);
    Library *library = library_named(kept_text(given[0], "the library's name"));
    Function *f = function_named(library, kept_text(given[1], "the function's name"));
    if (f == NULL) refuse("MATLAB:calllib:MethodNotFound", "Method was not found.");
    size_t wanted = (size_t)mxGetScalar(given[2]);
    const uint8_t *kinds = mxGetData(given[3]);
    size_t passed = mxGetNumberOfElements(given[4]);
    size_t outputs = f->returns_nothing ? 0 : 1;
    for (size_t i = 0; i < f->count; i++) outputs += gives_output(&f->parameters[i]);
    if (passed != f->count) no_match(f, "arguments", passed, f->count);
    if (wanted > outputs) no_match(f, "outputs", wanted, outputs);
    refuse_wide_return(f);

    Argument *arguments = kept(sizeof *arguments * (f->count + 1));
    for (size_t i = 0; i < f->count; i++) argument_make(&arguments[i], library, f, i, kinds[i], mxGetCell(given[4], i));
    Slot back = {0};
    if (f->thunk != NULL) {
        through_thunk(f, arguments, &back);
    } else {
        directly(f, arguments, &back);
    }
    const char *past = overrun(f, arguments);
    if (past != NULL) {
        refuse("strict:Overrun",
               "%s: the library wrote outside the memory that it was given; in MATLAB that may end the session", past);
    }

    /* Without an output argument the first one still becomes ans. */
    size_t filled = 0, most = wanted > 0 ? wanted : outputs > 0 ? 1 : 0;
    mxArray *made = mxCreateCellMatrix(1, most);
    if (!f->returns_nothing && filled < most) mxSetCell(made, filled++, returned(f, &back));
    for (size_t i = 0; i < f->count && filled < most; i++) {
        if (gives_output(&f->parameters[i])) mxSetCell(made, filled++, argument_result(&arguments[i], f, i));
    }
    return made;
}
