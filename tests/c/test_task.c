/* Tasks: progress, cancelling from another thread, complete and untouched planes, closing during a run. */

#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { W = 64, H = 64, MOST = 40, FEW = 5, MARK = 0xBEEF };

/* Planes and pixels of a run; fewer in slow test builds. */
static uint64_t P;
static int N;
static int64_t shape[4] = {W, H, 1, 0};
/* Many small tiles, so that a run has many steps. */
static const char tiled[] = "tile=16 halo=16";

static uint16_t in[W * H * MOST], out[W * H * MOST], expected[W * H * MOST];

struct run {
    parfocal_model model;
    parfocal_task task;
    parfocal_status status;
};

static void *run(void *argument) {
    struct run *r = argument;
    r->status = parfocal_restore_u16(r->model, r->task, in, N, NULL, out, N, NULL, shape, tiled);
    return NULL;
}

static void mark_out(void) {
    int i;
    for (i = 0; i < N; i++) out[i] = MARK;
}

/* Waits until the run has written `planes` planes. Returns 0 after ten seconds, or a minute in slow test builds. */
static int wait_for_planes(parfocal_task task, uint64_t planes) {
    uint64_t done = 0;
    int i;
    for (i = 0; i < (suite_fast ? 60000 : 10000); i++) {
        if (!CHECK_IS(parfocal_task_planes_done(task, &done), OK)) return 0;
        if (done >= planes) return 1;
        pause_ms(1);
    }
    return 0;
}

static void progress_of_a_whole_run(parfocal_model model) {
    struct run r = {0, 0, -1};
    uint64_t done = 7, total = 7, planes = 7, last = 0;
    pthread_t thread;
    r.model = model;
    REQUIRE(CHECK_IS(parfocal_task_create(&r.task), OK));
    CHECK_IS(parfocal_task_progress(r.task, &done, &total), OK);
    CHECK_IS(parfocal_task_planes_done(r.task, &planes), OK);
    CHECK(done == 0 && total == 0 && planes == 0);
    REQUIRE(pthread_create(&thread, NULL, run, &r) == 0);
    while (last < P) {
        uint64_t before = done;
        CHECK_IS(parfocal_task_progress(r.task, &done, &total), OK);
        CHECK_IS(parfocal_task_planes_done(r.task, &planes), OK);
        if (done < before || done > total || planes < last || planes > P) break;
        last = planes;
        pause_ms(1);
    }
    pthread_join(thread, NULL);
    CHECK(last == P && r.status == PARFOCAL_STATUS_OK);
    CHECK_IS(parfocal_task_progress(r.task, &done, &total), OK);
    /* 4 x 4 tiles a plane. */
    CHECK(done == total && total == 16 * P);
    memcpy(expected, out, sizeof out);
    /* A task belongs to one run. */
    CHECK_SAYS(parfocal_restore_u16(model, r.task, in, N, NULL, out, N, NULL, shape, tiled), INVALID_ARGUMENT, "task");
    CHECK_IS(parfocal_task_close(r.task), OK);
    CHECK_SAYS(parfocal_task_close(r.task), INVALID_HANDLE, "closed");
    CHECK_SAYS(parfocal_task_cancel(r.task), INVALID_HANDLE, "closed");
}

static void cancel_from_another_thread(parfocal_model model) {
    struct run r = {0, 0, -1};
    uint64_t planes = 0;
    pthread_t thread;
    int i, wrong = 0;
    r.model = model;
    mark_out();
    REQUIRE(CHECK_IS(parfocal_task_create(&r.task), OK));
    REQUIRE(pthread_create(&thread, NULL, run, &r) == 0);
    CHECK(wait_for_planes(r.task, 2));
    CHECK_IS(parfocal_task_cancel(r.task), OK);
    pthread_join(thread, NULL);
    CHECK(r.status == PARFOCAL_STATUS_CANCELLED);
    CHECK_IS(parfocal_task_planes_done(r.task, &planes), OK);
    CHECK(planes >= 2 && planes < P);
    CHECK(memcmp(out, expected, (size_t)planes * W * H * sizeof out[0]) == 0);
    for (i = (int)planes * W * H; i < N; i++) wrong += out[i] != MARK;
    CHECK(wrong == 0);
    CHECK_IS(parfocal_task_close(r.task), OK);
    /* The model still works. */
    CHECK_IS(parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, tiled), OK);
    CHECK(memcmp(out, expected, sizeof out) == 0);
}

