/* prog_sale - from draft to sale and to its end: steps that are told to the box office.
 *
 * A command names up to IDS_MAX showtimes and takes the step with all of them or none. What a
 * showtime.put says is taken from the records of the moment: the film's title, the plan that the
 * showtime keeps, the cinema's time zone. */
#include "actors/box.h"
#include "actors/outbox.h"
#include "actors/prog_price.h"
#include <assert.h>
#include <string.h>

enum { SALE_CLOSES_AFTER_MS = 10 * 60 * 1000 }; /* the start */

typedef struct {
    turn_t *turn;
    uint64_t cinema;
    uint32_t count, numbers[IDS_MAX];
} sale_t;

static status_t
sale_refuse(turn_t *turn, status_t status, uint32_t index, const show_t *show)
{
    pack_map(turn->reply, show ? 3 : 2);
    pack_key_str(turn->reply, "error", status_name(status));
    pack_key_uint(turn->reply, "index", index);
    if (show)
        pack_key_str(turn->reply, "state", machine_state_name(MACHINE_SHOW, show->state));
    return status;
}

/* The showtimes of the field `ids`, each of which must allow the event; none comes twice. */
static status_t
sale_read(sale_t *self, turn_t *turn, const command_t *command, bool (*may)(const show_t *show))
{
    const value_t *value = command_value(command, FIELD_IDS);
    mp_t items = value->list.items;
    *self = (sale_t){ .turn = turn, .cinema = command->key, .count = value->list.count };
    if (!prog_cinema(turn, command->key))
        return STATUS_UNKNOWN_CINEMA;
    for (uint32_t i = 0; i < self->count; i++) {
        uint64_t id;
        if (!mp_read_uint(&items, &id))
            return box_refuse_field(turn, FIELD_IDS);
        const show_t *show = show_get(turn, self->cinema, show_number(self->cinema, id));
        if (!show)
            return sale_refuse(turn, STATUS_UNKNOWN_SHOWTIME, i, NULL);
        if (!may(show))
            return sale_refuse(turn, STATUS_SHOW_STATE, i, show);
        self->numbers[i] = show_number(self->cinema, id);
        for (uint32_t j = 0; j < i; j++)
            if (self->numbers[j] == self->numbers[i])
                return box_refuse_field(turn, FIELD_IDS);
    }
    return STATUS_OK;
}

/* Is there room in the outbox for a row of each? */
static bool
sale_room(const sale_t *self, uint16_t operation)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (!outbox_room(self->turn, operation, show_id(self->cinema, self->numbers[i]),
                         self->count))
            return false;
    return true;
}

static show_t *
sale_step(const sale_t *self, uint32_t number, uint8_t event)
{
    show_t *show = show_edit(self->turn, self->cinema, number);
    show->state = machine_next(MACHINE_SHOW, show->state, event);
    show->fault = 0;
    return show;
}

static void
sale_tell(const sale_t *self, uint32_t number, uint16_t operation, const pack_t *body)
{
    assert(!body->overflow);
    outbox_send(self->turn, operation, show_id(self->cinema, number), self->cinema, number,
                body->data, (uint32_t)body->size);
}

/* ------------------------------------------------------------------ publishing */

static bool
sale_may_publish(const show_t *show)
{
    return machine_allows(MACHINE_SHOW, show->state, SHOW_ON_PUBLISH);
}

static void
sale_pack_put(const sale_t *self, const show_t *show, const zone_t *zone, int64_t opens_ms,
              pack_t *body)
{
    turn_t *turn = self->turn;
    size_t size = 0;
    const cinema_t *cinema = prog_cinema(turn, self->cinema);
    const movie_t *movie = prog_movie(turn, self->cinema, show->movie);
    const prog_hall_t *hall = prog_hall(turn, self->cinema, show->hall);
    const hall_plan_t *plan = prog_plan(turn, self->cinema, show->hall, show->plan, &size);
    int64_t closes_ms = show->starts_ms + SALE_CLOSES_AFTER_MS;
    assert(movie && hall && plan);
    pack_map(body, 13);
    box_pack_text(body, "title", movie->title, sizeof movie->title);
    box_pack_text(body, "hall", hall->name, sizeof hall->name);
    box_pack_text(body, "format", show->format, sizeof show->format);
    box_pack_text(body, "time_zone", cinema->time_zone, sizeof cinema->time_zone);
    pack_key_int(body, "starts_ms", show->starts_ms);
    pack_key_int(body, "ends_ms", show->ends_ms);
    pack_key_int(body, "opens_ms", opens_ms);
    pack_key_int(body, "closes_ms", closes_ms < show->ends_ms ? closes_ms : show->ends_ms);
    pack_key_uint(body, "cinema", self->cinema);
    pack_key_uint(body, "movie", show->movie);
    prog_pack_fares(turn, self->cinema, show, zone, plan, body);
    prog_pack_plan(body, plan, size);
}

