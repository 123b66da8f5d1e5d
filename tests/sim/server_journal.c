/* server_journal - a partition's journal on the simulated disk: the local backend, slowed down. */
#include "tests/sim/judge.h"
#include "tests/sim/server_inside.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t life, number;
} done_t;

static post_t *
slow_post(const slow_journal_t *self)
{
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++)
        if (sim_now->server->posts[i].journal == self)
            return &sim_now->server->posts[i];
    abort();
}

static void
slow_figures_of_base(slow_journal_t *self)
{
    self->base.trouble = self->inner->trouble;
    self->base.first = self->inner->first;
    self->base.last = self->inner->last;
    self->base.now_ms = self->inner->now_ms;
}

static void
slow_perform(slow_journal_t *self)
{
    self->performed = true;
    self->inner->append(self->inner, self->entry);
}

/* The disk's time is over. */
static void
slow_done(sim_t *sim, void *note)
{
    const done_t *done = note;
    server_t *server = sim->server;
    post_t *post = &server->posts[done->number];
    if (!server->up || done->life != server->life || !post->journal->entry ||
        post->journal->performed)
        return;
    slow_perform(post->journal);
    server_guarded(sim, server_turn, post);
}

static void
slow_append(journal_t *base, journal_entry_t *entry)
{
    slow_journal_t *self = (slow_journal_t *)base;
    post_t *post = slow_post(self);
    server_t *server = post->sim->server;
    self->entry = entry;
    self->performed = false;
    if (entry->at_once && !server->patient) {
        slow_perform(self);
        return;
    }
    done_t done = { .life = server->life, .number = post->number };
    agenda_t *agenda = &post->sim->agenda;
    int64_t took_us = chance_about(&post->sim->chance, server->disk_us);
    agenda_add(agenda, agenda->now_us + took_us, slow_done, &done, sizeof done);
}

static journal_result_t
slow_ended(journal_t *base)
{
    slow_journal_t *self = (slow_journal_t *)base;
    post_t *post = slow_post(self);
    if (!self->entry)
        return self->inner->ended(self->inner);
    if (!self->performed && post->sim->server->stopping)
        slow_perform(self);
    if (!self->performed)
        return JOURNAL_RUNNING;
    journal_result_t result = self->inner->ended(self->inner);
    slow_figures_of_base(self);
    if (result == JOURNAL_OK)
        judge_durable(post->sim, post->number, self->entry);
    self->entry = NULL;
    return result;
}

typedef struct {
    post_t *post;
    journal_visit_fn *visit;
    void *argument;
} slow_visit_t;

static int
slow_visit(void *argument, const journal_entry_t *entry)
{
    slow_visit_t *to = argument;
    judge_recovered(to->post->sim, to->post->number, entry);
    return to->visit(to->argument, entry);
}

static int
slow_read(journal_t *base, uint64_t from, journal_visit_fn *visit, void *argument, char *error)
{
    slow_journal_t *self = (slow_journal_t *)base;
    slow_visit_t to = { .post = slow_post(self), .visit = visit, .argument = argument };
    return self->inner->read(self->inner, from, slow_visit, &to, error);
}

static journal_result_t
slow_acquire(journal_t *base, uint64_t *epoch)
{
    slow_journal_t *self = (slow_journal_t *)base;
    return self->inner->acquire(self->inner, epoch);
}

static void
slow_truncate(journal_t *base, uint64_t through)
{
    slow_journal_t *self = (slow_journal_t *)base;
    self->inner->truncate(self->inner, through);
    slow_figures_of_base(self);
}

static void
slow_figures(journal_t *base, journal_figures_t *figures)
{
    slow_journal_t *self = (slow_journal_t *)base;
    self->inner->figures(self->inner, figures);
}

static void
slow_close(journal_t **self_p)
{
    slow_journal_t *self = (slow_journal_t *)*self_p;
    slow_post(self)->journal = NULL;
    self->inner->close(&self->inner);
    free(self);
    *self_p = NULL;
}

int
server_journal_open(void *argument, journal_t **journal, const journal_file_options_t *options,
                    uint64_t checkpoint, const uint8_t chain[JOURNAL_CHAIN_SIZE], char *error)
{
    post_t *post = argument;
    journal_t *inner = NULL;
    if (journal_file_open(&inner, options, checkpoint, chain, error) != 0)
        return -1;
    slow_journal_t *self = calloc(1, sizeof *self);
    if (!self)
        abort();
    *self = (slow_journal_t){ .base = { .acquire = slow_acquire,
                                        .append = slow_append,
                                        .ended = slow_ended,
                                        .read = slow_read,
                                        .truncate = slow_truncate,
                                        .figures = slow_figures,
                                        .close = slow_close,
                                        .apply_version = inner->apply_version,
                                        .fd = -1 },
                              .inner = inner };
    slow_figures_of_base(self);
    post->journal = self;
    *journal = &self->base;
    return 0;
}
