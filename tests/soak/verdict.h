/* verdict - checks, counted; one that fails is named. */
#ifndef VERDICT_H
#define VERDICT_H
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t passed, failed;
    bool brief; /* judges nothing by the clock */
} verdict_t;

void verdict(verdict_t *self, bool good, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* By the clock or the load of the machine: told in any case, counted when not brief. */
void verdict_timing(verdict_t *self, bool good, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
