/* Files: the same pixels as in memory, all or nothing. This file writes and reads uncompressed 16-bit TIFF itself. */

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { W = 53, H = 40, N = W * H };

static void put(uint8_t *to, uint32_t value, int bytes) {
    int i;
    for (i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get(const uint8_t *from, int bytes) {
    uint32_t value = 0;
    int i;
    for (i = 0; i < bytes; i++) value |= (uint32_t)from[i] << 8 * i;
    return value;
}

/* One grey page, little-endian, one strip. */
static int write_tiff(const char *path, const uint16_t *pixels) {
    static const uint16_t tags[9][3] = {
        {256, 3, W}, {257, 3, H}, {258, 3, 16}, {259, 3, 1}, {262, 3, 1},
        {273, 4, 0}, {277, 3, 1}, {278, 3, H},  {279, 4, 0},
    };
    uint8_t directory[8 + 2 + 9 * 12 + 4] = {'I', 'I', 42, 0, 8, 0, 0, 0, 9, 0};
    FILE *file = fopen(path, "wb");
    size_t i;
    int done;
    if (file == NULL) return 0;
    for (i = 0; i < 9; i++) {
        uint8_t *entry = directory + 10 + 12 * i;
        uint32_t value = tags[i][2];
        if (tags[i][0] == 273) value = sizeof directory;
        if (tags[i][0] == 279) value = 2 * N;
        put(entry, tags[i][0], 2);
        put(entry + 2, tags[i][1], 2);
        put(entry + 4, 1, 4);
        put(entry + 8, value, 4);
    }
    done = fwrite(directory, sizeof directory, 1, file) == 1;
    for (i = 0; done && i < N; i++) {
        uint8_t bytes[2];
        put(bytes, pixels[i], 2);
        done = fwrite(bytes, 2, 1, file) == 1;
    }
    return fclose(file) == 0 && done;
}

/* The first strip of the first page, or NULL. */
static const uint8_t *first_strip(const uint8_t *file, uint64_t length) {
    uint64_t at = get(file + 4, 4), count, i;
    if (length < 8 || memcmp(file, "II*", 4) != 0 || at + 2 > length) return NULL;
    count = get(file + at, 2);
    for (i = 0; i < count && at + 2 + 12 * (i + 1) <= length; i++) {
        const uint8_t *entry = file + at + 2 + 12 * i;
        if (get(entry, 2) == 273) {
            uint64_t strips = get(entry + 4, 4), offset = get(entry + 8, 4);
            if (strips > 1) offset = offset + 4 <= length ? get(file + offset, 4) : length;
            return offset + 2 * N <= length ? file + offset : NULL;
        }
    }
    return NULL;
}

static int exists(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file != NULL) fclose(file);
    return file != NULL;
}

static void same_as_in_memory(parfocal_model model) {
    static uint16_t in[N], expected[N];
    const int64_t shape[4] = {W, H, 1, 1};
    const char *input = in_folder("in.tif"), *output = in_folder("out.tif");
    uint64_t length, done = 0, total = 0, planes = 0;
    uint8_t *file;
    const uint8_t *strip;
    parfocal_task task = 0;
    int i, wrong = 0;
    remove(output);
    picture_u16(in, N, W, 21);
    REQUIRE(write_tiff(input, in));
    CHECK_IS(parfocal_restore_u16(model, 0, in, N, NULL, expected, N, NULL, shape, NULL), OK);
    CHECK_IS(parfocal_task_create(&task), OK);
    REQUIRE(CHECK_IS(parfocal_restore_file(model, task, input, output, NULL), OK));
    CHECK_IS(parfocal_task_progress(task, &done, &total), OK);
    CHECK(done == total && total >= 1);
    CHECK_IS(parfocal_task_planes_done(task, &planes), OK);
    CHECK(planes == 1);
    CHECK_IS(parfocal_task_close(task), OK);

    file = read_whole(output, &length);
    REQUIRE(file != NULL);
    strip = first_strip(file, length);
    CHECK(strip != NULL);
    for (i = 0; strip != NULL && i < N; i++) wrong += get(strip + 2 * i, 2) != expected[i];
    CHECK(wrong == 0);
    free(file);

    CHECK_SAYS(parfocal_restore_file(model, 0, input, output, NULL), EXISTS, "out.tif");
    CHECK_SAYS(parfocal_restore_file(model, 0, input, input, NULL), INVALID_ARGUMENT, "same file");
}

static void nothing_is_left(parfocal_model model) {
    const char *output = in_folder("never.tif");
    parfocal_task task = 0;
    CHECK_IS(parfocal_task_create(&task), OK);
    CHECK_IS(parfocal_task_cancel(task), OK);
    CHECK_SAYS(parfocal_restore_file(model, task, in_folder("in.tif"), output, NULL), CANCELLED, "cancelled");
    CHECK(!exists(output));
    CHECK_IS(parfocal_task_close(task), OK);
    CHECK_SAYS(parfocal_restore_file(model, 0, in_folder("absent.tif"), output, NULL), NOT_FOUND, "absent.tif");
    CHECK_SAYS(parfocal_restore_file(model, 0, suite_model, output, NULL), FORMAT, "TIFF");
    CHECK_SAYS(parfocal_restore_file(model, 0, in_folder("in.tif"), in_folder("no/folder/out.tif"), NULL), NOT_FOUND,
               "folder");
    CHECK_SAYS(parfocal_restore_file(model, 0, in_folder("in.tif"), output, "tile=3"), BAD_OPTION, "tile=3");
    CHECK_SAYS(parfocal_restore_file(model, 0, in_folder("in.tif"), output, "pyramid=keep"), BAD_OPTION,
               "pyramid=keep: expected rebuild, drop");
    CHECK_SAYS(parfocal_restore_file(model, 0, in_folder("in.tif"), output, "format=ome"), BAD_OPTION,
               "format=ome: expected same, ome-tiff");
    CHECK(!exists(output));
}

void test_files(void) {
    parfocal_model model = open_model();
    REQUIRE(model != 0);
    same_as_in_memory(model);
    nothing_is_left(model);
    CHECK_IS(parfocal_model_close(model), OK);
}
