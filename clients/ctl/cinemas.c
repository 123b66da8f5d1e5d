/* cinemas - `marquee cinemas`: a chain from a file and to one; see ctl.h.
 *
 * The file is {"cinemas": [...]}; a cinema has its id as "cinema", the fields of cinema.set, and
 * lists "movies", "halls" and "card" with the fields of movie.set, hall.set and price.set. All of
 * it is checked before the first of it is set, by the same code that the server checks it with.
 * What is set again is as it was, so a file whose import was cut off is imported once more. */
#include "actors/box.h"
#include "clients/ctl/programme.h"
#include "clients/mpjson.h"
#include "clients/zone_offsets.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CINEMAS_PATH = 64, CINEMAS_BODY = 60 * 1024 };

typedef struct {
    ctl_t *ctl;
    const char *path;
    json_t *steps; /* [operation, cinema, fields, where] each, in the order of setting */
    bool good;
} chain_t;

static void __attribute__((format(printf, 3, 4)))
chain_wrong(chain_t *self, const char *where, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "%s: %s: ", self->path, where);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    self->good = false;
}

/* ------------------------------------------------------------------ checking */

/* The form as a server would judge it; and of a hall that it is one. */
static void
chain_check(chain_t *self, uint16_t code, uint64_t cinema, const json_t *fields, const char *where)
{
    static uint8_t room[CINEMAS_BODY];
    uint8_t answer[512];
    pack_t pack, reply;
    pack_init(&pack, room, sizeof room);
    if (!mpjson_pack(&pack, fields) || pack.overflow) {
        chain_wrong(self, where, "too large, or nothing that can be sent");
        return;
    }
    wire_record_t record = { .header = { .kind = WIRE_COMMAND, .operation = code, .key = cinema },
                             .body = room,
                             .body_size = (uint32_t)pack.size };
    wire_route_t route = { .role = ROLE_ADMIN };
    command_t command;
    field_t field;
    uint32_t seats;
    status_t status = command_decode(&command, &record, &route, &field);
    if (status != STATUS_OK) {
        chain_wrong(self, where, "%s%s%s", marquee_status_text(status), field < FIELDS ? ": " : "",
                    field < FIELDS ? field_info(field)->name : "");
        return;
    }
    pack_init(&reply, answer, sizeof answer);
    turn_t turn = { .reply = &reply };
    if (code != OP_HALL_SET || box_judge_hall(&turn, &command, &seats) == STATUS_OK)
        return;
    json_t *said = mpjson_read(reply.data, reply.size);
    chain_wrong(self, where, "row %" PRId64 ", column %" PRId64 ": %s", ctl_number(said, "row"),
                ctl_number(said, "column"), ctl_text(said, "reason"));
    json_decref(said);
}

static void
chain_add(chain_t *self, uint16_t code, uint64_t cinema, json_t *fields, const char *where)
{
    chain_check(self, code, cinema, fields, where);
    (void)json_array_append_new(
        self->steps, json_pack("[i, I, o, s]", (int)code, (json_int_t)cinema, fields, where));
}

static void
chain_read_list(chain_t *self, uint16_t code, uint64_t cinema, json_t *list, const char *where)
{
    size_t index;
    json_t *one;
    if (list && !json_is_array(list))
        chain_wrong(self, where, "a list is wanted");
    json_array_foreach(list, index, one)
    {
        char place[CINEMAS_PATH];
        snprintf(place, sizeof place, "%.40s[%zu]", where, index);
        if (!json_is_object(one)) {
            chain_wrong(self, place, "an object is wanted");
            continue;
        }
        json_t *fields = json_deep_copy(one);
        bool withdrawn = json_is_true(json_object_get(fields, "withdrawn"));
        if (code == OP_MOVIE_SET)
            (void)json_object_del(fields, "withdrawn");
        chain_add(self, code, cinema, fields, place);
        if (code == OP_MOVIE_SET && withdrawn)
            chain_add(self, OP_MOVIE_WITHDRAW, cinema,
                      json_pack("{s:O?}", "movie", json_object_get(one, "movie")), place);
    }
}

