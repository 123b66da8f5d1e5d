/* status - what the broker and the partitions say of themselves; see ctl.h. */
#include "broker/wire.h"
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* [number, up, in flight, sequence] */
static int64_t
status_item(const json_t *row, size_t index)
{
    const json_t *value = json_array_get(row, index);
    return json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
}

static int64_t
status_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static ctl_exit_t
status_show(ctl_t *ctl)
{
    json_t *reply, *row, *value;
    const char *key;
    size_t index;
    size_t up = 0;
    uint64_t in_flight = 0; /* a sum of what a server says: it may wrap, signed may not */
    /* The first call connects and says hello, the second one is a round trip. */
    if (!ctl_partitions(ctl))
        return CTL_FAULT;
    int64_t before_us = status_now_us();
    ctl_exit_t outcome = ctl_ask(ctl, OP_BROKER_STATUS, 0, NULL, &reply);
    int64_t took_us = status_now_us() - before_us;
    if (outcome != CTL_DONE)
        return outcome;
    const json_t *partitions = json_object_get(reply, "partitions");
    json_array_foreach(partitions, index, row)
    {
        up += status_item(row, 1) != 0;
        in_flight += (uint64_t)status_item(row, 2);
    }
    size_t count = json_array_size(partitions);
    if (!ctl_print_json(ctl, reply)) {
        printf("%-12s %zu of %zu up\n%-12s %" PRIu64 "\n%-12s %s\n%-12s %" PRId64 " us\n",
               "partitions", up, count, "in flight", in_flight, "our role",
               marquee_role(ctl->marquee), "round trip", took_us);
        json_object_foreach(reply, key, value) if (!json_is_array(value))
            printf("%-12s %" PRId64 "\n", key, ctl_number(reply, key));
    }
    json_decref(reply);
    if (up == count)
        return CTL_DONE;
    return ctl_say(CTL_FAULT, "%zu partitions have no actor", count - up);
}

/* Columns of `partitions list`: a counter of stats, what it is called, how it is written. */
static const struct {
    const char *field, *name;
    bool bytes;
} status_columns[] = {
    { "sequence", "sequence", false },       { "checkpoint", "checkpoint", false },
    { "commands", "commands", false },       { "accepted", "accepted", false },
    { "refused", "refused", false },         { "reads", "reads", false },
    { "journal_bytes", "journal", true },    { "segments", "segments", false },
    { "map_used_bytes", "state", true },     { "cache_bytes", "cache", true },
    { "append_max_us", "append us", false }, { "checkpoint_max_us", "check us", false },
};
enum { STATUS_COLUMNS = sizeof status_columns / sizeof status_columns[0] };

static void
status_print_cell(int64_t value, bool bytes)
{
    char text[32];
    if (bytes)
        snprintf(text, sizeof text, "%.1f MB", (double)value / 1e6);
    else
        snprintf(text, sizeof text, "%" PRId64, value);
    printf("  %10s", text);
}

static ctl_exit_t
status_partitions(ctl_t *ctl)
{
    uint32_t count = ctl_partitions_all(ctl);
    if (!count)
        return CTL_FAULT;
    json_t *all = json_array();
    ctl_exit_t outcome = CTL_DONE;
    for (uint32_t i = 0; i < count && outcome == CTL_DONE; i++) {
        json_t *stats;
        outcome = ctl_ask(ctl, OP_STATS, i, NULL, &stats);
        if (outcome == CTL_DONE)
            (void)json_array_append_new(all, stats);
    }
    if (outcome == CTL_DONE && !ctl_print_json(ctl, all)) {
        printf("%9s", "partition");
        for (size_t i = 0; i < STATUS_COLUMNS; i++)
            printf("  %10s", status_columns[i].name);
        putchar('\n');
        size_t number;
        json_t *stats;
        json_array_foreach(all, number, stats)
        {
            printf("%9zu", number);
            for (size_t i = 0; i < STATUS_COLUMNS; i++)
                status_print_cell(ctl_number(stats, status_columns[i].field),
                                  status_columns[i].bytes);
            putchar('\n');
        }
    }
    json_decref(all);
    return outcome;
}

static ctl_exit_t
status_keys(ctl_t *ctl)
{
    json_t *reply, *key;
    size_t index;
    ctl_exit_t outcome = ctl_ask(ctl, OP_SITE_KEYS, 0, NULL, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply))
        json_array_foreach(json_object_get(reply, "keys"), index, key)
        {
            const char *id = json_string_value(json_array_get(key, 0));
            const char *hex = json_string_value(json_array_get(key, 1));
            printf("%s  %s\n", id ? id : "", hex ? hex : "");
        }
    json_decref(reply);
    return CTL_DONE;
}

const ctl_verb_t ctl_status_verbs[] = {
    { "status", NULL, "", 0, 0, 0, status_show, "is the server well, and how far away" },
    { "partitions", "list", "", 0, 0, 0, status_partitions,
      "sequence, journal, memory and counters of each partition" },
    { "site", "keys", "", 0, 0, 0, status_keys,
      "the public keys that check offline tickets: id, Ed25519 key" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
