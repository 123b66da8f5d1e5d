/* fuzz_apply - commands of every operation in any order, through apply, on real states, one of the
 * box office, one of the programme and one of the members: no assertion, books that balance, seats
 * with one owner. Bodies are made by the table of operations, so a new operation takes part by
 * being there. Input: for each command a few bytes. */
#include "actors/apply.h"
#include "actors/box.h"
#include "actors/member.h"
#include "actors/prog_show.h"
#include "actors/ids.h"
#include "actors/ticket.h"
#include "tests/fuzz/fuzz.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS_A_STATE = 3000, COMMANDS_MAX = 64, NUMBERS = 6, BODY_MAX = 4096 };

typedef struct {
    state_t *state, *programme, *members; /* a partition of each role */
    apply_t apply, programme_apply, members_apply;
    intake_t intake;
    site_t site, programme_site, members_site;
    uint64_t showtime, request;
    int64_t now_ms;
    uint32_t inputs;
} fuzz_box_t;

static fuzz_box_t box_of;

static bool
box_followed(void *argument, uint64_t showtime)
{
    (void)argument, (void)showtime;
    return true;
}
static void
box_sends(void *argument, uint16_t operation, uint64_t key, uint64_t number, const void *body,
          uint32_t size)
{
    (void)argument, (void)operation, (void)key, (void)number;
    FUZZ_HOLDS(mp_valid(body, size));
}
static void
box_resolved(void *argument, const reply_t *reply)
{
    (void)argument;
    FUZZ_HOLDS(mp_valid(reply->body, reply->body_size));
}
static void
box_answers(void *argument, uint32_t index, const reply_t *reply)
{
    (void)argument, (void)index;
    FUZZ_HOLDS(reply->body_size == 0 || mp_valid(reply->body, reply->body_size));
}
static const sink_t box_sink = {
    .followed = box_followed, .event = box_sends, .tell = box_sends, .resolved = box_resolved
};

static void
box_fatal(void *argument, const char *what)
{
    (void)argument;
    fuzz_broken(what, __FILE__, __LINE__);
}

static void
box_open_state(state_t **state, apply_t *apply, const site_t *site)
{
    static uint32_t count;
    char error[STATE_ERROR_MAX], path[128];
    state_close(state);
    snprintf(path, sizeof path, "%s/box%u", fuzz_folder(), count++);
    state_options_t options = { .directory = path,
                                .partition = site->partition,
                                .partitions = site_stamp(site, site->partition),
                                .apply_version = APPLY_VERSION,
                                .map_bytes = 1024 * 1024,
                                .replies_bytes = 64 * 1024,
                                .inline_io = true,
                                .fatal = box_fatal };
    FUZZ_HOLDS(state_open(state, &options, error) == 0);
    apply_init(apply, *state, site);
    apply->sink = &box_sink;
    apply->answer = box_answers;
}

static void
box_begin(fuzz_box_t *self)
{
    FUZZ_HOLDS(self->intake.bytes || intake_init(&self->intake));
    self->site = (site_t){ .partitions = 1, .programmes = 1, .members = 1 };
    self->programme_site =
        (site_t){ .partition = 1, .partitions = 1, .programmes = 1, .members = 1 };
    self->members_site = (site_t){ .partition = 2, .partitions = 1, .programmes = 1, .members = 1 };
    box_open_state(&self->state, &self->apply, &self->site);
    box_open_state(&self->programme, &self->programme_apply, &self->programme_site);
    box_open_state(&self->members, &self->members_apply, &self->members_site);
    self->inputs = 0;
    self->now_ms = 1000000;
}

static uint64_t
box_number(const fuzz_box_t *self, const field_info_t *info, fuzz_input_t *input)
{
    uint64_t small = fuzz_below(input, NUMBERS) + 1;
    switch (fuzz_below(input, 8)) {
    case 0:
        return info->min;
    case 1:
        return info->max;
    case 2:
        return (uint64_t)self->now_ms + fuzz_below(input, 60000);
    case 3:
        return 500 * small;
    case 4:
        small = IDS_MEMBER_FIRST + self->showtime % 4;
        return small <= info->max ? small : info->max;
    default:
        return small <= info->max ? small : info->max;
    }
}

