/* Callers with a rounding mode, traps, flush-to-zero, a cancellation or a small stack of their own: guest_caller MODEL
   LOG OPTIONS. Prints nothing; the result is the exit status, details are in the log. */

#define _GNU_SOURCE
#include "support.h"

#include <fenv.h>
#include <pthread.h>
#include <string.h>
#include <xmmintrin.h>

enum { W = 160, H = 96, N = W * H, FTZ_DAZ = 0x8040 };

static const int64_t shape[4] = {W, H, 1, 1};
static const char *path, *options;
static FILE *log_file;
static int failures;
static parfocal_model model;
static uint16_t in[N], out[N], first[N];
static float floats[N], restored[N], first_floats[N], tiny_floats[N];
static double first_score;

static void check(int line, const char *text, int true_or_not) {
    if (true_or_not) return;
    failures++;
    fprintf(log_file, "guest_caller.c:%d: failed: %s; last error: %s\n", line, text, last_error());
    fflush(log_file);
}

#define CHECK(condition) check(__LINE__, #condition, condition)

static int use(double *score) {
    return parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, NULL) == PARFOCAL_STATUS_OK &&
           parfocal_restore_f32(model, 0, floats, N, NULL, restored, N, NULL, shape, NULL) == PARFOCAL_STATUS_OK &&
           parfocal_focus_score_f32(floats, N, NULL, shape, score) == PARFOCAL_STATUS_OK;
}

/* The same numbers in another state, and the state as it was afterwards. */
static void state(const char *name, unsigned bits, int rounding, int traps) {
    const unsigned before = _mm_getcsr();
    unsigned kept, set;
    int ok;
    double score = 0;
    fesetround(rounding);
    _mm_setcsr(_mm_getcsr() | bits);
    if (traps != 0) feenableexcept(traps);
    set = _mm_getcsr();
    ok = use(&score);
    kept = _mm_getcsr();
    fedisableexcept(FE_ALL_EXCEPT);
    fesetround(FE_TONEAREST);
    _mm_setcsr(before);
    fprintf(log_file, "%s\n", name);
    CHECK(ok);
    CHECK(kept == set);
    CHECK(memcmp(out, first, sizeof out) == 0);
    CHECK(memcmp(restored, first_floats, sizeof restored) == 0);
    CHECK(memcmp(&score, &first_score, sizeof score) == 0);
}

static void denormal(void) {
    const unsigned before = _mm_getcsr();
    static float one[N];
    int i, unchanged = 0;
    CHECK(parfocal_restore_f32(model, 0, tiny_floats, N, NULL, one, N, NULL, shape, NULL) == PARFOCAL_STATUS_OK);
    _mm_setcsr(before | FTZ_DAZ);
    CHECK(parfocal_restore_f32(model, 0, tiny_floats, N, NULL, restored, N, NULL, shape, NULL) == PARFOCAL_STATUS_OK);
    _mm_setcsr(before);
    CHECK(memcmp(one, restored, sizeof one) == 0);
    for (i = 0; i < N; i++) unchanged += memcmp(one + i, tiny_floats + i, sizeof *one) == 0;
    CHECK(unchanged < N / 2);
}

static volatile int inside, returned;

static void *cancelled(void *unused) {
    static uint16_t large_in[1024 * 1024], large_out[1024 * 1024];
    const int64_t size[4] = {1024, 1024, 1, 1};
    parfocal_status status;
    int i;
    (void)unused;
    for (i = 0; i < 1024 * 1024; i++) large_in[i] = (uint16_t)(i * 7 % 901);
    inside = 1;
    status = parfocal_restore_u16(model, 0, large_in, 1024 * 1024, NULL, large_out, 1024 * 1024, NULL, size, NULL);
    returned = status == PARFOCAL_STATUS_OK;
    for (;;) pthread_testcancel();
    return NULL;
}

/* A thread that is cancelled inside a call ends behind it, and the library goes on. */
static void cancel(void) {
    pthread_t thread;
    void *result = NULL;
    double score;
    CHECK(pthread_create(&thread, NULL, cancelled, NULL) == 0);
    while (!inside) pause_ms(1);
    pause_ms(20);
    CHECK(pthread_cancel(thread) == 0);
    pthread_join(thread, &result);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(returned);
    CHECK(use(&score) && memcmp(out, first, sizeof out) == 0);
}

static void *small(void *file) {
    static char json[65536];
    parfocal_model another = 0;
    parfocal_stream stream = 0;
    uint64_t tag = 0;
    double score;
    (void)file;
    CHECK(parfocal_model_open(path, options, &another) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_model_describe(another, json, sizeof json, NULL) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_model_close(another) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_model_open(NULL, options, &another) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_restore_u16(another, 0, in, N, NULL, out, N, NULL, shape, NULL) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_model_close(another) == PARFOCAL_STATUS_OK);
    CHECK(use(&score));
    CHECK(parfocal_restore_file(model, 0, "/nowhere/a.tif", "/nowhere/b.tif", NULL) == PARFOCAL_STATUS_NOT_FOUND);
    CHECK(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_submit(stream, in, N, NULL, 1) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_receive(stream, out, N, NULL, &tag, 20000) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_describe(stream, json, sizeof json, NULL) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_close(stream) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_doctor(json, sizeof json, NULL) == PARFOCAL_STATUS_OK);
    return NULL;
}

/* All calls on a thread with the stack that the header asks for. */
static void stack(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstacksize(&attributes, 128 * 1024) == 0);
    CHECK(pthread_create(&thread, &attributes, small, NULL) == 0);
    pthread_join(thread, NULL);
}

int main(int count, char **arguments) {
    int i;
    if (count != 4) return 2;
    path = arguments[1], options = arguments[3];
    log_file = fopen(arguments[2], "w");
    if (log_file == NULL) return 2;
    for (i = 0; i < N; i++) {
        in[i] = (uint16_t)(400 + i * 7 % 901);
        floats[i] = (float)in[i] * 1e-3f + 0.1f;
        tiny_floats[i] = (float)in[i] * 1e-42f;
    }
    /* Threads inherit the state of the one that starts them: those of the model must not. */
    fesetround(FE_UPWARD);
    CHECK(parfocal_model_open(path, options, &model) == PARFOCAL_STATUS_OK);
    CHECK(fegetround() == FE_UPWARD);
    fesetround(FE_TONEAREST);
    CHECK(use(&first_score));
    memcpy(first, out, sizeof first);
    memcpy(first_floats, restored, sizeof first_floats);
    state("default", 0, FE_TONEAREST, 0);
    state("upward", 0, FE_UPWARD, 0);
    state("downward", 0, FE_DOWNWARD, 0);
    state("towards zero", 0, FE_TOWARDZERO, 0);
    state("flush to zero", FTZ_DAZ, FE_TONEAREST, 0);
    state("all traps", 0, FE_TONEAREST, FE_ALL_EXCEPT);
    denormal();
    cancel();
    stack();
    CHECK(parfocal_model_close(model) == PARFOCAL_STATUS_OK);
    fprintf(log_file, "failures: %d\n", failures);
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}