status_t
prog_publish(turn_t *turn, const command_t *command)
{
    sale_t sale;
    uint8_t room[OUTBOX_BODY_MAX];
    int64_t opens_ms = (int64_t)command_number(command, FIELD_OPENS, (uint64_t)turn->now_ms);
    status_t status = sale_read(&sale, turn, command, sale_may_publish);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; i < sale.count; i++) {
        const show_t *show = show_get(turn, sale.cinema, sale.numbers[i]);
        if (show->starts_ms <= turn->now_ms || opens_ms >= show->starts_ms)
            return sale_refuse(turn, STATUS_BAD_TIMES, i, NULL);
    }
    const zone_t *zone = state_get(turn->state, prog_key(sale.cinema, PROG_OFFSETS, 0), NULL);
    if (!zone)
        return STATUS_NO_OFFSETS;
    if (!sale_room(&sale, OP_SHOWTIME_PUT))
        return STATUS_BUSY;
    for (uint32_t i = 0; i < sale.count; i++) {
        pack_t body;
        const show_t *show = sale_step(&sale, sale.numbers[i], SHOW_ON_PUBLISH);
        pack_init(&body, room, sizeof room);
        sale_pack_put(&sale, show, zone, opens_ms, &body);
        sale_tell(&sale, sale.numbers[i], OP_SHOWTIME_PUT, &body);
    }
    prog_changed(turn, sale.cinema);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ closing, cancelling */

static status_t
sale_end(turn_t *turn, const command_t *command, uint8_t event, uint16_t operation,
         bool (*may)(const show_t *show))
{
    sale_t sale;
    char reason[BOX_REASON];
    status_t status = sale_read(&sale, turn, command, may);
    if (status != STATUS_OK)
        return status;
    if (!sale_room(&sale, operation))
        return STATUS_BUSY;
    command_text(command, FIELD_REASON, reason, sizeof reason);
    bool reasoned = operation == OP_SHOWTIME_CANCEL && reason[0];
    for (uint32_t i = 0; i < sale.count; i++) {
        uint8_t room[128];
        pack_t body;
        (void)sale_step(&sale, sale.numbers[i], event);
        pack_init(&body, room, sizeof room);
        pack_map(&body, reasoned ? 2 : 1);
        pack_key_uint(&body, "cinema", sale.cinema);
        if (reasoned)
            box_pack_text(&body, "reason", reason, sizeof reason);
        sale_tell(&sale, sale.numbers[i], operation, &body);
    }
    prog_changed(turn, sale.cinema);
    return STATUS_OK;
}

static bool
sale_may_close(const show_t *show)
{
    return machine_allows(MACHINE_SHOW, show->state, SHOW_ON_CLOSE);
}

status_t
prog_close(turn_t *turn, const command_t *command)
{
    return sale_end(turn, command, SHOW_ON_CLOSE, OP_SHOWTIME_SHUT, sale_may_close);
}

static bool
sale_may_cancel(const show_t *show)
{
    return machine_allows(MACHINE_SHOW, show->state, SHOW_ON_CANCEL);
}

status_t
prog_cancel(turn_t *turn, const command_t *command)
{
    return sale_end(turn, command, SHOW_ON_CANCEL, OP_SHOWTIME_CANCEL, sale_may_cancel);
}

void
prog_show_ended(turn_t *turn, const uint64_t about[2], status_t status)
{
    uint64_t cinema = about[0];
    show_t *show = show_edit(turn, cinema, (uint32_t)about[1]);
    show->state = machine_next(MACHINE_SHOW, show->state,
                               status == STATUS_OK ? SHOW_ON_DONE : SHOW_ON_REFUSE);
    show->fault = status;
    (void)prog_published(turn, cinema);
}

/* ------------------------------------------------------------------ forgetting */

static bool
sale_may_delete(const show_t *show)
{
    return show->state == SHOW_DRAFT || show->state == SHOW_CANCELLED ||
           show->state == SHOW_PUBLISHED;
}

static void
sale_forget(turn_t *turn, uint64_t cinema, uint32_t number)
{
    const show_t *show = show_get(turn, cinema, number);
    show_day_remove(turn, cinema, show_day(show->starts_ms), number);
    state_remove(turn->state, prog_key(cinema, PROG_SHOW, number));
}

/* What is published may have tickets: the box office knows. */
status_t
prog_delete(turn_t *turn, const command_t *command)
{
    sale_t sale;
    status_t status = sale_read(&sale, turn, command, sale_may_delete);
    if (status != STATUS_OK)
        return status;
    if (!sale_room(&sale, OP_SHOWTIME_REMOVE))
        return STATUS_BUSY;
    for (uint32_t i = 0; i < sale.count; i++) {
        uint8_t room[32];
        pack_t body;
        if (show_get(turn, sale.cinema, sale.numbers[i])->state != SHOW_PUBLISHED) {
            sale_forget(turn, sale.cinema, sale.numbers[i]);
            continue;
        }
        (void)sale_step(&sale, sale.numbers[i], SHOW_ON_CANCEL);
        pack_init(&body, room, sizeof room);
        pack_map(&body, 1);
        pack_key_uint(&body, "cinema", sale.cinema);
        sale_tell(&sale, sale.numbers[i], OP_SHOWTIME_REMOVE, &body);
    }
    prog_changed(turn, sale.cinema);
    return STATUS_OK;
}

void
prog_show_removed(turn_t *turn, const uint64_t about[2], status_t status)
{
    uint64_t cinema = about[0];
    uint32_t number = (uint32_t)about[1];
    if (status == STATUS_OK) {
        sale_forget(turn, cinema, number);
    } else {
        show_t *show = show_edit(turn, cinema, number);
        show->state = machine_next(MACHINE_SHOW, show->state, SHOW_ON_KEEP);
        show->fault = status;
    }
    (void)prog_published(turn, cinema);
}
