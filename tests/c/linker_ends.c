/* What glibc's dynamic linker does when an allocation of its own fails, without Parfocal: linker_ends LIBRARY N loads a
   library, and uses a thread-local variable of this file's other half, with the N-th allocation from then on failing.
   The linker ends the process with status 127 where it has no way to say that there is no memory. Built twice: with
   LOCAL the library of the variable, else the program. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

#ifdef LOCAL

static __thread int local[100];

int *parfocal_test_local(void);
int *parfocal_test_local(void) { return local; }

#else

static long left;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);

static int fails(void) { return left > 0 && --left == 0; }

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }

int main(int count, char **arguments) {
    void *library;
    int *(*use)(void);
    if (count != 3) return 2;
    left = atol(arguments[2]);
    library = dlopen(arguments[1], RTLD_NOW);
    /* Refused in words, as it should be. */
    if (library == NULL) return 3;
    *(void **)&use = dlsym(library, "parfocal_test_local");
    return use != NULL && use() == NULL;
}

#endif
