/* Runs the C suite: suite MODEL FOLDER LOG OPTIONS [fast]. Prints nothing; the result is the exit status, details
   are in the log. */

#include "check.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *suite_model, *suite_folder, *suite_options;
int suite_fast;

static FILE *log_file;
static int failures;
/* Checks may fail in several threads. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

void suite_fail(const char *file, int line, const char *what) {
    pthread_mutex_lock(&log_lock);
    failures++;
    fprintf(log_file, "%s:%d: failed: %s\n", file, line, what);
    fflush(log_file);
    pthread_mutex_unlock(&log_lock);
}

int suite_status(const char *file, int line, const char *what, parfocal_status found, parfocal_status expected) {
    char text[1024];
    if (found == expected) return 1;
    snprintf(text, sizeof text, "%s\n    is %s, expected %s; last error: %.500s", what, parfocal_status_name(found),
             parfocal_status_name(expected), last_error());
    suite_fail(file, line, text);
    return 0;
}

void suite_says(const char *file, int line, const char *what, parfocal_status found, parfocal_status expected,
                const char *expected_text) {
    char text[1024];
    if (!suite_status(file, line, what, found, expected)) return;
    if (strstr(last_error(), expected_text) != NULL) return;
    snprintf(text, sizeof text, "%.200s\n    says \"%.400s\"\n    expected \"%.200s\" in it", what, last_error(),
             expected_text);
    suite_fail(file, line, text);
}

parfocal_model open_model(void) {
    parfocal_model model = 0;
    CHECK_IS(parfocal_model_open(suite_model, suite_options, &model), OK);
    return model;
}

const char *in_folder(const char *name) {
    static char buffers[16][4096];
    static int next;
    char *buffer = buffers[next++ % 16];
    snprintf(buffer, sizeof buffers[0], "%s/%s", suite_folder, name);
    return buffer;
}

int64_t json_integer(const char *json, const char *key) {
    char quoted[64];
    const char *found;
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    found = json == NULL ? NULL : strstr(json, quoted);
    return found == NULL ? -1 : (int64_t)strtoll(found + strlen(quoted), NULL, 10);
}

char *text_of(parfocal_status (*describe)(uint64_t, char *, uint64_t, uint64_t *), uint64_t handle) {
    uint64_t length = 0;
    char *text;
    if (!CHECK_IS(describe(handle, NULL, 0, &length), OK)) return NULL;
    /* A counter may have grown by a digit meanwhile. */
    text = malloc((size_t)length + 64);
    if (text != NULL && !CHECK_IS(describe(handle, text, length + 64, &length), OK)) {
        free(text);
        return NULL;
    }
    return text;
}

static double blobs(int64_t index, int64_t width, uint32_t seed) {
    double x = (double)(index % width), y = (double)(index / width);
    uint32_t noise = (uint32_t)index * 2654435761u + seed * 40503u;
    noise ^= noise >> 15;
    noise *= 2246822519u;
    noise ^= noise >> 13;
    return 0.45 + 0.25 * sin(0.21 * x + seed) * cos(0.17 * y) + 0.2 * sin(0.05 * (x + 2 * y) + 2 * seed) +
           0.05 * ((double)(noise % 1024) / 1024.0);
}

void picture_u16(uint16_t *pixels, int64_t samples, int64_t width, uint32_t seed) {
    int64_t i;
    for (i = 0; i < samples; i++) pixels[i] = (uint16_t)(500.0 + 3000.0 * blobs(i, width, seed));
}

void picture_u8(uint8_t *pixels, int64_t samples, int64_t width, uint32_t seed) {
    int64_t i;
    for (i = 0; i < samples; i++) pixels[i] = (uint8_t)(20.0 + 200.0 * blobs(i, width, seed));
}

void picture_f32(float *pixels, int64_t samples, int64_t width, uint32_t seed) {
    int64_t i;
    for (i = 0; i < samples; i++) pixels[i] = (float)(-1.0 + 4.0 * blobs(i, width, seed));
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        void (*run)(void);
    } families[] = {
        {"errors", test_errors}, {"model", test_model},   {"restore", test_restore}, {"layouts", test_layouts},
        {"files", test_files},   {"task", test_task},     {"stream", test_stream},   {"focus", test_focus},
        {"range", test_range},   {"packed", test_packed},
    };
    size_t i;
    if (count < 5) return 2;
    suite_model = arguments[1];
    suite_folder = arguments[2];
    suite_options = arguments[4];
    suite_fast = count > 5 && strcmp(arguments[5], "fast") == 0;
    log_file = fopen(arguments[3], "w");
    if (log_file == NULL) return 2;
    for (i = 0; i < sizeof families / sizeof families[0]; i++) {
        int before = failures;
        families[i].run();
        fprintf(log_file, "%s: %s\n", families[i].name, failures == before ? "passed" : "FAILED");
        fflush(log_file);
    }
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}
