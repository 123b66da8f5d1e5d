/* log - lines of JSON on stderr: what happened, and of requests one in so many (each one at debug,
 * and each that failed here). Nothing that a client sent is told but method and route: no tokens,
 * no numbers of people. */
#include "clients/bridge/bridge.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LOG_NOTHING = -1, LOG_ERROR, LOG_INFO, LOG_DEBUG };

void
log_say(const bridge_t *bridge, const char *level, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (strcmp(level, "error") != 0 && bridge->log_level < LOG_INFO)
        return;
    json_t *line = json_pack("{s:I, s:s, s:s}", "at_ms", (json_int_t)bridge->now_ms, "level", level,
                             "say", text);
    if (line)
        (void)json_dumpf(line, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(line);
}

static void
log_trace(const call_t *call, char text[33])
{
    for (int i = 0; i < 16; i++)
        sprintf(text + (ptrdiff_t)2 * i, "%02x", call->trace[1 + i]);
}

void
log_request(const call_t *call, uint16_t status, int64_t took_us)
{
    const bridge_t *self = call->bridge;
    char trace[33] = "", more[64] = "";
    bool failed = status >= 500;
    bool told = failed || self->log_level >= LOG_DEBUG ||
                (self->log_level >= LOG_INFO &&
                 self->request_number % (uint64_t)self->conf.number[BRIDGE_CONF_log_sample] == 0);
    if (!told || self->log_level == LOG_NOTHING)
        return;
    if (call->traced) {
        log_trace(call, trace);
        snprintf(more, sizeof more, ",\"trace\":\"%s\"", trace);
    }
    fprintf(stderr,
            "{\"at_ms\":%" PRId64 ",\"level\":\"%s\",\"request\":\"%s\",\"method\":\"%s\","
            "\"route\":\"%s\",\"status\":%u,\"took_us\":%" PRId64 "%s}\n",
            self->now_ms, failed ? "error" : "info", call->request_id,
            route_method_name((http_method_t)call->method), call->route ? call->route->path : "-",
            status, took_us, more);
}
