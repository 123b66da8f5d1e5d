/* saver - the thread that commits checkpoints, one at a time, while the owner goes on. */
#ifndef SAVER_H
#define SAVER_H
#include "store/rows.h"
#include <pthread.h>

typedef struct {
    rows_t *rows;
    rows_batch_t *batch;
    rows_result_t result;
    uint64_t took_us;
    char error[STATE_ERROR_MAX];
    pthread_mutex_t mutex; /* guards all above and below */
    pthread_cond_t wake, ended;
    pthread_t thread;
    bool threaded, asked, done, stop;
    int fd; /* readable when a commit has ended; -1 without a thread */
} saver_t;

/* 0, or -1 with `error`. */
int saver_start(saver_t *self, rows_t *rows, bool threaded, char *error);
/* Waits for a commit that is under way. */
void saver_stop(saver_t *self);
/* Commit the batch, which stays as it is until the commit has ended; none is under way. */
void saver_submit(saver_t *self, rows_batch_t *batch);
/* Has the commit ended (or, with `wait`, wait until it has)? Then `result` and `error` are set. */
bool saver_ended(saver_t *self, bool wait);
#endif
