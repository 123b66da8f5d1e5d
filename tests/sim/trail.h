/* trail - the last things that happened, kept cheaply and written out when a seed fails. */
#ifndef TRAIL_H
#define TRAIL_H
#include <stdint.h>
#include <stdio.h>

enum { TRAIL_LINES = 256, TRAIL_NUMBERS = 4 };

typedef struct {
    int64_t at_us;
    const char *text; /* a literal; # stands for the next number, $ for the next name (a literal) */
    uint64_t numbers[TRAIL_NUMBERS];
} trail_line_t;

typedef struct {
    trail_line_t lines[TRAIL_LINES];
    uint64_t count;
    FILE *all; /* every line is written here at once, too; NULL: nowhere */
} trail_t;

void trail_add(trail_t *self, int64_t at_us, const char *text,
               const uint64_t numbers[TRAIL_NUMBERS]);
/* Write the last lines, oldest first. */
void trail_print(const trail_t *self, uint32_t lines, FILE *to);
#define TRAIL_NAME(name) ((uint64_t)(uintptr_t)(const char *)(name))
#endif
