/* marqueed - broker and actors in one process. */
#include "actors/actor.h"
#include "actors/conf.h"
#include "actors/sandbox_actor.h"
#include "actors/site.h"
#include "broker/broker.h"
#include "clients/zone_load.h"
#include <czmq.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_FAULT = 3,
    MARQUEED_FILES = 100000,
    QUIET_SEGMENT_MB = 8
};

typedef struct {
    zpl_t conf;
    site_t site;
    broker_options_t broker_options;
    zactor_t *broker, *sandbox;
    partition_options_t *partitions;
    char (*directories)[1024];
    actor_options_t *actor_options;
    zactor_t **actors;
    uint32_t actor_count;
    zone_t zone; /* of members' days */
    bool echo, check;
} marqueed_t;

static const char usage[] =
    "usage: marqueed [-c FILE] [--set SECTION/KEY=VALUE]... [--check] [--echo]\n"
    "\n"
    "Serve a Marquee site: broker and actors in one process.\n"
    "\n"
    "  -c, --config FILE   read the configuration (ZPL) from FILE\n"
    "  -s, --set K=V       set one key, over the file\n"
    "      --check         recover and checkpoint every partition, then end\n"
    "      --echo          answer every command with its own body, to measure the way\n"
    "  -k, --keys          list the configuration's keys\n"
    "  -h, --help          this text\n"
    "  -V, --version       the version\n"
    "\n"
    "Prints \"ready clients=ENDPOINT events=ENDPOINT\" when it serves. SIGTERM and SIGINT stop it\n"
    "cleanly. Exit status: 0 stopped, 1 refused to start, 2 usage or configuration, 3 fault.\n";

static int
marqueed_fail(const char *error)
{
    fprintf(stderr, "marqueed: %s\n", error);
    return EXIT_USAGE;
}

/* -1: go on; else the exit status. */
static int
marqueed_arguments(marqueed_t *self, int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' }, { "set", required_argument, NULL, 's' },
        { "check", no_argument, NULL, 'C' },        { "echo", no_argument, NULL, 'E' },
        { "keys", no_argument, NULL, 'k' },         { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },      { NULL, 0, NULL, 0 },
    };
    char error[ZPL_ERROR_MAX];
    conf_defaults(&self->conf);
    for (int pass = 0; pass < 2; pass++) { /* the file first, whatever the order */
        optind = 1;
        for (int c; (c = getopt_long(argc, argv, "c:s:khV", options, NULL)) != -1;) {
            if (c == 'h' || c == 'V' || c == 'k') {
                if (c == 'k')
                    zpl_help(&self->conf);
                else
                    fputs(c == 'h' ? usage : "marqueed 0.1.0\n", stdout);
                return 0;
            }
            if (c == '?')
                return marqueed_fail("see marqueed --help");
            if (c == 'c' && pass == 0 && zpl_load(&self->conf, optarg, error) != 0)
                return marqueed_fail(error);
            if (c == 's' && pass == 1 && zpl_set(&self->conf, optarg, error) != 0)
                return marqueed_fail(error);
            self->echo |= c == 'E';
            self->check |= c == 'C';
        }
    }
    if (optind != argc)
        return marqueed_fail("see marqueed --help");
    return zpl_check(&self->conf, error) == 0 ? -1 : marqueed_fail(error);
}

/* Every connection is a descriptor; libzmq's own bound follows. */
static void
marqueed_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    rlim_t wanted = MARQUEED_FILES < limit.rlim_max ? MARQUEED_FILES : limit.rlim_max;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            zsys_warning("cannot raise the descriptor limit: %s", strerror(errno));
    }
    zsys_set_max_sockets(1024);
}

static uint32_t
marqueed_actor_count(const marqueed_t *self)
{
    int64_t wanted = self->conf.number[CONF_site_actors];
    if (!wanted)
        wanted = sysconf(_SC_NPROCESSORS_ONLN) - 1;
    if (wanted < 1)
        wanted = 1;
    uint32_t most = site_count(&self->site);
    return wanted < most ? (uint32_t)wanted : most;
}