static void
box_text(const fuzz_box_t *self, field_t field, pack_t *pack, fuzz_input_t *input)
{
    static const char *const words[] = {
        "succeeded", "failed", "closed", "done",     "sandbox",
        "a",         "",       "fixed",  "discount", "member_vip"
    };
    char text[64];
    uint32_t number = fuzz_below(input, NUMBERS) + 1;
    uint16_t seat = (uint16_t)(fuzz_below(input, 14) + 1);
    const purchase_t *purchase =
        state_get(self->state, box_key(self->showtime, BOX_PURCHASE, number), NULL);
    if (field == FIELD_ORDER) {
        ids_order_text(text, self->showtime, number);
    } else if (field == FIELD_TICKET) {
        ids_ticket_text(text, self->showtime, number, seat);
    } else if (field == FIELD_TOKEN && purchase) {
        ticket_claim_t claim = { self->showtime, purchase->user, number, purchase->lines[0].seat,
                                 0 };
        ticket_token(&self->site, &claim, text);
    } else if (field == FIELD_CODE && purchase && purchase->code[0]) {
        pack_strn(pack, purchase->code, sizeof purchase->code);
        return;
    } else if (field == FIELD_COUPON) {
        coupon_code(&self->site, 1 + (uint32_t)(self->showtime % 4), (uint16_t)number, 0, text);
    } else if (field == FIELD_PROVIDER) {
        snprintf(text, sizeof text, "sandbox");
    } else if (field == FIELD_STEP) {
        snprintf(text, sizeof text, "%s",
                 machine_event_name(MACHINE_PRINT, (uint8_t)fuzz_below(input, PRINT_EVENTS)));
    } else if (field == FIELD_TXN) {
        snprintf(text, sizeof text, "T%u", number);
    } else {
        snprintf(text, sizeof text, "%s", words[fuzz_below(input, 7)]);
    }
    pack_str(pack, text);
}

#define CINEMA (UINT64_C(1) << 40)

static uint64_t
box_cinema(const fuzz_box_t *self)
{
    return CINEMA + self->showtime % 4;
}

/* Words, numbers and texts, each for its place: 'n' a small number, 't' a time, 'z' a letter. */
static void
box_words(const fuzz_box_t *self, const char *kinds, pack_t *pack, fuzz_input_t *input)
{
    static const char *const words[] = { "", "adult", "child", "2D", "dog" };
    pack_array(pack, (uint32_t)strlen(kinds));
    for (; *kinds; kinds++) {
        uint32_t number = fuzz_below(input, 8);
        if (*kinds == 'n')
            pack_uint(pack, number);
        else if (*kinds == 'm') /* a minute of the day */
            pack_uint(pack, number * 240);
        else if (*kinds == 't')
            pack_uint(pack, number == 7   ? (uint64_t)TIME_MAX_MS
                            : number == 6 ? (uint64_t)SHOW_TIME_MAX
                                          : (uint64_t)self->now_ms + number * 60000);
        else if (*kinds == 'i') /* of a showtime of the cinema, or 0 */
            pack_uint(pack, number < 4 ? 0 : show_id(box_cinema(self), number - 3));
        else if (*kinds == 'z')
            pack_str(pack, number & 1 ? "a" : "b");
        else
            pack_str(pack, words[number % 5]);
    }
}

/* The lists that are of one kind of item: how many at most, and what is in one. */
static bool
box_items(const fuzz_box_t *self, field_t field, pack_t *pack, fuzz_input_t *input)
{
    static const struct {
        field_t field;
        uint32_t least, more;
        const char *kinds;
    } lists[] = { { FIELD_SHOWTIMES, 1, 3, "innttw" }, { FIELD_IDS, 1, 3, NULL },
                  { FIELD_CARD, 0, 4, "zmmnwwn" },     { FIELD_FARES, 2, 1, "znnnn" },
                  { FIELD_AUDIENCES, 1, 2, "nw" },     { FIELD_OFFSETS, 1, 3, "nn" },
                  { FIELD_OPENING, 7, 1, "mm" } };
    size_t at = 0;
    while (at < sizeof lists / sizeof lists[0] && lists[at].field != field)
        at++;
    if (at == sizeof lists / sizeof lists[0])
        return false;
    uint32_t count = lists[at].least + fuzz_below(input, lists[at].more);
    pack_array(pack, count);
    for (uint32_t i = 0; i < count; i++) {
        if (field == FIELD_IDS)
            pack_uint(pack, show_id(box_cinema(self), fuzz_below(input, 6)));
        else if (field == FIELD_OPENING && fuzz_below(input, 8))
            pack_raw(pack, "\x92\x00\xcd\x05\xa0", 5); /* the whole day */
        else if (field == FIELD_OFFSETS && i == 0 && fuzz_below(input, 8))
            pack_raw(pack, "\x92\x00\xcd\x0e\x10", 5);
        else
            box_words(self, lists[at].kinds, pack, input);
    }
    return true;
}

