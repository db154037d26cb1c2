/* Faults on purpose, against a library built with the feature `plant`: faults panic MODEL checks that a panic inside is INTERNAL
   and spoils its handle only; faults overread reads one element too far, which AddressSanitizer must catch. */

#include "parfocal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of that build only, so not in the header. */
int32_t parfocal_test_panic(parfocal_model model);
uint16_t parfocal_test_overread(const uint16_t *pixels, uint64_t count);

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) return __LINE__ % 200 + 3;                                                                   \
    } while (0)

static int says(const char *piece) {
    char message[2048] = "";
    parfocal_last_error(message, sizeof message, NULL);
    return strstr(message, piece) != NULL;
}

static int panic(const char *path) {
    static uint16_t in[64 * 48], out[64 * 48];
    const int64_t shape[4] = {64, 48, 1, 1};
    parfocal_model spoiled = 0, other = 0;
    uint64_t length = 0;
    size_t i;
    for (i = 0; i < 64 * 48; i++) in[i] = (uint16_t)(i * 77 % 4093);
    REQUIRE(parfocal_model_open(path, "threads=1", &spoiled) == PARFOCAL_STATUS_OK);
    REQUIRE(parfocal_model_open(path, "threads=1", &other) == PARFOCAL_STATUS_OK);
    REQUIRE(parfocal_test_panic(spoiled) == PARFOCAL_STATUS_INTERNAL);
    REQUIRE(says("planted") && says("close it"));
    /* That handle is good for closing only. */
    REQUIRE(parfocal_restore_u16(spoiled, 0, in, 64 * 48, NULL, out, 64 * 48, NULL, shape, NULL) == PARFOCAL_STATUS_INTERNAL);
    REQUIRE(says("an earlier fault"));
    REQUIRE(parfocal_model_describe(spoiled, NULL, 0, &length) == PARFOCAL_STATUS_INTERNAL);
    /* The other one, and new ones, work on; so does the process. */
    REQUIRE(parfocal_restore_u16(other, 0, in, 64 * 48, NULL, out, 64 * 48, NULL, shape, NULL) == PARFOCAL_STATUS_OK);
    REQUIRE(parfocal_model_close(spoiled) == PARFOCAL_STATUS_OK);
    REQUIRE(parfocal_model_close(spoiled) == PARFOCAL_STATUS_INVALID_HANDLE);
    REQUIRE(parfocal_model_open(path, "threads=1", &spoiled) == PARFOCAL_STATUS_OK);
    REQUIRE(parfocal_restore_u16(spoiled, 0, in, 64 * 48, NULL, out, 64 * 48, NULL, shape, NULL) == PARFOCAL_STATUS_OK);
    REQUIRE(parfocal_model_close(spoiled) == PARFOCAL_STATUS_OK);
    REQUIRE(parfocal_model_close(other) == PARFOCAL_STATUS_OK);
    return 0;
}

int main(int count, char **arguments) {
    if (count > 2 && strcmp(arguments[1], "panic") == 0) return panic(arguments[2]);
    if (count > 1 && strcmp(arguments[1], "overread") == 0) {
        uint16_t *pixels = calloc(8, sizeof *pixels);
        int value = pixels == NULL ? 0 : parfocal_test_overread(pixels, 8);
        free(pixels);
        return value == 70000;
    }
    return 2;
}
