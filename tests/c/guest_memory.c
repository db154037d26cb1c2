/* Memory that cannot be had: guest_memory MODEL LOG OPTIONS IMAGE FOLDER before|after|malloc FIRST LAST STEP. For each
   number from FIRST to LAST, a child opens the model, restores a frame, a stream's frame and a file, and asks the
   doctor, with that many MiB of address space beyond what it has (before: before it opens the model, after: after), or
   with the allocation of that number failing (malloc; fail_malloc.c must be preloaded). All may be OK or OUT_OF_MEMORY,
   nothing else, and nothing may be printed. With malloc, a child that the dynamic linker has ended in its own words is
   left out and counted: linker_ends.c shows that any program ends so. The result is the exit status, details are in the
   log. */

#define _GNU_SOURCE
#include "support.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { W = 512, H = 384, N = W * H, PATIENCE_S = 60, MOST_LEFT_OUT = 10 };

static const int64_t shape[4] = {W, H, 1, 1};
static const char *path, *options, *image, *folder, *what;
static FILE *log_file;
static uint16_t in[N], out[N];
static int number, failures, short_of_memory;

static void expect(const char *call, parfocal_status found) {
    if (found == PARFOCAL_STATUS_OUT_OF_MEMORY) short_of_memory++;
    if (found == PARFOCAL_STATUS_OK || found == PARFOCAL_STATUS_OUT_OF_MEMORY) return;
    failures++;
    fprintf(log_file, "%s %d: %s is %s: %s\n", what, number, call, parfocal_status_name(found), last_error());
    fflush(log_file);
}

/* Address space of this process, in bytes. */
static rlim_t mapped(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu", &pages) != 1) _exit(2);
    fclose(file);
    return (rlim_t)pages * 4096;
}

static void limit(void) {
    struct rlimit most;
    most.rlim_cur = most.rlim_max = mapped() + ((rlim_t)number << 20);
    setrlimit(RLIMIT_AS, &most);
}

static void child(void) {
    static char json[65536];
    char output[512];
    parfocal_model model = 0;
    parfocal_stream stream = 0;
    uint64_t tag = 0;
    parfocal_status found;
    if (strcmp(what, "before") == 0) limit();
    if (strcmp(what, "malloc") == 0) {
        void (*fail_malloc_at)(long, int);
        *(void **)&fail_malloc_at = dlsym(RTLD_DEFAULT, "fail_malloc_at");
        if (fail_malloc_at == NULL) _exit(2);
        fail_malloc_at(number, 0);
    }
    found = parfocal_model_open(path, options, &model);
    expect("open", found);
    if (strcmp(what, "after") == 0) limit();
    if (found == PARFOCAL_STATUS_OK) {
        expect("restore", parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, NULL));
        found = parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream);
        expect("stream", found);
        if (found == PARFOCAL_STATUS_OK) {
            expect("submit", parfocal_stream_submit(stream, in, N, NULL, 1));
            expect("receive", parfocal_stream_receive(stream, out, N, NULL, &tag, 20000));
            expect("close", parfocal_stream_close(stream));
        }
        sprintf(output, "%s/%s %d.tif", folder, what, number);
        expect("file", parfocal_restore_file(model, 0, image, output, NULL));
        unlink(output);
        expect("doctor", parfocal_doctor(json, sizeof json, NULL));
        expect("close", parfocal_model_close(model));
    }
    if (strcmp(what, "malloc") == 0) {
        long (*fail_malloc_count)(void);
        *(void **)&fail_malloc_count = dlsym(RTLD_DEFAULT, "fail_malloc_count");
        /* Most that fail are asked for again, with spare memory: they count as refused all the same. */
        if (fail_malloc_count != NULL && fail_malloc_count() >= number) short_of_memory++;
    }
    _exit(failures != 0 ? 1 : short_of_memory != 0 ? 3 : 0);
}

/* Whether glibc's dynamic linker has ended the child, which nothing can keep it from. */
static int is_linker(int status, const char *text) {
    return strcmp(what, "malloc") == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127 &&
           (strcmp(text, "out of memory\n") == 0 ||
            strcmp(text, "cannot allocate memory for thread-local data: ABORT\n") == 0);
}

/* How the child ended: 0 all OK, 3 memory was refused, 4 left out, else a failure. */
static int ran(const char *printed) {
    struct stat size;
    int status = 0, waited = 0, result;
    pid_t process;
    fflush(log_file);
    process = fork();
    if (process == 0) {
        const int file = open(printed, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(file, 1);
        dup2(file, 2);
        child();
    }
    while (waitpid(process, &status, WNOHANG) == 0) {
        pause_ms(2);
        if (++waited == PATIENCE_S * 500) {
            kill(process, SIGKILL);
            fprintf(log_file, "%s %d: hangs\n", what, number);
        }
    }
    fseek(log_file, 0, SEEK_END);
    if (stat(printed, &size) == 0 && size.st_size != 0) {
        char text[400] = "";
        FILE *file = fopen(printed, "r");
        if (file != NULL) {
            text[fread(text, 1, sizeof text - 1, file)] = '\0';
            fclose(file);
        }
        if (is_linker(status, text)) return 4;
        fprintf(log_file, "%s %d: printed: %s\n", what, number, text);
        return 1;
    }
    result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    if (result == 0 || result == 3) return result;
    fprintf(log_file, "%s %d: wait status %d\n", what, number, status);
    return 1;
}

int main(int count, char **arguments) {
    char printed[512];
    int fine = 0, without = 0, spared = 0, bad = 0, result, i;
    if (count != 10) return 2;
    path = arguments[1], options = arguments[3], image = arguments[4], folder = arguments[5], what = arguments[6];
    log_file = fopen(arguments[2], "a");
    if (log_file == NULL) return 2;
    sprintf(printed, "%s/printed", folder);
    for (i = 0; i < N; i++) in[i] = (uint16_t)(400 + i * 7 % 901);
    for (number = atoi(arguments[7]); number <= atoi(arguments[8]); number += atoi(arguments[9])) {
        result = ran(printed);
        fine += result == 0, without += result == 3, spared += result == 4, bad += result == 1;
    }
    fprintf(log_file, "%s: %d with all memory, %d that were refused some, %d left out, %d failed\n", what, fine,
            without, spared, bad);
    fclose(log_file);
    /* A sweep in which nothing was short has tried nothing; more than a few that are left out would be a fault. */
    return bad == 0 && without > 0 && spared <= MOST_LEFT_OUT ? 0 : 1;
}
