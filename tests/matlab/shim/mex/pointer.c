/* lib.pointer: typed memory behind an id, which +lib/pointer.m holds. Behaviour as recorded on R2025b where
   README.md says so. */
#include "shim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Pointer *pointers;
static uint64_t last_id;

size_t pointers_alive(void) {
    size_t n = 0;
    for (Pointer *p = pointers; p != NULL; p = p->next) n++;
    return n;
}

Pointer *pointer_with(uint64_t id) {
    for (Pointer *p = pointers; p != NULL; p = p->next) {
        if (p->id == id) return p;
    }
    refuse("MATLAB:class:InvalidHandle", "Invalid or deleted object.");
}

static Pointer *add(const Type *type) {
    Pointer *p = calloc(1, sizeof *p);
    if (p == NULL) refuse("strict:Memory", "the shim could not hold a pointer");
    *p = (Pointer){.id = ++last_id, .type = *type, .class = type->class, .element = type->size, .next = pointers};
    pointers = p;
    return p;
}

static void set_dims(Pointer *p, mwSize count, const mwSize *dims) {
    mwSize *copy = malloc(count * sizeof *copy);
    if (copy == NULL) refuse("strict:Memory", "the shim could not hold a size");
    memcpy(copy, dims, count * sizeof *copy);
    free(p->dims);
    p->dims = copy;
    p->dim_count = count;
    p->sized = true;
}

static size_t elements(const Pointer *p) {
    size_t n = p->sized ? 1 : 0;
    for (mwSize i = 0; p->sized && i < p->dim_count; i++) n *= p->dims[i];
    return n;
}

uint64_t pointer_to(const Type *type, void *address, Block *block, const Pointer *like) {
    Pointer *p = add(type);
    p->address = address;
    p->block = block;
    block_hold(block);
    if (like != NULL) {
        p->class = like->class;
        p->element = like->element;
        if (like->sized) set_dims(p, like->dim_count, like->dims);
    }
    return p->id;
}

mxArray *pointer_reference(uint64_t id) {
    const char *names[] = {"shim_pointer"};
    mxArray *made = mxCreateStructMatrix(1, 1, 1, names);
    mxArray *number = mxCreateNumericMatrix(1, 1, mxUINT64_CLASS, mxREAL);
    *(uint64_t *)mxGetData(number) = id;
    mxSetField(made, 0, "shim_pointer", number);
    return made;
}

static mxArray *id_alone(uint64_t id) {
    mxArray *number = mxCreateNumericMatrix(1, 1, mxUINT64_CLASS, mxREAL);
    *(uint64_t *)mxGetData(number) = id;
    return number;
}

mxArray *pointer_value(const Pointer *p) {
    if (p->type.shape == TEXT && p->address != NULL) return text_result(p->address, "a cstring pointer");
    if (!p->sized) {
        refuse("MATLAB:libpointer:ValueNotDefined",
               "The datatype and size of the value must be defined before the value can be retrieved.");
    }
    mxArray *made = mxCreateNumericArray(p->dim_count, p->dims, p->class, mxREAL);
    memcpy(mxGetData(made), p->address, elements(p) * p->element);
    return made;
}

/* Refuses what cannot be held; MATLAB would convert with C's casts: int32 of 1e10 became -2147483648. */
static void holdable(const Type *type, int kind, const mxArray *value, const char *object) {
    if (kind != 0 || mxIsChar(value) || !(mxIsNumeric(value) || mxIsLogical(value))) {
        refuse("MATLAB:libpointer:IllegalConversion",
               "Array must be numeric or logical or a pointer to one (libpointer, %s; %s given)", type->name,
               kind == 0 ? class_of(value) : object);
    }
    if (mxIsSparse(value)) refuse("strict:Sparse", "libpointer, %s: a sparse array; pass full(x)", type->name);
    if (mxIsComplex(value)) refuse("strict:Complex", "libpointer, %s: a complex array; pass real(x)", type->name);
    mxClassID class = mxGetClassID(value);
    if (class_size(class) == 0 || (type->shape == ARRAY && class != type->class)) {
        refuse(
            "strict:ArrayClass",
            "libpointer, %s: a %s array for it; MATLAB converts with C's casts, which cut and wrap: convert it before",
            type->name, mxGetClassName(value));
    }
}