static void
chain_read_cinema(chain_t *self, const json_t *one, size_t index)
{
    static const char *const lists[] = { "movies", "halls" };
    static const uint16_t codes[] = { OP_MOVIE_SET, OP_HALL_SET };
    char where[CINEMAS_PATH], place[CINEMAS_PATH];
    json_t *fields = json_deep_copy(one);
    int64_t cinema = ctl_number(one, "cinema");
    snprintf(where, sizeof where, "cinemas[%zu]", index);
    if (cinema < 1)
        chain_wrong(self, where, "cinema: a number from 1 on");
    static const char *const not_fields[] = { "cinema", "movies", "halls", "card" };
    for (size_t i = 0; i < sizeof not_fields / sizeof not_fields[0]; i++)
        (void)json_object_del(fields, not_fields[i]);
    json_t *offsets = zone_offsets(ctl_text(one, "time_zone"));
    if (!offsets)
        chain_wrong(self, where, "time_zone: '%s' is of no zone that is known here",
                    ctl_text(one, "time_zone"));
    if (offsets && !json_object_get(fields, "offsets"))
        (void)json_object_set(fields, "offsets", offsets);
    json_decref(offsets);
    chain_add(self, OP_CINEMA_SET, (uint64_t)cinema, fields, where);
    for (size_t i = 0; i < 2; i++) {
        snprintf(place, sizeof place, "%.40s.%s", where, lists[i]);
        chain_read_list(self, codes[i], (uint64_t)cinema, json_object_get(one, lists[i]), place);
    }
    json_t *card = json_object_get(one, "card");
    snprintf(place, sizeof place, "%.40s.card", where);
    if (card)
        chain_add(self, OP_PRICE_SET, (uint64_t)cinema, json_pack("{s:O}", "card", card), place);
}

static void
chain_read(chain_t *self, const json_t *root)
{
    size_t index;
    json_t *one;
    const json_t *list = json_object_get(root, "cinemas");
    if (!json_is_array(list) || json_object_size(root) != 1)
        chain_wrong(self, "cinemas", "a list is wanted, and nothing else");
    json_array_foreach(list, index, one)
    {
        if (json_is_object(one))
            chain_read_cinema(self, one, index);
        else
            chain_wrong(self, "cinemas", "an object is wanted for each");
    }
}

/* ------------------------------------------------------------------ commands */

static ctl_exit_t
chain_set(chain_t *self)
{
    size_t index;
    json_t *step;
    json_array_foreach(self->steps, index, step)
    {
        json_t *reply;
        status_t status;
        ctl_exit_t outcome = ctl_try(self->ctl, (operation_code_t)programme_word(step, 0),
                                     (uint64_t)programme_word(step, 1),
                                     json_incref(json_array_get(step, 2)), &reply, &status);
        if (outcome != CTL_DONE)
            return outcome;
        if (status != STATUS_OK) {
            chain_wrong(self, programme_text(step, 3), "%s: %s %s", marquee_status_name(status),
                        ctl_text(reply, "field"), ctl_text(reply, "reason"));
            json_decref(reply);
            return ctl_say(CTL_REFUSED, "%zu of %zu were set before", index,
                           json_array_size(self->steps));
        }
        json_decref(reply);
    }
    return CTL_DONE;
}

