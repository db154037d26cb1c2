/* Streams: every frame in order or the newest, tags, counters, waiting, closing while someone waits. */

#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { W = 40, H = 24, N = W * H, PITCH = 48 };

static const int64_t frame[4] = {W, H, 1, 1};

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void every_frame(parfocal_model model) {
    static uint16_t in[N], padded[PITCH * H], out[PITCH * H], expected[N];
    const int64_t strides[4] = {1, PITCH, 1, PITCH * H};
    parfocal_stream stream = 0;
    uint64_t tag, i;
    char *json;
    REQUIRE(CHECK_IS(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, frame, "mode=every depth=3", &stream), OK));
    CHECK_IS(parfocal_stream_receive(stream, out, N, NULL, &tag, 0), WOULD_BLOCK);
    for (i = 0; i < 9; i += 3) {
        uint64_t k;
        for (k = i; k < i + 3; k++) {
            int64_t y;
            picture_u16(in, N, W, 100 + (uint32_t)k);
            for (y = 0; y < H; y++) memcpy(padded + y * PITCH, in + y * W, W * sizeof in[0]);
            CHECK_IS(parfocal_stream_submit(stream, padded, PITCH * H, strides, 1000 * k), OK);
            /* submit has copied it. */
            memset(padded, 0, sizeof padded);
        }
        CHECK_SAYS(parfocal_stream_submit(stream, padded, PITCH * H, strides, 1), WOULD_BLOCK, "depth");
        for (k = i; k < i + 3; k++) {
            int64_t y;
            tag = 1;
            memset(out, 0x77, sizeof out);
            CHECK_IS(parfocal_stream_receive(stream, out, PITCH * H, strides, &tag, 20000), OK);
            CHECK(tag == 1000 * k);
            picture_u16(in, N, W, 100 + (uint32_t)k);
            CHECK_IS(parfocal_restore_u16(model, 0, in, N, NULL, expected, N, NULL, frame, NULL), OK);
            for (y = 0; y < H; y++) {
                CHECK(memcmp(out + y * PITCH, expected + y * W, W * sizeof in[0]) == 0);
                CHECK(out[y * PITCH + W] == 0x7777);
            }
        }
    }
    json = text_of(parfocal_stream_describe, stream);
    CHECK(json_integer(json, "submitted") == 9 && json_integer(json, "restored") == 9);
    CHECK(json_integer(json, "received") == 9 && json_integer(json, "refused") == 3);
    CHECK(json_integer(json, "dropped") == 0 && json_integer(json, "failed") == 0);
    CHECK(json_integer(json, "depth") == 3 && json_integer(json, "width") == W);
    CHECK(json != NULL && strstr(json, "\"latency_ms\":") != NULL && json_integer(json, "frames") == 9);
    free(json);
    CHECK_IS(parfocal_stream_close(stream), OK);
    CHECK_SAYS(parfocal_stream_close(stream), INVALID_HANDLE, "closed");
}

static void the_latest_frame(parfocal_model model) {
    static float in[N], out[N], expected[N];
    parfocal_stream stream = 0;
    uint64_t tag = 0, last = 0, i;
    char *json;
    REQUIRE(CHECK_IS(parfocal_stream_open(model, PARFOCAL_PIXEL_F32, frame, "mode=latest", &stream), OK));
    for (i = 1; i <= 200; i++) {
        picture_f32(in, N, W, (uint32_t)i);
        CHECK_IS(parfocal_stream_submit(stream, in, N, NULL, i), OK);
    }
    /* Tags increase, and the newest frame always comes. */
    while (last < 200) {
        if (!CHECK_IS(parfocal_stream_receive(stream, out, N, NULL, &tag, 20000), OK)) break;
        CHECK(tag > last);
        last = tag;
    }
    CHECK_IS(parfocal_restore_f32(model, 0, in, N, NULL, expected, N, NULL, frame, NULL), OK);
    CHECK(memcmp(out, expected, sizeof out) == 0);
    json = text_of(parfocal_stream_describe, stream);
    CHECK(json_integer(json, "submitted") == 200 && json_integer(json, "dropped") > 0);
    CHECK(json_integer(json, "restored") + json_integer(json, "dropped") == 200);
    CHECK(json_integer(json, "received") + json_integer(json, "superseded") == json_integer(json, "restored"));
    free(json);
    CHECK_IS(parfocal_stream_close(stream), OK);
}

static void colour_bytes(parfocal_model model) {
    static uint8_t in[3 * N], out[3 * N], expected[3 * N];
    const int64_t colour[4] = {W, H, 3, 1};
    parfocal_stream stream = 0;
    uint64_t tag = 0;
    picture_u8(in, 3 * N, 3 * W, 5);
    REQUIRE(CHECK_IS(parfocal_stream_open(model, PARFOCAL_PIXEL_U8, colour, "tile=16 halo=0", &stream), OK));
    CHECK_SAYS(parfocal_stream_submit(stream, in, 3 * N, NULL, UINT64_MAX), INVALID_ARGUMENT, "stands for no frame");
    REQUIRE(CHECK_IS(parfocal_stream_submit(stream, in, 3 * N, NULL, UINT64_MAX - 1), OK));
    /* Without limit. */
    CHECK_IS(parfocal_stream_receive(stream, out, 3 * N, NULL, &tag, -1), OK);
    CHECK(tag == UINT64_MAX - 1);
    CHECK_IS(parfocal_restore_u8(model, 0, in, 3 * N, NULL, expected, 3 * N, NULL, colour, "tile=16 halo=0"), OK);
    CHECK(memcmp(out, expected, sizeof out) == 0);
    CHECK_IS(parfocal_stream_close(stream), OK);
}

