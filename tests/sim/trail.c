/* trail - see trail.h for the contract. */
#include "tests/sim/trail.h"
#include <inttypes.h>

static void
trail_write(const trail_line_t *line, FILE *to)
{
    uint32_t used = 0;
    fprintf(to, "  %02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%06" PRId64 "  ",
            line->at_us / 3600000000, line->at_us / 60000000 % 60, line->at_us / 1000000 % 60,
            line->at_us % 1000000);
    for (const char *at = line->text; *at; at++) {
        if (*at == '#' && used < TRAIL_NUMBERS)
            fprintf(to, "%" PRIu64, line->numbers[used++]);
        else if (*at == '$' && used < TRAIL_NUMBERS)
            fputs((const char *)(uintptr_t)line->numbers[used++], to);
        else
            fputc(*at, to);
    }
    fputc('\n', to);
}

void
trail_add(trail_t *self, int64_t at_us, const char *text, const uint64_t numbers[TRAIL_NUMBERS])
{
    trail_line_t *line = &self->lines[self->count++ % TRAIL_LINES];
    *line = (trail_line_t){ .at_us = at_us, .text = text };
    for (uint32_t i = 0; i < TRAIL_NUMBERS; i++)
        line->numbers[i] = numbers[i];
    if (self->all)
        trail_write(line, self->all);
}

void
trail_print(const trail_t *self, uint32_t lines, FILE *to)
{
    uint64_t first = self->count > TRAIL_LINES ? self->count - TRAIL_LINES : 0;
    if (self->count > lines && self->count - lines > first)
        first = self->count - lines;
    for (uint64_t i = first; i < self->count; i++)
        trail_write(&self->lines[i % TRAIL_LINES], to);
}
