/* metrics - figures for Prometheus: of the edge, of each route, of the pushes, of the broker and
 * its partitions. */
#include "clients/bridge/metrics.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include "clients/bridge/hall.h"
#include "clients/bridge/room.h"
#include "clients/mpjson.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Upper bounds in us; what is above the last counts under +Inf alone. */
static const uint32_t metrics_bounds_us[BRIDGE_BUCKETS] = {
    100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000,
};

void
metrics_count(call_t *call, uint16_t status)
{
    int64_t took_us = bridge_clock_us() - call->began_us;
    if (call->route) {
        route_figures_t *figures = &call->bridge->routes[call->route->id];
        figures->count++;
        figures->sum_us += (uint64_t)took_us;
        figures->by_class[status / 100 < 6 ? status / 100 : 5]++;
        for (int i = BRIDGE_BUCKETS - 1; i >= 0 && took_us <= (int64_t)metrics_bounds_us[i]; i--)
            figures->buckets[i]++;
    }
    log_request(call, status, took_us);
}

/* ------------------------------------------------------------------ what the site says of itself
 */

enum { METRICS_SITE_KEYS = METRICS_PARTITIONS_MAX + 1 }; /* the slot behind all looks */

/* Looks are taken every few seconds whether somebody scrapes or not, so a scrape never waits. */
static void
metrics_keep(bridge_t *bridge, uint32_t slot, const marquee_reply_t *reply)
{
    if (reply->status != STATUS_OK || slot > METRICS_SITE_KEYS)
        return;
    if (slot == METRICS_SITE_KEYS) {
        room_take_keys(bridge, reply);
        return;
    }
    json_decref(bridge->looks[slot]);
    bridge->looks[slot] = mpjson_read_web(reply->body, reply->body_size);
}

static void
metrics_looked(call_t *call, const marquee_reply_t *reply)
{
    bridge_t *bridge = call->bridge;
    metrics_keep(bridge, call->format, reply);
    call->conn = NULL;
    serve_release(call);
}

static void
metrics_ask(bridge_t *bridge, uint16_t operation, uint64_t key, uint16_t slot)
{
    call_t *call = serve_background(bridge, NULL);
    if (!call)
        return;
    call->format = slot;
    (void)ask_background(call, operation, key, NULL, metrics_looked);
}

void
metrics_look(bridge_t *bridge)
{
    uint32_t partitions = marquee_partitions(bridge->marquee) +
                          marquee_programmes(bridge->marquee) + marquee_members(bridge->marquee);
    metrics_ask(bridge, OP_BROKER_STATUS, 0, 0);
    if (!bridge->site_key_count)
        metrics_ask(bridge, OP_SITE_KEYS, 0, METRICS_SITE_KEYS);
    for (uint32_t i = 0; i < partitions && i < METRICS_PARTITIONS_MAX; i++)
        metrics_ask(bridge, OP_STATS, i, (uint16_t)(i + 1));
}

void
metrics_forget(bridge_t *bridge)
{
    for (uint32_t i = 0; i <= METRICS_PARTITIONS_MAX; i++) {
        json_decref(bridge->looks[i]);
        bridge->looks[i] = NULL;
    }
}

/* ------------------------------------------------------------------ the text */

static void
metrics_head(FILE *to, const char *name, const char *type, const char *help)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
metrics_one(FILE *to, const char *name, const char *type, const char *help, uint64_t value)
{
    metrics_head(to, name, type, help);
    fprintf(to, "%s %" PRIu64 "\n", name, value);
}

