/* A library to preload whose allocations fail on purpose: fail_malloc_at(N, ALL) lets the N-th allocation from then on
   fail, and with ALL every later one, too. 0 turns it off. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void fail_malloc_at(long number, int all);
long fail_malloc_count(void);

static atomic_long left, counted;
static atomic_int every;

void fail_malloc_at(long number, int all) {
    counted = 0;
    every = all;
    left = number;
}

/* Allocations since fail_malloc_at. */
long fail_malloc_count(void) { return counted; }

static int fails(void) {
    long before;
    counted++;
    if (left == 0) return 0;
    before = atomic_load(&left);
    if (before > 1) {
        atomic_fetch_sub(&left, 1);
        return 0;
    }
    if (!every) left = 0;
    errno = ENOMEM;
    return 1;
}

/* glibc's own functions under their other names: dlsym would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void *realloc(void *memory, size_t size) { return fails() ? NULL : __libc_realloc(memory, size); }
void *memalign(size_t alignment, size_t size) { return fails() ? NULL : __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return fails() ? NULL : __libc_memalign(alignment, size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (fails()) return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}