static void cancelled_before_it_starts(parfocal_model model) {
    parfocal_task task = 0;
    int i, wrong = 0;
    mark_out();
    CHECK_IS(parfocal_task_create(&task), OK);
    CHECK_IS(parfocal_task_cancel(task), OK);
    CHECK_SAYS(parfocal_restore_u16(model, task, in, N, NULL, out, N, NULL, shape, NULL), CANCELLED, "0 planes");
    for (i = 0; i < N; i++) wrong += out[i] != MARK;
    CHECK(wrong == 0);
    CHECK_IS(parfocal_task_close(task), OK);
}

/* The run finishes on its own references; the handles are invalid at once. */
static void closed_during_a_run(void) {
    struct run r = {0, 0, -1};
    uint64_t planes, length;
    pthread_t thread;
    r.model = open_model();
    REQUIRE(CHECK_IS(parfocal_task_create(&r.task), OK));
    mark_out();
    REQUIRE(pthread_create(&thread, NULL, run, &r) == 0);
    CHECK(wait_for_planes(r.task, 1));
    CHECK_IS(parfocal_model_close(r.model), OK);
    CHECK_IS(parfocal_task_close(r.task), OK);
    CHECK_SAYS(parfocal_model_describe(r.model, NULL, 0, &length), INVALID_HANDLE, "closed");
    CHECK_SAYS(parfocal_task_planes_done(r.task, &planes), INVALID_HANDLE, "closed");
    CHECK_SAYS(parfocal_model_close(r.model), INVALID_HANDLE, "closed");
    pthread_join(thread, NULL);
    CHECK(r.status == PARFOCAL_STATUS_OK);
    CHECK(memcmp(out, expected, sizeof out) == 0);
}

/* The model beside the suite's expects a quarter of what it sees as the error; in reflected light unchanged. */
static void error_map(void) {
    static float pixels[3 * W * H], restored[3 * W * H], errors[3 * W * H];
    const int64_t two[4] = {W, H, 1, 2}, gaps[4] = {1, W, 1, 2 * W * H};
    const char *name = strrchr(suite_model, '/'), *options = "error_map=on light=reflected normalize=0:1000";
    int i, wrong = 0;
    char path[4096];
    parfocal_model model = 0;
    parfocal_task task = 0;
    snprintf(path, sizeof path, "%.*s/told.onnx", (int)(name - suite_model), suite_model);
    REQUIRE(CHECK_IS(parfocal_model_open(path, "threads=1", &model), OK));
    for (i = 0; i < 3 * W * H; i++) pixels[i] = (float)(i % 997), errors[i] = -1.0f;
    CHECK_SAYS(parfocal_restore_f32(model, 0, pixels, 2 * W * H, NULL, restored, 2 * W * H, NULL, two, options),
               INVALID_ARGUMENT, "error_map=on without a task");
    CHECK_IS(parfocal_task_create(&task), OK);
    CHECK_SAYS(parfocal_task_error_map(task, errors, 3 * W * H, NULL), INVALID_ARGUMENT, "has no error map");
    CHECK_IS(parfocal_restore_f32(model, task, pixels, 2 * W * H, NULL, restored, 2 * W * H, NULL, two, options), OK);
    CHECK_IS(parfocal_task_error_map(task, errors, 3 * W * H, gaps), OK);
    for (i = 0; i < W * H; i++) {
        const float first = errors[i] - 0.25f * pixels[i];
        const float second = errors[2 * W * H + i] - 0.25f * pixels[W * H + i];
        wrong += first > 0.01f || first < -0.01f || second > 0.01f || second < -0.01f;
        wrong += errors[W * H + i] != -1.0f;
    }
    CHECK(wrong == 0);
    CHECK_IS(parfocal_task_close(task), OK);
    CHECK_IS(parfocal_model_close(model), OK);
}

void test_task(void) {
    parfocal_model model = open_model();
    REQUIRE(model != 0);
    P = suite_fast ? FEW : MOST;
    N = W * H * (int)P;
    shape[3] = (int64_t)P;
    picture_u16(in, N, W, 31);
    progress_of_a_whole_run(model);
    cancel_from_another_thread(model);
    cancelled_before_it_starts(model);
    closed_during_a_run();
    error_map();
    CHECK_IS(parfocal_model_close(model), OK);
}
