/* One function for each thing that calllib does or refuses; table.py reads it as it reads parfocal.h. */
#ifndef PARFOCAL_PROBE_H
#define PARFOCAL_PROBE_H

#include <stdint.h>

typedef struct {
    double x;
    double y;
} probe_point;

struct probe_bits {
    unsigned low : 4;
    unsigned high : 4;
};

union probe_union {
    int32_t whole;
    float real;
};

enum PROBE_COLOUR { PROBE_RED = 1, PROBE_BLUE };

/* By value: each returns the same value, one more, or writes it where it can be seen exactly. */
int8_t probe_int8(int8_t a);
uint8_t probe_uint8(uint8_t a);
int16_t probe_int16(int16_t a);
uint16_t probe_uint16(uint16_t a);
int32_t probe_int32(int32_t a);
uint32_t probe_uint32(uint32_t a);
float probe_single(float a);
double probe_double(double a);
void probe_int64(int64_t a, int64_t *out);
void probe_uint64(uint64_t a, uint64_t *out);
int64_t probe_int64_returned(void);
uint64_t probe_uint64_returned(void);
int32_t probe_ten(int32_t a, uint64_t b, const uint16_t *c, uint64_t d, const int64_t *e, uint16_t *f, uint64_t g,
                  const int64_t *h, const int64_t *i, const char *j);

void probe_nothing(void);
void probe_scale(uint16_t *values, uint64_t count, uint16_t factor);
double probe_sum(const double *values, uint64_t count);
void probe_write_past(uint8_t *values, uint64_t count);
int32_t probe_is_null(const void *value);
uint8_t *probe_memory(void);
void *probe_handle(void);

const char *probe_text(void);
const char *probe_no_text(void);
const char *probe_micrometre(void);
int32_t probe_length(const char *text);
void probe_fill(char *buffer, int32_t capacity);

int32_t probe_callback(int32_t (*f)(int32_t), int32_t a);
int32_t probe_texts(char **texts);
int32_t probe_deep(double **values);
int32_t probe_deeper(double ***values);
int32_t probe_union_in(union probe_union value);
int32_t probe_bits_in(struct probe_bits *value);
int32_t probe_many(int32_t count, ...);
int32_t probe_long_double(long double value);
double probe_point_length(probe_point point);
void probe_point_scale(probe_point *point, double factor);
probe_point probe_point_make(double x, double y);
int32_t probe_missing(void);

#endif
