/* The base of the generated tests of bad input: good objects, buffers with marks that show who wrote to them, and
   the log. Usage: program MODEL GOOD.tif FOLDER LOG. Prints nothing; the result is the exit status. */

#ifndef BAD_INPUT_H
#define BAD_INPUT_H

#define _DEFAULT_SOURCE
#include "../c/support.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WIDTH = 12, HEIGHT = 10, CHANNELS = 3, SAMPLES = WIDTH * HEIGHT * CHANNELS, ROOM = 4 * SAMPLES };
/* As Mono12p. */
enum { PACKED_ROW = WIDTH * 3 / 2, PACKED = PACKED_ROW * HEIGHT };
enum { MARK_BYTE = 0x5A, FRAMES = 64, SIDE = 48 };

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) fail(#condition);                                                                            \
    } while (0)

static FILE *log_file;
static int failures;
static const char *function_name, *case_name;

static const char *model_path, *folder_path;
static uint8_t *model_bytes;
static uint64_t model_length;
static parfocal_model a_model, made;
static parfocal_task a_task;
static parfocal_stream a_stream, grey_stream;
/* A task and a stream that have an error map. */
static parfocal_task mapped_task;
static parfocal_stream mapped_stream;
/* An object that one case made; closed after it. */
static uint64_t kept;
static parfocal_status found;

static uint8_t in_u8[ROOM], out_u8[ROOM];
static uint16_t in_u16[ROOM], out_u16[ROOM];
static float in_f32[ROOM], out_f32[ROOM];
static double scores[8];
static char text[1 << 16];
static double value_lo, value_hi;
static uint64_t length, value_done, value_total, value_planes, value_tag;

static void fail(const char *what) {
    failures++;
    fprintf(log_file, "%s, %s: failed: %s\n", function_name, case_name, what);
}

static const int64_t *numbers(int64_t a, int64_t b, int64_t c, int64_t d) {
    static int64_t kept_numbers[8][4];
    static int next;
    int64_t *n = kept_numbers[next++ % 8];
    n[0] = a;
    n[1] = b;
    n[2] = c;
    n[3] = d;
    return n;
}

static const char *in_folder(const char *name) {
    static char paths[4][4096];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder_path, name);
    return path;
}

static const char *fresh(const char *name) {
    const char *path = in_folder(name);
    remove(path);
    return path;
}

/* ---- Objects. ---- */

static parfocal_model new_model(void) {
    parfocal_model model = 0;
    CHECK(parfocal_model_open(model_path, "threads=1", &model) == PARFOCAL_STATUS_OK);
    return model;
}

static parfocal_task new_task(void) {
    parfocal_task task = 0;
    CHECK(parfocal_task_create(&task) == PARFOCAL_STATUS_OK);
    return task;
}

static parfocal_stream new_stream(void) {
    parfocal_stream stream = 0;
    CHECK(parfocal_stream_open(a_model, PARFOCAL_PIXEL_U16, numbers(WIDTH, HEIGHT, CHANNELS, 1), "depth=2", &stream) ==
          PARFOCAL_STATUS_OK);
    return stream;
}

/* Of the model with a trust map, which lies beside the other. */
static void make_maps(void) {
    const int64_t *shape = numbers(WIDTH, HEIGHT, CHANNELS, 1);
    const char *name = strrchr(model_path, '/');
    char path[4096];
    parfocal_model model = 0;
    snprintf(path, sizeof path, "%.*s/told.onnx", (int)(name - model_path), model_path);
    CHECK(parfocal_model_open(path, "threads=1", &model) == PARFOCAL_STATUS_OK);
    mapped_task = new_task();
    CHECK(parfocal_restore_u16(model, mapped_task, in_u16, SAMPLES, NULL, out_u16, SAMPLES, NULL, shape,
                               "error_map=on") == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, "error_map=on", &mapped_stream) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_submit(mapped_stream, in_u16, SAMPLES, NULL, 1) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_receive(mapped_stream, out_u16, SAMPLES, NULL, NULL, 20000) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_model_close(model) == PARFOCAL_STATUS_OK);
}

static parfocal_stream byte_stream(void) {
    parfocal_stream stream = 0;
    CHECK(parfocal_stream_open(a_model, PARFOCAL_PIXEL_U8, numbers(WIDTH, HEIGHT, 1, 1), NULL, &stream) ==
          PARFOCAL_STATUS_OK);
    return stream;
}

static parfocal_model closed_model(void) {
    parfocal_model model = new_model();
    CHECK(parfocal_model_close(model) == PARFOCAL_STATUS_OK);
    return model;
}

static parfocal_task closed_task(void) {
    parfocal_task task = new_task();
    CHECK(parfocal_task_close(task) == PARFOCAL_STATUS_OK);
    return task;
}

static parfocal_stream closed_stream(void) {
    parfocal_stream stream = new_stream();
    CHECK(parfocal_stream_close(stream) == PARFOCAL_STATUS_OK);
    return stream;
}

