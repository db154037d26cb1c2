/* Memory that the shim lends to the library, with a guarded edge on both sides: in MATLAB, writing past it ends the
   session. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

enum { EDGE = 64, MARK = 0xA5 };

Block *block_make(size_t size) {
    Block *block = malloc(sizeof *block);
    uint8_t *bytes = malloc(size + 2 * EDGE);
    if (block == NULL || bytes == NULL) {
        free(block);
        free(bytes);
        refuse("strict:Memory", "the shim could not get %zu bytes", size);
    }
    memset(bytes, MARK, EDGE);
    memset(bytes + EDGE, 0, size);
    memset(bytes + EDGE + size, MARK, EDGE);
    *block = (Block){.bytes = bytes + EDGE, .size = size, .holders = 1};
    return block;
}

void block_hold(Block *block) {
    if (block != NULL) block->holders++;
}

void block_drop(Block *block) {
    if (block == NULL || --block->holders > 0) return;
    free(block->bytes - EDGE);
    free(block);
}

bool block_intact(const Block *block) {
    for (size_t i = 0; i < EDGE; i++) {
        if (block->bytes[-1 - (ptrdiff_t)i] != MARK || block->bytes[block->size + i] != MARK) return false;
    }
    return true;
}
