/*
 What the parts of the test-only loadlibrary shim share.

 Two kinds of refusals. Those with a MATLAB: identifier are MATLAB's own, in its words (README.md says where each was
 found). Those with a strict: identifier are of the shim: MATLAB would go on, but silently change a value, read foreign
 memory, or do what its documentation leaves open, and a binding must not lean on that.
 */
#ifndef PARFOCAL_SHIM_H
#define PARFOCAL_SHIM_H

#define _POSIX_C_SOURCE 200809L
#include <ffi.h>
#include <mex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    SCALAR,            /* int32, double, ...: by value */
    TEXT,              /* cstring */
    ARRAY,             /* int32Ptr, ...: one level of pointer to a scalar */
    ANY,               /* voidPtr */
    DEEP,              /* two levels: int32PtrPtr, stringPtrPtr, voidPtrPtr */
    STRUCTURE,         /* a structure of the library, by value */
    STRUCTURE_POINTER, /* a pointer to one */
    UNKNOWN /* FcnPtr, error, three levels, a name that is nothing: MATLAB loads it and refuses every value */
} Shape;

typedef struct {
    char name[96]; /* as MATLAB writes it */
    Shape shape;
    mxClassID class; /* of the value, or of what is pointed to */
    size_t size; /* of that, in bytes */
    ffi_type *ffi;
    char structure[96];
} Type;

typedef struct Structure {
    char *name;
    size_t count;
    char **fields;
    struct Structure *next;
} Structure;

typedef struct Function {
    char *name; /* in the library */
    char *call; /* in calllib: the alias, or the name */
    void *address;
    void *thunk; /* NULL: called directly */
    bool returns_nothing;
    Type returns;
    size_t count;
    Type *parameters;
    ffi_type **slots;
    ffi_cif cif;
    struct Function *next;
} Function;

typedef struct Library {
    char *name;
    void *handle;
    void *thunks;
    Function *functions;
    Structure *structures;
    struct Library *next;
} Library;

/* Memory with a guarded edge on both sides, shared by the pointers into it. */
typedef struct {
    uint8_t *bytes;
    size_t size;
    size_t holders;
} Block;

/* What a lib.pointer object stands for. */
typedef struct Pointer {
    uint64_t id;
    Type type;
    void *address;
    Block *block; /* NULL: memory of the library */
    mxClassID class;
    size_t element;
    bool sized; /* it has a Value */
    mwSize *dims;
    mwSize dim_count;
    struct Pointer *next;
} Pointer;

/* mex.c: refuse ends the command; what was kept() goes with it. */
_Noreturn void refuse(const char *identifier, const char *format, ...);
void *kept(size_t size); /* until the command ends */
char *kept_text(const mxArray *value, const char *what);
Block *kept_block(size_t size);
void release_kept(void);
const char *class_of(const mxArray *value);

/* types.c */
Type type_named(const Library *library, const char *name);
size_t class_size(mxClassID class);
bool gives_output(const Type *type);

/* library.c */
Library *library_named(const char *name);
Library *library_or_null(const char *name);
Function *function_named(const Library *library, const char *call);
mxArray *library_command(const char *command, int count, const mxArray **given);

/* block.c */
Block *block_make(size_t size);
void block_hold(Block *block);
void block_drop(Block *block);
bool block_intact(const Block *block);

/* pointer.c */
Pointer *pointer_with(uint64_t id);
uint64_t pointer_to(const Type *type, void *address, Block *block, const Pointer *like);
mxArray *pointer_value(const Pointer *pointer);
mxArray *pointer_command(const char *command, int count, const mxArray **given);
size_t pointers_alive(void);
void pointer_abandon(void); /* the one that a refused command was making */
mxArray *pointer_reference(uint64_t id);

/* text.c */
char *text_argument(const mxArray *given, const char *object, const char *where, size_t *size);
mxArray *text_result(const char *text, const char *where);

/* arguments.c */
typedef union {
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
    float f32;
    double f64;
    void *pointer;
    uint8_t bytes[8];
} Slot;

typedef struct {
    Slot slot;
    const mxArray *given; /* an array or text; NULL for a lib.pointer */
    Pointer *pointer;
    Block *copy;
} Argument;

/* kind: 0 a plain value, 1 a lib.pointer (given is its id), 2 another object (given is its class's name). */
void argument_make(Argument *out, const Library *library, const Function *function, size_t index, int kind,
                   const mxArray *given);
mxArray *argument_result(const Argument *argument, const Function *function, size_t index);
void scalar_convert(Slot *out, const Type *type, const mxArray *given, const char *where);
const char *where_is(const Function *function, size_t index);

/* call.c */
mxArray *call_command(int count, const mxArray **given);

#endif
