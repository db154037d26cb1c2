/* Measures whether memory grows: slope MODEL LOG OPTIONS restore|open CALLS LOST. After a warm-up of as many calls,
   CALLS times a frame of 128x128 is restored from four threads, or a model opened and closed; the log has the slope
   of resident memory over the calls. LOST bytes are leaked on purpose in each call, to test the measurement itself.
   Prints nothing. */

#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, SIDE = 128, N = SIDE * SIDE, SAMPLES = 2000 };

static const int64_t shape[4] = {SIDE, SIDE, 1, 1};
static const char *path, *options;
static int opening;
static parfocal_model model;
static size_t lost;
/* The last leaked block; external and volatile, so that no compiler removes the leak. */
char *volatile slope_lost;

/* Guards all below. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int begun, wanted, every, samples, failures;
static double call_of[SAMPLES], bytes_at[SAMPLES];

/* Resident memory in bytes, or -1. Without a buffer of its own, so that reading takes no memory. */
static double resident(void) {
    long pages = -1;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return -1;
    if (fscanf(file, "%*d %ld", &pages) != 1) pages = -1;
    fclose(file);
    return pages < 0 ? -1 : (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static parfocal_status call(const uint16_t *in, uint16_t *out) {
    parfocal_model opened = 0;
    parfocal_status status;
    if (!opening) return parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, NULL);
    status = parfocal_model_open(path, options, &opened);
    return status == PARFOCAL_STATUS_OK ? parfocal_model_close(opened) : status;
}

static void *work(void *argument) {
    uint16_t *in = malloc(2 * N * sizeof *in), *out = in + N;
    int i;
    (void)argument;
    if (in == NULL) return NULL;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(500 + (i % SIDE) * (i / SIDE) % 1200);
    for (;;) {
        parfocal_status status;
        int mine, sample;
        pthread_mutex_lock(&lock);
        mine = begun++;
        sample = mine < wanted && mine % every == 0 && samples < SAMPLES ? samples++ : -1;
        if (sample >= 0) {
            call_of[sample] = mine;
            bytes_at[sample] = resident();
        }
        pthread_mutex_unlock(&lock);
        if (mine >= wanted) break;
        status = call(in, out);
        if (lost > 0) {
            /* Written to, so that it is resident. */
            char *memory = malloc(lost);
            if (memory != NULL) memset(memory, 1, lost);
            slope_lost = memory;
        }
        if (status != PARFOCAL_STATUS_OK) {
            pthread_mutex_lock(&lock);
            failures++;
            pthread_mutex_unlock(&lock);
        }
    }
    free(in);
    return NULL;
}

/* Runs the threads for `calls` calls in all, with a sample of memory every `step` calls. */
static void run(int calls, int step) {
    pthread_t threads[THREADS];
    int i, started = 0;
    begun = samples = 0;
    wanted = calls;
    every = step;
    for (i = 0; i < THREADS; i++) started += pthread_create(&threads[i], NULL, work, NULL) == 0;
    for (i = 0; i < started; i++) pthread_join(threads[i], NULL);
    failures += started != THREADS;
}

/* Least squares, in bytes a call. */
static double slope(void) {
    double x = 0, y = 0, xx = 0, xy = 0;
    int i;
    for (i = 0; i < samples; i++) {
        x += call_of[i] / samples;
        y += bytes_at[i] / samples;
    }
    for (i = 0; i < samples; i++) {
        xx += (call_of[i] - x) * (call_of[i] - x);
        xy += (call_of[i] - x) * (bytes_at[i] - y);
    }
    return xy / xx;
}

int main(int count, char **arguments) {
    FILE *log_file;
    int calls;
    if (count != 7) return 2;
    path = arguments[1];
    options = arguments[3];
    opening = strcmp(arguments[4], "open") == 0;
    calls = atoi(arguments[5]);
    lost = (size_t)atoi(arguments[6]);
    log_file = fopen(arguments[2], "w");
    if (log_file == NULL || calls < 100) return 2;
    if (parfocal_model_open(path, options, &model) != PARFOCAL_STATUS_OK) failures++;
    /* The heaps of four threads settle slowly: 20,000 calls gave slopes from 1 to 41 bytes a call, 100,000 gave 4. */
    run(calls, calls);
    run(calls, calls < 20000 ? calls / 100 : 200);
    if (parfocal_model_close(model) != PARFOCAL_STATUS_OK) failures++;
    /* Missing samples are a failure, too. */
    if (samples < 50 || resident() < 0) failures++;
    fprintf(log_file, "failures: %d\ncalls: %d\nresident: %.1f MB, at first %.1f MB\nslope: %.2f bytes a call\n",
            failures, calls, bytes_at[samples - 1] / 1e6, bytes_at[0] / 1e6, slope());
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}