static void waiting(parfocal_model model) {
    static uint16_t out[N];
    parfocal_stream stream = 0;
    uint64_t tag = 5;
    double started, waited;
    REQUIRE(CHECK_IS(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, frame, NULL, &stream), OK));
    started = seconds();
    CHECK_SAYS(parfocal_stream_receive(stream, out, N, NULL, &tag, 60), TIMEOUT, "60 ms");
    waited = seconds() - started;
    CHECK(waited >= 0.059 && waited < 10);
    CHECK(tag == UINT64_MAX);
    /* A frame of another size. */
    CHECK_SAYS(parfocal_stream_submit(stream, out, N - 1, NULL, 1), INVALID_ARGUMENT, "40x24");
    CHECK_SAYS(parfocal_stream_receive(stream, out, N - 1, NULL, &tag, 10), INVALID_ARGUMENT, "40x24");
    CHECK_IS(parfocal_stream_close(stream), OK);
}

/* The receiver of a failed frame gets its tag and status; the next frame is restored. */
static void a_frame_that_fails(parfocal_model model) {
    static float in[N], out[N];
    parfocal_stream stream = 0;
    uint64_t tag = 0;
    char *json;
    int i;
    REQUIRE(CHECK_IS(parfocal_stream_open(model, PARFOCAL_PIXEL_F32, frame, "normalize=0:1e7", &stream), OK));
    /* A range a million times as wide as the frame's own is refused. The second frame's own range is wider. */
    picture_f32(in, N, W, 6);
    CHECK_IS(parfocal_stream_submit(stream, in, N, NULL, 41), OK);
    for (i = 0; i < N; i++) in[i] *= 1e4f;
    CHECK_IS(parfocal_stream_submit(stream, in, N, NULL, 42), OK);
    out[0] = 123.0f;
    CHECK_SAYS(parfocal_stream_receive(stream, out, N, NULL, &tag, 20000), BAD_OPTION, "frame 41");
    CHECK(tag == 41 && out[0] == 123.0f);
    CHECK_IS(parfocal_stream_receive(stream, out, N, NULL, &tag, 20000), OK);
    CHECK(tag == 42);
    json = text_of(parfocal_stream_describe, stream);
    CHECK(json_integer(json, "failed") == 1 && json_integer(json, "restored") == 1);
    free(json);
    CHECK_IS(parfocal_stream_close(stream), OK);
}

struct receiver {
    parfocal_stream stream;
    parfocal_status status;
    int said_closed;
};

static void *receive(void *argument) {
    static uint16_t out[N];
    struct receiver *r = argument;
    uint64_t tag;
    r->status = parfocal_stream_receive(r->stream, out, N, NULL, &tag, -1);
    r->said_closed = strstr(last_error(), "closed") != NULL;
    return NULL;
}

/* On a busy machine the receiver may start too late and find the handle closed: then again, with a longer pause. */
static void closed_while_someone_waits(void) {
    struct receiver r = {0, -1, 0};
    int pause;
    for (pause = 50; pause <= 6400; pause *= 2) {
        pthread_t thread;
        parfocal_model model = open_model();
        REQUIRE(CHECK_IS(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, frame, NULL, &r.stream), OK));
        /* The stream keeps its model alive. */
        CHECK_IS(parfocal_model_close(model), OK);
        REQUIRE(pthread_create(&thread, NULL, receive, &r) == 0);
        pause_ms(pause);
        CHECK_IS(parfocal_stream_close(r.stream), OK);
        pthread_join(thread, NULL);
        if (r.status != PARFOCAL_STATUS_INVALID_HANDLE) break;
    }
    CHECK(r.status == PARFOCAL_STATUS_CLOSED && r.said_closed);
    CHECK_SAYS(parfocal_stream_submit(r.stream, &r, 1, NULL, 1), INVALID_HANDLE, "closed");
}

/* Closing does not wait for the frames under way. */
static void closed_with_frames_under_way(parfocal_model model) {
    enum { SIDE = 256 };
    const int64_t large[4] = {SIDE, SIDE, 1, 1};
    uint16_t *in = malloc(SIDE * SIDE * sizeof *in);
    parfocal_stream stream = 0;
    int i;
    REQUIRE(in != NULL);
    picture_u16(in, SIDE * SIDE, SIDE, 8);
    CHECK_IS(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, large, "depth=20 tile=16 halo=16", &stream), OK);
    for (i = 0; i < 20; i++) CHECK_IS(parfocal_stream_submit(stream, in, SIDE * SIDE, NULL, (uint64_t)i), OK);
    CHECK_IS(parfocal_stream_close(stream), OK);
    free(in);
}

void test_stream(void) {
    parfocal_model model = open_model();
    REQUIRE(model != 0);
    every_frame(model);
    the_latest_frame(model);
    colour_bytes(model);
    waiting(model);
    a_frame_that_fails(model);
    closed_with_frames_under_way(model);
    closed_while_someone_waits();
    CHECK_IS(parfocal_model_close(model), OK);
}
