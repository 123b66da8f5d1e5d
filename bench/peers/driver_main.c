/* peers-postgres, peers-redis - drive another store with marquee-load's buyers, measure it, and
 * compare what was acknowledged with its seats in the end.
 *
 *     peers-NAME ENDPOINT SCENARIO CLIENTS INFLIGHT SHOWTIMES SECONDS WARM_MS
 *
 * ENDPOINT is postgres's conninfo, or redis's port on loopback. SHOWTIMES is how many the scenario
 * spreads over; a purchase must find enough of them for all it sells. Prints one JSON object with
 * the names that marquee-load's has. Exit: 0 done, 1 the store broke its word, 2 usage, 3 fault. */
#include "bench/peers/driver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { EXIT_DONE, EXIT_BROKEN_WORD, EXIT_USAGE, EXIT_FAULT };
enum { WORD_ENDPOINT = 1, WORD_SCENARIO, WORD_NUMBERS, WORDS = 8 };

static const struct {
    const char *name;
    load_scenario_t scenario;
} scenarios[] = { { "rush", LOAD_RUSH },
                  { "hot", LOAD_HOT },
                  { "uniform", LOAD_UNIFORM },
                  { "purchase", LOAD_PURCHASE } };
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

static const char *
main_scenario_name(load_scenario_t scenario)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        if (scenarios[i].scenario == scenario)
            return scenarios[i].name;
    return "unknown";
}

static bool
main_read(driver_t *driver, int count, char **words)
{
    const struct {
        uint32_t *to, min, max;
    } numbers[] = {
        { &driver->clients, 1, LOAD_CLIENTS_MAX },
        { &driver->inflight, 1, LOAD_INFLIGHT_MAX },
        { &driver->showtimes, 1, LOAD_SHOWTIMES_MAX },
        { &driver->seconds, 1, 3600 },
        { &driver->warm_ms, 0, 60000 },
    };
    if (count != WORDS)
        return false;
    driver->endpoint = words[WORD_ENDPOINT];
    driver->scenario = LOAD_SCENARIOS;
    for (size_t i = 0; i < SCENARIOS; i++)
        if (strcmp(words[WORD_SCENARIO], scenarios[i].name) == 0)
            driver->scenario = scenarios[i].scenario;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char *end;
        unsigned long value = strtoul(words[WORD_NUMBERS + i], &end, 10);
        if (*end || value < numbers[i].min || value > numbers[i].max)
            return false;
        *numbers[i].to = (uint32_t)value;
    }
    return driver->scenario != LOAD_SCENARIOS;
}

static int
main_fault(const char *what)
{
    fprintf(stderr, "peers-%s: %s\n", peer_name, what);
    return -1;
}

/* Compare all showtimes that anybody had a seat of. */
static int
main_check(driver_t *driver, peer_t *peer)
{
    uint8_t states[LOAD_SEATS];
    for (uint32_t i = 0; i < driver->showtimes; i++) {
        if (!ledger_touched(driver->ledger, i))
            continue;
        if (peer_map(peer, i, states))
            return main_fault(peer_error(peer));
        for (uint32_t seat = 1; seat <= LOAD_SEATS; seat++)
            ledger_compare(driver->ledger, i, seat, states[seat - 1]);
    }
    return 0;
}

/* Set up or check over a connection of its own: servers close those that are idle for long. */
static int
main_aside(driver_t *driver, bool check)
{
    char error[PEER_ERROR_MAX] = "";
    peer_t *peer = peer_new(driver->endpoint, error);
    if (!peer)
        return main_fault(error);
    int result = 0;
    if (check)
        result = main_check(driver, peer);
    else if (peer_setup(peer, driver->showtimes))
        result = main_fault(peer_error(peer));
    peer_destroy(&peer);
    return result;
}

static int
main_drive(driver_t *driver)
{
    int result = main_aside(driver, false);
    if (result == 0 && (driver_open(driver) || driver_run(driver)))
        result = main_fault(driver->error);
    driver_close(driver);
    return result ? result : main_aside(driver, true);
}

static double
main_us(const driver_t *driver, uint32_t per_mille)
{
    return (double)(histogram_at(&driver->histogram, per_mille) / 100) / 10.0;
}

static int
main_print(const driver_t *driver)
{
    double seconds = (double)(driver->measure_last_ns - driver->measure_first_ns) / 1e9;
    printf("{\"scenario\": \"%s\", \"clients\": %u, \"inflight\": %u, \"accepted\": %llu, "
           "\"refused\": %llu, \"unanswered\": %llu, \"oversold\": %llu, \"lost\": %llu, "
           "\"seconds\": %.6f, \"commands_per_s\": %.1f, \"p50_us\": %.1f, \"p90_us\": %.1f, "
           "\"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f}\n",
           main_scenario_name(driver->scenario), driver->clients, driver->inflight,
           (unsigned long long)driver->accepted, (unsigned long long)driver->refused,
           (unsigned long long)driver->unanswered,
           (unsigned long long)ledger_oversold(driver->ledger),
           (unsigned long long)ledger_lost(driver->ledger), seconds,
           (double)(driver->accepted + driver->refused) / seconds, main_us(driver, 500),
           main_us(driver, 900), main_us(driver, 990), main_us(driver, 999),
           (double)(driver->histogram.max_ns / 100) / 10.0);
    return fflush(stdout) == 0 ? 0 : -1;
}

int
main(int count, char **words)
{
    static driver_t driver;
    if (!main_read(&driver, count, words)) {
        fprintf(stderr,
                "usage: peers-%s ENDPOINT rush|hot|uniform|purchase CLIENTS INFLIGHT SHOWTIMES "
                "SECONDS WARM_MS\n",
                peer_name);
        return EXIT_USAGE;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    driver.ledger = ledger_new();
    int result = EXIT_FAULT;
    if (!driver.ledger || !ledger_grow(driver.ledger, driver.showtimes)) {
        (void)main_fault("no memory for the ledger");
    } else if (main_drive(&driver) == 0 && main_print(&driver) == 0) {
        bool kept = ledger_oversold(driver.ledger) == 0 && ledger_lost(driver.ledger) == 0;
        result = kept && driver.unanswered == 0 ? EXIT_DONE : EXIT_BROKEN_WORD;
    }
    ledger_destroy(&driver.ledger);
    return result;
}
