/* The focus score: one number for each plane, larger if sharper, the same for every layout and pixel type. */

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { W = 96, H = 80, P = 4, N = W * H };

/* Plane 0 is sharp, each further plane is smoothed once more. */
static void stack_f32(float *stack) {
    int p, x, y;
    picture_f32(stack, N, W, 3);
    for (p = 1; p < P; p++) {
        const float *from = stack + (p - 1) * N;
        float *to = stack + p * N;
        for (y = 0; y < H; y++)
            for (x = 0; x < W; x++) {
                int left = x > 0 ? x - 1 : x, right = x < W - 1 ? x + 1 : x;
                int up = y > 0 ? y - 1 : y, down = y < H - 1 ? y + 1 : y;
                to[y * W + x] = (from[y * W + left] + from[y * W + right] + from[up * W + x] + from[down * W + x] +
                                 2 * from[y * W + x]) /
                                6;
            }
    }
}

static int close_to(double a, double b) { return fabs(a - b) <= 1e-9 * fabs(b); }

void test_focus(void) {
    static float stack[P * N], turned[P * N];
    static uint16_t coarse[P * N];
    const int64_t shape[4] = {W, H, 1, P}, column_major[4] = {H, 1, N, N};
    double scores[P + 1], again[P], integers[P];
    int i, p, x, y;
    stack_f32(stack);
    for (p = 0; p <= P; p++) scores[p] = -77;
    CHECK_IS(parfocal_focus_score_f32(stack, P * N, NULL, shape, scores), OK);
    for (p = 1; p < P; p++) CHECK(scores[p] < scores[p - 1]);
    CHECK(scores[P] == -77);

    for (p = 0; p < P; p++)
        for (y = 0; y < H; y++)
            for (x = 0; x < W; x++) turned[p * N + x * H + y] = stack[p * N + y * W + x];
    CHECK_IS(parfocal_focus_score_f32(turned, P * N, column_major, shape, again), OK);
    for (p = 0; p < P; p++) CHECK(close_to(again[p], scores[p]));

    for (i = 0; i < P * N; i++) coarse[i] = (uint16_t)(10000.0f + 5000.0f * stack[i]);
    CHECK_IS(parfocal_focus_score_u16(coarse, P * N, NULL, shape, integers), OK);
    for (p = 1; p < P; p++) CHECK(integers[p] < integers[p - 1]);
    {
        static uint8_t bytes[P * N];
        for (i = 0; i < P * N; i++) bytes[i] = (uint8_t)(60.0f + 30.0f * stack[i]);
        CHECK_IS(parfocal_focus_score_u8(bytes, P * N, NULL, shape, integers), OK);
        CHECK(integers[1] < integers[0]);
    }
}
