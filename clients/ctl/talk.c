/* talk - see ctl.h for the contract. */
#include "clients/ctl/ctl.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

ctl_exit_t
ctl_say(ctl_exit_t outcome, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fflush(stdout);
    fputs("marquee: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return outcome;
}

void
ctl_hint(const ctl_t *ctl, const char *format, ...)
{
    if (ctl->json)
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)fflush(stdout);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

bool
ctl_print_json(const ctl_t *ctl, const json_t *value)
{
    if (!ctl->json)
        return false;
    (void)json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    fputc('\n', stdout);
    return true;
}

const char *
ctl_sgr(const ctl_t *ctl, const char *code)
{
    return ctl->colour ? code : "";
}

/* Literal formats, so that the compiler checks them. */
static size_t
talk_format_time(char text[CTL_TIME_ROOM], const struct tm *parts, ctl_time_t form)
{
    switch (form) {
    case CTL_TIME_CLOCK:
        return strftime(text, CTL_TIME_ROOM, "%H:%M", parts);
    case CTL_TIME_NOW:
        return strftime(text, CTL_TIME_ROOM, "%H:%M:%S", parts);
    case CTL_TIME_UNTIL:
        return strftime(text, CTL_TIME_ROOM, "%H:%M:%S %Z", parts);
    case CTL_TIME_DAY:
        return strftime(text, CTL_TIME_ROOM, "%A %Y-%m-%d (%Z)", parts);
    case CTL_TIME_SHOW:
        return strftime(text, CTL_TIME_ROOM, "%a %Y-%m-%d %H:%M %Z", parts);
    case CTL_TIME_EXACT:
    default:
        return strftime(text, CTL_TIME_ROOM, "%Y-%m-%d %H:%M:%S %Z", parts);
    }
}

void
ctl_zone(const char *name)
{
    if (!*name || setenv("TZ", name, 1) != 0)
        return;
    tzset();
}

const char *
ctl_time(char text[CTL_TIME_ROOM], int64_t unix_ms, ctl_time_t form)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;
    if (!localtime_r(&seconds, &parts) || !talk_format_time(text, &parts, form))
        snprintf(text, CTL_TIME_ROOM, "%" PRId64, unix_ms);
    return text;
}

const char *
ctl_money(char text[CTL_MONEY_ROOM], int64_t fen)
{
    uint64_t amount = fen < 0 ? 0 - (uint64_t)fen : (uint64_t)fen;
    snprintf(text, CTL_MONEY_ROOM, "%s¥%" PRIu64 ".%02" PRIu64, fen < 0 ? "-" : "", amount / 100,
             amount % 100);
    return text;
}

/* The text is UTF-8 whatever the locale says: wide are the East Asian blocks that titles use. */
int
ctl_columns(const char *text)
{
    int columns = 0;
    for (const uint8_t *at = (const uint8_t *)text; *at; at++) {
        if ((*at & 0xc0) == 0x80)
            continue;
        bool wide = *at >= 0xe3 && *at <= 0xed; /* U+3000 to U+DFFF: kana, hanzi, hangul */
        bool full = *at == 0xef && at[1] >= 0xbc && at[1] <= 0xbd; /* U+FF00: full-width forms */
        columns += wide || full || *at >= 0xf0 ? 2 : 1;
    }
    return columns;
}

void
ctl_print_padded(const char *text, int columns)
{
    int have = ctl_columns(text);
    printf("%s%*s", text, have < columns ? columns - have : 0, "");
}

int64_t
ctl_number(const json_t *object, const char *field)
{
    const json_t *value = json_object_get(object, field);
    return json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
}

const char *
ctl_text(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    return text ? text : "";
}

bool
ctl_parse_u64(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == 0 && errno == 0;
}

bool
ctl_argument_u64(const ctl_t *ctl, int index, const char *what, uint64_t *value)
{
    if (ctl_parse_u64(ctl->arguments[index], value))
        return true;
    ctl_say(CTL_USAGE, "%s is a number, not '%s'", what, ctl->arguments[index]);
    return false;
}

bool
ctl_flag_u64(const ctl_t *ctl, ctl_flag_t flag, uint64_t otherwise, uint64_t *value)
{
    static const char *const names[] = {
#define F(id, name, argument, help) name,
        CTL_FLAG_TABLE(F)
#undef F
    };
    *value = otherwise;
    if (!ctl->flags[flag] || ctl_parse_u64(ctl->flags[flag], value))
        return true;
    ctl_say(CTL_USAGE, "--%s is a number, not '%s'", names[flag], ctl->flags[flag]);
    return false;
}

const char *
ctl_flag_text(const ctl_t *ctl, ctl_flag_t flag, const char *otherwise)
{
    return ctl->flags[flag] ? ctl->flags[flag] : otherwise;
}
