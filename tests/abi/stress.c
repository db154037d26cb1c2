/* Eight threads that open, restore, cancel, describe, stream and close at random over shared handles: stress MODEL SECONDS.
   No crash, no deadlock, no status but those that the doings allow. The seed is fixed; what the threads do to each other is not. */

#define _POSIX_C_SOURCE 200809L
#include "parfocal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS = 8, SHARED = 6, WIDTH = 48, HEIGHT = 40, PLANES = 3, SAMPLES = WIDTH * HEIGHT * PLANES };

static const char *path;
static time_t end_time;
/* Handles that all threads use and close under each other; 0 or stale ones are as good. */
static uint64_t models[SHARED], tasks[SHARED], streams[SHARED];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long done[18];
static unsigned long unexpected;

static uint32_t next(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static uint64_t look(const uint64_t *shared, uint32_t i) {
    uint64_t value;
    pthread_mutex_lock(&lock);
    value = shared[i % SHARED];
    pthread_mutex_unlock(&lock);
    return value;
}

static uint64_t swap(uint64_t *shared, uint32_t i, uint64_t value) {
    uint64_t old;
    pthread_mutex_lock(&lock);
    old = shared[i % SHARED];
    shared[i % SHARED] = value;
    pthread_mutex_unlock(&lock);
    return old;
}

/* The statuses that may come, as a set of bits. */
static void allow(const char *what, parfocal_status status, unsigned long allowed) {
    pthread_mutex_lock(&lock);
    if (status >= 0 && status < 18) done[status]++;
    if (status < 0 || status > 17 || !(allowed >> status & 1)) {
        char message[1024] = "";
        unexpected++;
        parfocal_last_error(message, sizeof message, NULL);
        fprintf(stderr, "%s: %s: %s\n", what, parfocal_status_name(status), message);
    }
    pthread_mutex_unlock(&lock);
}

#define BIT(name) (1ul << PARFOCAL_STATUS_##name)

static void one_thing(uint32_t *random, uint16_t *in, uint16_t *out) {
    static const int64_t shape[4] = {WIDTH, HEIGHT, 1, PLANES}, frame[4] = {WIDTH, HEIGHT, 1, 1};
    const uint32_t what = next(random) % 100, a = next(random), b = next(random);
    const unsigned long handle = BIT(OK) | BIT(INVALID_HANDLE);
    uint64_t made = 0, old, number;
    char text[64];
    if (what < 4) {
        allow("open", parfocal_model_open(path, "threads=1", &made), BIT(OK));
        old = swap(models, a, made);
        if (old != 0) allow("close model", parfocal_model_close(old), handle);
    } else if (what < 8) {
        allow("create", parfocal_task_create(&made), BIT(OK));
        old = swap(tasks, a, made);
        if (old != 0) allow("close task", parfocal_task_close(old), handle);
    } else if (what < 12) {
        const char *options = b % 2 ? "mode=latest" : "mode=every depth=2";
        allow("open stream", parfocal_stream_open(look(models, b), PARFOCAL_PIXEL_U16, frame, options, &made), handle);
        old = swap(streams, a, made);
        if (old != 0) allow("close stream", parfocal_stream_close(old), handle);
    } else if (what < 40) {
        allow("restore", parfocal_restore_u16(look(models, a), b % 3 ? 0 : look(tasks, b), in, SAMPLES, NULL, out, SAMPLES,
                                              NULL, shape, b % 5 ? NULL : "tile=16 halo=0"),
              /* A task that another run has had is INVALID_ARGUMENT. */
              handle | BIT(CANCELLED) | BIT(INVALID_ARGUMENT));
    } else if (what < 50) {
        allow("cancel", parfocal_task_cancel(look(tasks, a)), handle);
    } else if (what < 58) {
        allow("progress", parfocal_task_progress(look(tasks, a), &number, &made), handle);
    } else if (what < 74) {
        allow("submit", parfocal_stream_submit(look(streams, a), in, WIDTH * HEIGHT, NULL, b),
              handle | BIT(WOULD_BLOCK) | BIT(CLOSED));
    } else if (what < 90) {
        allow("receive",
              parfocal_stream_receive(look(streams, a), out, WIDTH * HEIGHT, NULL, &number, (int32_t)(b % 3) * 4),
              handle | BIT(WOULD_BLOCK) | BIT(TIMEOUT) | BIT(CLOSED));
    } else if (what < 94) {
        allow("describe", parfocal_stream_describe(look(streams, a), text, sizeof text, &number),
              handle | BIT(INVALID_ARGUMENT));
    } else if (what < 97) {
        allow("bad", parfocal_restore_u16(look(models, a), 0, in, SAMPLES - 1, NULL, out, SAMPLES, NULL, shape, NULL),
              BIT(INVALID_ARGUMENT) | BIT(INVALID_HANDLE));
    } else if (what < 98) {
        /* In place on another thread's handles of the wrong kind. */
        allow("wrong kind", parfocal_model_close(look(tasks, a) | (1ull << 60)), BIT(INVALID_HANDLE));
    } else {
        allow("score", parfocal_focus_score_u16(in, SAMPLES, NULL, shape, (double[PLANES]){0}), BIT(OK));
    }
}

static void *work(void *argument) {
    uint32_t random = 2463534242u + 7919u * (uint32_t)(size_t)argument, k;
    uint16_t *in = malloc(SAMPLES * sizeof *in), *out = malloc(SAMPLES * sizeof *out);
    for (k = 0; k < SAMPLES; k++) in[k] = (uint16_t)(next(&random) % 4093);
    while (time(NULL) < end_time) one_thing(&random, in, out);
    free(in);
    free(out);
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t threads[THREADS];
    size_t i;
    if (count < 3) return 2;
    path = arguments[1];
    end_time = time(NULL) + atoi(arguments[2]);
    for (i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0) return 3;
    for (i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (i = 0; i < SHARED; i++) {
        if (streams[i] != 0) parfocal_stream_close(streams[i]);
        if (tasks[i] != 0) parfocal_task_close(tasks[i]);
        if (models[i] != 0) parfocal_model_close(models[i]);
    }
    for (i = 0; i < 18; i++)
        if (done[i] > 0) printf("%s %lu ", parfocal_status_name((parfocal_status)i), done[i]);
    printf("\n");
    /* Restored, cancelled, and streams that had something to give: else it tried nothing. */
    return unexpected == 0 && done[PARFOCAL_STATUS_OK] > 100 && done[PARFOCAL_STATUS_CANCELLED] > 0 &&
                   done[PARFOCAL_STATUS_INVALID_HANDLE] > 0
               ? 0
               : 1;
}
