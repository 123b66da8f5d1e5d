/* http_answer - what an answer is made of: ranges, entity tags, reasons, dates; see http.h for the
 * contract. */
#include "clients/bridge/http_class.h"
#include <stdio.h>
#include <string.h>

enum { ANSWER_UNIT = 6 }; /* "bytes=" */

/* Digits at the front of `text`, taken off; false when there are none. What is too large for the
 * type stays the largest. */
static bool
answer_number(http_text_t *text, uint64_t *number)
{
    size_t at = 0;
    *number = 0;
    for (; at < text->size && text->data[at] >= '0' && text->data[at] <= '9'; at++) {
        uint64_t digit = (uint64_t)(text->data[at] - '0');
        *number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
    }
    *text = (http_text_t){ text->data + at, text->size - at };
    return at > 0;
}

int
http_range(http_text_t value, uint64_t whole, uint64_t *first, uint64_t *last)
{
    if (value.size <= ANSWER_UNIT ||
        !http_text_is_nocase((http_text_t){ value.data, ANSWER_UNIT }, "bytes="))
        return 0;
    http_text_t rest = { value.data + ANSWER_UNIT, value.size - ANSWER_UNIT };
    bool from = answer_number(&rest, first);
    if (rest.size == 0 || rest.data[0] != '-')
        return 0;
    rest = (http_text_t){ rest.data + 1, rest.size - 1 };
    bool to = answer_number(&rest, last);
    if (rest.size > 0 || (!from && !to) || (from && to && *last < *first))
        return 0;
    if (!from) { /* the last bytes */
        if (*last == 0 || whole == 0)
            return -1;
        *first = *last < whole ? whole - *last : 0;
        *last = whole - 1;
        return 1;
    }
    if (*first >= whole)
        return -1;
    if (!to || *last >= whole)
        *last = whole - 1;
    return 1;
}

/* Bytes of the opaque tag, with its quotes, that `text` begins with; 0 when it does not. */
static size_t
answer_tag(http_text_t text)
{
    size_t at = 1;
    if (text.size == 0 || text.data[0] != '"')
        return 0;
    while (at < text.size && http_is(text.data[at], HTTP_IN_ETAG))
        at++;
    return at < text.size && text.data[at] == '"' ? at + 1 : 0;
}

static http_text_t
answer_unweak(http_text_t text)
{
    return text.size > 2 && text.data[0] == 'W' && text.data[1] == '/'
               ? (http_text_t){ text.data + 2, text.size - 2 }
               : text;
}

bool
http_etag_listed(http_text_t list, const char *etag)
{
    http_text_t wanted = answer_unweak((http_text_t){ etag, strlen(etag) });
    if (http_text_is(list, "*"))
        return true;
    for (list = http_trimmed(list); list.size > 0; list = http_trimmed(list)) {
        if (list.data[0] != ',') {
            list = answer_unweak(list);
            size_t size = answer_tag(list);
            if (size == 0)
                return false;
            if (size == wanted.size && memcmp(list.data, wanted.data, size) == 0)
                return true;
            list = http_trimmed((http_text_t){ list.data + size, list.size - size });
            if (list.size > 0 && list.data[0] != ',')
                return false;
        } else {
            list = (http_text_t){ list.data + 1, list.size - 1 };
        }
    }
    return false;
}

const char *
http_reason(uint16_t status)
{
    static const struct {
        uint16_t status;
        const char *reason;
    } reasons[] = {
        { 100, "Continue" },
        { 101, "Switching Protocols" },
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 206, "Partial Content" },
        { 301, "Moved Permanently" },
        { 302, "Found" },
        { 303, "See Other" },
        { 304, "Not Modified" },
        { 307, "Temporary Redirect" },
        { 308, "Permanent Redirect" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 406, "Not Acceptable" },
        { 408, "Request Timeout" },
        { 409, "Conflict" },
        { 410, "Gone" },
        { 411, "Length Required" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 416, "Range Not Satisfiable" },
        { 417, "Expectation Failed" },
        { 421, "Misdirected Request" },
        { 422, "Unprocessable Content" },
        { 426, "Upgrade Required" },
        { 428, "Precondition Required" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
        { 505, "HTTP Version Not Supported" },
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

void
http_date(char text[HTTP_DATE_ROOM], int64_t unix_s)
{
    enum { DAY = 24 * 60 * 60, ERA = 146097 }; /* 400 years are always as many days */
    static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
    static const char *const months[] = { "Mar", "Apr", "May", "Jun", "Jul", "Aug",
                                          "Sep", "Oct", "Nov", "Dec", "Jan", "Feb" };
    /* A year has four digits. */
    const int64_t most = INT64_C(253402300799);
    uint64_t moment = (uint64_t)(unix_s < 0 ? 0 : unix_s > most ? most : unix_s);
    uint32_t second = (uint32_t)(moment % DAY), day = (uint32_t)(moment / DAY);
    /* Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days: years begin
     * in March there, so that a leap day is a year's last. */
    uint32_t shifted = day + 719468, era = shifted / ERA, of_era = shifted % ERA;
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month = (5 * of_year + 2) / 153;
    uint32_t year = era * 400 + year_of_era + (month >= 10);
    snprintf(text, HTTP_DATE_ROOM, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[day % 7],
             (of_year - (153 * month + 2) / 5 + 1) % 100, months[month % 12], year % 10000,
             second / 3600 % 100, second / 60 % 60, second % 60);
}
