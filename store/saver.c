/* saver - see saver.h for the contract. */
#include "store/saver.h"
#include "store/refuse.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static uint64_t
saver_clock_us(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(rc == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
saver_commit(saver_t *self)
{
    uint64_t start_us = saver_clock_us();
    self->result = rows_commit(self->rows, self->batch, self->error);
    self->took_us = saver_clock_us() - start_us;
}

static void *
saver_thread(void *argument)
{
    (void)pthread_setname_np(pthread_self(), "mq-checkpoint");
    saver_t *self = argument;
    (void)pthread_mutex_lock(&self->mutex);
    for (;;) {
        while (!self->asked && !self->stop)
            (void)pthread_cond_wait(&self->wake, &self->mutex);
        if (!self->asked)
            break;
        self->asked = false;
        (void)pthread_mutex_unlock(&self->mutex);
        saver_commit(self);
        (void)pthread_mutex_lock(&self->mutex);
        self->done = true;
        uint64_t one = 1;
        ssize_t n = write(self->fd, &one, sizeof one);
        assert(n == (ssize_t)sizeof one);
        (void)pthread_cond_signal(&self->ended);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return NULL;
}

int
saver_start(saver_t *self, rows_t *rows, bool threaded, char *error)
{
    *self = (saver_t){ .rows = rows, .fd = -1 };
    int rc = pthread_mutex_init(&self->mutex, NULL);
    assert(rc == 0);
    rc = pthread_cond_init(&self->wake, NULL);
    assert(rc == 0);
    rc = pthread_cond_init(&self->ended, NULL);
    assert(rc == 0);
    if (!threaded)
        return 0;
    self->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (self->fd < 0)
        return refuse(error, "eventfd: %s", strerror(errno));
    rc = pthread_create(&self->thread, NULL, saver_thread, self);
    if (rc != 0)
        return refuse(error, "cannot start the checkpoint thread: %s", strerror(rc));
    self->threaded = true;
    return 0;
}

void
saver_stop(saver_t *self)
{
    if (self->threaded) {
        (void)pthread_mutex_lock(&self->mutex);
        self->stop = true;
        (void)pthread_cond_signal(&self->wake);
        (void)pthread_mutex_unlock(&self->mutex);
        (void)pthread_join(self->thread, NULL);
    }
    if (self->rows != NULL) {
        (void)pthread_cond_destroy(&self->ended);
        (void)pthread_cond_destroy(&self->wake);
        (void)pthread_mutex_destroy(&self->mutex);
        if (self->fd >= 0)
            (void)close(self->fd);
    }
    self->rows = NULL;
    self->fd = -1;
    self->threaded = false;
}

void
saver_submit(saver_t *self, rows_batch_t *batch)
{
    self->batch = batch;
    if (!self->threaded) {
        saver_commit(self);
        self->done = true;
        return;
    }
    (void)pthread_mutex_lock(&self->mutex);
    self->asked = true;
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->mutex);
}

bool
saver_ended(saver_t *self, bool wait)
{
    (void)pthread_mutex_lock(&self->mutex);
    while (wait && !self->done)
        (void)pthread_cond_wait(&self->ended, &self->mutex);
    bool done = self->done;
    self->done = false;
    if (done && self->threaded) {
        uint64_t signal;
        ssize_t n = read(self->fd, &signal, sizeof signal);
        assert(n == (ssize_t)sizeof signal);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return done;
}
