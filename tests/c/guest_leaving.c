/* Programs that end while the library works: guest_leaving MODEL LOG OPTIONS WHAT MICROSECONDS.
   open, restore, stream: another thread does this without end; after MICROSECONDS the first one leaves by exit(7).
   fork: a child that never calls the library leaves by exit(7), which is this program's status, too.
   atexit: a handler that was registered first, so it runs last, calls the library.
   Prints nothing; 7 is as it should be, details are in the log. */

#define _DEFAULT_SOURCE
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { W = 256, H = 192, N = W * H };

static const int64_t shape[4] = {W, H, 1, 1};
static const char *path, *options, *what;
static FILE *log_file;
static parfocal_model model;
static parfocal_stream stream;
static uint16_t in[N];

static int failed(int line, const char *text) {
    fprintf(log_file, "guest_leaving.c:%d: failed: %s; last error: %s\n", line, text, last_error());
    fflush(log_file);
    return 1;
}

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) _exit(failed(__LINE__, #condition));                                                         \
    } while (0)

static void *work(void *unused) {
    static uint16_t out[N];
    uint64_t tag = 0, number = 0;
    (void)unused;
    for (;;) {
        if (strcmp(what, "open") == 0) {
            parfocal_model another = 0;
            if (parfocal_model_open(path, options, &another) == PARFOCAL_STATUS_OK) parfocal_model_close(another);
        } else if (strcmp(what, "stream") == 0) {
            parfocal_stream_submit(stream, in, N, NULL, number++);
            parfocal_stream_receive(stream, out, N, NULL, &tag, 5);
        } else {
            parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, NULL);
        }
    }
    return NULL;
}

/* Runs behind the library's own handler, when the runtime may be gone. */
static void late(void) {
    static uint16_t out[N];
    parfocal_model another = 0;
    REQUIRE(parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, NULL) == PARFOCAL_STATUS_CLOSED);
    REQUIRE(strstr(last_error(), "the process is ending") != NULL);
    REQUIRE(parfocal_model_open(path, options, &another) == PARFOCAL_STATUS_CLOSED && another == 0);
    REQUIRE(parfocal_model_close(model) == PARFOCAL_STATUS_CLOSED);
    REQUIRE(out[0] == 0);
}

static int forked(void) {
    int status = 0;
    int waited = 0;
    pid_t child = fork();
    if (child == 0) exit(7);
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (++waited > 500) {
            kill(child, 9);
            return failed(__LINE__, "the child hangs");
        }
        pause_ms(10);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 7) return 7;
    fprintf(log_file, "wait status %d\n", status);
    return failed(__LINE__, "the child did not leave as asked");
}

int main(int count, char **arguments) {
    pthread_t thread;
    int i;
    if (count != 6) return 2;
    path = arguments[1], options = arguments[3], what = arguments[4];
    log_file = fopen(arguments[2], "w");
    if (log_file == NULL) return 2;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(400 + i * 7 % 901);
    if (strcmp(what, "atexit") == 0) REQUIRE(atexit(late) == 0);
    if (strcmp(what, "open") != 0) REQUIRE(parfocal_model_open(path, options, &model) == PARFOCAL_STATUS_OK);
    if (strcmp(what, "atexit") == 0) exit(7);
    REQUIRE(strcmp(what, "stream") != 0 ||
            parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream) == PARFOCAL_STATUS_OK);
    if (strcmp(what, "fork") == 0) return forked();
    REQUIRE(pthread_create(&thread, NULL, work, NULL) == 0);
    if (atoi(arguments[5]) > 0) usleep((useconds_t)atoi(arguments[5]));
    exit(7);
}
