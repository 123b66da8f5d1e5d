/* yuan - see yuan.h for the contract. */
#include "clients/cashier/yuan.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { BEIJING_AHEAD_S = 8 * 3600, DAY_S = 86400 };

bool
yuan_read(text_t text, int64_t *fen)
{
    const char *dot = text.size ? memchr(text.data, '.', text.size) : NULL;
    text_t whole = { text.data, dot ? (size_t)(dot - text.data) : text.size };
    int64_t yuan, part = 0;
    if ((whole.size > 1 && whole.data[0] == '0') || !text_number(whole, YUAN_MAX_FEN / 100, &yuan))
        return false;
    if (dot) {
        text_t rest = { dot + 1, text.size - whole.size - 1 };
        if (rest.size > 2 || !text_number(rest, 99, &part))
            return false;
        if (rest.size == 1)
            part *= 10;
    }
    if (yuan * 100 + part > YUAN_MAX_FEN)
        return false;
    *fen = yuan * 100 + part;
    return true;
}

void
yuan_write(int64_t fen, char to[YUAN_ROOM])
{
    assert(fen >= 0);
    snprintf(to, YUAN_ROOM, "%" PRId64 ".%02d", fen / 100, (int)(fen % 100));
}

/* Days since 1970 and the civil calendar. Source: Howard Hinnant, chrono-compatible low-level date
 * algorithms. */
static void
beijing_civil(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(years + era * 400 + (*month <= 2));
}

static int64_t
beijing_days(int64_t year, int64_t month, int64_t day)
{
    int64_t y = year - (month <= 2);
    int64_t era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void
beijing_write(int64_t unix_ms, beijing_form_t form, char to[BEIJING_ROOM])
{
    int year, month, day;
    assert(unix_ms >= 0);
    int64_t seconds = unix_ms / 1000 + BEIJING_AHEAD_S;
    int of_day = (int)(seconds % DAY_S);
    beijing_civil(seconds / DAY_S, &year, &month, &day);
    int hour = of_day / 3600, minute = of_day / 60 % 60, second = of_day % 60;
    switch (form) {
    case BEIJING_PLAIN:
        snprintf(to, BEIJING_ROOM, "%04d-%02d-%02d %02d:%02d:%02d", year, month, day, hour, minute,
                 second);
        break;
    case BEIJING_DIGITS:
        snprintf(to, BEIJING_ROOM, "%04d%02d%02d%02d%02d%02d", year, month, day, hour, minute,
                 second);
        break;
    case BEIJING_RFC:
        snprintf(to, BEIJING_ROOM, "%04d-%02d-%02dT%02d:%02d:%02d+08:00", year, month, day, hour,
                 minute, second);
        break;
    }
}

bool
beijing_day(text_t text, int64_t *unix_ms)
{
    int64_t year, month, day;
    int back_year, back_month, back_day;
    if (text.size != 10 || text.data[4] != '-' || text.data[7] != '-' ||
        !text_number((text_t){ text.data, 4 }, 9999, &year) ||
        !text_number((text_t){ text.data + 5, 2 }, 12, &month) ||
        !text_number((text_t){ text.data + 8, 2 }, 31, &day) || year < 1971 || month < 1 || day < 1)
        return false;
    int64_t days = beijing_days(year, month, day);
    beijing_civil(days, &back_year, &back_month, &back_day);
    if (back_month != month || back_day != day)
        return false;
    *unix_ms = (days * DAY_S - BEIJING_AHEAD_S) * 1000;
    return true;
}
