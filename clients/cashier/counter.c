/* counter - callbacks: judged, made durable with their order, and answered then.
 *
 * What was durable a while ago is answered from memory when it is told again in the same words, so
 * that a storm of repeats costs a signature each and no journal. Forgetting does no harm: the box
 * office knows, too. */
#include "actors/ids.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/cashier/cashier.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    cashier_t *cashier;
    desk_case_t *the_case;
    const driver_t *driver;
    notice_t notice;
    uint8_t key[CASHIER_HEARD_KEY];
    size_t raw_size;
    char raw[PROVIDER_NOTICE_MAX]; /* last: only raw_size bytes of it are there */
} visit_t;

/* ------------------------------------------------------------------ what was heard */

static uint32_t
heard_place(const cashier_t *self, const uint8_t *key)
{
    uint32_t place = get_u32(key) % (CASHIER_HEARD * 2);
    while (self->heard_at[place] &&
           memcmp(self->heard[self->heard_at[place] - 1], key, CASHIER_HEARD_KEY) != 0)
        place = (place + 1) % (CASHIER_HEARD * 2);
    return place;
}

static bool
heard_has(const cashier_t *self, const uint8_t *key)
{
    return self->heard_at[heard_place(self, key)] != 0;
}

/* When it is full it begins anew: half of the table stays empty, so looking is short. */
static void
heard_add(cashier_t *self, const uint8_t *key)
{
    if (heard_has(self, key))
        return;
    if (self->heard_next == CASHIER_HEARD) {
        memset(self->heard_at, 0, sizeof self->heard_at);
        self->heard_next = 0;
    }
    memcpy(self->heard[self->heard_next], key, CASHIER_HEARD_KEY);
    self->heard_at[heard_place(self, key)] = (uint16_t)++self->heard_next;
}

static void
heard_key(const char *provider, const notice_t *notice, uint8_t key[CASHIER_HEARD_KEY])
{
    char room[512];
    uint8_t digest[32];
    out_t out;
    out_init(&out, room, sizeof room);
    out_format(&out, "%s\n%d\n%s\n%s\n%s\n%" PRId64, provider, (int)notice->kind, notice->order,
               notice->txn, notice->refund, notice->amount);
    seal_sha256((text_t){ room, out.size }, digest);
    memcpy(key, digest, CASHIER_HEARD_KEY);
}

/* ------------------------------------------------------------------ a visit */

static void
visit_end(visit_t *visit, bool taken, const char *result)
{
    const char *type, *body;
    uint16_t code = visit->driver->reply(taken, &type, &body);
    audit_callback(visit->cashier, visit->driver->name, (text_t){ visit->raw, visit->raw_size },
                   VERDICT_GOOD, &visit->notice, result);
    desk_answer(visit->the_case, code, type, body);
    free(visit);
}

static void
visit_kept(void *argument, const marquee_reply_t *reply)
{
    visit_t *visit = argument;
    cashier_t *self = visit->cashier;
    char settled[32] = "";
    const char *word;
    size_t size;
    if (reply->status != STATUS_OK) {
        self->figures.unkept++;
        visit_end(visit, false, marquee_status_name(reply->status));
        return;
    }
    if (marquee_reply_text(reply, "settled", &word, &size))
        (void)text_copy((text_t){ word, size }, settled, sizeof settled);
    self->figures.kept++;
    heard_add(self, visit->key);
    visit_end(visit, true, settled);
}

static const char *
visit_outcome(const notice_t *notice)
{
    switch (notice->kind) {
    case NOTICE_PAID:
        return "succeeded";
    case NOTICE_CLOSED:
        return "closed";
    case NOTICE_REFUNDED:
        return "refunded";
    case NOTICE_REFUND_FAILED:
        return "refund_failed";
    case NOTICE_REFUND_HINT:
    case NOTICE_OTHER:
        break;
    }
    return "other";
}

/* The signature in the head is of no use to anybody, and is needed to prove the bytes later. */
static int
visit_tell(visit_t *visit, uint64_t showtime, text_t head)
{
    static uint8_t room[MARQUEE_BODY_MAX];
    const notice_t *notice = &visit->notice;
    uint64_t tell;
    pack_t pack;
    bool refund = notice->refund[0] && provider_refund_tell(notice->refund, notice->order, &tell);
    pack_init(&pack, room, sizeof room);
    pack_map(&pack, 6u + (notice->txn[0] != 0) + refund);
    pack_key_str(&pack, "order", notice->order);
    pack_key_str(&pack, "provider", visit->driver->name);
    pack_key_str(&pack, "outcome", visit_outcome(notice));
    pack_key_int(&pack, "amount", notice->amount);
    if (notice->txn[0])
        pack_key_str(&pack, "txn", notice->txn);
    if (refund)
        pack_key_uint(&pack, "tell", tell);
    pack_str(&pack, "head");
    pack_strn(&pack, head.data, head.size);
    pack_str(&pack, "raw");
    pack_bin(&pack, visit->raw, visit->raw_size);
    const marquee_body_t body = {
        .data = room, .size = pack.size, .room = sizeof room, .overflow = pack.overflow
    };
    int fault = marquee_call(visit->cashier->marquee, OP_PAYMENT_CALLBACK, showtime, &body,
                             CASHIER_CALLBACK_MS, visit_kept, visit);
    if (fault == 0)
        cashier_turn(visit->cashier);
    return fault;
}

static void
counter_refuse(cashier_t *self, desk_case_t *the_case, till_place_t place, text_t raw,
               verdict_t verdict)
{
    const char *type, *body;
    uint16_t code = place.driver->reply(false, &type, &body);
    self->figures.refused++;
    if (verdict == VERDICT_UNKNOWN_KEY)
        self->keys_wanted = true;
    audit_callback(self, place.driver->name, raw, verdict, NULL, "refused");
    desk_answer(the_case, code, type, body);
}

void
counter_take(void *argument, desk_case_t *the_case, const char *route, text_t head, text_t raw)
{
    cashier_t *self = argument;
    const moment_t moment = cashier_moment();
    const provider_bytes_t bytes = { .head = head, .body = raw };
    till_place_t place = till_route(&self->till, route, head);
    uint64_t showtime;
    notice_t notice;
    self->figures.callbacks++;
    if (!place.driver) {
        desk_answer(the_case, 404, "text/plain", "");
        return;
    }
    verdict_t verdict = place.driver->judge(place.settings, &moment, &bytes, &notice);
    if (verdict == VERDICT_GOOD && !ids_order_showtime(notice.order, &showtime))
        verdict = VERDICT_BAD_ORDER;
    if (verdict == VERDICT_GOOD && raw.size > field_info(FIELD_RAW)->max)
        verdict = VERDICT_TOO_LARGE;
    if (verdict != VERDICT_GOOD) {
        counter_refuse(self, the_case, place, raw, verdict);
        return;
    }
    visit_t *visit = malloc(offsetof(visit_t, raw) + raw.size);
    if (!visit) {
        counter_refuse(self, the_case, place, raw, VERDICT_TOO_LARGE);
        return;
    }
    visit->cashier = self;
    visit->the_case = the_case;
    visit->driver = place.driver;
    visit->notice = notice;
    visit->raw_size = raw.size;
    memcpy(visit->raw, raw.data, raw.size);
    heard_key(place.driver->name, &notice, visit->key);
    if (heard_has(self, visit->key)) {
        self->figures.duplicates++;
        visit_end(visit, true, "heard before");
    } else if (visit_tell(visit, showtime, head) != 0)
        visit_end(visit, false, "not sent");
}