static void
metrics_routes(FILE *to, const bridge_t *bridge)
{
    metrics_head(to, "marquee_http_request_seconds", "histogram", "Time to answer, by route");
    for (route_id_t id = 0; id < ROUTES; id++) {
        const route_figures_t *figures = &bridge->routes[id];
        const route_t *route = route_of(id);
        const char *method = route_method_name(route->method);
        if (!figures->count)
            continue;
        for (int i = 0; i < BRIDGE_BUCKETS; i++)
            fprintf(to,
                    "marquee_http_request_seconds_bucket{method=\"%s\",route=\"%s\",le=\"%g\"} "
                    "%" PRIu64 "\n",
                    method, route->path, metrics_bounds_us[i] / 1e6, figures->buckets[i]);
        fprintf(to,
                "marquee_http_request_seconds_bucket{method=\"%s\",route=\"%s\",le=\"+Inf\"} "
                "%" PRIu64 "\n",
                method, route->path, figures->count);
        fprintf(to,
                "marquee_http_request_seconds_sum{method=\"%s\",route=\"%s\"} %.6f\n"
                "marquee_http_request_seconds_count{method=\"%s\",route=\"%s\"} %" PRIu64 "\n",
                method, route->path, (double)figures->sum_us / 1e6, method, route->path,
                figures->count);
    }
    metrics_head(to, "marquee_http_responses_total", "counter", "Answers by route and class");
    for (route_id_t id = 0; id < ROUTES; id++)
        for (int class = 1; class < 6; class ++)
            if (bridge->routes[id].by_class[class])
                fprintf(to,
                        "marquee_http_responses_total{method=\"%s\",route=\"%s\",class=\"%dxx\"} "
                        "%" PRIu64 "\n",
                        route_method_name(route_of(id)->method), route_of(id)->path, class,
                        bridge->routes[id].by_class[class]);
}

