/* Eight threads do everything at once to a few models, tasks and streams: stress MODEL LOG OPTIONS SECONDS SEED.
   A thread that hangs is a failure, too. Prints nothing; the result is the exit status, details are in the log. */

#include "stress.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct worker workers[THREADS];
static volatile int stopping;
/* Guarded by stress_lock. */
static int at_work;

static void *work(void *argument) {
    struct worker *w = argument;
    while (!stopping) {
        int left = 0, action;
        for (action = 0; action < ACTIONS; action++) left += stress_table[action].weight;
        left = below(w, left);
        for (action = 0; left >= stress_table[action].weight; action++) left -= stress_table[action].weight;
        w->now = action;
        stress_act(w, (enum action)action);
        w->done++;
    }
    pthread_mutex_lock(&stress_lock);
    at_work--;
    pthread_mutex_unlock(&stress_lock);
    return NULL;
}

/* Ends the process if the watchdog below hangs itself, in a call of its own. */
static void alarmed(int number) {
    (void)number;
    _exit(3);
}

/* Waits, and ends the process if a thread makes no progress. Threads that wait without limit for a stream are
   excepted; closing the stream wakes them. */
static void watch(int seconds) {
    static uint64_t seen[THREADS];
    static int still[THREADS];
    int tenths, i;
    for (tenths = 0; tenths < seconds * 10; tenths++) {
        pause_ms(100);
        for (i = 0; i < THREADS; i++) {
            still[i] = seen[i] == workers[i].done && workers[i].now != RECEIVE_WITHOUT_END ? still[i] + 1 : 0;
            seen[i] = workers[i].done;
            if (still[i] < PATIENCE_S * 10) continue;
            fprintf(stress_log, "failed: thread %d hangs in '%s'\n", i, stress_table[workers[i].now].name);
            fflush(stress_log);
            _exit(3);
        }
    }
}

/* Closes all streams of the table. Returns how many threads are still at work. */
static int close_all_streams(struct worker *closer) {
    int i, left;
    for (i = 0; i < STREAMS; i++) close_stream(closer, swap(&streams[i], 0));
    pthread_mutex_lock(&stress_lock);
    left = at_work;
    pthread_mutex_unlock(&stress_lock);
    return left;
}

/* Threads of this process, or -1. */
static int threads_now(void) {
    char line[256];
    int count = -1;
    FILE *file = fopen("/proc/self/status", "r");
    if (file == NULL) return -1;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Threads: %d", &count) == 1) break;
    fclose(file);
    return count;
}

static void report(void) {
    int action, status, i;
    uint64_t all = 0;
    for (action = 0; action < ACTIONS; action++) {
        fprintf(stress_log, "%-20s", stress_table[action].name);
        for (status = 0; status < STATUSES; status++) {
            uint64_t sum = 0;
            for (i = 0; i < THREADS; i++) sum += workers[i].counts[action][status];
            all += sum;
            if (sum > 0) fprintf(stress_log, " %s %llu", parfocal_status_name(status), (unsigned long long)sum);
            /* An outcome that never came was not tested; that may happen in short runs. */
            if (sum == 0 && (stress_table[action].allowed >> status & 1) != 0)
                fprintf(stress_log, " (never %s)", parfocal_status_name(status));
        }
        fprintf(stress_log, "\n");
    }
    for (i = 0; i < KINDS; i++) {
        if (opened_count[i] == closed_count[i]) continue;
        failures++;
        fprintf(stress_log, "failed: of kind %d %llu were opened and %llu closed\n", i,
                (unsigned long long)opened_count[i], (unsigned long long)closed_count[i]);
    }
    fprintf(stress_log, "%llu calls, %d failures\n", (unsigned long long)all, failures);
}

int main(int count, char **arguments) {
    static struct worker closing;
    int seconds, before, after = -1, i;
    uint64_t seed;
    if (count != 6) return 2;
    stress_model = arguments[1];
    stress_options = arguments[3];
    seconds = atoi(arguments[4]);
    seed = strtoull(arguments[5], NULL, 10);
    stress_log = fopen(arguments[2], "w");
    if (stress_log == NULL) return 2;
    signal(SIGALRM, alarmed);
    alarm((unsigned)(seconds + 3 * PATIENCE_S));
    if (!stress_prepare(seed)) {
        stress_fail("a quiet run");
        return 1;
    }
    before = threads_now();
    at_work = THREADS;
    closing.random = seed + 1;
    for (i = 0; i < THREADS; i++) {
        workers[i].number = i;
        workers[i].random = (seed + 1) * 0x9E3779B97F4A7C15u + (uint64_t)i * 0xD1B54A32D192ED03u;
    }
    for (i = 0; i < THREADS; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) return 2;
    watch(seconds);
    stopping = 1;
    /* Wakes threads that wait without limit; again and again, because they may just have opened another stream. */
    while (close_all_streams(&closing) > 0) pause_ms(20);
    for (i = 0; i < THREADS; i++) pthread_join(workers[i].thread, NULL);
    close_all_streams(&closing);
    for (i = 0; i < MODELS; i++) close_model(&closing, swap(&models[i], 0));
    /* The threads of streams and sessions must have ended, too. */
    for (i = 0; i < 100 && (after = threads_now()) != before; i++) pause_ms(100);
    if (after != before) {
        failures++;
        fprintf(stress_log, "failed: %d threads before, %d after all was closed\n", before, after);
    }
    report();
    fclose(stress_log);
    return failures == 0 ? 0 : 1;
}
