/* Packed pixels: every layout, rows with gaps, restoring and submitting them is that of the same pixels unpacked. */

#include "check.h"

#include <string.h>

enum { W = 41, H = 24, N = W * H, ROW = 64, ROOM = ROW * H + N * 2 };

static const int64_t frame[4] = {W, H, 1, 1};

/* Bit by bit, from PFNC's definition. `row_bytes` 0: without gaps. */
static uint64_t pack(int32_t packing, const uint16_t *pixels, uint64_t row_bytes, uint8_t *bytes) {
    const int ten = packing == PARFOCAL_PACKING_MONO10P || packing == PARFOCAL_PACKING_MONO10_PACKED;
    const int plain = packing == PARFOCAL_PACKING_MONO10P || packing == PARFOCAL_PACKING_MONO12P;
    const uint64_t bits = ten ? 10 : 12, low = ten ? 2 : 4;
    uint64_t i, bit, last = 0;
    for (i = 0; i < N; i++) {
        const uint64_t column = row_bytes == 0 ? i : i % W, row = row_bytes == 0 ? 0 : i / W * row_bytes * 8;
        for (bit = 0; bit < bits; bit++) {
            uint64_t at = column * bits + bit;
            if (!plain && bit >= low) at = (column / 2 * 3 + column % 2 * 2) * 8 + bit - low;
            if (!plain && bit < low) at = (column / 2 * 3 + 1) * 8 + column % 2 * 4 + bit;
            at += row;
            if (pixels[i] >> bit & 1) bytes[at / 8] |= (uint8_t)(1u << at % 8);
            if (at / 8 >= last) last = at / 8 + 1;
        }
    }
    return last;
}

static void one(parfocal_model model, int32_t packing, uint64_t row_bytes) {
    static uint16_t in[N], out[N], columns[N], expected[N];
    static uint8_t bytes[ROOM];
    const int64_t column_major[4] = {H, 1, 0, 0};
    const uint16_t most = packing % 2 == 1 ? 1023 : 4095;
    parfocal_stream stream = 0;
    uint64_t count, tag = 0;
    int i, wrong = 0;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(300 + i % W * 7 % 301 + i / W * 5 % 201) & most;
    memset(bytes, 0, sizeof bytes);
    count = pack(packing, in, row_bytes, bytes);
    CHECK_IS(parfocal_unpack(packing, bytes, count, row_bytes, out, N, NULL, frame), OK);
    CHECK(memcmp(in, out, sizeof in) == 0);
    CHECK_IS(parfocal_unpack(packing, bytes, count, row_bytes, columns, N, column_major, frame), OK);
    for (i = 0; i < N; i++) wrong += columns[i % W * H + i / W] != in[i];
    CHECK(wrong == 0);
    CHECK_SAYS(parfocal_unpack(packing, bytes, count - 1, row_bytes, out, N, NULL, frame), INVALID_ARGUMENT,
               "bytes of packed pixels; expected");
    CHECK_IS(parfocal_restore_u16(model, 0, in, N, NULL, expected, N, NULL, frame, NULL), OK);
    CHECK_IS(parfocal_restore_packed(model, 0, packing, bytes, count, row_bytes, out, N, NULL, frame, NULL), OK);
    CHECK(memcmp(expected, out, sizeof out) == 0);
    REQUIRE(CHECK_IS(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, frame, NULL, &stream), OK));
    CHECK_IS(parfocal_stream_submit_packed(stream, packing, bytes, count, row_bytes, 7), OK);
    memset(out, 0, sizeof out);
    CHECK_IS(parfocal_stream_receive(stream, out, N, NULL, &tag, 20000), OK);
    CHECK(tag == 7 && memcmp(expected, out, sizeof out) == 0);
    CHECK_IS(parfocal_stream_close(stream), OK);
}

/* The frame of one layout of 12 bits, read as the other, is another picture; nothing can tell but the pixels. */
static void confused(void) {
    static uint16_t in[N], out[N];
    static uint8_t bytes[ROOM];
    uint64_t count;
    int i, wrong = 0;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(i * 37 % 4096);
    count = pack(PARFOCAL_PACKING_MONO12P, in, 0, bytes);
    CHECK_IS(parfocal_unpack(PARFOCAL_PACKING_MONO12_PACKED, bytes, count, 0, out, N, NULL, frame), OK);
    for (i = 0; i < N; i++) wrong += in[i] != out[i];
    /* The second pixel of a pair is the same in both. */
    CHECK(wrong > N / 3);
}

void test_packed(void) {
    parfocal_model model = open_model();
    int32_t packing;
    REQUIRE(model != 0);
    for (packing = PARFOCAL_PACKING_MONO10P; packing <= PARFOCAL_PACKING_MONO12_PACKED; packing++) {
        one(model, packing, 0);
        one(model, packing, ROW);
    }
    confused();
    CHECK_IS(parfocal_model_close(model), OK);
}
