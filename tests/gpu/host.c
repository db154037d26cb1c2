/* Restores a frame on WebGPU in software and on the CPU: host MODEL. */

#include <parfocal.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 32 };

static float frame[SIDE * SIDE], results[2][SIDE * SIDE];

static int fail(const char *what) {
    char message[1024];
    parfocal_last_error(message, sizeof message, NULL);
    fprintf(stderr, "%s: %s\n", what, message);
    return 1;
}

static int restored(const char *path, const char *options, const char *device, float *into) {
    static char described[65536];
    const int64_t shape[4] = {SIDE, SIDE, 1, 1};
    uint64_t length = 0;
    parfocal_model model;
    if (parfocal_model_open(path, options, &model) != PARFOCAL_STATUS_OK) return fail(options);
    if (parfocal_model_describe(model, described, sizeof described, &length) != PARFOCAL_STATUS_OK)
        return fail("describe");
    if (strstr(described, device) == NULL) {
        fprintf(stderr, "%s: no %s in %s\n", options, device, described);
        return 1;
    }
    if (parfocal_restore_f32(model, 0, frame, SIDE * SIDE, NULL, into, SIDE * SIDE, NULL, shape, NULL) !=
        PARFOCAL_STATUS_OK)
        return fail("restore");
    return parfocal_model_close(model) == PARFOCAL_STATUS_OK ? 0 : fail("close");
}

int main(int count, char **arguments) {
    float least = 1e30f, most = -1e30f, worst = 0.0f;
    parfocal_model none;
    int i;
    if (count != 2) return 2;
    for (i = 0; i < SIDE * SIDE; i++) frame[i] = (float)(100.0 + 50.0 * sin(0.3 * (i % SIDE)) + i / SIDE);
    if (restored(arguments[1], "device=cpu", "\"device\":\"cpu\"", results[0])) return 1;
    if (restored(arguments[1], "device=webgpu software_adapter=on", "\"device\":\"webgpu:0\"", results[1])) return 1;
    for (i = 0; i < SIDE * SIDE; i++) {
        float difference = fabsf(results[0][i] - results[1][i]);
        least = fminf(least, results[0][i]);
        most = fmaxf(most, results[0][i]);
        if (!(difference <= worst)) worst = difference;
    }
    if (!(worst <= 1e-4f * (most - least))) {
        fprintf(stderr, "WebGPU differs by %g of %g\n", worst, most - least);
        return 1;
    }
    /* A program on the processor is not chosen unless it is asked for. */
    if (parfocal_model_open(arguments[1], "device=webgpu", &none) != PARFOCAL_STATUS_DEVICE) return fail("unasked");
    return 0;
}
