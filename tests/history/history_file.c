/* history_file - see history_file.h for the contract. */
#include "tests/history/history_file.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/load/past.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_ROOM = 1024 };

/* ------------------------------------------------------------------ text */

static bool
line_number(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == 0 && *text != '-';
}

static bool
line_status(const char *text, uint16_t *status)
{
    for (uint16_t code = 0; code < 256; code++) {
        if (strcmp(status_name((status_t)code), text) == 0) {
            *status = code;
            return true;
        }
    }
    *status = CALL_NO_ANSWER;
    return strcmp(text, "-") == 0;
}

static bool
line_seats(char *text, history_call_t *call)
{
    uint64_t seat;
    char *rest = text;
    for (char *one = strsep(&rest, ","); one; one = strsep(&rest, ",")) {
        if (call->seat_count == CALL_SEATS_MAX || !line_number(one, &seat) || seat > UINT16_MAX)
            return false;
        call->seats[call->seat_count++] = (uint16_t)seat;
    }
    return true;
}

static bool
line_field(char *text, history_call_t *call)
{
    char *value = strchr(text, '=');
    uint64_t number;
    if (!value)
        return false;
    *value++ = 0;
    if (strcmp(text, "seats") == 0)
        return line_seats(value, call);
    if (!line_number(value, &number))
        return false;
    if (strcmp(text, "at") == 0)
        call->sequence = number;
    else if (strcmp(text, "partition") == 0)
        call->partition = (uint16_t)number;
    else if (strcmp(text, "showtime") == 0)
        call->showtime = number;
    else if (strcmp(text, "user") == 0)
        call->user = number;
    else if (strcmp(text, "lock") == 0)
        call->lock = (uint32_t)number;
    else if (strcmp(text, "until") == 0)
        call->until_ms = (int64_t)number;
    else if (strcmp(text, "now") == 0)
        call->served_ms = (int64_t)number;
    else if (strcmp(text, "payment") == 0)
        call->payment = number;
    else if (strcmp(text, "amount") == 0)
        call->amount = (int64_t)number;
    else if (strcmp(text, "refused") == 0)
        call->refused = (uint16_t)number;
    else if (strcmp(text, "digest") == 0)
        call->digest = (uint32_t)number;
    else
        return false;
    return true;
}

static bool
line_head(char *const words[5], history_call_t *call)
{
    uint64_t start, end = 0;
    char *request = strchr(words[2], '.');
    const operation_t *operation = operation_named(words[3]);
    if (!request || !operation)
        return false;
    *request++ = 0;
    bool good = line_number(words[0], &start) &&
                (strcmp(words[1], "-") == 0 || line_number(words[1], &end)) &&
                line_number(words[2], &call->client) && line_number(request, &call->request) &&
                line_status(words[4], &call->status);
    call->operation = operation->code;
    call->start_ns = (int64_t)start;
    call->end_ns = (int64_t)end;
    return good && (strcmp(words[1], "-") == 0) == (call->status == CALL_NO_ANSWER);
}

int
history_line(const char *line, history_call_t *call)
{
    char text[LINE_ROOM], *words[5], *rest = text;
    uint32_t count = 0;
    *call = (history_call_t){ 0 };
    if ((size_t)snprintf(text, sizeof text, "%s", line) >= sizeof text)
        return -1;
    text[strcspn(text, "#\r\n")] = 0;
    for (char *word = strsep(&rest, " \t"); word; word = strsep(&rest, " \t")) {
        if (*word == 0)
            continue;
        if (count < 5)
            words[count] = word;
        else if (!line_field(word, call))
            return -1;
        count++;
    }
    if (count == 0)
        return 0;
    return count >= 5 && line_head(words, call) ? 1 : -1;
}

static int
file_text(history_t *history, FILE *file, char *error)
{
    char line[LINE_ROOM];
    for (uint32_t number = 1; fgets(line, sizeof line, file); number++) {
        history_call_t call;
        int read = history_line(line, &call);
        if (read < 0 || (read > 0 && !history_add(history, &call))) {
            snprintf(error, HISTORY_ERROR_MAX, "line %u: %s", number,
                     read < 0 ? "this is not a call" : "not enough memory");
            return -1;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ pages */

static uint32_t
file_u32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool
file_page(history_t *history, const uint8_t *bytes, uint32_t size, uint32_t count)
{
    history_call_t call, last = { 0 };
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++)
        if (!past_take(bytes, size, &at, &call, &last) || !history_add(history, &call))
            return false;
    return at == size;
}

static int
file_pages(history_t *history, FILE *file, char *error)
{
    static uint8_t bytes[PAST_PAGE_BYTES];
    uint8_t head[8];
    size_t got;
    for (uint32_t page = 1; (got = fread(head, 1, sizeof head, file)) > 0; page++) {
        uint32_t size = file_u32(head);
        if (got != sizeof head || size > sizeof bytes || fread(bytes, 1, size, file) != size ||
            !file_page(history, bytes, size, file_u32(head + 4))) {
            snprintf(error, HISTORY_ERROR_MAX, "page %u is malformed, or memory is short", page);
            return -1;
        }
    }
    return 0;
}

int
history_file_read(history_t *history, const char *path, char error[HISTORY_ERROR_MAX])
{
    FILE *file = fopen(path, "rb");
    char magic[8];
    if (!file) {
        snprintf(error, HISTORY_ERROR_MAX, "%s", strerror(errno));
        return -1;
    }
    bool pages = fread(magic, 1, sizeof magic, file) == sizeof magic &&
                 memcmp(magic, PAST_MAGIC, sizeof magic) == 0;
    if (!pages)
        rewind(file);
    int result = pages ? file_pages(history, file, error) : file_text(history, file, error);
    if (result == 0 && ferror(file)) {
        snprintf(error, HISTORY_ERROR_MAX, "it cannot be read");
        result = -1;
    }
    fclose(file);
    return result;
}
