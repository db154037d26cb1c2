/* The actions of the stress program's threads. Each may end only as its row allows, and pixels must be those of an
   undisturbed run. */

#include "stress.h"

#include <string.h>

/* A tag is the number of a picture. */
enum { PICTURES = 6, W = 72, H = 56, P = 4, N = W * H, MARK = 0x5A };

#define S(name) (1u << PARFOCAL_STATUS_##name)

const struct row stress_table[ACTIONS] = {
    {"open model", S(OK), 2},
    {"close model", S(OK), 0},
    {"describe model", S(OK) | S(INVALID_HANDLE), 3},
    {"restore", S(OK) | S(INVALID_HANDLE), 8},
    {"restore with task", S(OK) | S(INVALID_HANDLE) | S(CANCELLED), 12},
    {"cancel", S(OK) | S(INVALID_HANDLE), 10},
    {"progress", S(OK) | S(INVALID_HANDLE), 5},
    {"close task", S(OK) | S(INVALID_HANDLE), 2},
    {"open stream", S(OK) | S(INVALID_HANDLE), 3},
    {"close stream", S(OK), 0},
    {"submit", S(OK) | S(WOULD_BLOCK) | S(CLOSED) | S(INVALID_HANDLE), 16},
    {"receive", S(OK) | S(TIMEOUT) | S(CLOSED) | S(INVALID_HANDLE), 8},
    {"receive at once", S(OK) | S(WOULD_BLOCK) | S(CLOSED) | S(INVALID_HANDLE), 8},
    {"receive without end", S(OK) | S(CLOSED) | S(INVALID_HANDLE), 2},
    {"describe stream", S(OK) | S(INVALID_HANDLE), 4},
    {"stale handle", S(INVALID_HANDLE), 6},
    {"focus score", S(OK), 2},
};

static const int64_t shapes[2][4] = {{W, H, 1, 1}, {W, H, 1, P}};
/* With tiles a run has many steps at which it can be stopped. */
static const char *const run_options[2] = {"", "tile=32 halo=16"};

static uint16_t pictures[PICTURES][N];
static uint16_t restored[PICTURES][2][N];
static uint16_t untouched[N];

const char *stress_model, *stress_options;
FILE *stress_log;
pthread_mutex_t stress_lock = PTHREAD_MUTEX_INITIALIZER;
parfocal_model models[MODELS];
parfocal_stream streams[STREAMS];
uint64_t opened_count[KINDS], closed_count[KINDS];
int failures;
/* Guarded by stress_lock, too. */
static parfocal_task tasks[THREADS];
static uint64_t old[KINDS][OLD];
/* A stream has one producer and one consumer at a time. */
static pthread_mutex_t producers[STREAMS], consumers[STREAMS];

static uint64_t next(struct worker *w) {
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random >> 11;
}

int below(struct worker *w, int limit) { return (int)(next(w) % (uint64_t)limit); }

void stress_fail(const char *what) {
    const char *said = last_error();
    pthread_mutex_lock(&stress_lock);
    if (failures++ < 50) fprintf(stress_log, "failed: %s; last error: %s\n", what, said);
    fflush(stress_log);
    pthread_mutex_unlock(&stress_lock);
}

/* Counts the outcome. Returns whether it was OK. */
static int ended(struct worker *w, enum action action, parfocal_status status) {
    char text[128];
    if (status < 0 || status >= STATUSES || (stress_table[action].allowed >> status & 1) == 0) {
        snprintf(text, sizeof text, "%s ended as %s", stress_table[action].name, parfocal_status_name(status));
        stress_fail(text);
    } else {
        w->counts[action][status]++;
    }
    return status == PARFOCAL_STATUS_OK;
}

static uint64_t look(const uint64_t *place) {
    uint64_t handle;
    pthread_mutex_lock(&stress_lock);
    handle = *place;
    pthread_mutex_unlock(&stress_lock);
    return handle;
}

