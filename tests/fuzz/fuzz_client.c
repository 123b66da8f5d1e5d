/* fuzz_client - what a hostile server sends to the library: answers and events. The network is
 * here: link.c's calls are answered from the input. Input: for each frame a byte (which socket),
 * two of length, the bytes. */
#include "clients/client.h"
#include "tests/fuzz/fuzz.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static fuzz_input_t frames;
static uint64_t heard;

int
link_open(link_t *self, const marquee_options_t *options)
{
    static char commands, events;
    (void)options;
    *self = (link_t){ .commands = &commands, .events = &events, .fd = -1 };
    return 0;
}

void
link_close(link_t *self)
{
    *self = (link_t){ .fd = -1 };
}

int
link_send(link_t *self, zmq_msg_t *message)
{
    (void)self;
    (void)zmq_msg_close(message);
    return 1;
}

int
link_receive(void *socket, zmq_msg_t *message)
{
    (void)socket;
    if (frames.left < 3)
        return 0;
    (void)fuzz_take(&frames, 1);
    size_t size = fuzz_take(&frames, 2);
    size = size < frames.left ? size : frames.left;
    (void)zmq_msg_close(message);
    FUZZ_HOLDS(zmq_msg_init_size(message, size) == 0);
    memcpy(zmq_msg_data(message), frames.at, size);
    frames.at += size;
    frames.left -= size;
    return 1;
}

bool
link_writable(const link_t *self)
{
    (void)self;
    return true;
}

int
link_wait(link_t *self, bool sending, long timeout_ms)
{
    (void)self, (void)sending, (void)timeout_ms;
    return 0;
}

static void
client_hears(void *argument, const marquee_reply_t *reply)
{
    uint64_t number;
    const char *text;
    size_t size;
    (void)argument;
    heard++;
    (void)marquee_reply_number(reply, "lock", &number);
    if (marquee_reply_text(reply, "order", &text, &size))
        FUZZ_HOLDS((const uint8_t *)text + size <= (const uint8_t *)reply->body + reply->body_size);
    (void)marquee_status_name(reply->status);
    (void)marquee_status_text(reply->status);
}

static void
client_sees(void *argument, const marquee_event_t *event)
{
    (void)argument;
    FUZZ_HOLDS(event->body_size == 0 || event->body != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The base: what is sent again meanwhile. */
    enum { CALLS = 4, CLIENT_MEMORY = 4096 };
    static const uint8_t identity[MARQUEE_CLIENT_SIZE] = "fuzz";
    marquee_options_t options = { .client = identity, .in_flight_max = 8, .retry = size % 2 };
    frames = (fuzz_input_t){ data, size };
    heard = 0;
    marquee_t *client = marquee_new(&options);
    if (!client)
        return 0;
    marquee_on_event(client, client_sees, NULL);
    for (uint32_t i = 0; i < CALLS; i++) {
        uint8_t room[64];
        marquee_body_t body;
        marquee_body_init(&body, room, sizeof room);
        marquee_body_number(&body, "user", i + 1);
        FUZZ_HOLDS(marquee_call(client, (uint16_t)(13 + i), 5, &body, 0, client_hears, NULL) == 0);
    }
    fuzz_memory_begin();
    for (uint32_t i = 0; i < 4 && frames.left >= 3; i++)
        FUZZ_HOLDS(marquee_poll(client, 0) >= 0);
    fuzz_memory_end(size, CLIENT_MEMORY);
    FUZZ_HOLDS(heard <= CALLS);
    FUZZ_HOLDS(marquee_in_flight(client) + heard >= CALLS);
    marquee_destroy(&client);
    return 0;
}
