/* Processor time that the library costs while nothing is to be done: guest_idle MODEL LOG OPTIONS. Prints nothing; the
   result is the exit status, figures are in the log. */

#include "support.h"

#include <sys/resource.h>

enum { W = 64, H = 64, N = W * H };

static const int64_t shape[4] = {W, H, 1, 1};
static FILE *log_file;
static int failures;
static uint16_t in[N], out[N];

static double seconds(int who) {
    struct rusage used;
    getrusage(who, &used);
    return (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

static void expect(const char *what, parfocal_status found) {
    if (found == PARFOCAL_STATUS_OK) return;
    failures++;
    fprintf(log_file, "failed: %s is %s: %s\n", what, parfocal_status_name(found), last_error());
}

static void limit(const char *what, double share, double most) {
    fprintf(log_file, "%s: %.2f %% of a core (limit %.2f)\n", what, share * 100, most * 100);
    if (share <= most) return;
    failures++;
    fprintf(log_file, "failed: too much\n");
}

int main(int count, char **arguments) {
    const int idle_s = 10, frames = 30, between_ms = 100;
    parfocal_model model = 0;
    parfocal_stream stream = 0;
    uint64_t tag = 0;
    double before;
    int i;
    if (count != 4) return 2;
    log_file = fopen(arguments[2], "w");
    if (log_file == NULL) return 2;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(400 + i * 7 % 901);
    expect("open", parfocal_model_open(arguments[1], arguments[3], &model));
    expect("stream", parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream));
    /* Once, so that nothing is done for the first time below. */
    expect("submit", parfocal_stream_submit(stream, in, N, NULL, 7));
    expect("receive", parfocal_stream_receive(stream, out, N, NULL, &tag, 20000));
    pause_ms(200);
    before = seconds(RUSAGE_SELF);
    pause_ms(idle_s * 1000);
    limit("an open model and an open stream", (seconds(RUSAGE_SELF) - before) / idle_s, 0.001);
    /* The frames themselves are tiny: what is left is what the other threads do between them. */
    before = seconds(RUSAGE_SELF);
    for (i = 0; i < frames; i++) {
        expect("submit", parfocal_stream_submit(stream, in, N, NULL, (uint64_t)i));
        expect("receive", parfocal_stream_receive(stream, out, N, NULL, &tag, 20000));
        pause_ms(between_ms);
    }
    limit("a stream of 64x64 at 10 frames a second", (seconds(RUSAGE_SELF) - before) / (frames * between_ms * 1e-3),
          0.08);
    expect("close", parfocal_stream_close(stream));
    expect("close", parfocal_model_close(model));
    fprintf(log_file, "failures: %d\n", failures);
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}
