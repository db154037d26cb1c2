/* A host that ends the library and goes on: guest_shutdown MODEL LOG OPTIONS. Prints nothing; the result is the exit
   status, details are in the log. */

#include "support.h"

#include <dirent.h>
#include <pthread.h>
#include <string.h>

enum { W = 1024, H = 1024, N = W * H };

static const int64_t shape[4] = {W, H, 1, 1};
static FILE *log_file;
static int failures;
static parfocal_model model;
static parfocal_stream stream;
static uint16_t in[N], out[N], taken[N];
static parfocal_status restored, received;

static void check(int line, const char *text, int true_or_not) {
    if (true_or_not) return;
    failures++;
    fprintf(log_file, "guest_shutdown.c:%d: failed: %s; last error: %s\n", line, text, last_error());
}

#define CHECK(condition) check(__LINE__, #condition, condition)

static void *restore(void *unused) {
    (void)unused;
    do restored = parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, NULL);
    while (restored == PARFOCAL_STATUS_OK);
    return NULL;
}

static void *receive(void *unused) {
    uint64_t tag = 0;
    (void)unused;
    received = parfocal_stream_receive(stream, taken, N, NULL, &tag, -1);
    return NULL;
}

/* Threads of this process. */
static int threads(void) {
    int found = 0;
    DIR *folder = opendir("/proc/self/task");
    struct dirent *entry;
    if (folder == NULL) return -1;
    while ((entry = readdir(folder)) != NULL) found += entry->d_name[0] != '.';
    closedir(folder);
    return found;
}

int main(int count, char **arguments) {
    pthread_t restoring, receiving;
    parfocal_model another = 1;
    int i;
    if (count != 4) return 2;
    log_file = fopen(arguments[2], "w");
    if (log_file == NULL) return 2;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(400 + i * 7 % 901);
    CHECK(parfocal_shutdown(-2) == PARFOCAL_STATUS_INVALID_ARGUMENT);
    CHECK(parfocal_model_open(arguments[1], arguments[3], &model) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream) == PARFOCAL_STATUS_OK);
    pthread_create(&restoring, NULL, restore, NULL);
    pthread_create(&receiving, NULL, receive, NULL);
    pause_ms(100);
    CHECK(parfocal_shutdown(10000) == PARFOCAL_STATUS_OK);
    pthread_join(restoring, NULL);
    pthread_join(receiving, NULL);
    CHECK(restored == PARFOCAL_STATUS_CLOSED);
    CHECK(received == PARFOCAL_STATUS_CLOSED);
    CHECK(parfocal_model_open(arguments[1], arguments[3], &another) == PARFOCAL_STATUS_CLOSED);
    CHECK(strstr(last_error(), "parfocal_shutdown has ended Parfocal") != NULL);
    CHECK(parfocal_model_close(model) == PARFOCAL_STATUS_CLOSED);
    CHECK(parfocal_stream_close(stream) == PARFOCAL_STATUS_CLOSED);
    CHECK(parfocal_shutdown(0) == PARFOCAL_STATUS_OK);
    CHECK(strcmp(parfocal_status_name(PARFOCAL_STATUS_CLOSED), "CLOSED") == 0);
    CHECK(threads() == 1);
    fprintf(log_file, "failures: %d\n", failures);
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}
