/* Parfocal for Octave: the C library as verbs of a MEX function, [status, ...] = parfocal_gateway(verb, ...).

   It has the same verbs as +parfocal/+internal/throughCalllib.m, which MATLAB uses; +parfocal works with either. The
   library is opened by path at run time, so build_octave.m builds this file without it. Pixels are not copied.
   +parfocal or the library checks the user's input; what this file refuses is a bug in +parfocal. */

#include "mex.h"
#include "parfocal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
typedef HMODULE library_handle;
#else
#include <dlfcn.h>
typedef void *library_handle;
#endif

/* Every function that is used: X(name, result, parameters). */
#define FUNCTIONS(X)                                                                                                   \
    X(abi_version, int32_t, (void))                                                                                    \
    X(version, const char *, (void))                                                                                   \
    X(status_name, const char *, (parfocal_status))                                                                    \
    X(last_error, parfocal_status, (char *, uint64_t, uint64_t *))                                                     \
    X(doctor, parfocal_status, (char *, uint64_t, uint64_t *))                                                         \
    X(shutdown, parfocal_status, (int32_t))                                                                            \
    X(model_open, parfocal_status, (const char *, const char *, parfocal_model *))                                     \
    X(model_describe, parfocal_status, (parfocal_model, char *, uint64_t, uint64_t *))                                 \
    X(model_close, parfocal_status, (parfocal_model))                                                                  \
    X(restore_u8, parfocal_status,                                                                                     \
      (parfocal_model, parfocal_task, const uint8_t *, uint64_t, const int64_t *, uint8_t *, uint64_t,                 \
       const int64_t *, const int64_t *, const char *))                                                                \
    X(restore_u16, parfocal_status,                                                                                    \
      (parfocal_model, parfocal_task, const uint16_t *, uint64_t, const int64_t *, uint16_t *, uint64_t,               \
       const int64_t *, const int64_t *, const char *))                                                                \
    X(restore_f32, parfocal_status,                                                                                    \
      (parfocal_model, parfocal_task, const float *, uint64_t, const int64_t *, float *, uint64_t, const int64_t *,    \
       const int64_t *, const char *))                                                                                 \
    X(restore_file, parfocal_status, (parfocal_model, parfocal_task, const char *, const char *, const char *))        \
    X(focus_score_u8, parfocal_status, (const uint8_t *, uint64_t, const int64_t *, const int64_t *, double *))        \
    X(focus_score_u16, parfocal_status, (const uint16_t *, uint64_t, const int64_t *, const int64_t *, double *))      \
    X(focus_score_f32, parfocal_status, (const float *, uint64_t, const int64_t *, const int64_t *, double *))         \
    X(stack_range, parfocal_status,                                                                                    \
      (parfocal_model, int32_t, const void *, uint64_t, const int64_t *, const int64_t *, double *, double *))         \
    X(stream_open, parfocal_status, (parfocal_model, int32_t, const int64_t *, const char *, parfocal_stream *))       \
    X(stream_submit, parfocal_status, (parfocal_stream, const void *, uint64_t, const int64_t *, uint64_t))            \
    X(stream_receive, parfocal_status, (parfocal_stream, void *, uint64_t, const int64_t *, uint64_t *, int32_t))      \
    X(stream_error_map, parfocal_status, (parfocal_stream, float *, uint64_t, const int64_t *))                        \
    X(stream_close, parfocal_status, (parfocal_stream))                                                                \
    X(unpack, parfocal_status,                                                                                         \
      (int32_t, const uint8_t *, uint64_t, uint64_t, uint16_t *, uint64_t, const int64_t *, const int64_t *))

static struct {
    library_handle handle;
#define MEMBER(name, result, parameters) result(*name) parameters;
    FUNCTIONS(MEMBER)
#undef MEMBER
} library;

/* Handles opened last, until the caller has stored them and calls take: Ctrl-C may come before the assignment. */
static uint64_t untaken_model, untaken_stream;

