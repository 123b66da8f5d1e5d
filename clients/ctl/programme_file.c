/* programme_file - showtimes from files and to them; see programme.h.
 *
 * CSV has a first line that names its columns: hall, movie, starts, and, if they are there, ends
 * and format, in any order. JSON is a list of objects with the same names. Times are
 * YYYY-MM-DDTHH:MM at the cinema, or Unix ms. A file is saved by one command, so all of it or
 * nothing. */
#include "clients/ctl/programme.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1024 * 1024, FILE_LINE_MAX = 512 };

static const char *const file_columns[] = { "hall", "movie", "starts", "ends", "format" };
enum { FILE_HALL, FILE_MOVIE, FILE_STARTS, FILE_ENDS, FILE_FORMAT, FILE_COLUMNS };

typedef struct {
    programme_t programme;
    const char *path;
    json_t *items, *lines;
} file_t;

static bool __attribute__((format(printf, 3, 4)))
file_wrong(const file_t *self, size_t line, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "%s:%zu: ", self->path, line);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    return false;
}

/* One showtime of words; "" where a column is left out. */
static bool
file_take(file_t *self, size_t line, const char *const words[FILE_COLUMNS])
{
    uint64_t hall, movie;
    int64_t starts_ms, ends_ms = 0;
    const programme_t *programme = &self->programme;
    if (!ctl_parse_u64(words[FILE_HALL], &hall) || hall == 0 || hall > 64)
        return file_wrong(self, line, "hall: a number from 1 to 64, not '%s'", words[FILE_HALL]);
    if (!ctl_parse_u64(words[FILE_MOVIE], &movie) || movie == 0 || movie > UINT32_MAX)
        return file_wrong(self, line, "movie: a film's number, not '%s'", words[FILE_MOVIE]);
    if (!programme_moment(programme, words[FILE_STARTS], &starts_ms))
        return file_wrong(self, line, "starts: YYYY-MM-DDTHH:MM or Unix ms, not '%s'",
                          words[FILE_STARTS]);
    if (*words[FILE_ENDS] && !programme_moment(programme, words[FILE_ENDS], &ends_ms))
        return file_wrong(self, line, "ends: YYYY-MM-DDTHH:MM or Unix ms, not '%s'",
                          words[FILE_ENDS]);
    if (*words[FILE_ENDS] && ends_ms <= starts_ms)
        return file_wrong(self, line, "ends: before it starts");
    if (strlen(words[FILE_FORMAT]) > 15)
        return file_wrong(self, line, "format: up to 15 bytes");
    json_t *item =
        programme_item(0, (int64_t)hall, (int64_t)movie, starts_ms, ends_ms, words[FILE_FORMAT]);
    if (!item)
        return file_wrong(self, line, "format: not UTF-8");
    (void)json_array_append_new(self->items, item);
    (void)json_array_append_new(self->lines, json_integer((json_int_t)line));
    return true;
}

/* ------------------------------------------------------------------ CSV */

/* Take a line apart in place, RFC 4180 but for line ends inside quotes. How many words; 0 when it
 * is malformed or has more than there is room for. */
static size_t
file_split(char *line, char **words, size_t room)
{
    size_t count = 0;
    for (char *at = line;;) {
        if (count == room)
            return 0;
        char *to = words[count++] = at;
        bool quoted = *at == '"';
        at += quoted;
        while (*at && (quoted || *at != ',')) {
            if (quoted && *at == '"' && at[1] != '"')
                break;
            if (quoted && *at == '"')
                at++;
            *to++ = *at++;
        }
        if (quoted && *at++ != '"')
            return 0;
        char end = *at;
        *to = 0;
        if (end == 0)
            return count;
        if (end != ',')
            return 0;
        at++;
    }
}

/* Which column of the file is which of ours. */
static bool
file_head(const file_t *self, char *line, size_t places[FILE_COLUMNS], size_t *columns)
{
    char *words[FILE_COLUMNS];
    bool seen[FILE_COLUMNS] = { false };
    *columns = file_split(line, words, FILE_COLUMNS);
    if (*columns == 0)
        return file_wrong(self, 1,
                          "the first line names the columns: hall,movie,starts,ends,format");
    for (size_t i = 0; i < *columns; i++) {
        size_t column = 0;
        while (column < FILE_COLUMNS && strcmp(file_columns[column], words[i]) != 0)
            column++;
        if (column == FILE_COLUMNS)
            return file_wrong(self, 1, "'%s' is no column", words[i]);
        if (seen[column])
            return file_wrong(self, 1, "'%s' comes twice", words[i]);
        seen[column] = true;
        places[i] = column;
    }
    if (seen[FILE_HALL] && seen[FILE_MOVIE] && seen[FILE_STARTS])
        return true;
    return file_wrong(self, 1, "hall, movie and starts are needed");
}