/* A task whose run is over. */
static parfocal_task used_task(void) {
    kept = new_task();
    CHECK(parfocal_restore_u16(a_model, kept, in_u16, SAMPLES, NULL, out_u16, SAMPLES, NULL,
                               numbers(WIDTH, HEIGHT, CHANNELS, 1), NULL) == PARFOCAL_STATUS_OK);
    memset(out_u16, MARK_BYTE, sizeof out_u16);
    return kept;
}

/* ---- A run on its own thread, to close objects during it. ---- */

static pthread_t runner;
static parfocal_model run_model;
static parfocal_task run_task;
static parfocal_stream run_stream;
static parfocal_status run_status;

static void *run(void *unused) {
    static uint16_t pixels[SIDE * SIDE * FRAMES];
    static const int64_t shape[4] = {SIDE, SIDE, 1, FRAMES};
    size_t i;
    for (i = 0; i < SIDE * SIDE * FRAMES; i++) pixels[i] = (uint16_t)(i * 2654435761u >> 7);
    run_status = parfocal_restore_u16(run_model, run_task, pixels, SIDE * SIDE * FRAMES, NULL, pixels,
                                      SIDE * SIDE * FRAMES, NULL, shape, "tile=16 halo=16");
    return unused;
}

static void *receive_all(void *unused) {
    static uint16_t frame[SAMPLES];
    do {
        run_status = parfocal_stream_receive(run_stream, frame, SAMPLES, NULL, NULL, -1);
    } while (run_status == PARFOCAL_STATUS_OK);
    return unused;
}

static void start_run(parfocal_model model) {
    uint64_t planes = 0;
    run_model = model;
    run_task = new_task();
    run_stream = 0;
    CHECK(pthread_create(&runner, NULL, run, NULL) == 0);
    while (planes == 0 && parfocal_task_planes_done(run_task, &planes) == PARFOCAL_STATUS_OK) pause_ms(1);
}

static parfocal_model busy_model(void) {
    start_run(new_model());
    return run_model;
}

static parfocal_task busy_task(void) {
    start_run(a_model);
    return run_task;
}

static parfocal_stream busy_stream(void) {
    run_stream = new_stream();
    CHECK(pthread_create(&runner, NULL, receive_all, NULL) == 0);
    CHECK(parfocal_stream_submit(run_stream, in_u16, SAMPLES, NULL, 1) == PARFOCAL_STATUS_OK);
    pause_ms(30);
    return run_stream;
}

/* The run finishes on its own reference; a receiver is woken. */
static void wait_for_run(void) {
    pthread_join(runner, NULL);
    if (run_stream != 0) {
        CHECK(run_status == PARFOCAL_STATUS_CLOSED || run_status == PARFOCAL_STATUS_INVALID_HANDLE);
    } else {
        CHECK(run_status == PARFOCAL_STATUS_OK);
        parfocal_task_close(run_task);
    }
}

/* ---- Before a call. ---- */

static void make_room(parfocal_stream stream) {
    static parfocal_status last;
    char counters[2048];
    do {
        const char *at;
        unsigned long long submitted = 0, received = 0;
        parfocal_stream_describe(stream, counters, sizeof counters, NULL);
        if ((at = strstr(counters, "\"submitted\":")) != NULL) submitted = strtoull(at + 12, NULL, 10);
        if ((at = strstr(counters, "\"received\":")) != NULL) received = strtoull(at + 11, NULL, 10);
        if (received == submitted) break;
        last =
            parfocal_stream_receive(stream, out_u16, stream == a_stream ? SAMPLES : WIDTH * HEIGHT, NULL, NULL, 20000);
    } while (last == PARFOCAL_STATUS_OK);
    memset(out_u16, MARK_BYTE, sizeof out_u16);
}

static void make_result(void) { parfocal_stream_submit(a_stream, in_u16, SAMPLES, NULL, 1); }

static void fail_on_purpose(void) { parfocal_task_cancel(0); }

static void begin(const char *function, const char *name) {
    size_t i;
    function_name = function;
    case_name = name;
    kept = 0;
    made = 0;
    length = 0;
    for (i = 0; i < ROOM; i++) {
        in_u8[i] = (uint8_t)(i * 37 % 251);
        in_u16[i] = (uint16_t)(i * 3701 % 65521);
        in_f32[i] = (float)(i * 3701 % 65521) / 100.0f;
    }
    memset(out_u8, MARK_BYTE, sizeof out_u8);
    memset(out_u16, MARK_BYTE, sizeof out_u16);
    memset(out_f32, MARK_BYTE, sizeof out_f32);
    memset(scores, MARK_BYTE, sizeof scores);
    memset(text, MARK_BYTE, sizeof text);
    value_done = value_total = value_planes = value_tag = 4711;
    value_lo = value_hi = 4711;
}