static ctl_exit_t
cinemas_import(ctl_t *ctl)
{
    json_error_t error;
    chain_t self = { .ctl = ctl, .path = ctl->arguments[0], .good = true };
    json_t *root = strcmp(self.path, "-") == 0
                       ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                       : json_load_file(self.path, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return ctl_say(CTL_FAULT, "%s:%d: %s", self.path, error.line, error.text);
    self.steps = json_array();
    chain_read(&self, root);
    json_decref(root);
    ctl_exit_t outcome = self.good ? chain_set(&self) : ctl_say(CTL_REFUSED, "nothing was set");
    json_t *said = json_pack("{s:I}", "set", (json_int_t)json_array_size(self.steps));
    if (outcome == CTL_DONE && !ctl_print_json(ctl, said))
        printf("%zu cinemas, films, halls and price cards are set\n", json_array_size(self.steps));
    json_decref(said);
    json_decref(self.steps);
    return outcome;
}

/* The fields of a reply that an operation takes, but for those that are as if left out. */
static json_t *
cinemas_fields(const json_t *reply, operation_code_t code)
{
    json_t *fields = json_object(), *value;
    const char *name;
    const operation_t *operation = operation_of((uint16_t)code);
    json_object_foreach((json_t *)(uintptr_t)reply, name, value)
    {
        field_t field = field_named(name, strlen(name));
        field_set_t allowed = operation->required | operation->optional;
        bool empty = (json_is_integer(value) && json_integer_value(value) == 0) ||
                     (json_is_string(value) && json_string_length(value) == 0);
        if (field < FIELDS && field_in(allowed, field) &&
            !(empty && field_in(operation->optional, field)) && !json_is_boolean(value))
            (void)json_object_set(fields, name, value);
    }
    return fields;
}

static ctl_exit_t
cinemas_export_one(programme_t *self, json_t *cinema)
{
    json_t *movies = json_array(), *halls = json_array(), *one, *reply;
    size_t index;
    (void)json_object_set_new(cinema, "cinema", json_integer((json_int_t)self->cinema));
    (void)json_object_set_new(cinema, "movies", movies);
    (void)json_object_set_new(cinema, "halls", halls);
    json_array_foreach(self->movies, index, one)
    {
        json_t *fields = cinemas_fields(one, OP_MOVIE_SET);
        if (strcmp(ctl_text(one, "status"), "withdrawn") == 0)
            (void)json_object_set_new(fields, "withdrawn", json_true());
        (void)json_array_append_new(movies, fields);
    }
    json_array_foreach(self->halls, index, one)
    {
        ctl_exit_t outcome =
            ctl_ask(self->ctl, OP_HALL_GET, self->cinema,
                    json_pack("{s:O}", "hall_number", json_array_get(one, 0)), &reply);
        if (outcome != CTL_DONE)
            return outcome;
        (void)json_array_append_new(halls, cinemas_fields(reply, OP_HALL_SET));
        json_decref(reply);
    }
    ctl_exit_t outcome = ctl_ask(self->ctl, OP_PRICE_GET, self->cinema, NULL, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (json_array_size(json_object_get(reply, "card")))
        (void)json_object_set(cinema, "card", json_object_get(reply, "card"));
    json_decref(reply);
    return CTL_DONE;
}

static ctl_exit_t
cinemas_export(ctl_t *ctl)
{
    programme_t self;
    ctl_exit_t outcome = programme_open(&self, ctl);
    json_t *cinema = outcome == CTL_DONE ? cinemas_fields(self.house, OP_CINEMA_SET) : NULL;
    if (outcome == CTL_DONE)
        outcome = cinemas_export_one(&self, cinema);
    json_t *root = json_pack("{s:[o]}", "cinemas", cinema ? cinema : json_null());
    if (outcome == CTL_DONE) {
        (void)json_dumpf(root, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(root);
    programme_close(&self);
    return outcome;
}

static ctl_exit_t
cinemas_list(ctl_t *ctl)
{
    uint32_t first = ctl_partitions(ctl), all = ctl_partitions_all(ctl);
    json_t *list = json_array(), *row;
    size_t index;
    ctl_exit_t outcome = first ? CTL_DONE : CTL_FAULT;
    for (uint32_t i = first; i < all && outcome == CTL_DONE; i++) {
        for (int64_t from = 0, total = 1; from < total && outcome == CTL_DONE;) {
            json_t *reply;
            outcome =
                ctl_ask(ctl, OP_CINEMA_LIST, i,
                        json_pack("{s:I, s:i}", "from", (json_int_t)from, "limit", 500), &reply);
            if (outcome != CTL_DONE)
                break;
            json_t *page = json_object_get(reply, "cinemas");
            total = json_array_size(page) ? ctl_number(reply, "total") : 0;
            from += (int64_t)json_array_size(page);
            (void)json_array_extend(list, page);
            json_decref(reply);
        }
    }
    if (outcome == CTL_DONE && !ctl_print_json(ctl, list))
        json_array_foreach(list, index, row)
            printf("%10" PRId64 "  %-24s %s\n", programme_word(row, 0), programme_text(row, 2),
                   programme_text(row, 1));
    json_decref(list);
    return outcome;
}

const ctl_verb_t ctl_cinema_verbs[] = {
    { "cinemas", "list", "", 0, 0, 0, cinemas_list, "which there are" },
    { "cinemas", "import", "FILE", 1, 1, 0, cinemas_import,
      "set cinemas with their films, halls and price cards; - is stdin" },
    { "cinemas", "export", "", 0, 0, CTL_FLAG(CINEMA), cinemas_export,
      "print one as import takes it" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
