/* nanoseconds = octave_c_call(library, model, pixels, strides, shape): parfocal_restore_u16 as a C program calls it,
   timed inside. */

#include "mex.h"
#include "parfocal.h"

#include <dlfcn.h>
#include <string.h>
#include <time.h>

typedef parfocal_status (*restore_u16)(parfocal_model, parfocal_task, const uint16_t *, uint64_t, const int64_t *,
                                       uint16_t *, uint64_t, const int64_t *, const int64_t *, const char *);

void mexFunction(int nlhs, mxArray *plhs[], int nrhs, const mxArray *prhs[]) {
    char *path = mxArrayToString(prhs[0]);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const uint64_t samples = mxGetNumberOfElements(prhs[2]);
    const int64_t *strides = mxGetData(prhs[3]), *shape = mxGetData(prhs[4]);
    uint16_t *restored;
    struct timespec from, to;
    restore_u16 restore;
    (void)nlhs;
    if (nrhs != 5 || !mxIsUint16(prhs[2]) || !library)
        mexErrMsgIdAndTxt("bench:call", "what octave_c_call was given is not right");
    *(void **)&restore = dlsym(library, "parfocal_restore_u16");
    restored = mxMalloc(samples * 2);
    /* Touched, so that the first write of a page is not part of the call. */
    memset(restored, 1, samples * 2);
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (restore(*(uint64_t *)mxGetData(prhs[1]), 0, mxGetData(prhs[2]), samples, strides, restored, samples, strides,
                shape, "") != 0)
        mexErrMsgIdAndTxt("bench:restore", "parfocal_restore_u16 failed");
    clock_gettime(CLOCK_MONOTONIC, &to);
    mxFree(restored);
    mxFree(path);
    plhs[0] = mxCreateDoubleScalar((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec));
}