/* Puts a handle into the table. The previous one now belongs to the caller alone. */
uint64_t swap(uint64_t *place, uint64_t handle) {
    uint64_t before;
    pthread_mutex_lock(&stress_lock);
    before = *place;
    *place = handle;
    pthread_mutex_unlock(&stress_lock);
    return before;
}

static void count_opened(int kind) {
    pthread_mutex_lock(&stress_lock);
    opened_count[kind]++;
    pthread_mutex_unlock(&stress_lock);
}

/* Remembers a closed handle, for later use as a stale one. */
static void bury(struct worker *w, int kind, uint64_t handle) {
    int place = below(w, OLD);
    pthread_mutex_lock(&stress_lock);
    old[kind][place] = handle;
    closed_count[kind]++;
    pthread_mutex_unlock(&stress_lock);
}

void close_model(struct worker *w, parfocal_model model) {
    if (model != 0 && ended(w, CLOSE_MODEL, parfocal_model_close(model))) bury(w, A_MODEL, model);
}

void close_stream(struct worker *w, parfocal_stream stream) {
    if (stream != 0 && ended(w, CLOSE_STREAM, parfocal_stream_close(stream))) bury(w, A_STREAM, stream);
}

static void close_task(struct worker *w, parfocal_task task) {
    if (ended(w, CLOSE_TASK, parfocal_task_close(task))) bury(w, A_TASK, task);
}

static void open_model(struct worker *w) {
    parfocal_model model = 0;
    if (!ended(w, OPEN_MODEL, parfocal_model_open(stress_model, stress_options, &model))) return;
    count_opened(A_MODEL);
    close_model(w, swap(&models[below(w, MODELS)], model));
}

static void check_text(struct worker *w, enum action action, parfocal_status status, const char *text) {
    if (ended(w, action, status) && (text[0] != '{' || text[strlen(text) - 1] != '}'))
        stress_fail("a text that is not whole");
}

static void describe_model(struct worker *w) {
    char text[8192];
    uint64_t length = 0;
    parfocal_model model = look(&models[below(w, MODELS)]);
    check_text(w, DESCRIBE_MODEL, parfocal_model_describe(model, text, sizeof text, &length), text);
}

static void describe_stream(struct worker *w) {
    char text[8192];
    uint64_t length = 0;
    parfocal_stream stream = look(&streams[below(w, STREAMS)]);
    check_text(w, DESCRIBE_STREAM, parfocal_stream_describe(stream, text, sizeof text, &length), text);
}

/* The first `planes` planes must be those of an undisturbed run, the others untouched. */
static void check_planes(const uint16_t *out, int picture, int tiled, int count, uint64_t planes) {
    int p;
    for (p = 0; p < count; p++) {
        const uint16_t *expected = (uint64_t)p < planes ? restored[(picture + p) % PICTURES][tiled] : untouched;
        if (memcmp(out + p * N, expected, sizeof untouched) != 0) {
            stress_fail((uint64_t)p < planes ? "a plane that is done is not as a quiet run gives it"
                                             : "a plane is half done");
            return;
        }
    }
}

