/* order - what ThreadSanitizer cannot see in the distribution's libzmq: that who receives a message
 * comes after who sent it.
 *
 * Linked into the programs of MODE=tsan only. libzmq is built without the sanitizer, so its
 * mailboxes look like no synchronisation at all, and every message would be reported as a race.
 * These functions stand in front of libzmq's (also for calls from czmq) and say it: each receive
 * comes after every send before it. That orders more than one message does, so a race between two
 * threads that talk all the time may go unseen; one of threads that do not is reported. */
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <stddef.h>
#include <stdlib.h>
#include <zmq.h>

static char order_mark;

/* The next definition of a function behind ours; without it nothing can go on. */
static void *
order_next(void **known, const char *name)
{
    void *next = __atomic_load_n(known, __ATOMIC_ACQUIRE);
    if (next)
        return next;
    next = dlsym(RTLD_NEXT, name);
    if (!next)
        abort();
    __atomic_store_n(known, next, __ATOMIC_RELEASE);
    return next;
}

/* A function pointer out of a data pointer: POSIX allows it, C has no cast for it. */
#define ORDER_CALL(type, name)                                                                     \
    static void *known;                                                                            \
    type *next;                                                                                    \
    *(void **)&next = order_next(&known, name)

typedef int order_msg_fn(zmq_msg_t *, void *, int);
typedef int order_send_fn(void *, const void *, size_t, int);
typedef int order_recv_fn(void *, void *, size_t, int);

int
zmq_msg_send(zmq_msg_t *message, void *socket, int flags)
{
    ORDER_CALL(order_msg_fn, "zmq_msg_send");
    __tsan_release(&order_mark);
    return next(message, socket, flags);
}

int
zmq_msg_recv(zmq_msg_t *message, void *socket, int flags)
{
    ORDER_CALL(order_msg_fn, "zmq_msg_recv");
    int size = next(message, socket, flags);
    if (size >= 0)
        __tsan_acquire(&order_mark);
    return size;
}

int
zmq_send(void *socket, const void *data, size_t size, int flags)
{
    ORDER_CALL(order_send_fn, "zmq_send");
    __tsan_release(&order_mark);
    return next(socket, data, size, flags);
}

int
zmq_recv(void *socket, void *data, size_t size, int flags)
{
    ORDER_CALL(order_recv_fn, "zmq_recv");
    int got = next(socket, data, size, flags);
    if (got >= 0)
        __tsan_acquire(&order_mark);
    return got;
}
