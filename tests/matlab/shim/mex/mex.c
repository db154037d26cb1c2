/* The MEX function of the shim: [result, refusal] = shim_mex(command, ...). */
#include "shim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf leave;
static char refused_as[128];
static char refused_with[4096];

/* Octave puts the MEX function's name before the message of mexErrMsgIdAndTxt, so refusals are returned and raised
   by shim_do.m. */
_Noreturn void refuse(const char *identifier, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(refused_with, sizeof refused_with, format, arguments);
    va_end(arguments);
    snprintf(refused_as, sizeof refused_as, "%s", identifier);
    longjmp(leave, 1);
}

typedef struct Kept {
    struct Kept *next;
    Block *block;
    max_align_t data[];
} Kept;

static Kept *all_kept;

void *kept(size_t size) {
    Kept *made = calloc(1, sizeof(Kept) + size + 1);
    if (made == NULL) refuse("strict:Memory", "the shim could not get %zu bytes", size);
    made->next = all_kept;
    all_kept = made;
    return made->data;
}

/* A block that is lent for the command. */
Block *kept_block(size_t size) {
    Block *block = block_make(size);
    kept(0);
    all_kept->block = block;
    return block;
}

void release_kept(void) {
    while (all_kept != NULL) {
        Kept *next = all_kept->next;
        block_drop(all_kept->block);
        free(all_kept);
        all_kept = next;
    }
}

char *kept_text(const mxArray *value, const char *what) {
    if (value == NULL || !mxIsChar(value)) refuse("strict:Shim", "%s must be text, %s given", what, class_of(value));
    size_t size = mxGetNumberOfElements(value) + 1;
    char *text = kept(size);
    if (size > 1 && mxGetString(value, text, size) != 0) refuse("strict:Shim", "%s cannot be read", what);
    return text;
}

const char *class_of(const mxArray *value) {
    if (value == NULL) return "nothing";
    if (mxIsSparse(value)) return "sparse";
    if (mxIsComplex(value)) return "complex";
    return mxGetClassName(value);
}

/* Keeps the libraries and pointers of the process through `clear all`. */
static void stay(void) {
    static bool locked;
    if (!locked) mexLock();
    locked = true;
}

static mxArray *run(int count, const mxArray **given) {
    char *command = kept_text(count > 0 ? given[0] : NULL, "the shim's command");
    count--;
    given++;
    if (strcmp(command, "call") == 0) return call_command(count, given);
    if (strncmp(command, "pointer.", 8) == 0) return pointer_command(command + 8, count, given);
    if (strncmp(command, "library.", 8) == 0) return library_command(command + 8, count, given);
    refuse("strict:Shim", "the shim has no command '%s'", command);
}

void mexFunction(int nlhs, mxArray *plhs[], int nrhs, const mxArray *prhs[]) {
    stay();
    mxArray *volatile result = NULL;
    mxArray *volatile refusal = NULL;
    if (setjmp(leave) == 0) {
        result = run(nrhs, prhs);
    } else {
        pointer_abandon();
        const char *names[] = {"identifier", "message"};
        refusal = mxCreateStructMatrix(1, 1, 2, names);
        mxSetField(refusal, 0, "identifier", mxCreateString(refused_as));
        mxSetField(refusal, 0, "message", mxCreateString(refused_with));
    }
    release_kept();
    plhs[0] = result != NULL ? result : mxCreateDoubleMatrix(0, 0, mxREAL);
    if (nlhs > 1) plhs[1] = refusal != NULL ? refusal : mxCreateDoubleMatrix(0, 0, mxREAL);
}
