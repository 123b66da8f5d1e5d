/* outbox - two partitions of which one tells the other: whatever becomes of the tells and of the
 * acknowledgements on their way, each is applied once, and in the end nothing waits. */
#include "actors/outbox.h"
#include "actors/apply.h"
#include "actors/probe.h"
#include "tests/unit/chance.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { TELLS_MAX = 1 << 14, SENDER = 1, RECEIVER = 0 };

typedef struct {
    uint16_t operation;
    uint64_t key, number;
    uint8_t body[64];
    uint32_t size;
} tell_t;

/* A partition; what it tells stays in `tells` until the test carries it. */
typedef struct {
    char folder[64];
    state_t *state;
    site_t site;
    sink_t sink;
    apply_t apply;
    intake_t intake;
    tell_t tells[TELLS_MAX];
    uint32_t tell_count;
    status_t answered;
    int64_t now_ms;
} place_t;

static bool
place_followed(void *argument, uint64_t key)
{
    (void)argument, (void)key;
    return false;
}

static void
place_tells(void *argument, uint16_t operation, uint64_t key, uint64_t number, const void *body,
            uint32_t size)
{
    place_t *place = argument;
    assert_true(place->tell_count < TELLS_MAX);
    tell_t *tell = &place->tells[place->tell_count++];
    *tell = (tell_t){ .operation = operation, .key = key, .number = number, .size = size };
    assert_true(size <= sizeof tell->body);
    memcpy(tell->body, body, size);
}

static void
place_resolved(void *argument, const reply_t *reply)
{
    (void)argument, (void)reply;
}

static void
place_answers(void *argument, uint32_t index, const reply_t *reply)
{
    place_t *place = argument;
    (void)index;
    place->answered = reply->status;
}

static void
place_open(place_t *place)
{
    char error[STATE_ERROR_MAX];
    state_options_t options = { .directory = place->folder,
                                .partition = place->site.partition,
                                .partitions = site_stamp(&place->site, place->site.partition),
                                .apply_version = APPLY_VERSION,
                                .inline_io = true };
    if (state_open(&place->state, &options, error) != 0)
        fail_msg("%s", error);
    apply_init(&place->apply, place->state, &place->site);
    place->apply.sink = &place->sink;
    place->apply.answer = place_answers;
    place->apply.argument = place;
}