/* A programme changes seldom, and members little: room for a year of it need not be written ahead.
 */
static int64_t
marqueed_segment_mb(const marqueed_t *self, uint32_t number)
{
    int64_t wanted = self->conf.number[CONF_store_segment_mb];
    bool quiet = site_role(&self->site, number) != KEY_SHOWTIME;
    return quiet && wanted > QUIET_SEGMENT_MB ? QUIET_SEGMENT_MB : wanted;
}

static partition_options_t
marqueed_partition(marqueed_t *self, uint32_t number)
{
    const zpl_t *conf = &self->conf;
    snprintf(self->directories[number], sizeof self->directories[number], "%s/partition-%04u",
             conf->text[CONF_site_directory], number);
    partition_options_t options = {
        .directory = self->directories[number],
        .site = self->site,
        .rules = { .cap = (uint32_t)conf->number[CONF_sale_cap],
                   .lock_ms = conf->number[CONF_sale_lock_ms],
                   .ceiling_ms = conf->number[CONF_sale_ceiling_ms],
                   .gap_rule = conf->number[CONF_sale_gap_rule] != 0,
                   .providers = conf_providers(conf->text[CONF_sale_providers]) },
        .zone = &self->zone,
        .segment_bytes = (size_t)marqueed_segment_mb(self, number) << 20,
        .cache_bytes = (size_t)conf->number[CONF_store_cache_mb] << 20,
        .replies_bytes = (size_t)conf->number[CONF_store_replies_mb] << 20,
        .journal_policy =
            streq(conf->text[CONF_store_journal], "drop") ? JOURNAL_DROP : JOURNAL_ARCHIVE,
        .checkpoint_ms = conf->number[CONF_store_checkpoint_ms],
    };
    options.site.partition = number;
    return options;
}

static bool
marqueed_start_broker(marqueed_t *self)
{
    const zpl_t *conf = &self->conf;
    self->broker_options = (broker_options_t){
        .clients = conf->text[CONF_broker_clients],
        .events = conf->text[CONF_broker_events],
        .bridges = conf->text[CONF_broker_bridges],
        .senders = conf->text[CONF_broker_senders],
        .cashiers = conf->text[CONF_broker_cashiers],
        .secure_clients = conf->text[CONF_broker_secure_clients],
        .secure_events = conf->text[CONF_broker_secure_events],
        .actors = "",
        .actor_events = "",
        .keys = conf->text[CONF_broker_keys],
        .role = role_named(conf->text[CONF_broker_role]),
        .map = site_map(&self->site),
        .in_flight_max = (uint32_t)conf->number[CONF_broker_in_flight],
        .retry_ms = (uint32_t)conf->number[CONF_broker_retry_ms],
    };
    self->broker = zactor_new(broker_actor, &self->broker_options);
    return self->broker && zsock_wait(self->broker) == 0;
}

/* Partitions go to the actors in turn. All recover side by side. */
static bool
marqueed_start_actors(marqueed_t *self)
{
    self->actor_count = marqueed_actor_count(self);
    self->partitions = calloc(site_count(&self->site), sizeof *self->partitions);
    self->directories = calloc(site_count(&self->site), sizeof *self->directories);
    self->actor_options = calloc(self->actor_count, sizeof *self->actor_options);
    self->actors = calloc(self->actor_count, sizeof(zactor_t *));
    if (!self->partitions || !self->directories || !self->actor_options || !self->actors)
        return false;
    uint32_t at = 0;
    for (uint32_t i = 0; i < self->actor_count; i++) {
        actor_options_t *options = &self->actor_options[i];
        *options = (actor_options_t){ .commands = BROKER_INSIDE,
                                      .events = BROKER_INSIDE_EVENTS,
                                      .partitions = &self->partitions[at],
                                      .echo = self->echo };
        for (uint32_t number = i; number < site_count(&self->site); number += self->actor_count) {
            self->partitions[at++] = marqueed_partition(self, number);
            options->partition_count++;
        }
        self->actors[i] = zactor_new(actor_run, options);
    }
    bool good = true;
    for (uint32_t i = 0; i < self->actor_count; i++)
        good = zsock_wait(self->actors[i]) == 0 && good;
    return good;
}

