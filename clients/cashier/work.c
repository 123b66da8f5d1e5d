/* work - what the box office asks of providers, carried out. */
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/cashier/cashier.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORK_BODY = 5 * 1024 };

typedef struct {
    cashier_t *cashier;
    errand_t errand;
    till_place_t place;
    moment_t moment; /* of the call that is under way */
    int64_t began_ms;
} work_t;

static void
work_answered(void *argument, const marquee_reply_t *reply)
{
    cashier_t *self = argument;
    if (reply->status != STATUS_OK)
        cashier_say(self, "info", "%s was answered %s",
                    reply->operation == OP_REFUND_SETTLE ? "refund.settle" : "a payment's answer",
                    marquee_status_name(reply->status));
}

/* Whatever is lost on the way is asked for again. */
static void
work_command(const work_t *work, uint16_t operation, const pack_t *pack)
{
    cashier_t *self = work->cashier;
    const marquee_body_t body = {
        .data = pack->data, .size = pack->size, .room = pack->room, .overflow = pack->overflow
    };
    if (marquee_call(self->marquee, operation, work->errand.key, &body, CASHIER_COMMAND_MS,
                     work_answered, self) == 0)
        cashier_turn(self);
}

/* The code's text must not be longer than the box office keeps. */
static void
work_say_opened(const work_t *work, const answer_t *answer, bool opened)
{
    uint8_t room[WORK_BODY];
    pack_t pack;
    bool fits = strlen(answer->link) <= field_info(FIELD_LINK)->max;
    pack_init(&pack, room, sizeof room);
    pack_map(&pack, 4);
    pack_key_str(&pack, "order", work->errand.charge.order);
    pack_key_str(&pack, "provider", work->errand.provider);
    pack_key_uint(&pack, "tell", work->errand.tell);
    if (opened && fits)
        pack_key_str(&pack, "link", answer->link);
    else {
        pack_str(&pack, "reason");
        pack_strn(&pack, opened ? "LINK_TOO_LONG" : answer->word,
                  strnlen(opened ? "LINK_TOO_LONG" : answer->word, field_info(FIELD_REASON)->max));
    }
    work_command(work, OP_PAYMENT_OPENED, &pack);
}

static void
work_say_payment(const work_t *work, const answer_t *answer, bool paid)
{
    uint8_t room[WORK_BODY];
    pack_t pack;
    pack_init(&pack, room, sizeof room);
    pack_map(&pack, 5);
    pack_key_str(&pack, "order", work->errand.charge.order);
    pack_key_str(&pack, "provider", work->errand.provider);
    pack_key_str(&pack, "outcome", paid ? "succeeded" : "closed");
    pack_key_int(&pack, "amount", paid ? answer->amount : 0);
    pack_key_str(&pack, "txn", paid ? answer->txn : "-");
    work_command(work, OP_PAYMENT_SETTLE, &pack);
}

static void
work_say_refund(const work_t *work, const answer_t *answer, bool done)
{
    uint8_t room[WORK_BODY];
    pack_t pack;
    pack_init(&pack, room, sizeof room);
    pack_map(&pack, answer->receipt[0] ? 4 : 3);
    pack_key_str(&pack, "order", work->errand.charge.order);
    pack_key_uint(&pack, "tell", work->errand.tell);
    pack_key_str(&pack, "outcome", done ? "done" : "failed");
    if (answer->receipt[0])
        pack_key_str(&pack, "txn", answer->receipt);
    work_command(work, OP_REFUND_SETTLE, &pack);
}

static void work_call(work_t *work);

/* Takes the work: it goes on, or is over. */
static void
work_step(work_t *work, errand_step_t step, const answer_t *answer)
{
    switch (step) {
    case ERRAND_CALL:
        work_call(work);
        return;
    case ERRAND_OPENED:
    case ERRAND_REFUSED:
        work_say_opened(work, answer, step == ERRAND_OPENED);
        break;
    case ERRAND_PAID:
    case ERRAND_CLOSED:
        work_say_payment(work, answer, step == ERRAND_PAID);
        break;
    case ERRAND_REFUNDED:
    case ERRAND_REFUND_FAILED:
        work_say_refund(work, answer, step == ERRAND_REFUNDED);
        break;
    case ERRAND_WAIT:
        break;
    }
    free(work);
}

