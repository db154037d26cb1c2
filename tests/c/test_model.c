/* Opening, describing and closing models, the doctor, versions, and the length protocol of texts. */

#include "check.h"

#include <stdlib.h>
#include <string.h>

static void versions(void) {
    CHECK(parfocal_abi_version() >= 1);
    CHECK(strspn(parfocal_version(), "0123456789.") > 2);
    CHECK(strcmp(parfocal_status_name(PARFOCAL_STATUS_OK), "OK") == 0);
    CHECK(strcmp(parfocal_status_name(PARFOCAL_STATUS_WOULD_BLOCK), "WOULD_BLOCK") == 0);
    CHECK(strcmp(parfocal_status_name(PARFOCAL_STATUS_INTERNAL), "INTERNAL") == 0);
    /* A number that a later library may have. */
    CHECK(parfocal_status_name(4711) != NULL);
}

/* The protocol of every text: NULL asks for the length, and a short buffer is filled within its capacity. */
static void length_protocol(parfocal_model model) {
    char text[8192], small[8];
    uint64_t length = 0, again = 0;
    REQUIRE(CHECK_IS(parfocal_model_describe(model, NULL, 0, &length), OK));
    REQUIRE(length > 100 && length <= sizeof text);

    memset(text, '#', sizeof text);
    CHECK_IS(parfocal_model_describe(model, text, length, &again), OK);
    CHECK(again == length && text[length - 1] == '\0' && strlen(text) == length - 1);
    CHECK(text[length] == '#');

    memset(small, '#', sizeof small);
    again = 0;
    parfocal_model_describe(model, small, sizeof small - 1, &again);
    CHECK(again == length && small[sizeof small - 1] == '#');
    CHECK(memchr(small, '\0', sizeof small - 1) != NULL);

    memset(text, '#', sizeof text);
    parfocal_model_describe(model, text, length - 1, &again);
    CHECK(again == length && text[length - 1] == '#' && memchr(text, '\0', length - 1) != NULL);
}

static void describe(parfocal_model model) {
    static const char *const keys[] = {"name",         "version",
                                       "sha256",       "license",
                                       "device",       "device_requested",
                                       "provider",     "runtime_version",
                                       "runtime_path", "precision",
                                       "threads",      "memory_mib",
                                       "tile",         "halo",
                                       "multiple",     "percentiles",
                                       "modalities",   "pixel_size_um",
                                       "warnings"};
    char *json = text_of(parfocal_model_describe, model);
    size_t i;
    REQUIRE(json != NULL);
    CHECK(json[0] == '{' && json[strlen(json) - 1] == '}');
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char quoted[64];
        quoted[0] = '"';
        strcpy(quoted + 1, keys[i]);
        strcat(quoted, "\":");
        if (strstr(json, quoted) == NULL) suite_fail(__FILE__, __LINE__, quoted);
    }
    CHECK(json_integer(json, "multiple") == 16);
    free(json);
}

static parfocal_status doctor(uint64_t unused, char *text, uint64_t capacity, uint64_t *length) {
    (void)unused;
    return parfocal_doctor(text, capacity, length);
}

static void doctor_tells_the_runtime(void) {
    char *json = text_of(doctor, 0);
    REQUIRE(json != NULL);
    CHECK(json[0] == '{' && json[strlen(json) - 1] == '}');
    CHECK(strstr(json, "\"version\":") != NULL);
    CHECK(strstr(json, "onnxruntime") != NULL);
    free(json);
}

static void from_memory(parfocal_model from_file) {
    uint64_t length;
    uint8_t *bytes = read_whole(suite_model, &length);
    parfocal_model model = 0;
    char *one, *other;
    REQUIRE(bytes != NULL);
    CHECK_IS(parfocal_model_open_memory(bytes, length, suite_options, &model), OK);
    /* The library has copied what it needs. */
    memset(bytes, 0, length);
    free(bytes);
    one = text_of(parfocal_model_describe, model);
    other = text_of(parfocal_model_describe, from_file);
    CHECK(one != NULL && other != NULL && strcmp(one, other) == 0);
    free(one);
    free(other);
    CHECK_IS(parfocal_model_close(model), OK);
}

/* "" and NULL stand for the built-in model, and for no options. */
static void the_model_inside(void) {
    parfocal_model empty = 0, null = 0;
    char *json;
    if (suite_fast) return;
    CHECK_IS(parfocal_model_open("", suite_options, &empty), OK);
    CHECK_IS(parfocal_model_open(NULL, NULL, &null), OK);
    CHECK(empty != null);
    json = text_of(parfocal_model_describe, empty);
    CHECK(json != NULL && strstr(json, "parfocal") != NULL);
    free(json);
    CHECK_IS(parfocal_model_close(empty), OK);
    CHECK_IS(parfocal_model_close(null), OK);
}

static void closing(void) {
    parfocal_model model = open_model();
    uint64_t length;
    REQUIRE(model != 0);
    CHECK_IS(parfocal_model_close(model), OK);
    CHECK_SAYS(parfocal_model_close(model), INVALID_HANDLE, "closed");
    CHECK_SAYS(parfocal_model_describe(model, NULL, 0, &length), INVALID_HANDLE, "closed");
}

void test_model(void) {
    parfocal_model model = open_model();
    REQUIRE(model != 0);
    versions();
    length_protocol(model);
    describe(model);
    doctor_tells_the_runtime();
    from_memory(model);
    the_model_inside();
    CHECK_IS(parfocal_model_close(model), OK);
    closing();
}
