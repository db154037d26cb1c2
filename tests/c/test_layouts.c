/* Layouts: whatever the strides, the same pixels give the same result, and nothing else is written. */

#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { W = 37, H = 29, C = 3, P = 2, N = W * H * C * P };

/* More room than any layout here needs. Elements outside the pixels must keep this mark. */
enum { ROOM = N * 4, MARK = 0xABCD };

static const int64_t shape[4] = {W, H, C, P};

static int64_t at(const int64_t *strides, int64_t x, int64_t y, int64_t c, int64_t p) {
    return x * strides[0] + y * strides[1] + c * strides[2] + p * strides[3];
}

/* The number of elements from the first to the last pixel. */
static uint64_t reach(const int64_t *strides) { return (uint64_t)at(strides, W - 1, H - 1, C - 1, P - 1) + 1; }

static void scatter(const uint16_t *packed, uint16_t *to, const int64_t *strides) {
    int64_t x, y, c, p;
    for (p = 0; p < P; p++)
        for (y = 0; y < H; y++)
            for (x = 0; x < W; x++)
                for (c = 0; c < C; c++) to[at(strides, x, y, c, p)] = packed[((p * H + y) * W + x) * C + c];
}

/* What the room must hold: the expected pixels, and the mark everywhere else. */
static void check_layout(const char *name, const uint16_t *found, const uint16_t *packed, const int64_t *strides) {
    static uint16_t expected[ROOM];
    int64_t i;
    for (i = 0; i < ROOM; i++) expected[i] = MARK;
    scatter(packed, expected, strides);
    if (memcmp(found, expected, sizeof expected) != 0) suite_fail(__FILE__, __LINE__, name);
}

static void mark(uint16_t *room) {
    int64_t i;
    for (i = 0; i < ROOM; i++) room[i] = MARK;
}

struct layout {
    const char *name;
    int64_t strides[4];
};

static const struct layout layouts[] = {
    {"interleaved", {C, C * W, 1, C * W * H}},
    {"planar", {1, W, W * H, W * H * C}},
    {"column-major", {H, 1, W * H, W * H * C}},
    {"padded rows", {C, C * W + 11, 1, (C * W + 11) * H}},
    {"planar with padded rows and gaps", {1, W + 5, (W + 5) * H + 3, ((W + 5) * H + 3) * C + 17}},
    {"RGB of RGBA", {4, 4 * W, 1, 4 * W * H}},
    {"every second pixel", {2, 2 * W, 2 * W * H, 2 * W * H * C}},
    {"planes innermost", {C * P, C * P * W, P, 1}},
};

static void all_layouts(parfocal_model model) {
    static uint16_t packed[N], expected[N], source[ROOM], target[ROOM];
    const size_t count = sizeof layouts / sizeof layouts[0];
    size_t i;
    picture_u16(packed, N, W * C, 11);
    REQUIRE(CHECK_IS(parfocal_restore_u16(model, 0, packed, N, NULL, expected, N, NULL, shape, NULL), OK));
    CHECK(memcmp(packed, expected, sizeof packed) != 0);
    for (i = 0; i < count; i++) {
        const struct layout *from = &layouts[i], *to = &layouts[(i + 3) % count];
        /* From one layout to another, with exactly as many elements as they span. */
        mark(source);
        mark(target);
        scatter(packed, source, from->strides);
        CHECK_IS(parfocal_restore_u16(model, 0, source, reach(from->strides), from->strides, target, reach(to->strides),
                                      to->strides, shape, NULL),
                 OK);
        check_layout(to->name, target, expected, to->strides);
        check_layout(from->name, source, packed, from->strides);
        /* In place, also where channels that are not restored must not change. */
        CHECK_IS(parfocal_restore_u16(model, 0, source, ROOM, from->strides, source, ROOM, from->strides, shape, NULL),
                 OK);
        check_layout(from->name, source, expected, from->strides);
        /* One element fewer than they span. */
        mark(target);
        CHECK_SAYS(parfocal_restore_u16(model, 0, source, reach(from->strides) - 1, from->strides, target, ROOM,
                                        to->strides, shape, NULL),
                   INVALID_ARGUMENT, "src");
        CHECK_SAYS(parfocal_restore_u16(model, 0, source, ROOM, from->strides, target, reach(to->strides) - 1,
                                        to->strides, shape, NULL),
                   INVALID_ARGUMENT, "dst");
        for (size_t k = 0; k < ROOM; k++) REQUIRE(target[k] == MARK);
    }
}

/* The stride of an axis of length one is ignored. */
static void axes_of_one(parfocal_model model) {
    static uint16_t in[W * H], expected[W * H], out[W * H];
    const int64_t grey[4] = {W, H, 1, 1}, odd[4] = {1, W, -4, INT64_MAX};
    picture_u16(in, W * H, W, 12);
    CHECK_IS(parfocal_restore_u16(model, 0, in, W * H, NULL, expected, W * H, NULL, grey, NULL), OK);
    CHECK_IS(parfocal_restore_u16(model, 0, in, W * H, odd, out, W * H, NULL, grey, NULL), OK);
    CHECK(memcmp(expected, out, sizeof out) == 0);
}

/* Source and destination may interleave in one buffer as long as they share no element; shared elements are refused. */
static void overlaps(parfocal_model model) {
    static uint16_t room[2 * W * H + 8];
    const int64_t grey[4] = {W, H, 1, 1}, rows[4] = {1, W, 1, 1}, wide[4] = {1, W + 1, 1, 1};
    picture_u16(room, 2 * W * H + 8, W, 13);
    CHECK_SAYS(parfocal_restore_u16(model, 0, room, W * H, rows, room + 1, W * H, rows, grey, NULL), INVALID_ARGUMENT,
               "overlap");
    CHECK_SAYS(parfocal_restore_u16(model, 0, room, 2 * W * H, rows, room, 2 * W * H, wide, grey, NULL),
               INVALID_ARGUMENT, "overlap");
    CHECK_IS(parfocal_restore_u16(model, 0, room, W * H, NULL, room + W * H, W * H, NULL, grey, NULL), OK);
}

void test_layouts(void) {
    parfocal_model model = open_model();
    REQUIRE(model != 0);
    all_layouts(model);
    axes_of_one(model);
    overlaps(model);
    CHECK_IS(parfocal_model_close(model), OK);
}
