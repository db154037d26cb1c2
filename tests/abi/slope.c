/* Memory that grows with the number of calls: slope MODEL CALLS prints the bytes of resident memory that a restore adds.
   Four threads restore frames of 128x128 pixels; after a warm-up of a fifth of the calls a line is fitted through the samples. */

#define _POSIX_C_SOURCE 200809L
#include "parfocal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIDE = 128, SAMPLES = SIDE * SIDE, THREADS = 4, POINTS = 200 };

static parfocal_model model;
static long calls, failed;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long started;
static double at[POINTS], bytes[POINTS];
static long points;

/* Of /proc/self/statm, in bytes. */
static double resident(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long total = 0, pages = 0;
    if (file == NULL || fscanf(file, "%ld %ld", &total, &pages) != 2) pages = 0;
    if (file != NULL) fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void *restore(void *argument) {
    const int64_t shape[4] = {SIDE, SIDE, 1, 1};
    uint16_t *in = malloc(SAMPLES * sizeof *in), *out = malloc(SAMPLES * sizeof *out);
    long i;
    (void)argument;
    for (i = 0; in != NULL && out != NULL; i++) {
        long number, k;
        parfocal_task task = 0;
        pthread_mutex_lock(&lock);
        number = started++;
        if (number >= calls / 5 && number % (calls / (POINTS + POINTS / 2)) == 0 && points < POINTS) {
            at[points] = (double)number;
            bytes[points++] = resident();
        }
        pthread_mutex_unlock(&lock);
        if (number >= calls) break;
        for (k = 0; k < SAMPLES; k++) in[k] = (uint16_t)((k * 31 + number * 7919) % 4093);
        /* With a task, and with a call that fails: what they take must come back as well. */
        if (parfocal_task_create(&task) != PARFOCAL_STATUS_OK ||
            parfocal_restore_u16(model, task, in, SAMPLES, NULL, out, SAMPLES, NULL, shape, NULL) != PARFOCAL_STATUS_OK ||
            parfocal_task_close(task) != PARFOCAL_STATUS_OK ||
            parfocal_restore_u16(model, task, in, SAMPLES, NULL, out, SAMPLES, NULL, shape, NULL) !=
                PARFOCAL_STATUS_INVALID_HANDLE) {
            pthread_mutex_lock(&lock);
            failed++;
            pthread_mutex_unlock(&lock);
        }
    }
    free(in);
    free(out);
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t threads[THREADS];
    double x = 0, y = 0, xx = 0, xy = 0;
    long i;
    if (count < 3 || (calls = atol(arguments[2])) < 1000) return 2;
    if (parfocal_model_open(arguments[1], "threads=1", &model) != PARFOCAL_STATUS_OK) return 3;
    for (i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, restore, NULL) != 0) return 4;
    for (i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    if (failed > 0 || points < 20 || parfocal_model_close(model) != PARFOCAL_STATUS_OK) return 5;
    for (i = 0; i < points; i++) {
        x += at[i] / (double)points;
        y += bytes[i] / (double)points;
    }
    for (i = 0; i < points; i++) {
        xx += (at[i] - x) * (at[i] - x);
        xy += (at[i] - x) * (bytes[i] - y);
    }
    printf("%.3f\n", xy / xx);
    return 0;
}