static place_t *
place_new(uint32_t number)
{
    place_t *place = calloc(1, sizeof *place);
    assert_non_null(place);
    strcpy(place->folder, "/tmp/marquee-outbox-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    place->site = (site_t){ .partition = number, .partitions = 1, .programmes = 1 };
    place->sink = (sink_t){ .argument = place,
                            .followed = place_followed,
                            .event = place_tells,
                            .tell = place_tells,
                            .resolved = place_resolved };
    place->now_ms = 1000;
    assert_true(intake_init(&place->intake));
    place_open(place);
    return place;
}

static void
place_destroy(place_t *place)
{
    char command[128];
    state_close(&place->state);
    intake_free(&place->intake);
    snprintf(command, sizeof command, "rm -r '%s'", place->folder);
    assert_int_equal(system(command), 0);
    free(place);
}

/* A checkpoint, and a start from it. */
static void
place_restart(place_t *place)
{
    state_checkpoint(place->state);
    state_checkpoint_wait(place->state);
    state_close(&place->state);
    place_open(place);
}

static void
place_entry(place_t *place)
{
    journal_entry_t entry = { .sequence = state_sequence(place->state) + 1,
                              .now_ms = place->now_ms,
                              .seed = state_sequence(place->state) * 7919,
                              .count = place->intake.count };
    apply_entry(&place->apply, &entry, &place->intake);
    intake_clear(&place->intake);
    assert_null(outbox_check(place->state, RECEIVER));
}

static void
place_take(place_t *place, wire_kind_t kind, uint16_t sender, const tell_t *tell)
{
    wire_route_t route = { .peer = kind == WIRE_COMMAND,
                           .client = kind == WIRE_COMMAND,
                           .role = kind == WIRE_COMMAND ? ROLE_ADMIN : ROLE_ACTOR,
                           .sender = sender };
    wire_record_t record = { .header = { .kind = (uint8_t)kind,
                                         .operation = tell->operation,
                                         .key = tell->key,
                                         .request = tell->number,
                                         .moment = place->now_ms + 1000 },
                             .body = tell->body,
                             .body_size = tell->size };
    field_t field;
    assert_int_equal(intake_add(&place->intake, &route, &record, &field), STATUS_OK);
    place_entry(place);
}

/* What waits of one place arrives at the other. */
static void
carry(place_t *from, place_t *to, uint32_t at)
{
    const tell_t tell = from->tells[at];
    place_take(to, WIRE_TELL, (uint16_t)from->site.partition, &tell);
}

static void
send_probes(place_t *place, uint64_t request, uint32_t count, uint32_t amount)
{
    tell_t command = { .operation = OP_PROBE_SEND, .key = 1, .number = request };
    pack_t pack;
    pack_init(&pack, command.body, sizeof command.body);
    pack_map(&pack, 2);
    pack_key_uint(&pack, "count", count);
    pack_key_uint(&pack, "amount", amount);
    command.size = (uint32_t)pack.size;
    place_take(place, WIRE_COMMAND, 0, &command);
}

static const outbox_lane_t *
lane_of(place_t *place)
{
    state_key_t key = { .table = OUTBOX_LANE, .number = RECEIVER };
    return state_get(place->state, key, NULL);
}

static void
a_tell_is_applied_once_and_ends_its_row(void **state)
{
    (void)state;
    place_t *sender = place_new(SENDER), *receiver = place_new(RECEIVER);
    send_probes(sender, 1, 1, 5);
    assert_int_equal(sender->tell_count, 1);
    carry(sender, receiver, 0);
    carry(sender, receiver, 0);
    place_restart(receiver);
    carry(sender, receiver, 0);
    assert_true(probe_of(receiver->state).taken == 1);
    assert_int_equal(receiver->tell_count, 3); /* each time it says how it ended */
    for (uint32_t i = 0; i < 3; i++)
        carry(receiver, sender, i);
    assert_true(lane_of(sender)->rows == 0 && lane_of(sender)->oldest == 2);
    assert_true(state_next_due(sender->state) == INT64_MAX);
    place_destroy(sender);
    place_destroy(receiver);
}

static void
it_is_told_again_ever_later_also_after_a_restart(void **state)
{
    (void)state;
    static const int64_t pauses_ms[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
    place_t *sender = place_new(SENDER);
    send_probes(sender, 1, 1, 5);
    for (uint32_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        place_restart(sender);
        assert_true(state_next_due(sender->state) == sender->now_ms + pauses_ms[i]);
        sender->now_ms += pauses_ms[i] - 1;
        place_entry(sender);
        assert_int_equal(sender->tell_count, i + 1);
        sender->now_ms++;
        place_entry(sender);
        assert_int_equal(sender->tell_count, i + 2);
    }
    place_destroy(sender);
}

static void
no_more_than_a_window_is_on_its_way(void **state)
{
    (void)state;
    place_t *sender = place_new(SENDER), *receiver = place_new(RECEIVER);
    for (uint32_t i = 1; i <= 6; i++)
        send_probes(sender, i, 16, 1);
    assert_int_equal(sender->tell_count, OUTBOX_WINDOW);
    /* All but the oldest are acknowledged: the window stands. */
    for (uint32_t i = 1; i < OUTBOX_WINDOW; i++)
        carry(sender, receiver, i);
    for (uint32_t i = 0; i < OUTBOX_WINDOW - 1; i++)
        carry(receiver, sender, i);
    assert_int_equal(sender->tell_count, OUTBOX_WINDOW);
    assert_true(lane_of(sender)->oldest == 1);
    carry(sender, receiver, 0);
    carry(receiver, sender, OUTBOX_WINDOW - 1);
    assert_int_equal(sender->tell_count, 2 * OUTBOX_WINDOW);
    assert_true(lane_of(sender)->oldest == OUTBOX_WINDOW + 1);
    place_destroy(sender);
    place_destroy(receiver);
}

static void
a_full_receiver_is_waited_for_and_a_full_outbox_refuses(void **state)
{
    (void)state;
    place_t *sender = place_new(SENDER);
    tell_t busy = { .operation = OP_OUTBOX_ACK, .key = SENDER, .number = 1 };
    pack_t pack;
    send_probes(sender, 1, 1, 1);
    pack_init(&pack, busy.body, sizeof busy.body);
    outbox_pack_ack(&pack, 1, STATUS_BUSY);
    busy.size = (uint32_t)pack.size;
    place_take(sender, WIRE_TELL, RECEIVER, &busy);
    assert_true(lane_of(sender)->rows == 1);
    uint64_t request = 2;
    for (; lane_of(sender)->rows + 16 <= OUTBOX_ROWS_MAX; request++)
        send_probes(sender, request, 16, 1);
    send_probes(sender, request, 16, 1);
    assert_int_equal(sender->answered, STATUS_BUSY);
    assert_true(lane_of(sender)->rows <= OUTBOX_ROWS_MAX);
    /* An answer to what was never told, or to what another was told, changes nothing. */
    static const uint64_t numbers[] = { 0, 5000, UINT64_C(1) << 48, INT64_MAX };
    for (uint32_t i = 1; i < 4; i++) {
        pack_init(&pack, busy.body, sizeof busy.body);
        outbox_pack_ack(&pack, numbers[i], STATUS_OK);
        busy.size = (uint32_t)pack.size;
        uint64_t rows = lane_of(sender)->rows;
        place_take(sender, WIRE_TELL, RECEIVER, &busy);
        assert_true(lane_of(sender)->rows == rows);
    }
    place_destroy(sender);
}

/* Tells and answers are carried in any order, some never and some often, with restarts. */
static void
a_way_that_loses_doubles_and_reorders_changes_nothing(void **state)
{
    (void)state;
    enum { SEEDS = 6, STEPS = 300 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        place_t *sender = place_new(SENDER), *receiver = place_new(RECEIVER);
        chance_t chance = { .state = seed };
        uint64_t request = 0;
        for (uint32_t step = 0; step < STEPS; step++) {
            uint32_t what = chance_below(&chance, 100);
            if (what < 10)
                send_probes(sender, ++request, 1 + chance_below(&chance, 16),
                            chance_below(&chance, 100));
            else if (what < 12)
                place_restart(chance_below(&chance, 2) ? sender : receiver);
            else if (what < 15)
                sender->now_ms += chance_below(&chance, 3000), place_entry(sender);
            else if (what < 55 && sender->tell_count)
                carry(sender, receiver, chance_below(&chance, sender->tell_count));
            else if (receiver->tell_count)
                carry(receiver, sender, chance_below(&chance, receiver->tell_count));
        }
        for (uint32_t round = 0; round < 200 && lane_of(sender) && lane_of(sender)->rows; round++) {
            sender->now_ms += OUTBOX_RETRY_MAX_MS;
            sender->tell_count = receiver->tell_count = 0;
            place_entry(sender);
            for (uint32_t i = 0; i < sender->tell_count; i++)
                carry(sender, receiver, i);
            for (uint32_t i = 0; i < receiver->tell_count; i++)
                carry(receiver, sender, i);
        }
        probe_t sent = probe_of(sender->state), taken = probe_of(receiver->state);
        assert_true(lane_of(sender) == NULL || lane_of(sender)->rows == 0);
        assert_true(sent.sent == taken.taken && sent.sent_amount == taken.taken_amount);
        place_destroy(sender);
        place_destroy(receiver);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tell_is_applied_once_and_ends_its_row),
        cmocka_unit_test(it_is_told_again_ever_later_also_after_a_restart),
        cmocka_unit_test(no_more_than_a_window_is_on_its_way),
        cmocka_unit_test(a_full_receiver_is_waited_for_and_a_full_outbox_refuses),
        cmocka_unit_test(a_way_that_loses_doubles_and_reorders_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