static void restore(struct worker *w, int with_task) {
    uint16_t *in = malloc(2 * P * N * sizeof *in), *out = in + P * N;
    int picture = below(w, PICTURES), tiled = below(w, 2), stack = below(w, 2), p;
    int count = stack ? P : 1;
    uint64_t samples = (uint64_t)count * N, planes = 0;
    parfocal_model model = look(&models[below(w, MODELS)]);
    parfocal_task task = 0, mine;
    parfocal_status status;
    if (in == NULL) return;
    for (p = 0; p < count; p++) memcpy(in + p * N, pictures[(picture + p) % PICTURES], sizeof pictures[0]);
    memset(out, MARK, P * N * sizeof *out);
    if (with_task) {
        if (parfocal_task_create(&task) != PARFOCAL_STATUS_OK) stress_fail("no task");
        count_opened(A_TASK);
        swap(&tasks[w->number], task);
    }
    status =
        parfocal_restore_u16(model, task, in, samples, NULL, out, samples, NULL, shapes[stack], run_options[tiled]);
    ended(w, with_task ? RESTORE_WITH_TASK : RESTORE, status);
    if (status == PARFOCAL_STATUS_OK) {
        check_planes(out, picture, tiled, count, (uint64_t)count);
    } else if (status == PARFOCAL_STATUS_INVALID_HANDLE) {
        check_planes(out, picture, tiled, count, 0);
    } else if (parfocal_task_planes_done(task, &planes) == PARFOCAL_STATUS_OK) {
        check_planes(out, picture, tiled, count, planes);
    }
    if (with_task) {
        /* Another thread may have closed it. */
        mine = swap(&tasks[w->number], 0);
        if (mine != 0) close_task(w, mine);
    }
    free(in);
}

static void steal_task(struct worker *w) {
    parfocal_task task = swap(&tasks[below(w, THREADS)], 0);
    if (task != 0) close_task(w, task);
}

static void cancel(struct worker *w) {
    int i, first = below(w, THREADS);
    /* The first task in the table, so that most cancels meet a run. */
    for (i = 0; i < THREADS; i++) {
        parfocal_task task = look(&tasks[(first + i) % THREADS]);
        if (task == 0) continue;
        ended(w, CANCEL, parfocal_task_cancel(task));
        return;
    }
}

static void progress(struct worker *w) {
    uint64_t done = 0, total = 0;
    parfocal_task task = look(&tasks[below(w, THREADS)]);
    if (task != 0 && ended(w, PROGRESS, parfocal_task_progress(task, &done, &total)) && done > total)
        stress_fail("more tiles done than there are");
}

static void open_stream(struct worker *w) {
    static const char *const kinds[] = {"mode=every", "mode=every depth=2", "mode=latest",
                                        "mode=latest tile=32 halo=16"};
    int place = below(w, STREAMS);
    parfocal_stream stream = 0;
    parfocal_model model = look(&models[below(w, MODELS)]);
    parfocal_status status = parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shapes[0], kinds[place], &stream);
    if (!ended(w, OPEN_STREAM, status)) return;
    count_opened(A_STREAM);
    close_stream(w, swap(&streams[place], stream));
}

static void submit(struct worker *w) {
    int place = below(w, STREAMS), i;
    if (pthread_mutex_trylock(&producers[place]) != 0) return;
    for (i = 0; i < 3; i++) {
        int picture = below(w, PICTURES);
        parfocal_stream stream = look(&streams[place]);
        ended(w, SUBMIT, parfocal_stream_submit(stream, pictures[picture], N, NULL, (uint64_t)picture));
    }
    pthread_mutex_unlock(&producers[place]);
}

static void receive(struct worker *w, enum action action, int32_t timeout_ms) {
    int place = below(w, STREAMS);
    uint64_t tag = PICTURES;
    uint16_t *out;
    if (pthread_mutex_trylock(&consumers[place]) != 0) return;
    out = malloc(N * sizeof *out);
    if (out != NULL) {
        parfocal_status status = parfocal_stream_receive(look(&streams[place]), out, N, NULL, &tag, timeout_ms);
        if (ended(w, action, status)) {
            if (tag >= PICTURES) stress_fail("a tag that was never given");
            else check_planes(out, (int)tag, place == 3, 1, 1);
        }
    }
    free(out);
    pthread_mutex_unlock(&consumers[place]);
}

