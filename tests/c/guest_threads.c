/* What the library's threads have of a camera's thread that opens the model: guest_threads MODEL LOG OPTIONS. The
   thread is pinned to one core and has real-time priority where that is allowed; the process handles SIGUSR1. Then: no
   thread to be had. Prints nothing; the result is the exit status, details are in the log. */

#define _GNU_SOURCE
#include "support.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { W = 256, H = 192, N = W * H };

static const int64_t shape[4] = {W, H, 1, 1};
static const char *path, *options;
static FILE *log_file;
static int failures;
static int known[64], known_count;
static volatile sig_atomic_t elsewhere;
static uint16_t in[N], out[N];

static void check(int line, const char *text, int true_or_not) {
    if (true_or_not) return;
    failures++;
    fprintf(log_file, "guest_threads.c:%d: failed: %s; last error: %s\n", line, text, last_error());
    fflush(log_file);
}

#define CHECK(condition) check(__LINE__, #condition, condition)

static void handler(int number) {
    (void)number;
    if (gettid() != getpid()) elsewhere++;
}

/* Calls `look` for each thread of the process that is not in `known`. */
static int each(void (*look)(int thread)) {
    int found = 0, i;
    DIR *folder = opendir("/proc/self/task");
    struct dirent *entry;
    if (folder == NULL) return 0;
    while ((entry = readdir(folder)) != NULL) {
        int thread = atoi(entry->d_name);
        for (i = 0; i < known_count && known[i] != thread; i++) continue;
        if (thread == 0 || i < known_count) continue;
        found++;
        if (look != NULL) look(thread);
    }
    closedir(folder);
    return found;
}

static void remember(int thread) {
    if (known_count < 64) known[known_count++] = thread;
}

/* A line of the thread's status. */
static const char *status_line(int thread, const char *name) {
    static char line[256];
    char file[64];
    FILE *status;
    sprintf(file, "/proc/self/task/%d/status", thread);
    status = fopen(file, "r");
    if (status == NULL) return "";
    while (fgets(line, sizeof line, status) != NULL && strncmp(line, name, strlen(name)) != 0) line[0] = '\0';
    fclose(status);
    return line + strlen(name);
}

static void ordinary(int thread) {
    cpu_set_t process, own;
    unsigned long long blocked = strtoull(status_line(thread, "SigBlk:"), NULL, 16);
    CHECK(sched_getscheduler(thread) == SCHED_OTHER);
    CHECK(sched_getaffinity(getpid(), sizeof process, &process) == 0);
    CHECK(sched_getaffinity(thread, sizeof own, &own) == 0);
    CHECK(CPU_EQUAL(&process, &own));
    CHECK(getpriority(PRIO_PROCESS, (id_t)thread) == getpriority(PRIO_PROCESS, (id_t)getpid()));
    CHECK((blocked & (1ull << (SIGUSR1 - 1))) != 0 && (blocked & (1ull << (SIGALRM - 1))) != 0);
}

static void low(int thread) {
    const int lower = getpriority(PRIO_PROCESS, (id_t)getpid()) + 10;
    CHECK(getpriority(PRIO_PROCESS, (id_t)thread) == (lower < 19 ? lower : 19));
}

/* A camera's thread. */
static void *camera(void *unused) {
    parfocal_model model = 0;
    parfocal_stream stream = 0;
    struct sched_param real_time;
    cpu_set_t one;
    uint64_t tag = 0;
    (void)unused;
    memset(&real_time, 0, sizeof real_time);
    real_time.sched_priority = 20;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    fprintf(log_file, "real-time priority: %s\n",
            sched_setscheduler(0, SCHED_FIFO, &real_time) == 0 ? "yes" : "not allowed");
    remember(gettid());
    CHECK(parfocal_model_open(path, options, &model) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_submit(stream, in, N, NULL, 1) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_receive(stream, out, N, NULL, &tag, 20000) == PARFOCAL_STATUS_OK);
    /* One of the network and one of the stream. */
    CHECK(each(ordinary) == 2);
    CHECK(parfocal_stream_close(stream) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_model_close(model) == PARFOCAL_STATUS_OK);
    return NULL;
}

static void priority(void) {
    char text[128];
    parfocal_model model = 0;
    parfocal_stream stream = 0;
    sprintf(text, "%s priority=low", options);
    CHECK(parfocal_model_open(path, text, &model) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream) == PARFOCAL_STATUS_OK);
    pause_ms(20);
    CHECK(each(low) == 2);
    CHECK(parfocal_stream_close(stream) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_model_close(model) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_model_open(path, "priority=high", &model) == PARFOCAL_STATUS_BAD_OPTION);
    CHECK(strstr(last_error(), "priority=high: expected normal, low") != NULL);
}

/* The host's handler of SIGUSR1 must not run on a thread of the library. */
static void signals(void) {
    parfocal_model model = 0;
    struct sigaction action;
    sigset_t set;
    int i;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigaction(SIGUSR1, &action, NULL);
    CHECK(parfocal_model_open(path, options, &model) == PARFOCAL_STATUS_OK);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    for (i = 0; i < 20; i++) {
        kill(getpid(), SIGUSR1);
        pause_ms(2);
    }
    CHECK(elsewhere == 0);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pause_ms(1);
    CHECK(parfocal_model_close(model) == PARFOCAL_STATUS_OK);
}

/* As a user who may start no thread (only root can become one). */
static int without_threads(void) {
    struct rlimit none = {1, 1};
    parfocal_model model = 0;
    parfocal_stream stream = 0;
    if (setgid(54321) != 0 || setuid(54321) != 0) return -1;
    setrlimit(RLIMIT_NPROC, &none);
    CHECK(parfocal_model_open(path, options, &model) == PARFOCAL_STATUS_OUT_OF_MEMORY);
    CHECK(strstr(last_error(), "gives no thread for the network") != NULL);
    CHECK(strstr(last_error(), "give threads=1") != NULL);
    CHECK(strstr(last_error(), path) == NULL);
    CHECK(parfocal_model_open(path, "device=cpu threads=1", &model) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_restore_u16(model, 0, in, N, NULL, out, N, NULL, shape, NULL) == PARFOCAL_STATUS_OK);
    CHECK(parfocal_stream_open(model, PARFOCAL_PIXEL_U16, shape, NULL, &stream) == PARFOCAL_STATUS_OUT_OF_MEMORY);
    CHECK(strstr(last_error(), "no thread for the stream") != NULL);
    return failures;
}

int main(int count, char **arguments) {
    pthread_t thread;
    pid_t child;
    int status = 0, i;
    if (count != 4) return 2;
    path = arguments[1], options = arguments[3];
    log_file = fopen(arguments[2], "w");
    if (log_file == NULL) return 2;
    for (i = 0; i < N; i++) in[i] = (uint16_t)(400 + i * 7 % 901);
    fflush(log_file);
    child = geteuid() == 0 ? fork() : 1;
    if (child == 0) {
        int result = without_threads();
        fflush(log_file);
        _exit(result == 0 ? 0 : 1);
    }
    if (geteuid() == 0) {
        CHECK(waitpid(child, &status, 0) == child && status == 0);
        fseek(log_file, 0, SEEK_END);
    }
    fprintf(log_file, "no thread to be had: %s\n", geteuid() == 0 ? "tried" : "not tried, needs root");
    each(remember);
    pthread_create(&thread, NULL, camera, NULL);
    pthread_join(thread, NULL);
    priority();
    signals();
    fprintf(log_file, "failures: %d\n", failures);
    fclose(log_file);
    return failures == 0 ? 0 : 1;
}
