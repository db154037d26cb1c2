/* A scalar by value: what may be given for it, and its conversion without a loss. */
#include "shim.h"

#include <math.h>
#include <string.h>

/* The value as given, exactly. */
typedef struct {
    enum { REAL, SIGNED, UNSIGNED } as;
    double real;
    int64_t s;
    uint64_t u;
} Number;

static Number number_in(const mxArray *given) {
    const void *data = mxGetData(given);
    Number n = {.as = REAL};
    switch (mxGetClassID(given)) {
    case mxDOUBLE_CLASS: n.real = *(const double *)data; break;
    case mxSINGLE_CLASS: n.real = *(const float *)data; break;
    case mxLOGICAL_CLASS:
        n.as = UNSIGNED;
        n.u = *(const mxLogical *)data ? 1 : 0;
        break;
    case mxUINT8_CLASS:
        n.as = UNSIGNED;
        n.u = *(const uint8_t *)data;
        break;
    case mxUINT16_CLASS:
        n.as = UNSIGNED;
        n.u = *(const uint16_t *)data;
        break;
    case mxUINT32_CLASS:
        n.as = UNSIGNED;
        n.u = *(const uint32_t *)data;
        break;
    case mxUINT64_CLASS:
        n.as = UNSIGNED;
        n.u = *(const uint64_t *)data;
        break;
    case mxINT8_CLASS:
        n.as = SIGNED;
        n.s = *(const int8_t *)data;
        break;
    case mxINT16_CLASS:
        n.as = SIGNED;
        n.s = *(const int16_t *)data;
        break;
    case mxINT32_CLASS:
        n.as = SIGNED;
        n.s = *(const int32_t *)data;
        break;
    default:
        n.as = SIGNED;
        n.s = *(const int64_t *)data;
        break;
    }
    return n;
}

static const double FLINTMAX = 9007199254740992.0;

static _Noreturn void inexact(const Type *type, const char *where, const mxArray *given, const char *why) {
    refuse("strict:InexactScalar",
           "%s: the %s given does not fit %s exactly: %s; MATLAB rounds and saturates without a word", where,
           mxGetClassName(given), type->name, why);
}

/* To a 64-bit integer of the sign that the type has; the caller narrows it. */
static void to_integer(Slot *out, const Type *type, const mxArray *given, const char *where, Number n) {
    bool wants_sign = type->name[0] != 'u';
    unsigned bits = (unsigned)type->size * 8;
    uint64_t most = wants_sign ? (UINT64_C(1) << (bits - 1)) - 1 : bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    if (n.as == REAL) {
        if (n.real != floor(n.real)) inexact(type, where, given, "it is no whole number");
        if (fabs(n.real) > FLINTMAX)
            inexact(type, where, given, "beyond 2^53 not every whole number exists as a double");
        n.s = (int64_t)n.real;
        n.as = SIGNED;
    }
    if (n.as == SIGNED && n.s < 0) {
        if (!wants_sign) inexact(type, where, given, "it is negative");
        if (n.s < -(int64_t)most - 1) inexact(type, where, given, "it is too small");
        out->i64 = n.s;
        return;
    }
    uint64_t value = n.as == SIGNED ? (uint64_t)n.s : n.u;
    if (value > most) inexact(type, where, given, "it is too large");
    out->u64 = value;
}

void scalar_convert(Slot *out, const Type *type, const mxArray *given, const char *where) {
    memset(out, 0, sizeof *out);
    /* The order of these four and their words were recorded on R2025b (README.md). */
    bool numeric = mxIsNumeric(given) || mxIsLogical(given);
    if (!numeric || mxIsChar(given)) {
        refuse("MATLAB:class:RequireNumeric", "Value must be numeric or logical. (%s; %s given)", where,
               class_of(given));
    }
    if (mxIsComplex(given)) refuse("MATLAB:class:RequireReal", "Value must be real. (%s)", where);
    if (mxGetNumberOfElements(given) != 1) {
        refuse("MATLAB:class:RequireScalar", "Value must be a scalar. (%s; %zu elements given)", where,
               (size_t)mxGetNumberOfElements(given));
    }
    if (mxIsSparse(given))
        refuse("strict:Sparse", "%s: a sparse value; no page says that calllib takes one: pass full(x)", where);
    Number n = number_in(given);
    if (type->class == mxDOUBLE_CLASS || type->class == mxSINGLE_CLASS) {
        double value = n.as == REAL ? n.real : n.as == SIGNED ? (double)n.s : (double)n.u;
        bool lost = n.as == SIGNED ? fabs(value) > FLINTMAX : n.as == UNSIGNED && value > FLINTMAX;
        if (lost) inexact(type, where, given, "beyond 2^53 not every whole number exists as a double");
        if (type->class == mxDOUBLE_CLASS) {
            out->f64 = value;
        } else {
            out->f32 = (float)value;
            if (!isnan(value) && (double)out->f32 != value)
                inexact(type, where, given, "it needs more digits than a single has");
        }
        return;
    }
    if (n.as == REAL && isnan(n.real))
        refuse("MATLAB:class:RequireNumber", "Value must be a number. (%s; NaN given)", where);
    Slot wide;
    to_integer(&wide, type, given, where, n);
    /* Little and big ends alike: by the type's own member. */
    switch (type->class) {
    case mxINT8_CLASS: out->i8 = (int8_t)wide.i64; break;
    case mxUINT8_CLASS: out->u8 = (uint8_t)wide.u64; break;
    case mxINT16_CLASS: out->i16 = (int16_t)wide.i64; break;
    case mxUINT16_CLASS: out->u16 = (uint16_t)wide.u64; break;
    case mxINT32_CLASS: out->i32 = (int32_t)wide.i64; break;
    case mxUINT32_CLASS: out->u32 = (uint32_t)wide.u64; break;
    case mxINT64_CLASS: out->i64 = wide.i64; break;
    default: out->u64 = wide.u64; break;
    }
}
