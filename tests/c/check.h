/* Shared by the test families of the C suite: checks that write to a log, pictures, and the arguments of the suite. */

#ifndef CHECK_H
#define CHECK_H

#include "support.h"

#include <stdint.h>

/* A failed check is written to the log and counted; the test goes on. */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) suite_fail(__FILE__, __LINE__, #condition);                                                  \
    } while (0)
/* Like CHECK, but ends the test. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            suite_fail(__FILE__, __LINE__, #condition);                                                                \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)
/* Checks the status of a call: CHECK_IS(call, OK). On failure the log has the library's message. */
#define CHECK_IS(call, name) suite_status(__FILE__, __LINE__, #call, (call), (parfocal_status)PARFOCAL_STATUS_##name)
/* The same, and the calling thread's message must contain `text`. */
#define CHECK_SAYS(call, name, text)                                                                                   \
    suite_says(__FILE__, __LINE__, #call, (call), (parfocal_status)PARFOCAL_STATUS_##name, text)

void suite_fail(const char *file, int line, const char *what);
int suite_status(const char *file, int line, const char *what, parfocal_status found, parfocal_status expected);
void suite_says(const char *file, int line, const char *what, parfocal_status found, parfocal_status expected,
                const char *text);

/* The test model, a folder to write to, the options that models are opened with, and whether only fast tests run. */
extern const char *suite_model, *suite_folder, *suite_options;
extern int suite_fast;

/* Opens the model of the suite; 0 after a failed check. */
parfocal_model open_model(void);
/* `folder/name` in one of 16 static buffers. */
const char *in_folder(const char *name);
/* The integer value of a key in JSON text, or -1. */
int64_t json_integer(const char *json, const char *key);
/* A description as text from malloc, by the two calls of the length protocol. */
char *text_of(parfocal_status (*describe)(uint64_t, char *, uint64_t, uint64_t *), uint64_t handle);

/* Fills `pixels` with blobs and a little noise, different for each seed. Interleaved. */
void picture_u16(uint16_t *pixels, int64_t samples, int64_t width, uint32_t seed);
void picture_u8(uint8_t *pixels, int64_t samples, int64_t width, uint32_t seed);
void picture_f32(float *pixels, int64_t samples, int64_t width, uint32_t seed);

/* The families. */
void test_model(void);
void test_restore(void);
void test_layouts(void);
void test_files(void);
void test_task(void);
void test_stream(void);
void test_focus(void);
void test_range(void);
void test_packed(void);
void test_errors(void);

#endif
