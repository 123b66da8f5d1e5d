/* replay - see replay.h for the contract. */
#include "tests/crash/replay.h"
#include "actors/rebuild.h"
#include "actors/site.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { REPLAY_PATH_MAX = 1024 };
_Static_assert((int)REPLAY_ERROR_MAX >= (int)STATE_ERROR_MAX &&
                   (int)REPLAY_ERROR_MAX >= (int)SITE_ERROR_MAX,
               "one buffer takes every sentence");

static void
replay_fatal(void *argument, const char *what)
{
    (void)argument;
    fprintf(stderr, "crash: %s\n", what);
    abort();
}

static void
replay_event(void *argument, uint16_t operation, uint64_t showtime, uint64_t number,
             const void *body, uint32_t size)
{
    (void)argument, (void)operation, (void)showtime, (void)number, (void)body, (void)size;
}

static void
replay_resolved(void *argument, const reply_t *reply)
{
    (void)argument, (void)reply;
}

/* Nobody listens to a replay. */
static bool
replay_followed(void *argument, uint64_t showtime)
{
    (void)argument, (void)showtime;
    return false;
}

static const sink_t replay_sink = { .followed = replay_followed,
                                    .event = replay_event,
                                    .tell = replay_event,
                                    .resolved = replay_resolved };

static int
replay_live(const site_t *site, const char *directory, uint64_t *sequence, uint8_t digest[32],
            char *error)
{
    state_options_t options = { .directory = directory,
                                .partition = site->partition,
                                .partitions = site_stamp(site, site->partition),
                                .apply_version = APPLY_VERSION,
                                .inline_io = true,
                                .read_only = true,
                                .fatal = replay_fatal };
    memcpy(options.site, site->id, sizeof options.site);
    state_t *state = NULL;
    if (state_open(&state, &options, error))
        return -1;
    *sequence = state_sequence(state);
    int result = state_digest(state, digest, error);
    state_close(&state);
    return result;
}

static int
replay_partition(const site_t *site, const char *directory, const char *scratch, char *error)
{
    char journal[REPLAY_PATH_MAX], live[REPLAY_PATH_MAX], anew[REPLAY_PATH_MAX];
    snprintf(journal, sizeof journal, "%s/partition-%04u/journal", directory, site->partition);
    snprintf(live, sizeof live, "%s/partition-%04u/state", directory, site->partition);
    snprintf(anew, sizeof anew, "%s/partition-%04u", scratch, site->partition);
    if (mkdir(anew, 0700)) {
        snprintf(error, REPLAY_ERROR_MAX, "%.200s: %s", anew, strerror(errno));
        return -1;
    }
    rebuild_options_t options = { .journal = journal,
                                  .scratch = anew,
                                  .site = *site,
                                  .through = UINT64_MAX,
                                  .sink = &replay_sink,
                                  .fatal = replay_fatal };
    uint8_t was[32], is[32];
    uint64_t sequence;
    state_t *state = NULL;
    if (replay_live(site, live, &sequence, was, error) || rebuild_run(&options, &state, error))
        return -1;
    int result = state_digest(state, is, error);
    if (result == 0 && (sequence != state_sequence(state) || memcmp(was, is, sizeof is) != 0)) {
        snprintf(error, REPLAY_ERROR_MAX,
                 "partition %u: the state at entry %llu is not what its journal makes (entry %llu)",
                 site->partition, (unsigned long long)sequence,
                 (unsigned long long)state_sequence(state));
        result = -1;
    }
    state_close(&state);
    return result;
}

int
replay_check(const char *directory, const char *scratch, uint32_t partitions,
             char error[REPLAY_ERROR_MAX])
{
    site_t site;
    if (site_load(&site, directory, &(shard_map_t){ .partitions = partitions }, error))
        return -1;
    if (mkdir(scratch, 0700)) {
        snprintf(error, REPLAY_ERROR_MAX, "%.200s: %s", scratch, strerror(errno));
        return -1;
    }
    for (site.partition = 0; site.partition < site_count(&site); site.partition++)
        if (replay_partition(&site, directory, scratch, error))
            return -1;
    return 0;
}