/* Texts of this call, freed when it ends: Octave 7 does not free what mxArrayToString allocates. */
static char *texts[8];
static int text_count;

/* Reports a bug in +parfocal or this file. */
static void fault(const char *format, ...) {
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    text_count = 0;
    mexErrMsgIdAndTxt("parfocal:INTERNAL", "parfocal_gateway: %s", message);
}

/* Arguments in. ------------------------------------------------------------------------------------------------- */

static char *text(const mxArray *value) {
    char *copy = mxIsChar(value) ? mxArrayToString(value) : NULL;
    if (copy == NULL) fault("expected text, got %s", mxGetClassName(value));
    texts[text_count++] = copy;
    return copy;
}

static void free_texts(void) {
    while (text_count > 0) mxFree(texts[--text_count]);
}

static uint64_t unsigned64(const mxArray *value) {
    if (!mxIsUint64(value) || mxGetNumberOfElements(value) != 1) fault("expected one uint64");
    return *(const uint64_t *)mxGetData(value);
}

static int32_t signed32(const mxArray *value) {
    if (!mxIsInt32(value) || mxGetNumberOfElements(value) != 1) fault("expected one int32");
    return *(const int32_t *)mxGetData(value);
}

static const int64_t *four(const mxArray *value) {
    if (!mxIsInt64(value) || mxGetNumberOfElements(value) != 4) fault("expected four int64");
    return (const int64_t *)mxGetData(value);
}

static uint64_t count(const mxArray *value) { return (uint64_t)mxGetNumberOfElements(value); }

/* Answers. ------------------------------------------------------------------------------------------------------ */

static mxArray *number(uint64_t value) {
    mxArray *out = mxCreateNumericMatrix(1, 1, mxUINT64_CLASS, mxREAL);
    *(uint64_t *)mxGetData(out) = value;
    return out;
}

/* Calls `ask` until the text fits, because it may grow between two calls. */
typedef parfocal_status (*asker)(uint64_t handle, char *buffer, uint64_t capacity, uint64_t *length);

static parfocal_status ask_text(asker ask, uint64_t handle, mxArray **out) {
    uint64_t capacity = 65536, length = 0;
    parfocal_status status;
    char *buffer;
    for (;;) {
        buffer = mxCalloc(capacity, 1);
        status = ask(handle, buffer, capacity, &length);
        if (status != PARFOCAL_STATUS_INVALID_ARGUMENT || length <= capacity) break;
        mxFree(buffer);
        capacity = length + 64;
    }
    *out = mxCreateString(status == PARFOCAL_STATUS_OK ? buffer : "");
    mxFree(buffer);
    return status;
}

static parfocal_status ask_error(uint64_t handle, char *buffer, uint64_t capacity, uint64_t *length) {
    (void)handle;
    return library.last_error(buffer, capacity, length);
}

static parfocal_status ask_doctor(uint64_t handle, char *buffer, uint64_t capacity, uint64_t *length) {
    (void)handle;
    return library.doctor(buffer, capacity, length);
}

static parfocal_status ask_model(uint64_t handle, char *buffer, uint64_t capacity, uint64_t *length) {
    return library.model_describe(handle, buffer, capacity, length);
}

/* The verbs. Each takes the inputs after the verb's name, and fills the outputs after the status. ---------------- */

static void *symbol(const char *name) {
#ifdef _WIN32
    return (void *)GetProcAddress(library.handle, name);
#else
    return dlsym(library.handle, name);
#endif
}

static void open_library(const char *path, char *reason, size_t capacity) {
#ifdef _WIN32
    wchar_t wide[32768];
    if (MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 32768) > 0)
        library.handle = LoadLibraryExW(wide, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (library.handle == NULL) snprintf(reason, capacity, "Windows error %lu", (unsigned long)GetLastError());
#else
    library.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library.handle == NULL) snprintf(reason, capacity, "%s", dlerror());
#endif
}

