/* Shared by the two files of the stress program: the table of actions, the pictures, and the handles of all threads. */

#ifndef STRESS_H
#define STRESS_H

#include "support.h"

#include <pthread.h>

enum {
    THREADS = 8,
    MODELS = 3,
    STREAMS = 4,
    OLD = 64,
    STATUSES = 18,
    /* A thread hangs if one action takes this long; the slowest takes milliseconds on an idle machine. */
    PATIENCE_S = 60
};

enum action {
    OPEN_MODEL,
    CLOSE_MODEL,
    DESCRIBE_MODEL,
    RESTORE,
    RESTORE_WITH_TASK,
    CANCEL,
    PROGRESS,
    CLOSE_TASK,
    OPEN_STREAM,
    CLOSE_STREAM,
    SUBMIT,
    RECEIVE,
    RECEIVE_AT_ONCE,
    RECEIVE_WITHOUT_END,
    DESCRIBE_STREAM,
    STALE,
    FOCUS,
    ACTIONS
};

/* An action: its allowed outcomes, as bits by status, and how often it is chosen. */
struct row {
    const char *name;
    unsigned allowed;
    int weight;
};

struct worker {
    pthread_t thread;
    uint64_t random;
    int number;
    /* Read by the watchdog. */
    volatile uint64_t done;
    volatile int now;
    uint64_t counts[ACTIONS][STATUSES];
};

enum { A_MODEL, A_TASK, A_STREAM, KINDS };

extern const struct row stress_table[ACTIONS];
extern const char *stress_model, *stress_options;
extern FILE *stress_log;

/* Guards the variables below and the log. Never held during a call of the library. */
extern pthread_mutex_t stress_lock;
extern parfocal_model models[MODELS];
extern parfocal_stream streams[STREAMS];
extern uint64_t opened_count[KINDS], closed_count[KINDS];
extern int failures;

/* Makes the pictures and restores them undisturbed, with a model of its own. Returns 0 on failure. */
int stress_prepare(uint64_t seed);
/* Does one action. */
void stress_act(struct worker *w, enum action action);
/* Writes a failure to the log, with the calling thread's last message. */
void stress_fail(const char *what);
/* Pseudo-random, from 0 to limit - 1. */
int below(struct worker *w, int limit);
/* Puts a handle into a table. Returns the previous one, which now belongs to the caller alone. */
uint64_t swap(uint64_t *place, uint64_t handle);
/* Close a handle that belongs to the caller alone; 0 is ignored. */
void close_model(struct worker *w, parfocal_model model);
void close_stream(struct worker *w, parfocal_stream stream);

#endif