static void replace(Pointer *p, Block *block) {
    block_drop(p->block);
    p->block = block;
    p->address = block != NULL ? block->bytes : NULL;
}

static void store(Pointer *p, int kind, const mxArray *value) {
    const char *object = kind == 0 ? NULL : kind == 1 ? "lib.pointer" : kept_text(value, "an object's class");
    if (p->type.shape == TEXT) {
        size_t size;
        char *text = text_argument(value, object, "libpointer, cstring", &size);
        replace(p, block_make(size));
        memcpy(p->address, text, size);
        return;
    }
    holdable(&p->type, kind, value, object);
    size_t size = mxGetNumberOfElements(value) * class_size(mxGetClassID(value));
    if (p->address != NULL && p->block == NULL) {
        /* Memory of the library is written in place and keeps its size. */
        if (size > elements(p) * p->element || mxGetClassID(value) != p->class) {
            refuse("strict:PastEnd", "a value of %zu bytes for a pointer to %zu bytes of the library's memory", size,
                   elements(p) * p->element);
        }
        memcpy(p->address, mxGetData(value), size);
        return;
    }
    if (size == 0) { /* An empty value leaves a NULL pointer without a Value. */
        replace(p, NULL);
        p->sized = false;
        return;
    }
    replace(p, block_make(size));
    memcpy(p->address, mxGetData(value), size);
    p->class = mxGetClassID(value);
    p->element = class_size(p->class);
    set_dims(p, mxGetNumberOfDimensions(value), mxGetDimensions(value));
}

static Type pointer_type(const char *name) {
    Type type = type_named(NULL, name);
    if (type.shape == UNKNOWN && *name != '\0')
        refuse("MATLAB:libpointer:InvalidType", "Type was not found. (libpointer, '%s')", name);
    if (type.shape == DEEP) {
        refuse("strict:Multilevel", "libpointer, %s: the shim refuses pointers to pointers, whose support is limited",
               name);
    }
    if (type.shape == SCALAR) refuse("strict:PointerType", "libpointer, %s: no pointer type: add Ptr", name);
    return type;
}

static void free_pointer(uint64_t id) {
    for (Pointer **at = &pointers; *at != NULL; at = &(*at)->next) {
        if ((*at)->id != id) continue;
        Pointer *gone = *at;
        *at = gone->next;
        block_drop(gone->block);
        free(gone->dims);
        free(gone);
        return;
    }
}

static uint64_t unfinished;

void pointer_abandon(void) {
    if (unfinished != 0) free_pointer(unfinished);
    unfinished = 0;
}

/* p + n: n elements on, its extent shortened by n. */
static mxArray *plus(const Pointer *p, const mxArray *given) {
    if (!(mxIsNumeric(given) || mxIsLogical(given)) || mxIsChar(given)) {
        refuse("MATLAB:class:RequireNumeric",
               "Invalid input for argument 2 (rhs2):\nValue must be numeric or logical.");
    }
    if (mxGetNumberOfElements(given) != 1) {
        refuse("MATLAB:class:RequireScalar", "Invalid input for argument 2 (rhs2):\nValue must be a scalar.");
    }
    double n = mxGetScalar(given);
    if (n < 0 || n != floor(n) || (p->sized && n > (double)elements(p))) {
        refuse("strict:PastEnd", "a lib.pointer with %zu elements + %g: the shim keeps pointers inside their memory",
               elements(p), n);
    }
    Pointer *moved = pointer_with(pointer_to(&p->type, (uint8_t *)p->address + (size_t)n * p->element, p->block, p));
    if (moved->sized) {
        mwSize row[2] = {1, (mwSize)(elements(p) - (size_t)n)};
        set_dims(moved, 2, row);
    }
    return id_alone(moved->id);
}