static void
work_came(void *argument, const provider_bytes_t *bytes)
{
    work_t *work = argument;
    cashier_t *self = work->cashier;
    answer_t answer = { .kind = ANSWER_AGAIN };
    const moment_t moment = cashier_moment();
    if (bytes)
        work->place.driver->read(work->place.settings, &work->errand.charge, &moment, bytes,
                                 &answer);
    else
        provider_word(&answer, "NO_ANSWER");
    self->figures.answers_again += answer.kind == ANSWER_AGAIN;
    self->figures.unproven += answer.kind == ANSWER_UNPROVEN;
    if (answer.kind == ANSWER_UNPROVEN)
        self->keys_wanted = true;
    audit_call(self, &work->errand, &answer, moment.now_ms - work->began_ms);
    work_step(work, errand_answered(&work->errand, &answer, moment.now_ms), &answer);
}

static void
work_unable(work_t *work, const char *word)
{
    answer_t answer = { .kind = ANSWER_REFUSED };
    provider_word(&answer, word);
    audit_call(work->cashier, &work->errand, &answer, 0);
    if (work->errand.operation == OP_PROVIDER_CREATE)
        work_say_opened(work, &answer, false);
    free(work);
}

static void
work_call(work_t *work)
{
    cashier_t *self = work->cashier;
    provider_request_t *request = malloc(sizeof *request);
    work->moment = cashier_moment();
    work->began_ms = work->moment.now_ms;
    self->figures.calls++;
    if (!request || !work->place.driver->build(work->place.settings, &work->errand.charge,
                                               &work->moment, request)) {
        work_unable(work, "NOT_POSSIBLE");
    } else if (request->none) {
        answer_t answer = { .kind = ANSWER_OPENED };
        bool fits = text_copy(text_of(request->url), answer.link, sizeof answer.link);
        if (!fits)
            answer.kind = ANSWER_REFUSED;
        audit_call(self, &work->errand, &answer, 0);
        work_step(work, fits ? ERRAND_OPENED : ERRAND_REFUSED, &answer);
    } else if (courier_send(self->courier, request, work_came, work) != 0)
        free(work); /* too much is under way: the box office asks again */
    free(request);
}

void
work_told(void *argument, const marquee_event_t *tell)
{
    cashier_t *self = argument;
    work_t *work = self->stopping ? NULL : malloc(sizeof *work);
    if (!work)
        return;
    work->cashier = self;
    if (!errand_read(&work->errand, tell->operation, tell->showtime, tell->number, tell->body,
                     tell->body_size)) {
        free(work);
        return;
    }
    work->place = till_find(&self->till, work->errand.provider);
    if (!work->place.driver)
        work_unable(work, "NO_SUCH_PROVIDER");
    else
        work_step(work, errand_begin(&work->errand), NULL);
}

/* ------------------------------------------------------------------ WeChat's certificates */

static void
work_keys_came(void *argument, const provider_bytes_t *bytes)
{
    cashier_t *self = argument;
    const moment_t moment = cashier_moment();
    int count = bytes && bytes->status == 200 ? wx3_take_keys(&self->till.wx3, &moment, bytes) : -1;
    self->keys_under_way = false;
    if (count > 0) {
        self->keys_good_ms = moment.now_ms;
        self->keys_wanted = false;
        cashier_say(self, "info", "WeChat Pay: %d platform certificates", count);
    } else
        cashier_say(self, "error", "WeChat Pay: no platform certificates");
}

/* At the start, every few hours, and when a key was not known; never more than once a minute. */
void
work_keys(cashier_t *self)
{
    const moment_t moment = cashier_moment();
    const charge_t charge = { .kind = CALL_KEYS };
    bool due = self->keys_wanted || self->till.wx3.key_count == 0 ||
               moment.now_ms - self->keys_good_ms > CASHIER_KEYS_GOOD_MS;
    if (!self->till.has_wx3 || !self->till.fetches || !due || self->keys_under_way ||
        (self->keys_ms && moment.now_ms - self->keys_ms < CASHIER_KEYS_MS))
        return;
    provider_request_t *request = malloc(sizeof *request);
    self->keys_ms = moment.now_ms;
    if (request && wx3_driver.build(&self->till.wx3, &charge, &moment, request))
        self->keys_under_way = courier_send(self->courier, request, work_keys_came, self) == 0;
    free(request);
}
