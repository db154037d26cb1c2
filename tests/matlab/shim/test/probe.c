/* The library of probe.h. probe_missing is left out on purpose. */
#include "probe.h"

#include <string.h>

int8_t probe_int8(int8_t a) { return a; }
uint8_t probe_uint8(uint8_t a) { return a; }
int16_t probe_int16(int16_t a) { return a; }
uint16_t probe_uint16(uint16_t a) { return a; }
int32_t probe_int32(int32_t a) { return a; }
uint32_t probe_uint32(uint32_t a) { return a; }
float probe_single(float a) { return a + 1; }
double probe_double(double a) { return a + 1; }
void probe_int64(int64_t a, int64_t *out) { *out = a; }
void probe_uint64(uint64_t a, uint64_t *out) { *out = a; }
int64_t probe_int64_returned(void) { return INT64_C(9007199254740993); }
uint64_t probe_uint64_returned(void) { return UINT64_MAX; }

int32_t probe_ten(int32_t a, uint64_t b, const uint16_t *c, uint64_t d, const int64_t *e, uint16_t *f, uint64_t g,
                  const int64_t *h, const int64_t *i, const char *j) {
    f[0] = (uint16_t)(c[0] + 1);
    return (int32_t)(a + (int32_t)b + c[0] + (int32_t)d + (int32_t)e[0] + (int32_t)g + (int32_t)h[0] + (int32_t)i[0] +
                     (int32_t)strlen(j));
}

void probe_nothing(void) {}

void probe_scale(uint16_t *values, uint64_t count, uint16_t factor) {
    for (uint64_t i = 0; i < count; i++) values[i] = (uint16_t)(values[i] * factor);
}

double probe_sum(const double *values, uint64_t count) {
    double sum = 0;
    for (uint64_t i = 0; i < count; i++) sum += values[i];
    return sum;
}

void probe_write_past(uint8_t *values, uint64_t count) { values[count] = 1; }
int32_t probe_is_null(const void *value) { return value == NULL; }

uint8_t *probe_memory(void) {
    static uint8_t memory[6];
    for (uint8_t i = 0; i < 6; i++) memory[i] = (uint8_t)(i + 1);
    return memory;
}

void *probe_handle(void) { return probe_memory(); }

const char *probe_text(void) { return "text of the library"; }
const char *probe_no_text(void) { return NULL; }
const char *probe_micrometre(void) { return "\xc2\xb5m"; }
int32_t probe_length(const char *text) { return text == NULL ? -1 : (int32_t)strlen(text); }

void probe_fill(char *buffer, int32_t capacity) {
    static const char name[] = "restored";
    for (int32_t i = 0; i < capacity; i++) buffer[i] = i < 8 && i + 1 < capacity ? name[i] : '\0';
}

int32_t probe_callback(int32_t (*f)(int32_t), int32_t a) { return f(a); }
int32_t probe_texts(char **texts) { return texts != NULL; }
int32_t probe_deep(double **values) { return values != NULL; }
int32_t probe_deeper(double ***values) { return values != NULL; }
int32_t probe_union_in(union probe_union value) { return value.whole; }
int32_t probe_bits_in(struct probe_bits *value) { return (int32_t)value->low; }
int32_t probe_many(int32_t count, ...) { return count; }
int32_t probe_long_double(long double value) { return (int32_t)value; }
double probe_point_length(probe_point point) { return point.x + point.y; }

void probe_point_scale(probe_point *point, double factor) {
    point->x *= factor;
    point->y *= factor;
}

probe_point probe_point_make(double x, double y) {
    probe_point point = {x, y};
    return point;
}
