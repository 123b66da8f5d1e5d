/* fill - open many showtimes and sell a part of each, to measure size on disk and start-up.
 *
 *     bench-fill ENDPOINT SHOWTIMES PAIRS
 *
 * Opens showtimes 1..SHOWTIMES of 300 seats, and in each buys PAIRS pairs of seats: lock, order,
 * payment. Prints one JSON object. Purchases follow one another by the callbacks of libmarquee. */
#include "broker/mp.h"
#include "clients/marquee.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILL_ROWS = 15, FILL_COLUMNS = 20, FILL_AT_ONCE = 512, FILL_TIMEOUT_MS = 5000 };

typedef struct {
    marquee_t *marquee;
    uint64_t showtimes, pairs, next, done, sold;
    uint16_t lock, order, settle, open;
} fill_t;

/* One showtime on its way, one step at a time. */
typedef struct {
    fill_t *fill;
    uint64_t showtime, pair;
} fill_step_t;

static void fill_next(fill_step_t *step);

static _Noreturn void
fill_fail(const marquee_reply_t *reply)
{
    fprintf(stderr, "bench-fill: %s\n", marquee_status_name(reply->status));
    exit(1);
}

static void
fill_call(fill_step_t *step, uint16_t operation, const marquee_body_t *body, marquee_reply_fn *done)
{
    if (body->overflow || marquee_call(step->fill->marquee, operation, step->showtime, body,
                                       FILL_TIMEOUT_MS, done, step) != 0) {
        fprintf(stderr, "bench-fill: call: %s\n", strerror(errno));
        exit(1);
    }
}

static void
fill_settled(void *argument, const marquee_reply_t *reply)
{
    fill_step_t *step = argument;
    if (reply->status != 0)
        fill_fail(reply);
    step->fill->sold += 2;
    step->pair++;
    fill_next(step);
}

static void
fill_ordered(void *argument, const marquee_reply_t *reply)
{
    fill_step_t *step = argument;
    const char *order, *code;
    size_t order_size, code_size;
    uint64_t amount;
    if (reply->status != 0 || !marquee_reply_text(reply, "order", &order, &order_size) ||
        !marquee_reply_text(reply, "code", &code, &code_size) ||
        !marquee_reply_number(reply, "amount", &amount))
        fill_fail(reply);
    char room[256], order_text[64], code_text[64], txn[72];
    snprintf(order_text, sizeof order_text, "%.*s", (int)order_size, order);
    snprintf(code_text, sizeof code_text, "%.*s", (int)code_size, code);
    snprintf(txn, sizeof txn, "T%s", order_text);
    marquee_body_t body;
    marquee_body_init(&body, room, sizeof room);
    marquee_body_text(&body, "order", order_text);
    marquee_body_text(&body, "provider", "sandbox");
    marquee_body_text(&body, "outcome", "succeeded");
    marquee_body_number(&body, "amount", amount);
    marquee_body_text(&body, "txn", txn);
    marquee_body_text(&body, "code", code_text);
    fill_call(step, step->fill->settle, &body, fill_settled);
}

static void
fill_locked(void *argument, const marquee_reply_t *reply)
{
    fill_step_t *step = argument;
    uint64_t lock;
    if (reply->status != 0 || !marquee_reply_number(reply, "lock", &lock))
        fill_fail(reply);
    char room[128];
    marquee_body_t body;
    marquee_body_init(&body, room, sizeof room);
    marquee_body_number(&body, "user", step->pair + 1);
    marquee_body_number(&body, "lock", lock);
    marquee_body_text(&body, "provider", "sandbox");
    fill_call(step, step->fill->order, &body, fill_ordered);
}

static void
fill_opened(void *argument, const marquee_reply_t *reply)
{
    fill_step_t *step = argument;
    if (reply->status != 0)
        fill_fail(reply);
    fill_next(step);
}