static void
metrics_bridge(FILE *to, const bridge_t *bridge)
{
    const edge_figures_t *edge = &bridge->edge->figures;
    const bridge_figures_t *own = &bridge->figures;
    const struct {
        const char *name, *type, *help;
        uint64_t value;
    } figures[] = {
        { "marquee_edge_connections", "gauge", "Open connections", bridge->edge->connections },
        { "marquee_edge_accepted_total", "counter", "Connections taken", edge->accepted },
        { "marquee_edge_refused_total", "counter", "Connections over the bound of all",
          edge->refused_total },
        { "marquee_edge_refused_address_total", "counter", "Connections over an address's bound",
          edge->refused_address },
        { "marquee_edge_handshakes_total", "counter", "TLS handshakes", edge->handshakes },
        { "marquee_edge_handshake_failures_total", "counter", "TLS handshakes that failed",
          edge->handshake_failures },
        { "marquee_edge_requests_total", "counter", "Whole requests", edge->requests },
        { "marquee_edge_bad_requests_total", "counter", "Requests refused as they are written",
          edge->bad_requests },
        { "marquee_edge_timeouts_total", "counter", "Requests that came too slowly",
          edge->timeouts },
        { "marquee_edge_cut_slow_total", "counter", "Connections whose reader was too slow",
          edge->cut_slow },
        { "marquee_edge_received_bytes_total", "counter", "Bytes in", edge->bytes_in },
        { "marquee_edge_sent_bytes_total", "counter", "Bytes out", edge->bytes_out },
        { "marquee_bridge_connected", "gauge", "1: the broker is there", bridge->connected },
        { "marquee_bridge_calls", "gauge", "Requests that wait for an answer", bridge->calls },
        { "marquee_bridge_in_flight", "gauge", "Commands that wait for an answer",
          marquee_in_flight(bridge->marquee) },
        { "marquee_bridge_turns_total", "counter", "Turns of the loop that sent commands",
          own->turns },
        { "marquee_bridge_turn_commands_total", "counter", "Commands sent by them",
          own->turn_calls },
        { "marquee_bridge_turn_commands_max", "gauge", "The most that one turn sent",
          own->turn_calls_max },
        { "marquee_live_streams", "gauge", "Open streams", own->streams },
        { "marquee_live_halls", "gauge", "Showtimes kept", bridge->halls->count },
        { "marquee_live_following", "gauge", "Showtimes followed", bridge->halls->following },
        { "marquee_live_pushes_total", "counter", "Pushes to a reader", own->pushes },
        { "marquee_live_pushed_bytes_total", "counter", "Bytes of them", own->push_bytes },
        { "marquee_live_cut_total", "counter", "Readers cut for lagging", own->cut_lagging },
        { "marquee_guard_limited_total", "counter", "Requests over a rate", own->limited },
        { "marquee_guard_unauthorized_total", "counter", "Requests without a good proof",
          own->unauthorized },
        { "marquee_guard_cross_site_total", "counter", "Requests refused as cross-site",
          own->csrf_refused },
        { "marquee_guard_kiosk_refused_total", "counter", "Kiosk requests refused",
          own->kiosk_refused },
        { "marquee_guard_revoked_tokens", "gauge", "Entries that take tokens back",
          revoked_count(bridge->revoked) },
        { "marquee_bridge_unavailable_total", "counter", "Requests while the broker was away",
          own->unavailable },
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        metrics_one(to, figures[i].name, figures[i].type, figures[i].help, figures[i].value);
    metrics_head(to, "marquee_refusals_total", "counter", "Refusals of the trade, by code");
    for (uint16_t status = 0; status < 256; status++)
        if (bridge->refusals[status])
            fprintf(to, "marquee_refusals_total{code=\"%s\"} %" PRIu64 "\n",
                    marquee_status_name(status), bridge->refusals[status]);
}

enum { METRICS_NAME = 96 };

/* What the broker says of itself, and of each partition in `part`: the samples of a name stand
 * together, below what it is. */
static void
metrics_broker(FILE *to, const json_t *status)
{
    static const struct {
        const char *name, *help;
        size_t part;
    } parts[] = { { "marquee_partition_up", "1: the partition has its actor", 1 },
                  { "marquee_partition_in_flight", "Commands on their way to its actor", 2 } };
    char name[METRICS_NAME];
    const char *key;
    json_t *value;
    const json_t *one;
    size_t at;
    json_object_foreach((json_t *)(uintptr_t)status, key, value)
    {
        if (!json_is_integer(value) && !json_is_boolean(value))
            continue;
        snprintf(name, sizeof name, "marquee_broker_%s", key);
        metrics_one(to, name, "untyped", "As broker.status tells it",
                    json_is_integer(value) ? (uint64_t)json_integer_value(value)
                                           : (uint64_t)json_is_true(value));
    }
    for (size_t i = 0; status && i < sizeof parts / sizeof parts[0]; i++) {
        metrics_head(to, parts[i].name, "gauge", parts[i].help);
        json_array_foreach(json_object_get(status, "partitions"), at, one)
        {
            value = json_array_get(one, parts[i].part);
            fprintf(to, "%s{partition=\"%zu\"} %" JSON_INTEGER_FORMAT "\n", parts[i].name, at,
                    json_is_integer(value) ? json_integer_value(value)
                                           : (json_int_t)json_is_true(value));
        }
    }
}

/* All partitions tell the same names. */
static void
metrics_partitions(FILE *to, const bridge_t *bridge)
{
    char name[METRICS_NAME];
    const char *key;
    json_t *first = NULL, *value;
    if (!bridge->connected) /* what was seen last must not pass for what is */
        return;
    metrics_broker(to, bridge->looks[0]);
    for (uint32_t i = 1; i <= METRICS_PARTITIONS_MAX && !first; i++)
        first = bridge->looks[i];
    json_object_foreach(first, key, value)
    {
        if (!json_is_integer(value) || strcmp(key, "partition") == 0)
            continue;
        snprintf(name, sizeof name, "marquee_partition_%s", key);
        metrics_head(to, name, "untyped", "As stats tells it");
        for (uint32_t i = 1; i <= METRICS_PARTITIONS_MAX; i++) {
            const json_t *told = json_object_get(bridge->looks[i], key);
            if (json_is_integer(told))
                fprintf(to, "%s{partition=\"%u\"} %" JSON_INTEGER_FORMAT "\n", name, i - 1,
                        json_integer_value(told));
        }
    }
}

void
handle_metrics(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    (void)request;
    (void)path;
    (void)body;
    if (to) {
        metrics_bridge(to, call->bridge);
        metrics_routes(to, call->bridge);
        metrics_partitions(to, call->bridge);
    }
    if (to && fclose(to) == 0)
        answer_bytes(call, 200, "text/plain; version=0.0.4; charset=utf-8", text, size, "");
    else
        answer_problem(call, PROBLEM_INTERNAL, "memory is short", "");
    free(text);
}
