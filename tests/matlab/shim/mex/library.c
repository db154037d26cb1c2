/* The loaded libraries: opening them and their thunk library, declaring functions from a prototype, unloading. */
#include "shim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Library *libraries;

Library *library_or_null(const char *name) {
    for (Library *l = libraries; l != NULL; l = l->next) {
        if (strcmp(l->name, name) == 0) return l;
    }
    return NULL;
}

Library *library_named(const char *name) {
    Library *library = library_or_null(name);
    /* Recorded on R2025b for a library that was never loaded; the same for one that was unloaded. */
    if (library == NULL) refuse("MATLAB:calllib:NotFound", "Library was not found");
    return library;
}

Function *function_named(const Library *library, const char *call) {
    for (Function *f = library->functions; f != NULL; f = f->next) {
        if (strcmp(f->call, call) == 0) return f;
    }
    return NULL;
}

static char *copied(const char *text) {
    char *copy = strdup(text);
    if (copy == NULL) refuse("strict:Memory", "the shim could not copy a name");
    return copy;
}

/* dlclose frees what dlerror said. */
static char *kept_said(const char *text) {
    char *copy = kept(strlen(text) + 1);
    return strcpy(copy, text);
}

static void need(int count, int wanted, const char *command) {
    if (count != wanted) refuse("strict:Shim", "library.%s takes %d values, %d given", command, wanted, count);
}

/* name, path, thunk path ('' for none). */
static mxArray *open_library(int count, const mxArray **given) {
    need(count, 3, "open");
    char *name = kept_text(given[0], "the library's name");
    char *path = kept_text(given[1], "the library's path");
    char *thunks = kept_text(given[2], "the thunk library's path");
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        refuse("MATLAB:loadlibrary:LoadFailed", "There was an error loading the library \"%s\"\n%s", path, dlerror());
    }
    void *thunk_handle = NULL;
    if (*thunks != '\0') {
        thunk_handle = dlopen(thunks, RTLD_NOW | RTLD_LOCAL);
        if (thunk_handle == NULL) {
            char *why = kept_said(dlerror());
            dlclose(handle);
            refuse("MATLAB:loadlibrary:ThunkLoadFailed", "%s", why);
        }
    }
    Library *library = calloc(1, sizeof *library);
    if (library == NULL) refuse("strict:Memory", "the shim could not hold a library");
    *library = (Library){.name = copied(name), .handle = handle, .thunks = thunk_handle, .next = libraries};
    libraries = library;
    return mxCreateLogicalScalar(true);
}

/* library, structure's name, cell of its fields. */
static mxArray *add_structure(int count, const mxArray **given) {
    need(count, 3, "structure");
    Library *library = library_named(kept_text(given[0], "the library's name"));
    Structure *made = calloc(1, sizeof *made);
    if (made == NULL) refuse("strict:Memory", "the shim could not hold a structure");
    made->name = copied(kept_text(given[1], "the structure's name"));
    made->count = mxGetNumberOfElements(given[2]);
    made->fields = calloc(made->count + 1, sizeof *made->fields);
    for (size_t i = 0; i < made->count; i++)
        made->fields[i] = copied(kept_text(mxGetCell(given[2], i), "a field's name"));
    made->next = library->structures;
    library->structures = made;
    return NULL;
}

static void free_function(Function *f) {
    free(f->name);
    free(f->call);
    free(f->parameters);
    free(f->slots);
    free(f);
}

/* library, name, call name, LHS ('' for none), cell of RHS, thunk ('' for a direct call): true if the library has
   it. */