static void
fill_open(fill_step_t *step)
{
    char room[4096];
    static const char kinds[] = "ssssssssssssssssssss", zones[] = "aaaaaaaaaaaaaaaaaaaa";
    int64_t now_ms = (int64_t)time(NULL) * 1000;
    pack_t pack;
    pack_init(&pack, room, sizeof room);
    pack_map(&pack, 9);
    pack_key_str(&pack, "title", "A Film of Ordinary Length");
    pack_key_str(&pack, "hall", "Hall 1");
    pack_key_int(&pack, "starts_ms", now_ms + 86400000);
    pack_key_int(&pack, "ends_ms", now_ms + 93600000);
    pack_key_int(&pack, "opens_ms", now_ms - 1000);
    pack_key_int(&pack, "closes_ms", now_ms + 86400000);
    pack_key_bool(&pack, "gap_rule", false);
    pack_str(&pack, "zones");
    pack_array(&pack, 1);
    pack_array(&pack, 3);
    pack_str(&pack, "a");
    pack_str(&pack, "Stalls");
    pack_uint(&pack, 4500);
    pack_str(&pack, "rows");
    pack_array(&pack, FILL_ROWS);
    for (char row = 'A'; row < 'A' + FILL_ROWS; row++) {
        pack_array(&pack, 3);
        pack_strn(&pack, &row, 1);
        pack_strn(&pack, kinds, FILL_COLUMNS);
        pack_strn(&pack, zones, FILL_COLUMNS);
    }
    marquee_body_t body = {
        .data = pack.data, .size = pack.size, .room = sizeof room, .overflow = pack.overflow
    };
    fill_call(step, step->fill->open, &body, fill_opened);
}

/* The next pair of seats, or the next showtime. */
static void
fill_next(fill_step_t *step)
{
    fill_t *fill = step->fill;
    if (step->showtime && step->pair < fill->pairs) {
        char room[128];
        uint64_t seats[2] = { 2 * step->pair + 1, 2 * step->pair + 2 };
        marquee_body_t body;
        marquee_body_init(&body, room, sizeof room);
        marquee_body_number(&body, "user", step->pair + 1);
        marquee_body_numbers(&body, "seats", seats, 2);
        fill_call(step, fill->lock, &body, fill_locked);
        return;
    }
    fill->done += step->showtime != 0;
    if (fill->next > fill->showtimes)
        return;
    step->showtime = fill->next++;
    step->pair = 0;
    fill_open(step);
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench-fill ENDPOINT SHOWTIMES PAIRS\n");
        return 2;
    }
    static fill_step_t steps[FILL_AT_ONCE];
    marquee_options_t options = { .endpoint = argv[1],
                                  .in_flight_max = FILL_AT_ONCE,
                                  .timeout_ms = FILL_TIMEOUT_MS,
                                  .resend_ms = 2000,
                                  .retry = true };
    fill_t fill = { .marquee = marquee_new(&options),
                    .showtimes = strtoull(argv[2], NULL, 10),
                    .pairs = strtoull(argv[3], NULL, 10),
                    .next = 1,
                    .lock = marquee_operation("seats.lock"),
                    .order = marquee_operation("order.create"),
                    .settle = marquee_operation("payment.settle"),
                    .open = marquee_operation("showtime.open") };
    if (!fill.marquee || fill.pairs > FILL_ROWS * FILL_COLUMNS / 2)
        return 2;
    struct timespec begin, end;
    if (clock_gettime(CLOCK_MONOTONIC, &begin) != 0)
        return 3;
    for (size_t i = 0; i < FILL_AT_ONCE; i++) {
        steps[i].fill = &fill;
        fill_next(&steps[i]);
    }
    while (fill.done < fill.showtimes && marquee_poll(fill.marquee, 1000) >= 0)
        ;
    if (clock_gettime(CLOCK_MONOTONIC, &end) != 0)
        return 3;
    double seconds =
        (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("{\"showtimes\": %" PRIu64 ", \"sold\": %" PRIu64 ", \"seconds\": %.1f}\n", fill.done,
           fill.sold, seconds);
    marquee_destroy(&fill.marquee);
    return fill.done == fill.showtimes ? 0 : 1;
}