/* A closed handle, or one of another kind, is INVALID_HANDLE in every function. */
static void stale(struct worker *w) {
    static uint16_t pixels[N];
    uint64_t length, handle, numbers[2];
    int kind = below(w, 3), choice = below(w, 7);
    handle = look(&old[kind][below(w, OLD)]);
    /* Of another kind, and perhaps open. */
    if (choice == 0 && kind == A_STREAM) handle = look(&models[0]);
    if (choice == 0 && kind == A_MODEL) handle = look(&streams[0]);
    if (kind == A_MODEL && choice < 3) {
        ended(w, STALE, parfocal_model_describe(handle, NULL, 0, &length));
    } else if (kind == A_MODEL && choice < 5) {
        ended(w, STALE, parfocal_restore_u16(handle, 0, pixels, N, NULL, pixels, N, NULL, shapes[0], NULL));
    } else if (kind == A_MODEL) {
        ended(w, STALE, parfocal_model_close(handle));
    } else if (kind == A_TASK && choice < 3) {
        ended(w, STALE, parfocal_task_cancel(handle));
    } else if (kind == A_TASK && choice < 5) {
        ended(w, STALE, parfocal_task_progress(handle, &numbers[0], &numbers[1]));
    } else if (kind == A_TASK) {
        ended(w, STALE, parfocal_task_close(handle));
    } else if (choice < 2) {
        ended(w, STALE, parfocal_stream_submit(handle, pixels, N, NULL, 0));
    } else if (choice < 4) {
        ended(w, STALE, parfocal_stream_receive(handle, pixels, N, NULL, &length, -1));
    } else if (choice < 5) {
        ended(w, STALE, parfocal_stream_describe(handle, NULL, 0, &length));
    } else {
        ended(w, STALE, parfocal_stream_close(handle));
    }
}

static void focus(struct worker *w) {
    double score = 0;
    const uint16_t *picture = pictures[below(w, PICTURES)];
    if (ended(w, FOCUS, parfocal_focus_score_u16(picture, N, NULL, shapes[0], &score)) && !(score > 0))
        stress_fail("no score");
}

void stress_act(struct worker *w, enum action action) {
    switch (action) {
    case OPEN_MODEL: open_model(w); break;
    case DESCRIBE_MODEL: describe_model(w); break;
    case RESTORE: restore(w, 0); break;
    case RESTORE_WITH_TASK: restore(w, 1); break;
    case CANCEL: cancel(w); break;
    case PROGRESS: progress(w); break;
    case CLOSE_TASK: steal_task(w); break;
    case OPEN_STREAM: open_stream(w); break;
    case SUBMIT: submit(w); break;
    case RECEIVE: receive(w, action, 1 + below(w, 20)); break;
    case RECEIVE_AT_ONCE: receive(w, action, 0); break;
    case RECEIVE_WITHOUT_END: receive(w, action, -1); break;
    case DESCRIBE_STREAM: describe_stream(w); break;
    case STALE: stale(w); break;
    case FOCUS: focus(w); break;
    default: break;
    }
}

int stress_prepare(uint64_t seed) {
    struct worker w = {0};
    parfocal_model model = 0;
    int picture, tiled, i;
    w.random = seed * 2654435761u + 1;
    memset(untouched, MARK, sizeof untouched);
    if (parfocal_model_open(stress_model, stress_options, &model) != PARFOCAL_STATUS_OK) return 0;
    for (picture = 0; picture < PICTURES; picture++) {
        for (i = 0; i < N; i++)
            pictures[picture][i] = (uint16_t)(600 + (i % W) * (picture + 3) % 97 * 20 + (i / W) * 17 + below(&w, 40));
        for (tiled = 0; tiled < 2; tiled++) {
            if (parfocal_restore_u16(model, 0, pictures[picture], N, NULL, restored[picture][tiled], N, NULL, shapes[0],
                                     run_options[tiled]) != PARFOCAL_STATUS_OK)
                return 0;
        }
    }
    for (i = 0; i < OLD; i++) old[A_MODEL][i] = old[A_TASK][i] = old[A_STREAM][i] = model;
    for (i = 0; i < STREAMS; i++) {
        pthread_mutex_init(&producers[i], NULL);
        pthread_mutex_init(&consumers[i], NULL);
    }
    return parfocal_model_close(model) == PARFOCAL_STATUS_OK;
}
