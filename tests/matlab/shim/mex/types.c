/* MATLAB's names of C types: MATLAB Primitive Types and MATLAB Extended Types in "Pass Arguments to Shared C Library
   Functions". */
#include "shim.h"

#include <stdio.h>
#include <string.h>

/* No long: it has 32 bits on Windows and 64 elsewhere. No bool: the interface has none. */
static const struct {
    const char *name;
    mxClassID class;
    size_t size;
    ffi_type *ffi;
} scalars[] = {
    {"int8", mxINT8_CLASS, 1, &ffi_type_sint8},     {"uint8", mxUINT8_CLASS, 1, &ffi_type_uint8},
    {"int16", mxINT16_CLASS, 2, &ffi_type_sint16},  {"uint16", mxUINT16_CLASS, 2, &ffi_type_uint16},
    {"int32", mxINT32_CLASS, 4, &ffi_type_sint32},  {"uint32", mxUINT32_CLASS, 4, &ffi_type_uint32},
    {"int64", mxINT64_CLASS, 8, &ffi_type_sint64},  {"uint64", mxUINT64_CLASS, 8, &ffi_type_uint64},
    {"single", mxSINGLE_CLASS, 4, &ffi_type_float}, {"double", mxDOUBLE_CLASS, 8, &ffi_type_double},
};

size_t class_size(mxClassID class) {
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        if (scalars[i].class == class) return scalars[i].size;
    }
    return 0;
}

static bool is_structure(const Library *library, const char *name) {
    for (const Structure *s = library ? library->structures : NULL; s != NULL; s = s->next) {
        if (strcmp(s->name, name) == 0) return true;
    }
    return false;
}

static bool scalar_named(const char *name, Type *type) {
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        if (strcmp(scalars[i].name, name) != 0) continue;
        type->class = scalars[i].class;
        type->size = scalars[i].size;
        type->ffi = scalars[i].ffi;
        return true;
    }
    return false;
}

Type type_named(const Library *library, const char *name) {
    Type type = {.shape = UNKNOWN, .ffi = &ffi_type_pointer, .class = mxUNKNOWN_CLASS};
    snprintf(type.name, sizeof type.name, "%s", name);
    char base[96];
    snprintf(base, sizeof base, "%s", name);
    int levels = 0;
    for (size_t n = strlen(base); n > 3 && strcmp(base + n - 3, "Ptr") == 0; n -= 3, levels++) base[n - 3] = '\0';

    if (levels == 0 && strcmp(base, "cstring") == 0) {
        type.shape = TEXT;
        type.class = mxCHAR_CLASS;
        type.size = 1;
    } else if (levels == 1 && strcmp(base, "void") == 0) {
        type.shape = ANY;
    } else if (strcmp(base, "string") == 0 || strcmp(base, "cstring") == 0 || strcmp(base, "void") == 0) {
        type.shape = levels == 1 || levels == 2 ? DEEP : UNKNOWN;
    } else if (is_structure(library, base)) {
        snprintf(type.structure, sizeof type.structure, "%s", base);
        type.shape = levels == 0 ? STRUCTURE : levels == 1 ? STRUCTURE_POINTER : levels == 2 ? DEEP : UNKNOWN;
    } else if (strcmp(base, "Fcn") != 0 && scalar_named(base, &type)) {
        type.shape = levels == 0 ? SCALAR : levels == 1 ? ARRAY : levels == 2 ? DEEP : UNKNOWN;
        if (levels > 0) type.ffi = &ffi_type_pointer;
    }
    return type;
}

/* Every pointer argument comes back as one more output, const or not: the signatures that libfunctions -full shows. */
bool gives_output(const Type *type) {
    return type->shape == TEXT || type->shape == ARRAY || type->shape == ANY || type->shape == DEEP ||
           type->shape == STRUCTURE_POINTER;
}