/* [status, reason] = load(path): does nothing if it is loaded. `reason` is "" on success. */
static parfocal_status load(mxArray **out, const mxArray **in) {
    char reason[1024] = "";
    if (library.handle == NULL) {
        open_library(text(in[0]), reason, sizeof reason);
#define TAKE(name, result, parameters)                                                                                 \
    if (library.handle != NULL) {                                                                                      \
        *(void **)&library.name = symbol("parfocal_" #name);                                                           \
        if (library.name == NULL) {                                                                                    \
            snprintf(reason, sizeof reason, "it has no function parfocal_%s", #name);                                  \
            library.handle = NULL;                                                                                     \
        }                                                                                                              \
    }
        FUNCTIONS(TAKE)
#undef TAKE
        /* `clear all` must not forget open handles. */
        if (library.handle != NULL && !mexIsLocked()) mexLock();
    }
    out[0] = mxCreateString(reason);
    return library.handle != NULL ? PARFOCAL_STATUS_OK : PARFOCAL_STATUS_NOT_FOUND;
}

/* status = forget(): drops a library that is not the wanted one. It stays in memory, as it must. */
static parfocal_status forget(mxArray **out, const mxArray **in) {
    (void)out, (void)in;
    library.handle = NULL;
    return PARFOCAL_STATUS_OK;
}

/* status = take() */
static parfocal_status take(mxArray **out, const mxArray **in) {
    (void)out, (void)in;
    untaken_model = untaken_stream = 0;
    return PARFOCAL_STATUS_OK;
}

/* status = drop(): closes handles that were opened and not taken. */
static parfocal_status drop(mxArray **out, const mxArray **in) {
    if (untaken_model != 0) library.model_close(untaken_model);
    if (untaken_stream != 0) library.stream_close(untaken_stream);
    return take(out, in);
}

/* [status, version, abi] = version() */
static parfocal_status version(mxArray **out, const mxArray **in) {
    (void)in;
    out[0] = mxCreateString(library.version());
    out[1] = mxCreateDoubleScalar(library.abi_version());
    return PARFOCAL_STATUS_OK;
}

/* [status, name, message] = failure(status): of the last call that failed. */
static parfocal_status failure(mxArray **out, const mxArray **in) {
    out[0] = mxCreateString(library.status_name((parfocal_status)mxGetScalar(in[0])));
    return ask_text(ask_error, 0, &out[1]);
}

/* [status, json] = doctor() */
static parfocal_status doctor(mxArray **out, const mxArray **in) {
    (void)in;
    return ask_text(ask_doctor, 0, &out[0]);
}

/* status = shutdown(timeout_ms) */
static parfocal_status shut_down(mxArray **out, const mxArray **in) {
    (void)out;
    return library.shutdown((int32_t)mxGetScalar(in[0]));
}

/* [status, model] = open(path, options) */
static parfocal_status model_open(mxArray **out, const mxArray **in) {
    parfocal_model model = 0;
    parfocal_status status = library.model_open(text(in[0]), text(in[1]), &model);
    untaken_model = model;
    out[0] = number(model);
    return status;
}

/* [status, json] = describe(model) */
static parfocal_status describe(mxArray **out, const mxArray **in) {
    return ask_text(ask_model, unsigned64(in[0]), &out[0]);
}

/* status = close(model) */
static parfocal_status model_close(mxArray **out, const mxArray **in) {
    (void)out;
    return library.model_close(unsigned64(in[0]));
}

/* [status, restored] = restore(model, pixels, strides, shape, options): in one call that cannot be interrupted. */
static parfocal_status restore(mxArray **out, const mxArray **in) {
    const uint64_t model = unsigned64(in[0]), samples = count(in[1]);
    const int64_t *strides = four(in[2]), *shape = four(in[3]);
    const char *options = text(in[4]);
    void *pixels;
    out[0] = mxDuplicateArray(in[1]);
    pixels = mxGetData(out[0]);
    switch (mxGetClassID(in[1])) {
    case mxUINT8_CLASS:
        return library.restore_u8(model, 0, pixels, samples, strides, pixels, samples, strides, shape, options);
    case mxUINT16_CLASS:
        return library.restore_u16(model, 0, pixels, samples, strides, pixels, samples, strides, shape, options);
    case mxSINGLE_CLASS:
        return library.restore_f32(model, 0, pixels, samples, strides, pixels, samples, strides, shape, options);
    default: fault("pixels of class %s", mxGetClassName(in[1])); return PARFOCAL_STATUS_INTERNAL;
    }
}

/* status = restoreFile(model, input, output, options) */
static parfocal_status restore_file(mxArray **out, const mxArray **in) {
    (void)out;
    return library.restore_file(unsigned64(in[0]), 0, text(in[1]), text(in[2]), text(in[3]));
}

/* [status, scores] = focusScore(pixels, strides, shape): a column, one for each plane. */
static parfocal_status focus_score(mxArray **out, const mxArray **in) {
    const uint64_t samples = count(in[0]);
    const int64_t *strides = four(in[1]), *shape = four(in[2]);
    const void *pixels = mxGetData(in[0]);
    double *scores;
    out[0] = mxCreateDoubleMatrix((mwSize)shape[3], 1, mxREAL);
    scores = mxGetPr(out[0]);
    switch (mxGetClassID(in[0])) {
    case mxUINT8_CLASS: return library.focus_score_u8(pixels, samples, strides, shape, scores);
    case mxUINT16_CLASS: return library.focus_score_u16(pixels, samples, strides, shape, scores);
    case mxSINGLE_CLASS: return library.focus_score_f32(pixels, samples, strides, shape, scores);
    default: fault("pixels of class %s", mxGetClassName(in[0])); return PARFOCAL_STATUS_INTERNAL;
    }
}

/* [status, pixels] = unpack(packing, bytes, rowBytes, shape) */
static parfocal_status unpack(mxArray **out, const mxArray **in) {
    const int64_t *shape = four(in[3]);
    int64_t strides[4] = {0, 1, 0, 0};
    strides[0] = shape[1];
    out[0] = mxCreateNumericMatrix((mwSize)shape[1], (mwSize)shape[0], mxUINT16_CLASS, mxREAL);
    return library.unpack(signed32(in[0]), (const uint8_t *)mxGetData(in[1]), count(in[1]), unsigned64(in[2]),
                          (uint16_t *)mxGetData(out[0]), count(out[0]), strides, shape);
}

/* [status, range] = stackRange(model, pixelType, pixels, strides, shape): a row of two numbers. */
static parfocal_status stack_range(mxArray **out, const mxArray **in) {
    double *range;
    out[0] = mxCreateDoubleMatrix(1, 2, mxREAL);
    range = mxGetPr(out[0]);
    return library.stack_range(unsigned64(in[0]), signed32(in[1]), mxGetData(in[2]), count(in[2]), four(in[3]),
                               four(in[4]), &range[0], &range[1]);
}

/* [status, stream] = streamOpen(model, pixelType, shape, options) */
static parfocal_status stream_open(mxArray **out, const mxArray **in) {
    parfocal_stream stream = 0;
    parfocal_status status = library.stream_open(unsigned64(in[0]), signed32(in[1]), four(in[2]), text(in[3]), &stream);
    untaken_stream = stream;
    out[0] = number(stream);
    return status;
}

/* status = streamSubmit(stream, frame, strides, tag) */
static parfocal_status stream_submit(mxArray **out, const mxArray **in) {
    (void)out;
    return library.stream_submit(unsigned64(in[0]), mxGetData(in[1]), count(in[1]), four(in[2]), unsigned64(in[3]));
}

/* A frame of a size in int64. */
static mxArray *frame_of(const mxArray *wanted, mxClassID class_id) {
    mwSize size[3], dimensions = mxGetNumberOfElements(wanted), i;
    if (!mxIsInt64(wanted) || dimensions < 2 || dimensions > 3) fault("expected a frame's size in int64");
    for (i = 0; i < dimensions; i++) size[i] = (mwSize)((const int64_t *)mxGetData(wanted))[i];
    return mxCreateNumericArray(dimensions, size, class_id, mxREAL);
}

/* [status, frame] = streamReceive(stream, class, size, strides, timeout_ms); size is that of the frame, int64. */
static parfocal_status stream_receive(mxArray **out, const mxArray **in) {
    const char *class_name = text(in[1]);
    const mxClassID class_id = strcmp(class_name, "uint8") == 0    ? mxUINT8_CLASS
                               : strcmp(class_name, "uint16") == 0 ? mxUINT16_CLASS
                                                                   : mxSINGLE_CLASS;
    out[0] = frame_of(in[2], class_id);
    return library.stream_receive(unsigned64(in[0]), mxGetData(out[0]), count(out[0]), four(in[3]), NULL,
                                  signed32(in[4]));
}

/* [status, errors] = streamErrorMap(stream, size, strides), of the frame that was received last; single. */
static parfocal_status stream_error_map(mxArray **out, const mxArray **in) {
    out[0] = frame_of(in[1], mxSINGLE_CLASS);
    return library.stream_error_map(unsigned64(in[0]), (float *)mxGetData(out[0]), count(out[0]), four(in[2]));
}

/* status = streamClose(stream) */
static parfocal_status stream_close(mxArray **out, const mxArray **in) {
    (void)out;
    return library.stream_close(unsigned64(in[0]));
}

static const struct {
    const char *name;
    int inputs, outputs;
    parfocal_status (*call)(mxArray **out, const mxArray **in);
} VERBS[] = {
    {"load", 1, 1, load},
    {"forget", 0, 0, forget},
    {"take", 0, 0, take},
    {"drop", 0, 0, drop},
    {"version", 0, 2, version},
    {"failure", 1, 2, failure},
    {"doctor", 0, 1, doctor},
    {"shutdown", 1, 0, shut_down},
    {"open", 2, 1, model_open},
    {"describe", 1, 1, describe},
    {"close", 1, 0, model_close},
    {"restore", 5, 1, restore},
    {"restoreFile", 4, 0, restore_file},
    {"focusScore", 3, 1, focus_score},
    {"unpack", 4, 1, unpack},
    {"stackRange", 5, 1, stack_range},
    {"streamOpen", 4, 1, stream_open},
    {"streamSubmit", 4, 0, stream_submit},
    {"streamReceive", 5, 1, stream_receive},
    {"streamErrorMap", 3, 1, stream_error_map},
    {"streamClose", 1, 0, stream_close},
};

void mexFunction(int nlhs, mxArray *plhs[], int nrhs, const mxArray *prhs[]) {
    const char *verb;
    mxArray *out[2] = {NULL, NULL};
    parfocal_status status;
    size_t i;
    int j;
    if (nrhs < 1) fault("expected a verb");
    verb = text(prhs[0]);
    for (i = 0; i < sizeof VERBS / sizeof *VERBS; i++) {
        if (strcmp(verb, VERBS[i].name) != 0) continue;
        if (nrhs - 1 != VERBS[i].inputs) fault("%s takes %d inputs", verb, VERBS[i].inputs);
        if (nlhs - 1 > VERBS[i].outputs) fault("%s has %d outputs beside the status", verb, VERBS[i].outputs);
        if (library.handle == NULL && VERBS[i].call != load && VERBS[i].call != drop)
            fault("the library is not loaded");
        status = VERBS[i].call(out, prhs + 1);
        plhs[0] = mxCreateDoubleScalar(status);
        for (j = 0; j < VERBS[i].outputs; j++) {
            if (j + 1 < nlhs) plhs[j + 1] = out[j];
            else mxDestroyArray(out[j]);
        }
        free_texts();
        return;
    }
    fault("no verb '%s'", verb);
}
