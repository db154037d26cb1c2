/* The range of a stack: giving it as normalize=LO:HI is the same as normalize=stack. */

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { W = 40, H = 30, P = 3, N = W * H };

static const int64_t stack[4] = {W, H, 1, P};

/* The options with the range, in a static buffer. */
static const char *range_options(double lo, double hi) {
    static char options[96];
    snprintf(options, sizeof options, "normalize=%.17g:%.17g", lo, hi);
    return options;
}

static void u16_stack(parfocal_model model) {
    static uint16_t in[P * N], expected[P * N], out[P * N], columns[P * N];
    const int64_t turned[4] = {H, 1, N, N};
    double lo = 0, hi = 0, again[2];
    int p, x, y;
    for (p = 0; p < P; p++) picture_u16(in + p * N, N, W, (uint32_t)p);
    CHECK_IS(parfocal_stack_range(model, PARFOCAL_PIXEL_U16, in, P * N, NULL, stack, &lo, &hi), OK);
    CHECK(lo > 0 && lo < hi && hi < 65535);
    CHECK_IS(parfocal_restore_u16(model, 0, in, P * N, NULL, expected, P * N, NULL, stack, "normalize=stack"), OK);
    CHECK_IS(parfocal_restore_u16(model, 0, in, P * N, NULL, out, P * N, NULL, stack, range_options(lo, hi)), OK);
    CHECK(memcmp(out, expected, sizeof out) == 0);
    CHECK_IS(parfocal_restore_u16(model, 0, in, P * N, NULL, out, P * N, NULL, stack, NULL), OK);
    CHECK(memcmp(out, expected, sizeof out) != 0);

    for (p = 0; p < P; p++)
        for (y = 0; y < H; y++)
            for (x = 0; x < W; x++) columns[p * N + x * H + y] = in[p * N + y * W + x];
    CHECK_IS(parfocal_stack_range(model, PARFOCAL_PIXEL_U16, columns, P * N, turned, stack, &again[0], &again[1]), OK);
    CHECK(again[0] == lo && again[1] == hi);
}

static void u8_stack(parfocal_model model) {
    static uint8_t in[P * N], expected[P * N], out[P * N];
    double lo = 0, hi = 0;
    int p;
    for (p = 0; p < P; p++) picture_u8(in + p * N, N, W, (uint32_t)p);
    CHECK_IS(parfocal_stack_range(model, PARFOCAL_PIXEL_U8, in, P * N, NULL, stack, &lo, &hi), OK);
    CHECK_IS(parfocal_restore_u8(model, 0, in, P * N, NULL, expected, P * N, NULL, stack, "normalize=stack"), OK);
    CHECK_IS(parfocal_restore_u8(model, 0, in, P * N, NULL, out, P * N, NULL, stack, range_options(lo, hi)), OK);
    CHECK(memcmp(out, expected, sizeof out) == 0);
}

/* Pixels that are not finite do not count. Without two different finite values there is no range to normalise by. */
static void f32_stack(parfocal_model model) {
    static float in[P * N], expected[P * N], out[P * N];
    double lo = 0, hi = 0;
    int i, p;
    for (p = 0; p < P; p++) picture_f32(in + p * N, N, W, (uint32_t)p);
    in[7] = in[N + 1] = NAN;
    in[9] = INFINITY;
    in[2 * N] = -INFINITY;
    CHECK_IS(parfocal_stack_range(model, PARFOCAL_PIXEL_F32, in, P * N, NULL, stack, &lo, &hi), OK);
    CHECK(isfinite(lo) && isfinite(hi) && lo < hi);
    CHECK_IS(parfocal_restore_f32(model, 0, in, P * N, NULL, expected, P * N, NULL, stack, "normalize=stack"), OK);
    CHECK_IS(parfocal_restore_f32(model, 0, in, P * N, NULL, out, P * N, NULL, stack, range_options(lo, hi)), OK);
    CHECK(memcmp(out, expected, sizeof out) == 0);

    for (i = 0; i < P * N; i++) in[i] = i % 5 == 0 ? NAN : 3.25f;
    CHECK_IS(parfocal_stack_range(model, PARFOCAL_PIXEL_F32, in, P * N, NULL, stack, &lo, &hi), OK);
    CHECK(lo == 3.25 && hi == 3.25);
    for (i = 0; i < P * N; i++) in[i] = i % 5 == 0 ? INFINITY : NAN;
    CHECK_IS(parfocal_stack_range(model, PARFOCAL_PIXEL_F32, in, P * N, NULL, stack, &lo, &hi), OK);
    CHECK(isnan(lo) && isnan(hi));
}

void test_range(void) {
    parfocal_model model = open_model();
    REQUIRE(model != 0);
    u16_stack(model);
    u8_stack(model);
    f32_stack(model);
    CHECK_IS(parfocal_model_close(model), OK);
}
