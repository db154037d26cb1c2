/* A host that uses everything once and lives on: guest_quiet MODEL LOG OPTIONS IMAGE OUTPUT SECONDS. What it writes and
   whom it calls is watched from outside. Prints nothing; the result is the exit status, details are in the log. */

#include "support.h"

#include <string.h>

enum { W = 96, H = 64, N = W * H };

static FILE *log_file;
static int failures;

static void expect(const char *what, parfocal_status found) {
    if (found == PARFOCAL_STATUS_OK) return;
    failures++;
    fprintf(log_file, "failed: %s is %s: %s\n", what, parfocal_status_name(found), last_error());
}

int main(int count, char **arguments) {
    static uint16_t in[N], out[N];
    static char json[65536];
    const int64_t shape[4] = {W, H, 1, 1};
    parfocal_model model = 0;
    parfocal_stream stream = 0;
    uint64_t tag = 0;
    int i;
    if (count != 7) return 2;
    log_file = fopen(arguments[2], "w");
    if (log_file == NULL) return 2;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(400 + i * 7 % 901);
    expect("open", parfocal_model_open(arguments[1], arguments[3], &model));
    expect("restore", parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, NULL));
    expect("file", parfocal_restore_file(model, 0, arguments[4], arguments[5], NULL));
    expect("stream", parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream));
    expect("submit", parfocal_stream_submit(stream, in, N, NULL, 7));
    expect("receive", parfocal_stream_receive(stream, out, N, NULL, &tag, 20000));
    expect("doctor", parfocal_doctor(json, sizeof json, NULL));
    if (getenv("ORT_DISABLE_TELEMETRY") != NULL) {
        failures++;
        fprintf(log_file, "failed: the library's variable is still in the environment of the process\n");
    }
    pause_ms(atoi(arguments[6]) * 1000);
    expect("close", parfocal_stream_close(stream));
    expect("close", parfocal_model_close(model));
    fprintf(log_file, "failures: %d\n", failures);
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}
