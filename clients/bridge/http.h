/* http - HTTP/1.1 as the bridge accepts it: RFC 9112 read strictly, and nothing that two readers
 * could take for two different requests.
 *
 * Pure: no socket, no clock, no allocation. A request is parsed in one piece from the bytes that
 * came so far; the parser keeps where it stands, so that bytes that trickle in are looked at once,
 * and what is refused is refused at the same byte however the bytes were cut up.
 * Refused, with the status that is answered before the connection is closed:
 *
 * 400  a request line that is not three words with one space between; a target that is not in
 *      origin form, has a malformed escape or a byte that no browser sends; a path with a `..`
 *      segment or a control character, be it escaped; no Host (1.1), two, or one that is not a name
 *      of letters, digits and -._~, an IPv4 address or [IPv6], with or without a port; a second
 *      Content-Length, or one that is not digits alone; Transfer-Encoding twice, beside a
 *      Content-Length, or in HTTP/1.0; a line that ends in a bare LF, a bare CR, NUL or another
 *      control character but a tab, a folded line, a space before the colon, no token as a name
 * 413  a Content-Length over HTTP_BODY_MAX
 * 414  a target over HTTP_TARGET_MAX
 * 417  an expectation other than 100-continue
 * 431  a head over HTTP_HEAD_MAX, more fields than HTTP_FIELDS_MAX
 * 501  a Transfer-Encoding other than exactly `chunked`
 * 505  an HTTP version other than 1.0 and 1.1 */
#ifndef HTTP_H
#define HTTP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_TARGET_MAX = 8 * 1024,
    HTTP_HEAD_MAX = 16 * 1024,
    HTTP_FIELDS_MAX = 64,
    HTTP_BODY_MAX = 1024 * 1024,
    HTTP_CHUNK_LINE_MAX = 128, /* size and extensions of a chunk */
};

typedef enum {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_PATCH,
    HTTP_OPTIONS,
    HTTP_METHODS, /* any other token: known as a method, allowed nowhere */
} http_method_t;

/* Bytes of the connection's buffer; not terminated. */
typedef struct {
    const char *data;
    size_t size;
} http_text_t;

typedef struct {
    http_text_t name, value; /* value without the space around it */
} http_field_t;

typedef struct {
    http_method_t method;
    uint8_t minor; /* HTTP/1.minor */
    bool chunked;
    bool keep_alive;        /* what version and Connection ask for */
    bool expects_continue;  /* Expect: 100-continue; any other expectation is refused with 417 */
    bool upgrade_websocket; /* Connection lists upgrade and Upgrade is websocket */
    uint64_t content_length;
    http_text_t target, path, query; /* path up to the first '?', query behind it */
    uint32_t field_count;
    http_field_t fields[HTTP_FIELDS_MAX];
} http_request_t;

typedef enum { HTTP_MORE, HTTP_DONE, HTTP_BAD } http_verdict_t;

/* Where the parser stands; all zero before a request's first byte. */
typedef struct {
    size_t line, at;    /* of the buffer: where the open line begins, what was looked at */
    uint32_t lines;     /* that are whole: the request line and fields */
    uint16_t status;    /* with HTTP_BAD: 400, 413, 414, 417, 431, 501 or 505 */
    const char *reason; /* with HTTP_BAD: a sentence for people */
} http_parser_t;

/* Look for a whole head (request line, fields, empty line) in the `size` bytes at `data`, which
 * begin with the same bytes at every call for one request. HTTP_DONE: *head_size bytes are the head
 * and `request` borrows from them. HTTP_MORE: not all there. HTTP_BAD: refuse and close. One empty
 * line (CRLF) before a request is skipped, as RFC 9112 2.2 asks. `data` may move between two calls,
 * and `request` may be another one: before HTTP_DONE it is only worked in. */
http_verdict_t http_head(http_parser_t *self, const char *data, size_t size,
                         http_request_t *request, size_t *head_size);

/* A body that comes in chunks. All zero before the first. */
typedef struct {
    uint8_t state;
    uint64_t left;    /* of the open chunk */
    uint32_t line;    /* bytes of the open size or trailer line */
    uint32_t trailer; /* bytes of the trailer section so far */
    size_t size;      /* of the body so far */
    uint16_t status;  /* with HTTP_BAD */
    const char *reason;
} http_chunks_t;

/* Decode in place: the raw bytes data[*at .. size) are read, what they carry is moved down to
 * data[self->size ...), so that the body stands at `data` in one piece, and *at moves behind what
 * was read. HTTP_MORE: all of it was read, so what comes next may be put at data[self->size], with
 * *at = self->size. HTTP_DONE: the body is data[0 .. self->size), *at is the first byte behind it.
 * The body never grows over body_max (413, as soon as a chunk announces it). Extensions of a chunk
 * are skipped, LF or any control character but a tab in one is refused; trailer fields are read,
 * bounded by HTTP_HEAD_MAX (431), and dropped. */
http_verdict_t http_chunks(http_chunks_t *self, char *data, size_t size, size_t *at,
                           size_t body_max);

/* The value of a field by its name in small letters; false when it did not come. When it came more
 * than once, the first. */
bool http_field(const http_request_t *self, const char *name, http_text_t *value);
/* How often a field came. */
uint32_t http_field_count(const http_request_t *self, const char *name);
/* Does a comma-separated list (RFC 9110 5.6.1) have this token? Compared without case. */
bool http_list_has(http_text_t list, const char *token);
bool http_text_is(http_text_t text, const char *other);
bool http_text_is_nocase(http_text_t text, const char *other);

/* Decode %XX and, in a query, '+', into `to`. Bytes written, or -1: malformed, a NUL, not UTF-8, or
 * too little room. */
long http_unescape(http_text_t text, bool query, char *to, size_t room);
/* Step through a query's pairs: false at the end. Name and value are still escaped. */
bool http_query_next(http_text_t *rest, http_text_t *name, http_text_t *value);
/* Step through the pairs of a Cookie field (RFC 6265 4.2.1, read strictly: "; " between pairs,
 * cookie-octets only, double quotes around a value taken off). False at the end or at what is not a
 * pair; then *rest is what is left. */
bool http_cookie_next(http_text_t *rest, http_text_t *name, http_text_t *value);
/* The value of the one cookie of this name; false when there is none, or more than one. What is not
 * a pair is passed over up to the next ';', as other programs on the same name may set anything. */
bool http_cookie(const http_request_t *self, const char *name, http_text_t *value);
/* Is this well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong)? */
bool http_is_utf8(const void *data, size_t size);

/* A single byte range (RFC 9110 14.2) of something of `whole` bytes: 1 with first and last, 0: no
 * range that is honoured (malformed, several, another unit), -1: cannot be satisfied (416). */
int http_range(http_text_t value, uint64_t whole, uint64_t *first, uint64_t *last);
/* Does an If-None-Match list have this entity tag (with its quotes)? Weak comparison; "*" has all.
 */
bool http_etag_listed(http_text_t list, const char *etag);
/* The reason phrase of a status the bridge uses; "" for others. */
const char *http_reason(uint16_t status);
/* A date for people and caches (RFC 9110 5.6.7), of Unix seconds: 29 bytes and a NUL. */
enum { HTTP_DATE_ROOM = 30 };
void http_date(char text[HTTP_DATE_ROOM], int64_t unix_s);
#endif