static bool
file_read_csv(file_t *self, char *text)
{
    size_t places[FILE_COLUMNS] = { 0 }, columns = 0, number = 0;
    bool good = true;
    for (char *line = text; line && *line;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        size_t size = strlen(line);
        if (size && line[size - 1] == '\r')
            line[--size] = 0;
        number++;
        if (number == 1) {
            if (!file_head(self, line, places, &columns))
                return false;
        } else if (size) {
            char *words[FILE_COLUMNS];
            const char *sorted[FILE_COLUMNS] = { "", "", "", "", "" };
            size_t count = file_split(line, words, FILE_COLUMNS);
            if (count != columns) {
                good = file_wrong(self, number, "%zu columns, where the first line has %zu", count,
                                  columns);
            } else {
                for (size_t i = 0; i < count; i++)
                    sorted[places[i]] = words[i];
                good &= file_take(self, number, sorted);
            }
        }
        line = next;
    }
    return good && (number || file_wrong(self, 1, "it is empty"));
}

/* ------------------------------------------------------------------ JSON */

static const char *
file_word(const json_t *value, char room[24])
{
    if (json_is_integer(value)) {
        snprintf(room, 24, "%" PRId64, (int64_t)json_integer_value(value));
        return room;
    }
    return json_is_string(value) ? json_string_value(value) : NULL;
}

/* On which line the list's item number `index` begins: jansson does not tell. The text is JSON. */
static size_t
file_item_line(const char *text, size_t index)
{
    size_t line = 1, depth = 0, items = 0;
    bool quoted = false;
    for (const char *at = text; *at; at++) {
        line += *at == '\n';
        if (quoted && *at == '\\')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && (*at == '{' || *at == '[')) {
            if (depth++ == 1 && items++ == index)
                return line;
        } else if (!quoted && (*at == '}' || *at == ']'))
            depth--;
    }
    return line;
}

static bool
file_read_json(file_t *self, const char *text)
{
    json_error_t error;
    json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, &error), *one;
    size_t index;
    bool good = json_is_array(list);
    if (!good)
        file_wrong(self, list ? 1 : (size_t)(error.line > 0 ? error.line : 1), "%s",
                   list ? "a list of showtimes is wanted" : error.text);
    json_array_foreach(good ? list : NULL, index, one)
    {
        const char *words[FILE_COLUMNS], *key;
        char room[FILE_COLUMNS][24];
        json_t *value;
        size_t known = 0, line = file_item_line(text, index);
        for (size_t i = 0; i < FILE_COLUMNS; i++) {
            value = json_object_get(one, file_columns[i]);
            known += value != NULL;
            words[i] = value ? file_word(value, room[i]) : "";
            if (!words[i])
                words[i] = "?";
        }
        json_object_foreach(one, key, value) if (known < json_object_size(one))
        {
            size_t i = 0;
            while (i < FILE_COLUMNS && strcmp(file_columns[i], key) != 0)
                i++;
            if (i == FILE_COLUMNS)
                good = file_wrong(self, line, "'%s' is not known", key);
        }
        good &= file_take(self, line, words);
    }
    json_decref(list);
    return good;
}

/* ------------------------------------------------------------------ commands */

/* The whole file, with a NUL; NULL after having said what is wrong. */
static char *
file_load(const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rbe");
    char *text = file ? malloc(FILE_BYTES_MAX + 1) : NULL;
    size_t size = text ? fread(text, 1, FILE_BYTES_MAX + 1, file) : 0;
    bool good = text && !ferror(file) && size <= FILE_BYTES_MAX;
    if (file && !standard)
        (void)fclose(file);
    if (good && memchr(text, 0, size))
        good = false;
    if (!good) {
        ctl_say(CTL_FAULT, "%s: %s", path,
                text && size > FILE_BYTES_MAX ? "larger than 1 MiB" : "cannot be read as text");
        free(text);
        return NULL;
    }
    text[size] = 0;
    return text;
}

