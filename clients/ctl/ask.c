/* ask - the way to the server; see ctl.h for the contract. */
#include "actors/ids.h"
#include "broker/mp.h"
#include "clients/ctl/ctl.h"
#include "clients/mpjson.h"
#include <czmq.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { ASK_BODY_ROOM = MARQUEE_BODY_MAX };

static const char *
ask_setting(const ctl_t *ctl, ctl_flag_t flag, const char *variable)
{
    const char *value = ctl->flags[flag] ? ctl->flags[flag] : getenv(variable);
    return value && *value ? value : NULL;
}

ctl_exit_t
ctl_connect(ctl_t *ctl)
{
    if (ctl->marquee)
        return CTL_DONE;
    marquee_options_t options = {
        .endpoint = ask_setting(ctl, CTL_FLAG_ENDPOINT, "MARQUEE_ENDPOINT"),
        .events = ask_setting(ctl, CTL_FLAG_EVENTS, "MARQUEE_EVENTS"),
        .timeout_ms = ctl->timeout_ms,
        .retry = true,
    };
    const char *path = ask_setting(ctl, CTL_FLAG_KEY, "MARQUEE_KEY");
    zcert_t *key = path ? zcert_load(path) : NULL;
    if (path && (!key || !zcert_meta(key, "server"))) {
        zcert_destroy(&key);
        return ctl_say(CTL_FAULT, "%s is not a client's certificate; `marquee keys new` makes one",
                       path);
    }
    if (key) {
        options.server_key = zcert_meta(key, "server");
        options.public_key = zcert_public_txt(key);
        options.secret_key = zcert_secret_txt(key);
    }
    ctl->marquee = marquee_new(&options);
    int fault = errno;
    zcert_destroy(&key);
    if (!ctl->marquee)
        return ctl_say(CTL_FAULT, "cannot connect to %s: %s",
                       options.endpoint ? options.endpoint : MARQUEE_ENDPOINT, zmq_strerror(fault));
    return CTL_DONE;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* The world's faults, against the trade's refusals. */
static bool
ask_is_fault(status_t status)
{
    return status == MARQUEE_NOT_SENT || status == MARQUEE_NO_ANSWER || status == STATUS_BUSY ||
           status == STATUS_UNAVAILABLE || status == STATUS_NO_SPACE ||
           status == STATUS_UNKNOWN_OUTCOME;
}

/* A number of milliseconds above this is a moment, below it a span: 1980. */
#define ASK_MOMENT_MS INT64_C(315532800000)

/* What the refusal says besides its name: "seat 55". */
static void
ask_details(const json_t *reply, char *text, size_t room)
{
    const char *key;
    json_t *value;
    size_t size = 0;
    text[0] = 0;
    json_object_foreach((json_t *)(uintptr_t)reply, key, value)
    {
        size_t name = strlen(key);
        bool moment = name > 3 && strcmp(key + name - 3, "_ms") == 0 && json_is_integer(value) &&
                      json_integer_value(value) > ASK_MOMENT_MS;
        char when[CTL_TIME_ROOM];
        char *said = moment ? strdup(ctl_time(when, json_integer_value(value), CTL_TIME_EXACT))
                            : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        bool plain = said && strcmp(key, "error") != 0;
        if (plain && size < room)
            size += (size_t)snprintf(text + size, room - size, "%s%.*s %s", size ? ", " : " (",
                                     (int)(moment ? name - 3 : name), key, said);
        free(said);
    }
    if (size && size < room)
        snprintf(text + size, room - size, ")");
}

static ctl_exit_t
ask_refusal(const ctl_t *ctl, status_t status, json_t *reply)
{
    char details[256];
    ask_details(reply, details, sizeof details);
    if (!json_object_size(reply))
        (void)json_object_set_new(reply, "error", json_string(marquee_status_name(status)));
    (void)ctl_print_json(ctl, reply);
    return ctl_say(ask_is_fault(status) ? CTL_FAULT : CTL_REFUSED, "%s: %s%s",
                   marquee_status_name(status), marquee_status_text(status), details);
}

static int
ask_send(ctl_t *ctl, operation_code_t code, uint64_t key, const json_t *fields,
         marquee_reply_t *reply)
{
    static uint8_t room[ASK_BODY_ROOM];
    pack_t pack;
    pack_init(&pack, room, sizeof room);
    bool good = !fields || mpjson_pack(&pack, fields);
    marquee_body_t body = {
        .data = room, .size = pack.size, .room = sizeof room, .overflow = pack.overflow
    };
    if (!good) {
        errno = EINVAL;
        return -1;
    }
    return marquee_ask(ctl->marquee, (uint16_t)code, key, fields ? &body : NULL, 0, reply);
}

ctl_exit_t
ctl_try(ctl_t *ctl, operation_code_t code, uint64_t key, json_t *fields, json_t **reply,
        status_t *status)
{
    marquee_reply_t answer;
    *reply = NULL;
    ctl_exit_t outcome = ctl_connect(ctl);
    int result = outcome == CTL_DONE ? ask_send(ctl, code, key, fields, &answer) : -1;
    int fault = errno;
    json_decref(fields);
    if (outcome != CTL_DONE)
        return outcome;
    if (result < 0)
        return ctl_say(CTL_FAULT, "%s: %s", operation_of((uint16_t)code)->name,
                       zmq_strerror(fault));
    *status = (status_t)result;
    *reply = mpjson_read(answer.body, answer.body_size);
    if (!json_is_object(*reply)) {
        json_decref(*reply);
        *reply = NULL;
        return ctl_say(CTL_FAULT, "%s: the server's answer cannot be read",
                       operation_of((uint16_t)code)->name);
    }
    return CTL_DONE;
}

/* Show times as they are at the cinema: where it is, the showtime knows. */
static void
ask_zone(ctl_t *ctl, operation_code_t code, uint64_t showtime)
{
    json_t *reply;
    status_t status;
    if (ctl->json || ctl->zone_of == showtime || code == OP_SHOWTIME_OPEN ||
        code == OP_SHOWTIME_GET || operation_of((uint16_t)code)->key != KEY_SHOWTIME)
        return;
    ctl->zone_of = showtime;
    if (ctl_try(ctl, OP_SHOWTIME_GET, showtime, NULL, &reply, &status) != CTL_DONE)
        return;
    ctl_zone(ctl_text(reply, "time_zone"));
    json_decref(reply);
}

ctl_exit_t
ctl_ask(ctl_t *ctl, operation_code_t code, uint64_t key, json_t *fields, json_t **reply)
{
    status_t status;
    ctl_exit_t outcome = ctl_try(ctl, code, key, fields, reply, &status);
    if (outcome == CTL_DONE)
        ask_zone(ctl, code, key);
    if (outcome != CTL_DONE || status == STATUS_OK)
        return outcome;
    outcome = ask_refusal(ctl, status, *reply);
    json_decref(*reply);
    *reply = NULL;
    return outcome;
}

uint32_t
ctl_partitions(ctl_t *ctl)
{
    json_t *reply;
    if (ctl_connect(ctl) == CTL_DONE && marquee_partitions(ctl->marquee) == 0 &&
        ctl_ask(ctl, OP_BROKER_STATUS, 0, NULL, &reply) == CTL_DONE)
        json_decref(reply);
    return ctl->marquee ? marquee_partitions(ctl->marquee) : 0;
}

uint32_t
ctl_partitions_all(ctl_t *ctl)
{
    uint32_t count = ctl_partitions(ctl);
    return count ? count + marquee_programmes(ctl->marquee) + marquee_members(ctl->marquee) : 0;
}

bool
ctl_lock_argument(const ctl_t *ctl, int index, uint64_t *showtime, uint64_t *lock)
{
    const char *text = ctl->arguments[index];
    const char *slash = strchr(text, '/');
    char left[24] = "";
    if (slash && (size_t)(slash - text) < sizeof left)
        memcpy(left, text, (size_t)(slash - text));
    if (slash && ctl_parse_u64(left, showtime) && ctl_parse_u64(slash + 1, lock))
        return true;
    ctl_say(CTL_USAGE, "a lock is SHOWTIME/NUMBER as `seats lock` prints it, not '%s'", text);
    return false;
}

bool
ctl_order_argument(const ctl_t *ctl, int index, uint64_t *showtime)
{
    if (ids_order_showtime(ctl->arguments[index], showtime))
        return true;
    ctl_say(CTL_USAGE, "'%s' is not an order id, or it is mistyped", ctl->arguments[index]);
    return false;
}
