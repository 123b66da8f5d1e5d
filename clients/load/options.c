/* options - see options.h for the contract. */
#include "clients/load/options.h"
#include "broker/wire.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const scenario_names[LOAD_SCENARIOS] = {
    [LOAD_RUSH] = "rush",         [LOAD_HOT] = "hot",   [LOAD_UNIFORM] = "uniform",
    [LOAD_PURCHASE] = "purchase", [LOAD_LOOK] = "look", [LOAD_ECHO] = "echo",
};

typedef enum {
    OPTION_U32,
    OPTION_U64,
    OPTION_TEXT,
    OPTION_FLAG,
    OPTION_NO_FLAG,
    OPTION_SCENARIO
} option_type_t;

static const struct {
    const char *name, *value;
    option_type_t type;
    size_t offset;
    uint64_t min, max;
    const char *help;
} option_rows[] = {
#define AT(member) offsetof(load_options_t, member)
    { "--scenario", "NAME", OPTION_SCENARIO, AT(scenario), 0, 0,
      "rush: all want one showtime; hot: 20; uniform: 2,000;\n"
      "                    purchase: lock, order, pay, ticket; look: read a showtime of 20;\n"
      "                    echo: hot's bytes at an echo server" },
    { "--showtimes", "N", OPTION_U32, AT(showtimes), 1, 10000,
      "how many the scenario spreads over, purchase excepted" },
    { "--clients", "N", OPTION_U32, AT(clients), 1, LOAD_CLIENTS_MAX, "connections (64)" },
    { "--inflight", "N", OPTION_U32, AT(inflight), 1, LOAD_INFLIGHT_MAX,
      "commands in flight on each (16)" },
    { "--seconds", "S", OPTION_U32, AT(seconds), 1, 3600, "how long to measure (8)" },
    { "--warm-ms", "MS", OPTION_U32, AT(warm_ms), 0, 60000, "load before measuring begins (500)" },
    { "--rate", "R", OPTION_U64, AT(rate), 0, 100000000,
      "commands a second in all, latency from the intended time (0: closed loop)" },
    { "--storm", NULL, OPTION_FLAG, AT(storm), 0, 0,
      "offer --rate whatever comes back: what is turned away is not tried again" },
    { "--pack", "N", OPTION_U32, AT(pack), 1, WIRE_RECORDS_MAX, "commands in one message (1)" },
    { "--threads", "N", OPTION_U32, AT(threads), 1, 64,
      "threads that the clients are spread on (1)" },
    { "--deadline-ms", "MS", OPTION_U32, AT(deadline_ms), 10, WIRE_DEADLINE_HORIZON_MS - 1000,
      "a command's time to be begun in (2000)" },
    { "--endpoint", "E", OPTION_TEXT, AT(endpoint), 0, 0, "of the server (tcp://127.0.0.1:5570)" },
    { "--base", "ID", OPTION_U64, AT(base), 1, INT64_MAX,
      "id of the first showtime (by the clock)" },
    { "--setup", NULL, OPTION_FLAG, AT(setup), 0, 0, "open the showtimes first (the default)" },
    { "--no-setup", NULL, OPTION_NO_FLAG, AT(setup), 0, 0, "they are open already" },
    { "--history", "FILE", OPTION_TEXT, AT(history), 0, 0,
      "write every call and its answer to FILE, for a checker of histories" },
    { "--marks", NULL, OPTION_FLAG, AT(marks), 0, 0,
      "say on standard error when measuring begins and ends" },
    { "--json", NULL, OPTION_FLAG, AT(json), 0, 0, "one JSON object instead of a table" },
#undef AT
};

const char *
options_scenario_name(load_scenario_t scenario)
{
    return scenario_names[scenario];
}

static void
options_help(void)
{
    printf("marquee-load - many buyers at once: what the server carries, and whether it keeps its "
           "word\n\n");
    for (size_t i = 0; i < sizeof option_rows / sizeof option_rows[0]; i++)
        printf("  %-11s %-5s %s\n", option_rows[i].name,
               option_rows[i].value ? option_rows[i].value : "", option_rows[i].help);
    printf("  %-11s %-5s %s\n", "--help", "", "this");
}

static int
options_number(size_t row, const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || *value < option_rows[row].min ||
        *value > option_rows[row].max) {
        fprintf(stderr, "marquee-load: %s wants a number from %llu to %llu, not %s\n",
                option_rows[row].name, (unsigned long long)option_rows[row].min,
                (unsigned long long)option_rows[row].max, text);
        return -1;
    }
    return 0;
}

static int
options_scenario(const char *text, load_scenario_t *scenario)
{
    for (uint32_t i = 0; i < LOAD_SCENARIOS; i++) {
        if (strcmp(text, scenario_names[i]) == 0) {
            *scenario = (load_scenario_t)i;
            return 0;
        }
    }
    fprintf(stderr, "marquee-load: there is no scenario %s\n", text);
    return -1;
}

static int
options_set(load_options_t *options, size_t row, const char *text)
{
    void *to = (char *)options + option_rows[row].offset;
    uint64_t value = 0;
    switch (option_rows[row].type) {
    case OPTION_U32:
    case OPTION_U64:
        if (options_number(row, text, &value))
            return -1;
        if (option_rows[row].type == OPTION_U32)
            *(uint32_t *)to = (uint32_t)value;
        else
            *(uint64_t *)to = value;
        return 0;
    case OPTION_TEXT:
        *(const char **)to = text;
        return 0;
    case OPTION_FLAG:
        *(bool *)to = true;
        return 0;
    case OPTION_NO_FLAG:
        *(bool *)to = false;
        return 0;
    case OPTION_SCENARIO:
        return options_scenario(text, to);
    }
    return -1;
}

int
options_read(load_options_t *options, int count, char **words)
{
    *options = (load_options_t){
        .endpoint = "tcp://127.0.0.1:5570",
        .scenario = LOAD_HOT,
        .clients = 64,
        .inflight = 16,
        .threads = 1,
        .pack = 1,
        .seconds = 8,
        .warm_ms = 500,
        .deadline_ms = 2000,
        .setup = true,
    };
    options->base = (uint64_t)(load_now_ns(CLOCK_REALTIME) / 1000);
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--help") == 0) {
            options_help();
            return 1;
        }
        size_t row = 0;
        while (row < sizeof option_rows / sizeof option_rows[0] &&
               strcmp(words[i], option_rows[row].name) != 0)
            row++;
        if (row == sizeof option_rows / sizeof option_rows[0]) {
            fprintf(stderr, "marquee-load: there is no option %s (try --help)\n", words[i]);
            return -1;
        }
        if (option_rows[row].value && ++i == count) {
            fprintf(stderr, "marquee-load: %s wants a value\n", option_rows[row].name);
            return -1;
        }
        if (options_set(options, row, words[i]))
            return -1;
    }
    if (options->history && options->scenario == LOAD_ECHO) {
        fprintf(stderr, "marquee-load: an echo has no history\n");
        return -1;
    }
    if (options->storm && options->rate == 0) {
        fprintf(stderr, "marquee-load: a storm wants a --rate\n");
        return -1;
    }
    if (options->threads > options->clients)
        options->threads = options->clients;
    return 0;
}