static void
marqueed_stop(marqueed_t *self)
{
    zactor_destroy(&self->sandbox);
    for (uint32_t i = 0; self->actors && i < self->actor_count; i++)
        zactor_destroy(&self->actors[i]);
    zactor_destroy(&self->broker);
    free(self->actors);
    free(self->actor_options);
    free(self->partitions);
    free(self->directories);
}

/* The zone's changes from now on: a day that is over is never counted again. */
static bool
marqueed_load_zone(marqueed_t *self)
{
    const char *name = self->conf.text[CONF_member_time_zone];
    static zone_t all;
    int rc = zone_load(&all, name);
    if (rc != 0) {
        fprintf(stderr, "marqueed: member/time_zone: no zone '%s' here: %s; is tzdata installed?\n",
                name, strerror(-rc));
        return false;
    }
    const int64_t now_s = time(NULL);
    self->zone = (zone_t){ .first_offset_s = zone_offset_s(&all, now_s * 1000) };
    for (uint32_t i = 0; i < all.count; i++) {
        if (all.at_s[i] <= now_s)
            continue;
        self->zone.at_s[self->zone.count] = all.at_s[i];
        self->zone.offset_s[self->zone.count++] = all.offset_s[i];
    }
    return true;
}

static bool
marqueed_start(marqueed_t *self)
{
    char error[SITE_ERROR_MAX];
    if (!marqueed_load_zone(self))
        return false;
    const shard_map_t wanted = { (uint32_t)self->conf.number[CONF_site_partitions],
                                 (uint32_t)self->conf.number[CONF_site_programmes],
                                 (uint32_t)self->conf.number[CONF_site_members] };
    if (site_load(&self->site, self->conf.text[CONF_site_directory], &wanted, error) != 0) {
        fprintf(stderr, "marqueed: %s\n", error);
        return false;
    }
    if (!marqueed_start_broker(self) || !marqueed_start_actors(self))
        return false;
    self->sandbox = self->echo ? NULL : zactor_new(sandbox_run, NULL);
    return self->echo || (self->sandbox && zsock_wait(self->sandbox) == 0);
}

static void
marqueed_serve(marqueed_t *self, int signals)
{
    char *clients, *events, *secure, *bridges, *senders;
    zstr_sendx(self->broker, "ENDPOINTS", NULL);
    if (zstr_recvx(self->broker, &clients, &events, &secure, &bridges, &senders, NULL) != 5)
        return;
    printf("ready clients=%s events=%s%s%s%s%s%s%s\n", clients, events, *secure ? " secure=" : "",
           secure, *bridges ? " bridges=" : "", bridges, *senders ? " senders=" : "", senders);
    fflush(stdout);
    zstr_free(&clients);
    zstr_free(&events);
    zstr_free(&secure);
    zstr_free(&bridges);
    zstr_free(&senders);
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) < 0 && errno == EINTR)
        ;
}

int
main(int argc, char **argv)
{
    static marqueed_t self;
    if (!zsys_init())
        return EXIT_FAULT;
    zsys_set_logstream(stderr);
    int status = marqueed_arguments(&self, argc, argv);
    if (status >= 0)
        return status;
    /* czmq's handlers are off; every thread inherits the mask, and main reads the signals. */
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    int signals = -1;
    if (sigprocmask(SIG_BLOCK, &mask, NULL) == 0)
        signals = signalfd(-1, &mask, SFD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    zsys_handler_set(NULL);
    marqueed_limits();
    if (signals < 0 || sodium_init() < 0)
        return EXIT_FAULT;
    zsys_set_logident("marqueed");
    status = EXIT_REFUSED;
    if (marqueed_start(&self)) {
        status = 0;
        if (!self.check)
            marqueed_serve(&self, signals);
    }
    marqueed_stop(&self);
    return status;
}
