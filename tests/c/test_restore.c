/* Restoring: the pixel types, special frames, tiles, and many threads on one model. */

#include "check.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { W = 61, H = 47, N = W * H };

static const int64_t frame[4] = {W, H, 1, 1};

static void u16_frames(parfocal_model model) {
    static uint16_t in[N], out[N], again[N], before[N];
    int i, changed = 0;
    picture_u16(in, N, W, 1);
    memcpy(before, in, sizeof in);
    CHECK_IS(parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, frame, NULL), OK);
    CHECK_IS(parfocal_restore_u16(model, 0, in, N, NULL, again, N, NULL, frame, ""), OK);
    CHECK(memcmp(in, before, sizeof in) == 0);
    for (i = 0; i < N; i++) changed += in[i] != out[i];
    CHECK(changed > N / 2);
    /* Same model, threads and plan: same bytes. */
    CHECK(memcmp(out, again, sizeof out) == 0);
}

static void u8_frames(parfocal_model model) {
    static uint8_t in[N], out[N], again[N];
    picture_u8(in, N, W, 2);
    memset(out, 1, sizeof out);
    memset(again, 2, sizeof again);
    CHECK_IS(parfocal_restore_u8(model, 0, in, N, NULL, out, N, NULL, frame, NULL), OK);
    CHECK_IS(parfocal_restore_u8(model, 0, in, N, NULL, again, N, NULL, frame, NULL), OK);
    CHECK(memcmp(out, again, sizeof out) == 0 && memcmp(in, out, sizeof in) != 0);
}

/* A frame in other units comes back in those units. */
static void f32_frames(parfocal_model model) {
    static float in[N], out[N], scaled[N];
    double most = 0;
    int i;
    picture_f32(in, N, W, 3);
    CHECK_IS(parfocal_restore_f32(model, 0, in, N, NULL, out, N, NULL, frame, NULL), OK);
    for (i = 0; i < N; i++) scaled[i] = in[i] * 1024.0f + 4096.0f;
    CHECK_IS(parfocal_restore_f32(model, 0, scaled, N, NULL, scaled, N, NULL, frame, NULL), OK);
    for (i = 0; i < N; i++) {
        double off = fabs((scaled[i] - 4096.0) / 1024.0 - out[i]);
        most = off > most ? off : most;
    }
    CHECK(most < 1e-3);
}

/* Pixels that are not finite come back as they were, and so do constant frames. Frames of one pixel or one row work. */
static void special_frames(parfocal_model model) {
    static float in[N], out[N];
    uint16_t constant[12], one[1] = {77}, restored[12], row[5] = {3, 1, 4, 1, 5};
    const int64_t shape_constant[4] = {4, 3, 1, 1}, shape_one[4] = {1, 1, 1, 1}, shape_row[4] = {5, 1, 1, 1},
                  shape_column[4] = {1, 5, 1, 1};
    int i;
    picture_f32(in, N, W, 4);
    in[7] = (float)NAN;
    in[100] = (float)INFINITY;
    in[N - 1] = (float)-INFINITY;
    CHECK_IS(parfocal_restore_f32(model, 0, in, N, NULL, out, N, NULL, frame, NULL), OK);
    for (i = 0; i < N; i++) CHECK(isfinite(in[i]) ? isfinite(out[i]) : memcmp(&in[i], &out[i], sizeof out[i]) == 0);

    for (i = 0; i < 12; i++) constant[i] = 65535;
    CHECK_IS(parfocal_restore_u16(model, 0, constant, 12, NULL, restored, 12, NULL, shape_constant, NULL), OK);
    CHECK(memcmp(constant, restored, sizeof constant) == 0);
    CHECK_IS(parfocal_restore_u16(model, 0, one, 1, NULL, restored, 1, NULL, shape_one, NULL), OK);
    CHECK(restored[0] == 77);
    CHECK_IS(parfocal_restore_u16(model, 0, row, 5, NULL, restored, 5, NULL, shape_row, NULL), OK);
    CHECK_IS(parfocal_restore_u16(model, 0, row, 5, NULL, restored, 5, NULL, shape_column, NULL), OK);
}

/* The options of a run take effect: tiles with the exact halo agree with the whole frame, a fixed range changes the
   result. */
static void options_arrive(parfocal_model model) {
    static float in[N], whole[N], tiled[N], other[N];
    double most = 0;
    int i;
    picture_f32(in, N, W, 5);
    CHECK_IS(parfocal_restore_f32(model, 0, in, N, NULL, whole, N, NULL, frame, NULL), OK);
    CHECK_IS(parfocal_restore_f32(model, 0, in, N, NULL, tiled, N, NULL, frame, "tile=32 halo='exact'"), OK);
    for (i = 0; i < N; i++) most = fabs(whole[i] - tiled[i]) > most ? fabs(whole[i] - tiled[i]) : most;
    CHECK(most < 4e-3);
    CHECK_IS(parfocal_restore_f32(model, 0, in, N, NULL, other, N, NULL, frame, " normalize=-5:20 "), OK);
    CHECK(memcmp(whole, other, sizeof whole) != 0);
}

struct caller {
    parfocal_model model;
    const uint16_t *in;
    uint16_t *out;
    parfocal_status status;
};

static void *call(void *argument) {
    struct caller *c = argument;
    c->status = parfocal_restore_u16(c->model, 0, c->in, N, NULL, c->out, N, NULL, frame, NULL);
    return NULL;
}

static void many_threads(parfocal_model model) {
    static uint16_t in[N], expected[N], out[8][N];
    struct caller callers[8];
    pthread_t threads[8];
    int i;
    picture_u16(in, N, W, 6);
    CHECK_IS(parfocal_restore_u16(model, 0, in, N, NULL, expected, N, NULL, frame, NULL), OK);
    for (i = 0; i < 8; i++) {
        callers[i].model = model;
        callers[i].in = in;
        callers[i].out = out[i];
        callers[i].status = -1;
        REQUIRE(pthread_create(&threads[i], NULL, call, &callers[i]) == 0);
    }
    for (i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        CHECK(callers[i].status == PARFOCAL_STATUS_OK);
        CHECK(memcmp(out[i], expected, sizeof expected) == 0);
    }
}

void test_restore(void) {
    parfocal_model model = open_model();
    REQUIRE(model != 0);
    u16_frames(model);
    u8_frames(model);
    f32_frames(model);
    special_frames(model);
    options_arrive(model);
    many_threads(model);
    CHECK_IS(parfocal_model_close(model), OK);
}
