/* Restores one 16-bit frame: one_frame [MODEL [OPTIONS]], without arguments with the built-in model. */

#include <parfocal.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 320, HEIGHT = 240 };

/* Prints the library's message. */
static int fail(const char *what) {
    char message[1024];
    parfocal_last_error(message, sizeof message, NULL);
    fprintf(stderr, "%s: %s\n", what, message);
    return EXIT_FAILURE;
}

/* Draws out-of-focus beads on a camera's offset, in place of a camera's pixels. */
static void simulate(uint16_t *pixels) {
    int x, y, bead;
    for (y = 0; y < HEIGHT; y++)
        for (x = 0; x < WIDTH; x++) {
            double light = 120.0;
            for (bead = 0; bead < 12; bead++) {
                double dx = x - (bead * 97 % WIDTH), dy = y - (bead * 61 % HEIGHT);
                light += 2500.0 * exp(-(dx * dx + dy * dy) / 60.0);
            }
            pixels[y * WIDTH + x] = (uint16_t)light;
        }
}

int main(int count, char **arguments) {
    static uint16_t frame[WIDTH * HEIGHT], restored[WIDTH * HEIGHT];
    const int64_t shape[4] = {WIDTH, HEIGHT, 1, 1}; /* width, height, channels, planes */
    const uint64_t samples = WIDTH * HEIGHT;
    double before, after;
    parfocal_model model;

    simulate(frame);
    if (parfocal_model_open(count > 1 ? arguments[1] : NULL, count > 2 ? arguments[2] : NULL, &model) !=
        PARFOCAL_STATUS_OK)
        return fail("opening the model");
    if (parfocal_restore_u16(model, 0, frame, samples, NULL, restored, samples, NULL, shape, NULL) !=
        PARFOCAL_STATUS_OK)
        return fail("restoring");
    if (parfocal_focus_score_u16(frame, samples, NULL, shape, &before) != PARFOCAL_STATUS_OK ||
        parfocal_focus_score_u16(restored, samples, NULL, shape, &after) != PARFOCAL_STATUS_OK)
        return fail("scoring");
    printf("Parfocal %s restored %dx%d pixels; focus score %.4g before, %.4g after\n", parfocal_version(), WIDTH,
           HEIGHT, before, after);
    if (parfocal_model_close(model) != PARFOCAL_STATUS_OK) return fail("closing the model");
    return EXIT_SUCCESS;
}