static int all_marks(const void *memory, size_t size) {
    const unsigned char *bytes = memory;
    size_t i;
    for (i = 0; i < size; i++)
        if (bytes[i] != MARK_BYTE) return 0;
    return 1;
}

/* ---- After it. ---- */

static void nothing_was_done(void) {
    struct stat file;
    size_t i;
    int wrong = 0;
    CHECK(made == 0);
    CHECK(all_marks(out_u8, sizeof out_u8) && all_marks(out_u16, sizeof out_u16) && all_marks(out_f32, sizeof out_f32));
    CHECK(all_marks(scores, sizeof scores));
    for (i = 0; i < ROOM; i++)
        wrong += in_u8[i] != (uint8_t)(i * 37 % 251) || in_u16[i] != (uint16_t)(i * 3701 % 65521) ||
                 in_f32[i] != (float)(i * 3701 % 65521) / 100.0f;
    CHECK(wrong == 0);
    CHECK(value_done == 4711 && value_total == 4711 && value_planes == 4711);
    CHECK(value_lo == 4711 && value_hi == 4711);
    /* A call that receives no frame sets the tag to UINT64_MAX. */
    CHECK(value_tag == 4711 || value_tag == UINT64_MAX);
    CHECK(stat(in_folder("out.tif"), &file) != 0);
}

static void end(parfocal_status status, parfocal_status expected, const char *piece) {
    const char *said = last_error();
    fprintf(log_file, "%s, %s = %s: %s\n", function_name, case_name, parfocal_status_name(status),
            status == PARFOCAL_STATUS_OK ? "" : said);
    if (status != expected) fail(parfocal_status_name(expected));
    if (status != PARFOCAL_STATUS_OK) {
        if (strstr(said, piece) == NULL) fail(piece);
        nothing_was_done();
    }
    if (made != 0 && parfocal_model_close(made) != PARFOCAL_STATUS_OK &&
        parfocal_stream_close(made) != PARFOCAL_STATUS_OK)
        CHECK(parfocal_task_close(made) == PARFOCAL_STATUS_OK);
    if (kept != 0 && parfocal_model_close(kept) != PARFOCAL_STATUS_OK &&
        parfocal_stream_close(kept) != PARFOCAL_STATUS_OK)
        parfocal_task_close(kept);
    remove(in_folder("out.tif"));
}

static void end_text(const char *returned, const char *expected) {
    fprintf(log_file, "%s, %s = OK: %s\n", function_name, case_name, returned);
    if (strstr(returned, expected) == NULL) fail(expected);
}

/* ---- The child of a process that uses the library. ---- */

static int in_child(void) {
    int status = -1;
    pid_t child;
    fflush(log_file);
    child = fork();
    if (child == 0) {
        failures = 0;
        return 1;
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("in the child");
    if (kept != 0 && parfocal_model_close(kept) != PARFOCAL_STATUS_OK &&
        parfocal_stream_close(kept) != PARFOCAL_STATUS_OK)
        parfocal_task_close(kept);
    return 0;
}

static void leave_child(void) {
    fflush(log_file);
    _exit(failures == 0 ? 0 : 1);
}

/* ---- The program. ---- */

static int copy(const char *from, const char *to) {
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    int c = EOF;
    while (in != NULL && out != NULL && (c = getc(in)) != EOF) putc(c, out);
    if (in != NULL) fclose(in);
    return out != NULL && fclose(out) == 0 && in != NULL;
}

static int start(int count, char **arguments) {
    FILE *file;
    if (count < 5) return 0;
    model_path = arguments[1];
    folder_path = arguments[3];
    log_file = fopen(arguments[4], "w");
    function_name = case_name = "start";
    file = fopen(in_folder("text.txt"), "w");
    if (log_file == NULL || file == NULL) return 0;
    fputs("no image, no model\n", file);
    fclose(file);
    if (!copy(arguments[2], in_folder("good.tif")) || !copy(arguments[2], in_folder("good.tif.copy"))) return 0;
    model_bytes = read_whole(model_path, &model_length);
    if (model_bytes == NULL) return 0;
    a_model = new_model();
    a_task = new_task();
    make_maps();
    CHECK(parfocal_stream_open(a_model, PARFOCAL_PIXEL_U16, numbers(WIDTH, HEIGHT, CHANNELS, 1), NULL, &a_stream) ==
          PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_open(a_model, PARFOCAL_PIXEL_U16, numbers(WIDTH, HEIGHT, 1, 1), NULL, &grey_stream) ==
          PARFOCAL_STATUS_OK);
    return failures == 0;
}

static int finish(void) {
    parfocal_stream_close(mapped_stream);
    parfocal_task_close(mapped_task);
    parfocal_stream_close(grey_stream);
    parfocal_stream_close(a_stream);
    parfocal_task_close(a_task);
    parfocal_model_close(a_model);
    free(model_bytes);
    fprintf(log_file, "failures: %d\n", failures);
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}

#endif