static mwSize extent(const mxArray *given) {
    double n = mxIsNumeric(given) && mxGetNumberOfElements(given) == 1 ? mxGetScalar(given) : -1;
    if (n < 0 || n != floor(n)) refuse("strict:Size", "a size of a lib.pointer must be a whole number, at least 0");
    return (mwSize)n;
}

/* rows, columns; what the block does not hold is refused, where MATLAB would read beyond it. */
static void reshape(Pointer *p, const mxArray *rows, const mxArray *columns) {
    mwSize dims[2] = {extent(rows), extent(columns)};
    if (p->element == 0) {
        refuse("MATLAB:libpointer:reshape:InvalidType", "Only numericPtr data types may have their dimensions set.");
    }
    size_t size = dims[0] * dims[1] * p->element;
    /* How much memory of the library is there, only its caller knows. */
    size_t room = p->address == NULL ? 0 : SIZE_MAX;
    if (p->block != NULL) room = (size_t)(p->block->bytes + p->block->size - (uint8_t *)p->address);
    if (size > room) {
        refuse("strict:PastEnd", "%zu x %zu elements of %zu bytes for a pointer to %zu bytes", (size_t)dims[0],
               (size_t)dims[1], p->element, room);
    }
    set_dims(p, 2, dims);
}

static void set_data_type(Pointer *p, const char *name) {
    Type type = pointer_type(name);
    if (strcmp(name, p->type.name) == 0) return;
    if (p->block != NULL) {
        refuse("MATLAB:libpointer:IllegalConversion",
               "Array must be numeric or logical or a pointer to one (setdatatype of a %s to %s)", p->type.name, name);
    }
    p->type = type;
    p->class = type.class;
    p->element = type.size;
    p->sized = false;
}

mxArray *pointer_command(const char *command, int count, const mxArray **given) {
    if (strcmp(command, "alive") == 0) return mxCreateDoubleScalar((double)pointers_alive());
    if (strcmp(command, "null") == 0 && count == 1) {
        Type type = pointer_type(kept_text(given[0], "a pointer's type"));
        return id_alone(pointer_to(&type, NULL, NULL, NULL));
    }
    if (strcmp(command, "make") == 0 && count == 3) {
        Type type = pointer_type(kept_text(given[0], "a pointer's type"));
        unfinished = pointer_to(&type, NULL, NULL, NULL);
        store(pointer_with(unfinished), (int)mxGetScalar(given[1]), given[2]);
        uint64_t id = unfinished;
        unfinished = 0;
        return id_alone(id);
    }
    if (count < 1) refuse("strict:Shim", "pointer.%s needs a pointer", command);
    uint64_t id = *(const uint64_t *)mxGetData(given[0]);
    if (strcmp(command, "free") == 0) {
        free_pointer(id);
        return NULL;
    }
    Pointer *p = pointer_with(id);
    if (strcmp(command, "get") == 0) return pointer_value(p);
    if (strcmp(command, "type") == 0) return mxCreateString(p->type.name);
    if (strcmp(command, "is_null") == 0) return mxCreateLogicalScalar(p->address == NULL);
    if (strcmp(command, "set") == 0 && count == 3) {
        store(p, (int)mxGetScalar(given[1]), given[2]);
        return NULL;
    }
    if (strcmp(command, "plus") == 0 && count == 2) return plus(p, given[1]);
    if (strcmp(command, "reshape") == 0 && count == 3) {
        reshape(p, given[1], given[2]);
        return NULL;
    }
    if (strcmp(command, "set_data_type") == 0 && count == 4) {
        set_data_type(p, kept_text(given[1], "a pointer's type"));
        reshape(p, given[2], given[3]);
        return NULL;
    }
    refuse("strict:Shim", "the shim has no command 'pointer.%s' with %d values", command, count);
}
