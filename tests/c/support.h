/* What every C program of the tests needs. Include it first: it asks the system for its threads and clocks. */

#ifndef SUPPORT_H
#define SUPPORT_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "parfocal.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The calling thread's last message, in one of four static buffers: several threads ask at once. */
static inline const char *last_error(void) {
    static char buffers[4][2048];
    static int next;
    char *buffer = buffers[next++ % 4];
    buffer[0] = '\0';
    parfocal_last_error(buffer, sizeof buffers[0], NULL);
    return buffer;
}

static inline void pause_ms(int milliseconds) {
    struct timespec time;
    time.tv_sec = milliseconds / 1000;
    time.tv_nsec = milliseconds % 1000 * 1000000L;
    nanosleep(&time, NULL);
}

/* A file's bytes from malloc, or NULL. */
static inline uint8_t *read_whole(const char *path, uint64_t *length) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;
    long size;
    *length = 0;
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    bytes = malloc((size_t)size + 1);
    if (bytes != NULL) *length = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    return bytes;
}

#endif