/* A hall of four rows, or what the input makes of one. */
static void
box_list(const fuzz_box_t *self, field_t field, pack_t *pack, fuzz_input_t *input)
{
    if (box_items(self, field, pack, input))
        return;
    static const char *const kinds[] = { "ssss.ssss", "ccwws.xpp", "ss.ss.ss.", "........." };
    static const char *const zones[] = { "aaaa.bbbb", "aaaaa.bbb", "aa.aa.bb.", "........." };
    uint32_t count = field == FIELD_ZONES ? 2 : 2 + fuzz_below(input, 2);
    pack_array(pack, count);
    if (field == FIELD_ZONES) {
        for (int zone = 0; zone < 2; zone++) {
            pack_array(pack, 3);
            pack_str(pack, zone ? "b" : "a");
            pack_str(pack, "zone");
            pack_uint(pack, 1000u * fuzz_below(input, 4));
        }
        return;
    }
    for (uint32_t row = 0; row < count; row++) {
        uint32_t which = fuzz_below(input, 4);
        char name[2] = { (char)('A' + row), 0 };
        pack_array(pack, 3);
        pack_str(pack, name);
        pack_str(pack, kinds[which]);
        pack_str(pack, fuzz_below(input, 16) ? zones[which] : zones[0]);
    }
}

static void
box_field(const fuzz_box_t *self, field_t field, pack_t *pack, fuzz_input_t *input)
{
    const field_info_t *info = field_info(field);
    uint8_t bytes[32];
    uint32_t count;
    pack_str(pack, info->name);
    switch (info->type) {
    case TYPE_UINT:
        pack_uint(pack, box_number(self, info, input));
        break;
    case TYPE_BOOL:
        pack_bool(pack, fuzz_below(input, 2));
        break;
    case TYPE_STR:
        box_text(self, field, pack, input);
        break;
    case TYPE_BIN:
        memset(bytes, (int)fuzz_below(input, 4), sizeof bytes);
        pack_bin(pack, bytes, info->min);
        break;
    case TYPE_SEATS:
        count = 1 + fuzz_below(input, 3);
        pack_array(pack, count);
        for (uint32_t i = 0, seat = fuzz_below(input, 15); i < count; i++)
            pack_uint(pack, seat + i);
        break;
    case TYPE_LIST:
        box_list(self, field, pack, input);
        break;
    }
}

/* Times that make a showtime; all else as the table has it. */
static void
box_body(const fuzz_box_t *self, const operation_t *operation, pack_t *pack, fuzz_input_t *input)
{
    static const struct {
        field_t field;
        int64_t after_ms;
    } times[] = { { FIELD_OPENS, -1000 },
                  { FIELD_CLOSES, 600000 },
                  { FIELD_STARTS, 700000 },
                  { FIELD_ENDS, 800000 } };
    uint64_t chosen = fuzz_take(input, 6); /* 48 bits choose among all fields */
    field_set_t some = chosen | (field_set_t)chosen << 48 | (field_set_t)chosen << 96;
    field_set_t wanted = operation->required | (operation_fields(operation) & some);
    bool plain = operation->code == OP_SHOWTIME_OPEN && fuzz_below(input, 4);
    uint32_t count = 0;
    for (field_t at = 0; at < FIELDS; at++)
        count += field_in(wanted, at);
    pack_map(pack, count);
    for (field_t at = 0; at < FIELDS; at++) {
        if (!field_in(wanted, at))
            continue;
        size_t time = 0;
        while (time < 4 && times[time].field != at)
            time++;
        if (plain && time < 4)
            pack_key_uint(pack, field_info(at)->name,
                          (uint64_t)(self->now_ms + times[time].after_ms));
        else
            box_field(self, at, pack, input);
    }
}

/* Who carries an operation out, as the broker and partition_plays() have it: what is of any
 * partition, sometimes one of another role; but each is told the rules of its own. */
static apply_t *
box_apply_of(fuzz_box_t *self, const operation_t *operation, uint32_t how)
{
    if (operation->key == KEY_CINEMA)
        return &self->programme_apply;
    if (operation->key == KEY_MEMBER || operation->code == OP_MEMBER_RULES)
        return &self->members_apply;
    if (operation->key != KEY_PARTITION || operation->code == OP_RULES)
        return &self->apply;
    return how == 6 ? &self->programme_apply : how == 7 ? &self->members_apply : &self->apply;
}

