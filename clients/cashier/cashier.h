/* cashier - the inside of marquee-cashier: what its sources share.
 *
 * It keeps no truth: what it was told it is told again, what it has heard is with the box office.
 *
 *     tells of the box office -> work -> errand, driver -> courier -> provider
 *                    commands <- work <- errand, driver <-   answer <-
 *     provider -> bridge -> desk -> counter, driver -> payment.callback, durable
 *              <-        <-      <- counter <- */
#ifndef CASHIER_H
#define CASHIER_H
#include "clients/cashier/courier.h"
#include "clients/cashier/desk.h"
#include "clients/cashier/errand.h"
#include "clients/cashier/till.h"
#include "clients/marquee.h"

enum {
    CASHIER_HEARD = 8192, /* notices whose durability is remembered */
    CASHIER_HEARD_KEY = 16,
    CASHIER_CALLBACK_MS = 4000, /* providers wait five seconds */
    CASHIER_COMMAND_MS = 10000,
    CASHIER_KEYS_MS = 60 * 1000,            /* between two looks at certificates */
    CASHIER_KEYS_GOOD_MS = 6 * 3600 * 1000, /* and so long when nothing is amiss */
};

typedef struct {
    uint64_t calls, answers_again, unproven, callbacks, refused, duplicates, kept, unkept;
} cashier_figures_t;

typedef struct {
    zpl_t conf;
    till_t till;
    struct event_base *base;
    marquee_t *marquee;
    courier_t *courier;
    desk_t *desk;
    struct event *answers, *turn, *clock, *signals[3];
    uint8_t heard[CASHIER_HEARD][CASHIER_HEARD_KEY];
    uint32_t heard_next;
    uint16_t heard_at[CASHIER_HEARD * 2]; /* open table: place in `heard` + 1 */
    int audit;                            /* descriptor */
    uint32_t refused_told;                /* refusals written this second */
    int64_t refused_s;
    int64_t keys_ms, keys_good_ms;
    bool keys_under_way, keys_wanted, stopping, greeting;
    int log_level;
    cashier_figures_t figures;
} cashier_t;

/* cashier_main.c */
int64_t cashier_now_ms(void);
moment_t cashier_moment(void);
/* Commands were queued: send them in this turn of the loop. */
void cashier_turn(cashier_t *self);
void cashier_say(const cashier_t *self, const char *level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* work.c: a tell of the box office; WeChat's certificates. */
void work_told(void *argument, const marquee_event_t *tell);
void work_keys(cashier_t *self);

/* counter.c: a callback that a bridge hands over. */
desk_take_fn counter_take;

/* audit.c: a line of JSON each; never a key or a signature that could be used. */
int audit_open(cashier_t *self, char *error, size_t room);
void audit_call(cashier_t *self, const errand_t *errand, const answer_t *answer, int64_t took_ms);
void audit_callback(cashier_t *self, const char *provider, text_t raw, verdict_t verdict,
                    const notice_t *notice, const char *result);
#endif
