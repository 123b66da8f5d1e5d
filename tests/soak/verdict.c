/* verdict - see verdict.h for the contract. */
#include "tests/soak/verdict.h"
#include <stdarg.h>
#include <stdio.h>

static void verdict_say(verdict_t *self, bool counts, bool good, const char *format,
                        va_list arguments) __attribute__((format(printf, 4, 0)));

static void
verdict_say(verdict_t *self, bool counts, bool good, const char *format, va_list arguments)
{
    self->passed += counts && good;
    self->failed += counts && !good;
    printf("%-7s ", !counts ? "told" : good ? "ok" : "not ok:");
    vprintf(format, arguments);
    printf("\n");
    fflush(stdout);
}

void
verdict(verdict_t *self, bool good, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    verdict_say(self, true, good, format, arguments);
    va_end(arguments);
}

void
verdict_timing(verdict_t *self, bool good, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    verdict_say(self, !self->brief, good, format, arguments);
    va_end(arguments);
}
