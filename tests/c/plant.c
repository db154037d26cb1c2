/* Deliberate faults in a test build of the library (feature `plant`): plant MODEL LOG OPTIONS
   overread|leak|panic|none. AddressSanitizer and valgrind must find overread and leak; panic must end as a status.
   Prints nothing; the result is the exit status, details are in the log. */

#include "support.h"

#include <string.h>

/* Defined in src/ffi/plant.rs. */
int32_t parfocal_test_panic(uint64_t model);
uint16_t parfocal_test_overread(const uint16_t *pixels, uint64_t count);
void parfocal_test_leak(uint64_t bytes);

enum { W = 40, H = 24, N = W * H };

static const int64_t shape[4] = {W, H, 1, 1};
static FILE *log_file;
static int failures;

static void expect(int line, const char *what, parfocal_status found, int expected, const char *words) {
    if (found == expected && (words == NULL || strstr(last_error(), words) != NULL)) return;
    failures++;
    fprintf(log_file, "plant.c:%d: %s is %s, expected %s and \"%s\"; last error: %s\n", line, what,
            parfocal_status_name(found), parfocal_status_name(expected), words == NULL ? "" : words, last_error());
}

#define EXPECT(call, name, words) expect(__LINE__, #call, (call), PARFOCAL_STATUS_##name, words)

/* A panic spoils the handle of its call. The message says where it happened, and that the handle must be closed. */
static void spoiled(parfocal_model model, parfocal_task task) {
    static uint16_t pixels[N], kept[N];
    parfocal_stream stream = 0;
    uint64_t length = 0;
    int i;
    for (i = 0; i < N; i++) kept[i] = pixels[i] = (uint16_t)(500 + i * 7 % 900);
    EXPECT(parfocal_test_panic(model), INTERNAL, "planted, at src/ffi/plant.rs");
    if (strstr(last_error(), "close it and open another") == NULL) {
        failures++;
        fprintf(log_file, "plant.c:%d: the message gives no way out: %s\n", __LINE__, last_error());
    }
    EXPECT(parfocal_model_describe(model, NULL, 0, &length), INTERNAL, "earlier fault");
    EXPECT(parfocal_restore_u16(model, task, pixels, N, NULL, pixels, N, NULL, shape, NULL), INTERNAL, "earlier fault");
    EXPECT(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream), INTERNAL, "earlier fault");
    EXPECT(parfocal_test_panic(model), INTERNAL, "earlier fault");
    if (memcmp(pixels, kept, sizeof kept) != 0 || stream != 0) {
        failures++;
        fprintf(log_file, "plant.c:%d: a spoiled model wrote pixels or gave a stream\n", __LINE__);
    }
}

/* Restores a frame by the model and by a stream that was opened on it: both must give what `expected` has. */
static void goes_on(parfocal_model model, parfocal_stream stream, const uint16_t *expected) {
    static uint16_t in[N], out[N];
    uint64_t tag = 0;
    int i;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(500 + i * 11 % 1300);
    memset(out, 0, sizeof out);
    if (model != 0) {
        EXPECT(parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, NULL), OK, NULL);
        failures += memcmp(out, expected, sizeof out) != 0;
    }
    EXPECT(parfocal_stream_submit(stream, in, N, NULL, 7), OK, NULL);
    EXPECT(parfocal_stream_receive(stream, out, N, NULL, &tag, 20000), OK, NULL);
    failures += tag != 7 || memcmp(out, expected, sizeof out) != 0;
}

static void panic(const char *path, const char *options) {
    static uint16_t in[N], expected[N];
    parfocal_model one = 0, other = 0, again = 0;
    parfocal_stream of_one = 0, of_other = 0;
    parfocal_task task = 0;
    int i;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(500 + i * 11 % 1300);
    EXPECT(parfocal_model_open(path, options, &one), OK, NULL);
    EXPECT(parfocal_model_open(path, options, &other), OK, NULL);
    EXPECT(parfocal_task_create(&task), OK, NULL);
    EXPECT(parfocal_stream_open(one, PARFOCAL_PIXEL_U16, shape, NULL, &of_one), OK, NULL);
    EXPECT(parfocal_stream_open(other, PARFOCAL_PIXEL_U16, shape, NULL, &of_other), OK, NULL);
    EXPECT(parfocal_restore_u16(other, 0, in, N, NULL, expected, N, NULL, shape, NULL), OK, NULL);
    /* An invalid handle is refused before the panic. */
    EXPECT(parfocal_test_panic(12345), INVALID_HANDLE, NULL);
    spoiled(one, task);
    /* Only that handle is spoiled, not another model, nor a stream opened before. */
    goes_on(other, of_other, expected);
    goes_on(0, of_one, expected);
    /* The refused run has not used up the task. */
    EXPECT(parfocal_restore_u16(other, task, in, N, NULL, in, N, NULL, shape, NULL), OK, NULL);
    EXPECT(parfocal_model_close(one), OK, NULL);
    EXPECT(parfocal_model_close(one), INVALID_HANDLE, "closed");
    EXPECT(parfocal_model_open(path, options, &again), OK, NULL);
    goes_on(again, of_one, expected);
    EXPECT(parfocal_stream_close(of_one), OK, NULL);
    EXPECT(parfocal_stream_close(of_other), OK, NULL);
    EXPECT(parfocal_task_close(task), OK, NULL);
    EXPECT(parfocal_model_close(other), OK, NULL);
    EXPECT(parfocal_model_close(again), OK, NULL);
}

static void overread(void) {
    uint16_t *pixels = malloc(N * sizeof *pixels);
    if (pixels == NULL) return;
    memset(pixels, 1, N * sizeof *pixels);
    fprintf(log_file, "behind the last: %u\n", parfocal_test_overread(pixels, N));
    free(pixels);
}

int main(int count, char **arguments) {
    const char *what = count == 5 ? arguments[4] : "";
    if (count != 5) return 2;
    log_file = fopen(arguments[2], "w");
    if (log_file == NULL) return 2;
    if (strcmp(what, "panic") == 0) {
        panic(arguments[1], arguments[3]);
    } else if (strcmp(what, "overread") == 0) {
        overread();
    } else if (strcmp(what, "leak") == 0) {
        parfocal_test_leak(4321);
    } else if (strcmp(what, "none") != 0) {
        failures++;
    }
    fprintf(log_file, "failures: %d\n", failures);
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}