static mxArray *declare(int count, const mxArray **given) {
    need(count, 6, "declare");
    Library *library = library_named(kept_text(given[0], "the library's name"));
    char *name = kept_text(given[1], "the function's name");
    char *call = kept_text(given[2], "the function's alias");
    char *returns = kept_text(given[3], "the function's LHS");
    char *thunk = kept_text(given[5], "the function's thunk");
    void *address = dlsym(library->handle, name);
    /* A prototype that names a thunk which is not there: R2025b lists the function as not found. */
    void *thunk_address = *thunk == '\0' || library->thunks == NULL ? NULL : dlsym(library->thunks, thunk);
    if (address == NULL || (*thunk != '\0' && thunk_address == NULL)) return mxCreateLogicalScalar(false);

    Function *f = calloc(1, sizeof *f);
    size_t parameters = mxGetNumberOfElements(given[4]);
    *f = (Function){
        .name = copied(name), .call = copied(call), .address = address, .thunk = thunk_address, .count = parameters};
    f->parameters = calloc(parameters + 1, sizeof *f->parameters);
    f->slots = calloc(parameters + 1, sizeof *f->slots);
    for (size_t i = 0; i < parameters; i++) {
        f->parameters[i] = type_named(library, kept_text(mxGetCell(given[4], i), "a parameter's type"));
        f->slots[i] = f->parameters[i].shape == SCALAR ? f->parameters[i].ffi : &ffi_type_pointer;
    }
    f->returns_nothing = *returns == '\0';
    if (!f->returns_nothing) f->returns = type_named(library, returns);
    ffi_type *back = f->returns_nothing           ? &ffi_type_void
                     : f->returns.shape == SCALAR ? f->returns.ffi
                                                  : &ffi_type_pointer;
    if (ffi_prep_cif(&f->cif, FFI_DEFAULT_ABI, (unsigned)parameters, back, f->slots) != FFI_OK) {
        free_function(f);
        refuse("strict:Shim", "libffi cannot call %s", name);
    }
    f->next = library->functions;
    library->functions = f;
    return mxCreateLogicalScalar(true);
}

static mxArray *close_library(int count, const mxArray **given) {
    need(count, 1, "close");
    const char *name = kept_text(given[0], "the library's name");
    Library **at = &libraries;
    while (*at != NULL && strcmp((*at)->name, name) != 0) at = &(*at)->next;
    if (*at == NULL) refuse("MATLAB:unloadlibrary:ClassNotFound", "Could not find library class to unload it.");
    if (pointers_alive() > 0) {
        refuse("MATLAB:unloadlibrary:IsInUse",
               "Cannot unload a library that has outstanding objects. (shim: %zu lib.pointer)", pointers_alive());
    }
    Library *library = *at;
    *at = library->next;
    while (library->functions != NULL) {
        Function *next = library->functions->next;
        free_function(library->functions);
        library->functions = next;
    }
    while (library->structures != NULL) {
        Structure *s = library->structures;
        library->structures = s->next;
        for (size_t i = 0; i < s->count; i++) free(s->fields[i]);
        free(s->fields);
        free(s->name);
        free(s);
    }
    if (library->thunks != NULL) dlclose(library->thunks);
    dlclose(library->handle);
    free(library->name);
    free(library);
    return NULL;
}

/* A structure array: call, lhs, rhs of each function. */
static mxArray *functions(int count, const mxArray **given) {
    need(count, 1, "functions");
    Library *library = library_named(kept_text(given[0], "the library's name"));
    const char *names[] = {"call", "lhs", "rhs"};
    size_t total = 0, n = 0;
    for (Function *f = library->functions; f != NULL; f = f->next) total++;
    mxArray *made = mxCreateStructMatrix(total, 1, 3, names);
    for (Function *f = library->functions; f != NULL; f = f->next, n++) {
        mxArray *rhs = mxCreateCellMatrix(1, f->count);
        for (size_t i = 0; i < f->count; i++) mxSetCell(rhs, i, mxCreateString(f->parameters[i].name));
        mxSetField(made, n, "call", mxCreateString(f->call));
        mxSetField(made, n, "lhs", mxCreateString(f->returns_nothing ? "" : f->returns.name));
        mxSetField(made, n, "rhs", rhs);
    }
    return made;
}

mxArray *library_command(const char *command, int count, const mxArray **given) {
    if (strcmp(command, "open") == 0) return open_library(count, given);
    if (strcmp(command, "structure") == 0) return add_structure(count, given);
    if (strcmp(command, "declare") == 0) return declare(count, given);
    if (strcmp(command, "close") == 0) return close_library(count, given);
    if (strcmp(command, "functions") == 0) return functions(count, given);
    if (strcmp(command, "loaded") == 0) {
        need(count, 1, "loaded");
        return mxCreateLogicalScalar(library_or_null(kept_text(given[0], "the library's name")) != NULL);
    }
    refuse("strict:Shim", "the shim has no command 'library.%s'", command);
}
