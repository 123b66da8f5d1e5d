/* worker - one thread of load: some connections, their buyers, and what they measured.
 *
 * Receives answers, sends commands; it sleeps in one poll over all its sockets and drains those
 * that speak. A command's bytes stay in its buyer until the answer has come, so that ZeroMQ may
 * borrow them: a message costs no allocation. */
#ifndef LOAD_WORKER_H
#define LOAD_WORKER_H
#include "clients/load/buyer.h"
#include "clients/load/control.h"
#include "clients/load/histogram.h"
#include "clients/load/load.h"
#include "clients/load/past.h"
#include <poll.h>
#include <pthread.h>

enum { WORKER_STATUS_MAX = 256 };

/* Records for one partition that wait to leave in one message; only with more than one a message.
 */
typedef struct {
    uint8_t *bytes;
    uint32_t size, count;
} worker_pack_t;

typedef struct {
    load_t *load;
    void *context;
    uint32_t client_first, client_count; /* which of the run's connections are this thread's */
    void **sockets;
    struct pollfd *polls;
    buyer_t *buyers; /* inflight of them a connection */
    buyer_t **ready; /* of the connection at hand, to be sent once it is drained */
    uint32_t ready_count;
    buyer_t **waiting; /* a ring: open loop's idle buyers */
    uint32_t waiting_first, waiting_count;
    struct {
        buyer_t *buyer;
        int64_t due_ns;
        bool made; /* its frame is to be sent again; else it is asked anew */
    } * late;      /* a ring in order of time: those that were told to come again later */
    uint32_t late_first, late_count;
    worker_pack_t *packs; /* one a partition */
    uint32_t outstanding;
    int64_t start_ns, wall_offset_ns;
    uint64_t paced;   /* open loop: commands begun */
    past_page_t page; /* of the history, when there is one */
    /* What it measured; read after worker_join(). */
    histogram_t histogram;
    uint64_t by_status[WORKER_STATUS_MAX], accepted, refused, malformed;
    uint64_t in_time, turned_away, held_back;
    int64_t measure_first_ns, measure_last_ns;
    pthread_t thread;
    char error[CONTROL_ERROR_MAX];
} worker_t;

/* Connect and say hello. 0, or -1 with self->error. worker_close() is due either way. */
int worker_open(worker_t *self, load_t *load, void *context, uint32_t client_first,
                uint32_t client_count);
/* Run in a thread of its own until load->phase is LOAD_DRAIN and all answers are there. */
int worker_start(worker_t *self);
void worker_join(worker_t *self);
void worker_close(worker_t *self);
#endif