static uint64_t
box_key_of(const fuzz_box_t *self, const operation_t *operation)
{
    switch (operation->key) {
    case KEY_PARTITION:
        return 0;
    case KEY_CINEMA:
        return box_cinema(self);
    case KEY_MEMBER: /* batches have small numbers, keys of log-ins large ones */
        if (operation->code >= OP_BATCH_MAKE && operation->code <= OP_COUPON_CLAIM)
            return 1 + self->showtime % 4;
        return operation->code == OP_MEMBER_LOGIN ? UINT64_C(1) << 62
                                                  : IDS_MEMBER_FIRST + self->showtime % 4;
    case KEY_SHOWTIME:
    case KEY_NONE:
    case KEY_CASHIER:
    case KEY_SENDER:
    case KEY_KINDS:
    default:
        return self->showtime;
    }
}

static void
box_command(fuzz_box_t *self, fuzz_input_t *input)
{
    uint8_t bytes[BODY_MAX], answer[WIRE_RECORD_MAX];
    pack_t pack, reply;
    uint16_t code = (uint16_t)fuzz_below(input, OPERATION_CODE_MAX);
    const operation_t *operation = operation_of(code);
    uint32_t how = fuzz_below(input, 16);
    self->now_ms += (int64_t)fuzz_take(input, 1) * (how == 1 ? 1000 : 10);
    if (!operation || operation->key == KEY_NONE || operation->key == KEY_CASHIER ||
        operation->key == KEY_SENDER)
        operation = operation_of(how % 2 ? OP_SEATS_LOCK : OP_ORDER_CREATE);
    apply_t *apply = box_apply_of(self, operation, how);
    pack_init(&pack, bytes, sizeof bytes);
    box_body(self, operation, &pack, input);
    if (pack.overflow)
        return;
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = operation->code,
                             .key = box_key_of(self, operation),
                             .request = how == 0 ? self->request : ++self->request,
                             .moment = self->now_ms + (how == 2 ? -1 : 5000) };
    wire_route_t route = { .peer = 1,
                           .client = 1,
                           .role = (uint8_t)(how == 3   ? ROLE_CASHIER
                                             : how == 4 ? ROLE_BRIDGE
                                                        : ROLE_ADMIN) };
    if (operation->mode == MODE_MACHINE)
        route.role = ROLE_ACTOR;
    wire_record_t record = { header, bytes, (uint32_t)pack.size };
    field_t field;
    command_t command;
    if (operation->mode == MODE_READ) {
        pack_init(&reply, answer, sizeof answer);
        if (command_decode(&command, &record, &route, &field) == STATUS_OK &&
            operation->code != OP_ECHO && operation->code != OP_STATS)
            (void)apply_read(apply, &command, self->now_ms, &reply);
        return;
    }
    intake_clear(&self->intake);
    if (intake_add(&self->intake, &route, &record, &field) != STATUS_OK)
        return;
    journal_entry_t entry = { .sequence = state_sequence(apply->state) + 1,
                              .now_ms = self->now_ms,
                              .seed = self->request * 7919,
                              .count = 1 };
    apply_entry(apply, &entry, &self->intake);
    if (state_get(self->state, box_key(self->showtime, BOX_HEAD, 0), NULL)) {
        const char *broken = box_check(self->state, self->showtime);
        if (broken)
            fuzz_broken(broken, __FILE__, __LINE__);
    }
    if (operation->key == KEY_CINEMA &&
        state_get(self->programme, prog_key(header.key, PROG_CINEMA, 0), NULL)) {
        const char *broken = prog_check(self->programme, header.key);
        if (broken)
            fuzz_broken(broken, __FILE__, __LINE__);
    }
    turn_t turn = { .state = self->members };
    if (operation->key == KEY_MEMBER && member_find(&turn, header.key)) {
        const char *broken = member_check(self->members, header.key);
        if (broken)
            fuzz_broken(broken, __FILE__, __LINE__);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_box_t *self = &box_of;
    fuzz_input_t input = { data, size };
    if (sodium_init() < 0)
        return 0;
    if (!self->state || self->inputs++ == INPUTS_A_STATE)
        box_begin(self);
    self->showtime++;
    /* Nothing can be sold before a showtime is open: the first command is that. */
    static const uint8_t opening[] = { OP_SHOWTIME_OPEN, 5, 0, 0, 0, 0, 0, 0, 0, 1 };
    fuzz_input_t first = { opening, sizeof opening };
    box_command(self, &first);
    FUZZ_HOLDS(state_get(self->state, box_key(self->showtime, BOX_HEAD, 0), NULL) != NULL);
    for (uint32_t i = 0; i < COMMANDS_MAX && input.left > 0; i++)
        box_command(self, &input);
    return 0;
}
