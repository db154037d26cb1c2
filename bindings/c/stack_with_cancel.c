/* Restores a stack in place while a second thread shows progress and cancels: stack_with_cancel [MODEL [OPTIONS
   [PLANES]]].

   The run is cancelled when PLANES planes are done (3 without the argument; a number above 12 lets it finish). */

#define _POSIX_C_SOURCE 200809L
#include <parfocal.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WIDTH = 192, HEIGHT = 160, PLANES = 12 };

static uint16_t stack[WIDTH * HEIGHT * PLANES];

struct run {
    parfocal_model model;
    parfocal_task task;
    parfocal_status status;
    /* Guards `ended`: the only sign of a run that fails before its first tile. */
    pthread_mutex_t lock;
    int ended;
    /* The thread of the failed call has the message, so it keeps a copy here. */
    char message[1024];
};

static void *restore(void *argument) {
    struct run *run = argument;
    const int64_t shape[4] = {WIDTH, HEIGHT, 1, PLANES};
    const uint64_t samples = WIDTH * HEIGHT * PLANES;
    run->status = parfocal_restore_u16(run->model, run->task, stack, samples, NULL, stack, samples, NULL, shape, NULL);
    if (run->status != PARFOCAL_STATUS_OK) parfocal_last_error(run->message, sizeof run->message, NULL);
    pthread_mutex_lock(&run->lock);
    run->ended = 1;
    pthread_mutex_unlock(&run->lock);
    return NULL;
}

static int ended(struct run *run) {
    int result;
    pthread_mutex_lock(&run->lock);
    result = run->ended;
    pthread_mutex_unlock(&run->lock);
    return result;
}

static void simulate(void) {
    int p, y, x;
    for (p = 0; p < PLANES; p++)
        for (y = 0; y < HEIGHT; y++)
            for (x = 0; x < WIDTH; x++)
                stack[(p * HEIGHT + y) * WIDTH + x] = (uint16_t)(200 + (x * x + y * y * 3 + p * 977) / 24 % 3000);
}

int main(int count, char **arguments) {
    const uint64_t enough = count > 3 ? strtoull(arguments[3], NULL, 10) : 3;
    const struct timespec pause = {0, 2000000};
    struct run run = {0, 0, -1, PTHREAD_MUTEX_INITIALIZER, 0, ""};
    uint64_t done = 0, total = 0, planes = 0, shown = UINT64_MAX;
    pthread_t thread;

    simulate();
    if (parfocal_model_open(count > 1 ? arguments[1] : NULL, count > 2 ? arguments[2] : NULL, &run.model) !=
            PARFOCAL_STATUS_OK ||
        parfocal_task_create(&run.task) != PARFOCAL_STATUS_OK) {
        parfocal_last_error(run.message, sizeof run.message, NULL);
        fprintf(stderr, "%s\n", run.message);
        return EXIT_FAILURE;
    }
    if (pthread_create(&thread, NULL, restore, &run) != 0) return EXIT_FAILURE;
    do {
        parfocal_task_progress(run.task, &done, &total);
        parfocal_task_planes_done(run.task, &planes);
        if (planes != shown)
            printf("%llu of %d planes, %llu of %llu tiles\n", (unsigned long long)(shown = planes), PLANES,
                   (unsigned long long)done, (unsigned long long)total);
        if (planes >= enough) {
            parfocal_task_cancel(run.task);
            break;
        }
        nanosleep(&pause, NULL);
    } while (!ended(&run));
    pthread_join(thread, NULL);

    parfocal_task_planes_done(run.task, &planes);
    printf("%s; the first %llu planes are restored, the others as they were\n", parfocal_status_name(run.status),
           (unsigned long long)planes);
    if (run.message[0] != '\0') printf("the library says: %s\n", run.message);
    parfocal_task_close(run.task);
    parfocal_model_close(run.model);
    return run.status == PARFOCAL_STATUS_OK || run.status == PARFOCAL_STATUS_CANCELLED ? EXIT_SUCCESS : EXIT_FAILURE;
}