ctl_exit_t
programme_import(ctl_t *ctl)
{
    json_t *reply = NULL;
    if (!ctl->flags[CTL_FLAG_CINEMA])
        return ctl_say(CTL_USAGE, "--cinema says which cinema is meant");
    file_t self = { .path = ctl->arguments[0], .items = json_array(), .lines = json_array() };
    ctl_exit_t outcome = programme_open(&self.programme, ctl);
    char *text = outcome == CTL_DONE ? file_load(self.path) : NULL;
    if (outcome == CTL_DONE && !text)
        outcome = CTL_FAULT;
    if (outcome == CTL_DONE) {
        const char *dot = strrchr(self.path, '.');
        bool good = dot && strcmp(dot, ".csv") == 0 ? file_read_csv(&self, text)
                                                    : file_read_json(&self, text);
        outcome = good ? programme_save(&self.programme, json_incref(self.items), self.path,
                                        self.lines, &reply)
                       : ctl_say(CTL_REFUSED, "nothing was saved");
    }
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply))
        printf("%" PRId64 " showtimes drafted, from %" PRId64 " on\n", ctl_number(reply, "count"),
               ctl_number(reply, "first"));
    free(text);
    json_decref(reply);
    json_decref(self.items);
    json_decref(self.lines);
    programme_close(&self.programme);
    return outcome;
}

static void
file_print_csv(const programme_t *self, const json_t *rows)
{
    size_t index;
    json_t *row;
    puts("hall,movie,starts,ends,format");
    json_array_foreach(rows, index, row)
    {
        char starts[PROGRAMME_MOMENT_ROOM], ends[PROGRAMME_MOMENT_ROOM];
        const char *format = programme_text(row, SHOW_ROW_FORMAT);
        bool quote = strpbrk(format, "\",\n") != NULL;
        printf("%" PRId64 ",%" PRId64 ",%s,%s,%s", programme_word(row, SHOW_ROW_HALL),
               programme_word(row, SHOW_ROW_MOVIE),
               programme_clock(self, starts, programme_word(row, SHOW_ROW_STARTS)),
               programme_clock(self, ends, programme_word(row, SHOW_ROW_ENDS)), quote ? "\"" : "");
        for (; *format; format++) {
            if (*format == '"')
                putchar('"');
            putchar(*format);
        }
        puts(quote ? "\"" : "");
    }
}

static void
file_print_json(const programme_t *self, const json_t *rows)
{
    size_t index;
    json_t *row, *list = json_array();
    json_array_foreach(rows, index, row)
    {
        char starts[PROGRAMME_MOMENT_ROOM], ends[PROGRAMME_MOMENT_ROOM];
        (void)json_array_append_new(
            list, json_pack("{s:O, s:O, s:s, s:s, s:O}", "hall", json_array_get(row, SHOW_ROW_HALL),
                            "movie", json_array_get(row, SHOW_ROW_MOVIE), "starts",
                            programme_clock(self, starts, programme_word(row, SHOW_ROW_STARTS)),
                            "ends", programme_clock(self, ends, programme_word(row, SHOW_ROW_ENDS)),
                            "format", json_array_get(row, SHOW_ROW_FORMAT)));
    }
    (void)json_dumpf(list, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(list);
}

ctl_exit_t
programme_export(ctl_t *ctl)
{
    programme_t self;
    int32_t first = 0;
    uint64_t days;
    json_t *rows = NULL;
    bool week = ctl->flags[CTL_FLAG_WEEK] != NULL;
    ctl_exit_t outcome = programme_open(&self, ctl);
    if (outcome == CTL_DONE &&
        (!ctl_flag_u64(ctl, CTL_FLAG_DAYS, week ? PROGRAMME_WEEK : 1, &days) || days > 366 ||
         !programme_day(&self, week ? CTL_FLAG_WEEK : CTL_FLAG_DAY, "today", &first)))
        outcome = CTL_USAGE;
    if (outcome == CTL_DONE)
        outcome = programme_days(&self, first, (int32_t)days, NULL, &rows);
    if (outcome == CTL_DONE) {
        if (ctl->flags[CTL_FLAG_CSV])
            file_print_csv(&self, rows);
        else
            file_print_json(&self, rows);
    }
    json_decref(rows);
    programme_close(&self);
    return outcome;
}
