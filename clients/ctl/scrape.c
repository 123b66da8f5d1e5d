/* scrape - see scrape.h for the contract. HTTP/1.0, so that the answer ends where the connection
 * does: that is all of HTTP that is needed here. */
#include "clients/ctl/scrape.h"
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SCRAPE_TEXT_MAX = 1024 * 1024, SCRAPE_HOST_MAX = 128, SCRAPE_WAIT_S = 5 };

/* ------------------------------------------------------------------ the answer */

static bool
scrape_fail(char *error, const char *url, const char *reason)
{
    snprintf(error, SCRAPE_ERROR_MAX, "%.80s: %.70s", url, reason);
    return false;
}

/* http://HOST[:PORT][/]; an IPv6 address stands in brackets. */
static bool
scrape_take_apart(const char *url, char host[SCRAPE_HOST_MAX], char port[8])
{
    int used = 0;
    snprintf(port, 8, "80");
    if (sscanf(url, "http://[%127[0-9a-fA-F:.]]%n", host, &used) != 1 &&
        sscanf(url, "http://%127[^][:/?#]%n", host, &used) != 1)
        return false;
    if (used == 0)
        return false;
    const char *rest = url + used;
    int more = 0;
    if (*rest == ':' && (sscanf(rest, ":%5[0-9]%n", port, &more) != 1))
        return false;
    rest += more;
    return *rest == 0 || strcmp(rest, "/") == 0;
}

static int
scrape_connect(const char *host, const char *port)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    const struct timeval wait = { .tv_sec = SCRAPE_WAIT_S };
    struct addrinfo *found = NULL;
    int fd = -1, saved = EHOSTUNREACH;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        found = NULL;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0 &&
            connect(fd, at->ai_addr, at->ai_addrlen) == 0)
            break;
        saved = errno;
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    if (found)
        freeaddrinfo(found);
    errno = saved;
    return fd;
}

/* The whole answer as text; NULL with errno. */
static char *
scrape_ask(int fd, const char *host)
{
    char request[SCRAPE_HOST_MAX + 64];
    int wanted = snprintf(request, sizeof request, "GET /metrics HTTP/1.0\r\nHost: %s\r\n\r\n",
                          strchr(host, ':') ? "bridge" : host);
    char *text = malloc(SCRAPE_TEXT_MAX + 1);
    size_t size = 0;
    ssize_t got = text && send(fd, request, (size_t)wanted, MSG_NOSIGNAL) == wanted ? 1 : -1;
    while (got > 0 && size < SCRAPE_TEXT_MAX) {
        got = recv(fd, text + size, SCRAPE_TEXT_MAX - size, 0);
        size += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        free(text);
        return NULL;
    }
    text[size] = 0;
    return text;
}

/* ------------------------------------------------------------------ its lines */

static void
scrape_bucket(scrape_t *self, const char *line)
{
    char method[8], path[SCRAPE_NAME - 8], bound[16], name[SCRAPE_NAME];
    uint64_t value;
    if (sscanf(line,
               "marquee_http_request_seconds_bucket{method=\"%7[A-Z]\",route=\"%55[^\"]\",le=\""
               "%15[^\"]\"} %" SCNu64,
               method, path, bound, &value) != 4)
        return;
    snprintf(name, sizeof name, "%s %s", method, path);
    scrape_route_t *route = self->route_count ? &self->routes[self->route_count - 1] : NULL;
    if (!route || strcmp(route->name, name) != 0) {
        if (self->route_count == SCRAPE_ROUTES)
            return;
        route = &self->routes[self->route_count++];
        memcpy(route->name, name, sizeof route->name);
    }
    if (route->bucket_count == SCRAPE_BUCKETS)
        return;
    self->bounds_s[route->bucket_count] = bound[0] == '+' ? -1 : strtod(bound, NULL);
    route->buckets[route->bucket_count++] = value;
}

static void
scrape_line(scrape_t *self, const char *line)
{
    const struct {
        const char *name;
        uint64_t *value;
    } figures[] = {
        { "marquee_bridge_connected ", &self->connected },
        { "marquee_bridge_in_flight ", &self->in_flight },
        { "marquee_edge_connections ", &self->connections },
        { "marquee_edge_requests_total ", &self->requests },
        { "marquee_live_streams ", &self->streams },
        { "marquee_live_pushes_total ", &self->pushes },
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        if (strncmp(line, figures[i].name, strlen(figures[i].name)) == 0)
            *figures[i].value = strtoull(line + strlen(figures[i].name), NULL, 10);
    scrape_bucket(self, line);
}

bool
scrape_read(scrape_t *self, const char *url, char error[SCRAPE_ERROR_MAX])
{
    char host[SCRAPE_HOST_MAX], port[8];
    memset(self, 0, sizeof *self);
    if (!scrape_take_apart(url, host, port))
        return scrape_fail(error, url, "http://HOST[:PORT] is wanted");
    int fd = scrape_connect(host, port);
    char *text = fd < 0 ? NULL : scrape_ask(fd, host);
    int saved = errno;
    if (fd >= 0)
        close(fd);
    if (!text)
        return scrape_fail(error, url, strerror(saved));
    bool good = strncmp(text, "HTTP/1.", 7) == 0 && strncmp(text + 8, " 200 ", 5) == 0 &&
                strstr(text, "\nmarquee_bridge_connected ");
    char *rest = text;
    for (const char *line; good && (line = strsep(&rest, "\n"));)
        scrape_line(self, line);
    free(text);
    return good || scrape_fail(error, url, "this is no bridge's /metrics");
}

/* A route that was not there before had nothing, nor has one whose bridge began anew. */
static const scrape_route_t *
scrape_earlier(const scrape_t *before, const scrape_route_t *now)
{
    for (uint32_t i = 0; i < before->route_count; i++) {
        const scrape_route_t *then = &before->routes[i];
        if (strcmp(then->name, now->name) == 0 && then->bucket_count == now->bucket_count &&
            then->buckets[then->bucket_count - 1] <= now->buckets[now->bucket_count - 1])
            return then;
    }
    return NULL;
}

double
scrape_p99(const scrape_t *self, const scrape_t *before, uint32_t route, uint64_t *count)
{
    const scrape_route_t *now = &self->routes[route], *then = scrape_earlier(before, now);
    uint32_t last = now->bucket_count - 1;
    *count = now->buckets[last] - (then ? then->buckets[last] : 0);
    for (uint32_t i = 0; *count && i < now->bucket_count; i++)
        if ((now->buckets[i] - (then ? then->buckets[i] : 0)) * 100 >= *count * 99)
            return self->bounds_s[i];
    return 0;
}
