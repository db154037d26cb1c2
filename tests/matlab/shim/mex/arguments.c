/* Arguments of calllib: which value each type takes, the copy that is lent, and what comes back as an output. */
#include "shim.h"

#include <stdio.h>
#include <string.h>

const char *where_is(const Function *function, size_t index) {
    static char text[256];
    snprintf(text, sizeof text, "%s, argument %zu, %s", function->call, index + 1, function->parameters[index].name);
    return text;
}

static _Noreturn void no_array(const char *where, const char *class) {
    refuse("MATLAB:libpointer:IllegalConversion", "Array must be numeric or logical or a pointer to one (%s; %s given)",
           where, class);
}

static bool is_null_literal(const mxArray *given) {
    return mxGetClassID(given) == mxDOUBLE_CLASS && !mxIsSparse(given) && mxGetNumberOfElements(given) == 0;
}

/* A copy goes to the library, never the array itself: "MATLAB passes a copy" on the page about pointer arguments. */
static void lend(Argument *out, const mxArray *given, size_t element) {
    size_t size = mxGetNumberOfElements(given) * element;
    out->copy = kept_block(size);
    memcpy(out->copy->bytes, mxGetData(given), size);
    out->slot.pointer = out->copy->bytes;
}

static void plain_array(Argument *out, const Type *type, const mxArray *given, const char *where) {
    if (mxIsChar(given) || !(mxIsNumeric(given) || mxIsLogical(given))) no_array(where, class_of(given));
    if (mxIsSparse(given))
        refuse("strict:Sparse", "%s: a sparse array; no page says that calllib takes one: pass full(x)", where);
    if (mxIsComplex(given))
        refuse("strict:Complex", "%s: a complex array; C has no place for its imaginary part: pass real(x)", where);
    if (is_null_literal(given)) return; /* [] is NULL */
    mxClassID class = mxGetClassID(given);
    if (type->shape == ARRAY && class != type->class) {
        refuse("strict:ArrayClass",
               "%s: a %s array for it; MATLAB converts without a word, so that values may change: convert it before",
               where, mxGetClassName(given));
    }
    if (class_size(class) == 0) {
        refuse("strict:ArrayClass", "%s: a %s array for it; convert it to the class that the library expects", where,
               mxGetClassName(given));
    }
    lend(out, given, class_size(class));
}

static void pointer_object(Argument *out, const Type *type, const Pointer *pointer, const char *where) {
    out->slot.pointer = pointer->address;
    if (type->shape == ANY) return;
    if (type->shape == TEXT) {
        if (strcmp(pointer->type.name, "cstring") == 0) return;
        refuse("MATLAB:libpointer:PointerTypeMustMatch", "Pointer type must match data type (%s; a %s given)", where,
               pointer->type.name);
    }
    bool same = strcmp(pointer->type.name, type->name) == 0;
    bool untyped = pointer->type.name[0] == '\0' || strcmp(pointer->type.name, "voidPtr") == 0;
    if (!same && !untyped) {
        refuse("MATLAB:libpointer:PointerTypesMustMatch", "Pointer types must match data type. (%s; a %s given)", where,
               pointer->type.name);
    }
}

/* The rules of "Limitations Using Structures"; a structure that keeps them is refused, too: Parfocal's interface has
   none. */
static void structure(const Library *library, const Type *type, const mxArray *given, const char *where) {
    if (given == NULL || !mxIsStruct(given))
        refuse("MATLAB:libstruct:RequireStruct", "A structure is required. (%s)", where);
    if (mxGetNumberOfElements(given) != 1)
        refuse("strict:StructArray", "%s: arrays of structures are not supported as arguments", where);
    const Structure *known = library->structures;
    while (strcmp(known->name, type->structure) != 0) known = known->next;
    for (int i = 0; i < mxGetNumberOfFields(given); i++) {
        const char *field = mxGetFieldNameByNumber(given, i);
        size_t k = 0;
        while (k < known->count && strcmp(known->fields[k], field) != 0) k++;
        if (k == known->count) {
            refuse("MATLAB:libstruct:FieldMismatch", "A field does not match one in the struct. (%s; field '%s')",
                   where, field);
        }
    }
    refuse("strict:Struct", "%s: the shim passes no structures, because Parfocal's interface has none", where);
}

void argument_make(Argument *out, const Library *library, const Function *function, size_t index, int kind,
                   const mxArray *given) {
    const Type *type = &function->parameters[index];
    const char *where = where_is(function, index);
    char *object = kind == 2 ? kept_text(given, "an object's class") : NULL;
    if (kind == 1) {
        out->pointer = pointer_with(*(const uint64_t *)mxGetData(given));
    } else if (kind == 0) {
        out->given = given;
    }
    const char *class = object ? object : out->pointer ? "lib.pointer" : class_of(given);
    switch (type->shape) {
    case SCALAR:
        if (out->given == NULL)
            refuse("MATLAB:class:RequireNumeric", "Value must be numeric or logical. (%s; %s given)", where, class);
        scalar_convert(&out->slot, type, given, where);
        return;
    case TEXT:
        if (out->pointer) {
            pointer_object(out, type, out->pointer, where);
        } else if (object || !is_null_literal(given)) {
            size_t size;
            char *text = text_argument(given, object, where, &size);
            out->copy = kept_block(size);
            memcpy(out->copy->bytes, text, size);
            out->slot.pointer = out->copy->bytes;
        }
        return;
    case ARRAY:
    case ANY:
        if (object) no_array(where, class);
        if (out->pointer) {
            pointer_object(out, type, out->pointer, where);
        } else {
            plain_array(out, type, given, where);
        }
        return;
    case DEEP:
        refuse("strict:Multilevel",
               "%s: pointers to pointers have limited support, and no page says which: the shim refuses them", where);
    case STRUCTURE:
    case STRUCTURE_POINTER: structure(library, type, out->given, where); return;
    case UNKNOWN:
        refuse("MATLAB:invalidConversion", "Conversion to unknown from %s is not possible. (%s)", class, where);
    }
}

/* An array in its own class and shape; text up to its NUL; a lib.pointer as its Value, or as a new one if it has
   none or is a voidPtr. */
mxArray *argument_result(const Argument *argument, const Function *function, size_t index) {
    const Type *type = &function->parameters[index];
    const char *where = where_is(function, index);
    if (argument->pointer != NULL) {
        const Pointer *p = argument->pointer;
        if (strcmp(p->type.name, "cstring") == 0) return text_result(p->address, where);
        if (p->sized && strcmp(p->type.name, "voidPtr") != 0) return pointer_value(p);
        return pointer_reference(pointer_to(&p->type, p->address, p->block, p));
    }
    if (type->shape == TEXT) return text_result(argument->copy ? (const char *)argument->copy->bytes : NULL, where);
    if (argument->copy == NULL) return mxCreateDoubleMatrix(0, 0, mxREAL);
    const mxArray *given = argument->given;
    mxArray *made;
    if (mxIsLogical(given)) {
        made = mxCreateLogicalArray(mxGetNumberOfDimensions(given), mxGetDimensions(given));
    } else {
        made =
            mxCreateNumericArray(mxGetNumberOfDimensions(given), mxGetDimensions(given), mxGetClassID(given), mxREAL);
    }
    memcpy(mxGetData(made), argument->copy->bytes, argument->copy->size);
    return made;
}
