/* files - see files.h for the contract. */
#include "clients/bridge/files.h"
#include "clients/bridge/answer.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_PATH_MAX = 256, FILES_SIZE_MAX = 8 * 1024 * 1024, FILES_MARK_MIN = 8 };

/* What pages may do: everything from here, nothing from elsewhere, nothing written inside the page.
 */
#define FILES_POLICY                                                                               \
    "Content-Security-Policy: default-src 'self'; img-src 'self' data:; object-src 'none'; "       \
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"                              \
    "Referrer-Policy: same-origin\r\nPermissions-Policy: geolocation=(), microphone=()\r\n"

struct files {
    int folder;
};

static const struct {
    const char *ending, *type;
} files_types[] = {
    { ".html", "text/html; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".mjs", "text/javascript; charset=utf-8" },
    { ".json", "application/json" },
    { ".webmanifest", "application/manifest+json" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".jpg", "image/jpeg" },
    { ".webp", "image/webp" },
    { ".ico", "image/x-icon" },
    { ".woff2", "font/woff2" },
    { ".txt", "text/plain; charset=utf-8" },
};

files_t *
files_new(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    files_t *self = malloc(sizeof *self);
    if (!self) {
        close(fd);
        return NULL;
    }
    self->folder = fd;
    return self;
}

void
files_destroy(files_t **self_p)
{
    if (!*self_p)
        return;
    close((*self_p)->folder);
    free(*self_p);
    *self_p = NULL;
}

/* A path becomes a name below the folder: letters, digits, "-_./", no part that begins with a dot.
 * What ends in a slash is a folder's index, and what has no ending is a page: /kiosk is kiosk.html.
 */
static bool
files_name(http_text_t path, char name[FILES_PATH_MAX])
{
    if (path.size < 1 || path.size + sizeof "index.html" > FILES_PATH_MAX || path.data[0] != '/')
        return false;
    for (size_t i = 0; i < path.size; i++) {
        char c = path.data[i];
        if (!isalnum((unsigned char)c) && !memchr("-_./", c, 4))
            return false;
        if (c == '.' && path.data[i - 1] == '/')
            return false;
    }
    size_t last = path.size;
    while (path.data[last - 1] != '/')
        last--;
    bool folder = last == path.size;
    bool ending = !folder && memchr(path.data + last, '.', path.size - last);
    const char *more = folder ? "index.html" : ".html";
    snprintf(name, FILES_PATH_MAX, "%.*s%s", (int)path.size - 1, path.data + 1, ending ? "" : more);
    return true;
}

static const char *
files_type(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof files_types / sizeof files_types[0]; i++)
        if (strcmp(files_types[i].ending, dot) == 0)
            return files_types[i].type;
    return NULL;
}

/* name.0123abcd.js: the mark of its content is in the name, so it never changes under it. */
static bool
files_immutable(const char *name)
{
    const char *last = strrchr(name, '.');
    const char *mark = last;
    while (mark > name && isxdigit((unsigned char)mark[-1]))
        mark--;
    return last && mark > name && mark[-1] == '.' && last - mark >= FILES_MARK_MIN;
}

static int
files_open(const files_t *self, const char *name, struct stat *about)
{
    int fd = openat(self->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, about) == 0 && S_ISREG(about->st_mode) &&
        about->st_size <= FILES_SIZE_MAX)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static char *
files_read(int fd, uint64_t first, size_t size)
{
    char *data = malloc(size ? size : 1);
    size_t at = 0;
    while (data && at < size) {
        ssize_t got = pread(fd, data + at, size - at, (off_t)(first + at));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            free(data);
            return NULL;
        }
        at += (size_t)got;
    }
    return data;
}

typedef struct {
    const char *type;
    uint64_t whole, first, last;
    uint16_t status;
    bool packed;
    char extra[1024];
} files_part_t;

static void
files_send(call_t *call, int fd, const files_part_t *part)
{
    size_t size = part->whole ? (size_t)(part->last - part->first + 1) : 0;
    char *data = files_read(fd, part->first, size);
    if (!data)
        answer_problem(call, PROBLEM_INTERNAL, "the file cannot be read", "");
    else if (part->packed)
        answer_packed(call, part->status, part->type, data, size, part->extra);
    else
        answer_bytes(call, part->status, part->type, data, size, part->extra);
    free(data);
}

/* A range of what is not packed, when the client asked for one that can be had. False: 416. */
static bool
files_range(const http_request_t *request, const char *etag, files_part_t *part, size_t *extra)
{
    http_text_t range, condition;
    part->first = 0;
    part->last = part->whole ? part->whole - 1 : 0;
    if (part->packed || !http_field(request, "range", &range) ||
        (http_field(request, "if-range", &condition) && !http_text_is(condition, etag)))
        return true;
    uint64_t first, last;
    int found = http_range(range, part->whole, &first, &last);
    if (found > 0) {
        part->status = 206;
        part->first = first;
        part->last = last;
        *extra += (size_t)snprintf(part->extra + *extra, sizeof part->extra - *extra,
                                   "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
                                   part->first, part->last, part->whole);
    }
    return found >= 0;
}

static void
files_deliver(call_t *call, const http_request_t *request, int fd, const char *name,
              const struct stat *about, bool packed)
{
    char etag[64], refused[64];
    files_part_t part = {
        .type = files_type(name), .whole = (uint64_t)about->st_size, .status = 200, .packed = packed
    };
    snprintf(etag, sizeof etag, "\"%" PRIx64 "-%" PRIx64 "%s\"", (uint64_t)about->st_mtim.tv_sec,
             (uint64_t)about->st_mtim.tv_nsec ^ part.whole, packed ? "z" : "");
    size_t size = (size_t)snprintf(
        part.extra, sizeof part.extra, "ETag: %s\r\nAccept-Ranges: bytes\r\n%s%s", etag,
        files_immutable(name) ? "Cache-Control: public, max-age=31536000, immutable\r\n"
                              : "Cache-Control: no-cache\r\n",
        FILES_POLICY);
    if (*call->etag && http_etag_listed((http_text_t){ call->etag, strlen(call->etag) }, etag)) {
        answer_empty(call, 304, part.extra);
        return;
    }
    if (files_range(request, etag, &part, &size)) {
        files_send(call, fd, &part);
        return;
    }
    snprintf(refused, sizeof refused, "Content-Range: bytes */%" PRIu64 "\r\n", part.whole);
    answer_problem(call, PROBLEM_RANGE, NULL, refused);
}

bool
files_answer(call_t *call, const http_request_t *request)
{
    const files_t *self = call->bridge->files;
    char name[FILES_PATH_MAX], gz[FILES_PATH_MAX + 3];
    struct stat about;
    if (!self || (request->method != HTTP_GET && request->method != HTTP_HEAD) ||
        !files_name(request->path, name) || !files_type(name))
        return false;
    snprintf(gz, sizeof gz, "%s.gz", name);
    http_text_t range;
    bool packed = call->gzip && !http_field(request, "range", &range);
    int fd = packed ? files_open(self, gz, &about) : -1;
    packed = fd >= 0;
    if (fd < 0)
        fd = files_open(self, name, &about);
    if (fd < 0)
        return false;
    files_deliver(call, request, fd, name, &about, packed);
    close(fd);
    return true;
}
