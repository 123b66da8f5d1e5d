/* openapi - GET /openapi.json: the tables of routes, operations, fields and problems as
 * OpenAPI 3.1. */
#include "clients/bridge/openapi.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/handlers.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *
openapi_field(field_t field)
{
    const field_info_t *info = field_info(field);
    json_int_t min = (json_int_t)info->min, max = (json_int_t)info->max;
    switch (info->type) {
    case TYPE_UINT:
        return json_pack("{s:s, s:I, s:I, s:s}", "type", "integer", "minimum", min, "maximum", max,
                         "description", info->help);
    case TYPE_BOOL:
        return json_pack("{s:s, s:s}", "type", "boolean", "description", info->help);
    case TYPE_STR:
        return json_pack("{s:s, s:I, s:I, s:s}", "type", "string", "minLength", min, "maxLength",
                         max, "description", info->help);
    case TYPE_SEATS:
        return json_pack("{s:s, s:{s:s, s:i}, s:b, s:I, s:I, s:s}", "type", "array", "items",
                         "type", "integer", "minimum", 1, "uniqueItems", 1, "minItems", min,
                         "maxItems", max, "description", info->help);
    case TYPE_LIST:
        return json_pack("{s:s, s:I, s:I, s:s}", "type", "array", "minItems", min, "maxItems", max,
                         "description", info->help);
    case TYPE_BIN:
    default:
        return json_pack("{s:s}", "description", info->help);
    }
}

/* A name that is no field of the protocol, or one that is bytes there and not here: as its word
 * says. */
static json_t *
openapi_named(const char *name, size_t size, char type)
{
    field_t field = field_named(name, size);
    if (field < FIELDS && field_info(field)->type != TYPE_BIN)
        return openapi_field(field);
    return json_pack("{s:s}", "type", type == 'n' ? "integer" : type == 'f' ? "boolean" : "string");
}

static json_t *
openapi_parameter(const char *name, size_t size, const char *where, json_t *schema)
{
    return json_pack("{s:s%, s:s, s:b, s:o}", "name", name, size, "in", where, "required",
                     strcmp(where, "path") == 0, "schema", schema);
}

static json_t *
openapi_showtime(void)
{
    return json_pack("{s:s, s:i, s:s}", "type", "integer", "minimum", 1, "description",
                     "showtime id");
}

static json_t *
openapi_parameters(const route_t *route)
{
    json_t *list = json_array();
    for (const char *at = route->path; (at = strchr(at, '{')); at++) {
        size_t size = strcspn(at, "}") - 1;
        bool showtime = size == 8 && memcmp(at + 1, "showtime", 8) == 0;
        (void)json_array_append_new(
            list,
            openapi_parameter(at + 1, size, "path",
                              showtime ? openapi_showtime() : openapi_named(at + 1, size, 't')));
    }
    for (const char *word = route->query; *word;) {
        size_t size = strcspn(word, " ");
        (void)json_array_append_new(
            list, openapi_parameter(word, size, "query", openapi_named(word, size, 't')));
        word += size + strspn(word + size, " ");
    }
    return list;
}

static void
openapi_operation_fields(const route_t *route, json_t *properties, json_t *required)
{
    const operation_t *operation = operation_of(route->operation);
    for (field_t field = 0; field < FIELDS; field++) {
        const field_info_t *info = field_info(field);
        char braces[40];
        snprintf(braces, sizeof braces, "{%s}", info->name);
        if (!field_in(operation->required | operation->optional, field) ||
            field_in(ROUTE_FIELDS_OWN, field) || strstr(route->path, braces))
            continue;
        (void)json_object_set_new(properties, info->name, openapi_field(field));
        if (field_in(operation->required, field))
            (void)json_array_append_new(required, json_string(info->name));
    }
}

static json_t *
openapi_body(const route_t *route)
{
    json_t *properties = json_object(), *required = json_array();
    const char *words = route->body, *name;
    size_t size;
    char type;
    bool needed;
    if (strcmp(words, "*") == 0)
        openapi_operation_fields(route, properties, required);
    else
        while (route_body_next(&words, &name, &size, &type, &needed)) {
            (void)json_object_setn_new(properties, name, size, openapi_named(name, size, type));
            if (needed)
                (void)json_array_append_new(required, json_stringn(name, size));
        }
    bool wanted = json_array_size(required) > 0;
    json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
                               "additionalProperties", 0);
    if (wanted)
        (void)json_object_set_new(schema, "required", required);
    else
        json_decref(required);
    return json_pack("{s:b, s:{s:{s:o}}}", "required", wanted, "content", "application/json",
                     "schema", schema);
}

/* What is answered with something else than JSON. */
static const char *
openapi_type(const route_t *route)
{
    static const struct {
        route_id_t id;
        const char *type;
    } others[] = {
        { ROUTE_HEALTH, "text/plain" },
        { ROUTE_READY, "text/plain" },
        { ROUTE_METRICS, "text/plain" },
        { ROUTE_TICKET_PNG, "image/png" },
        { ROUTE_TICKET_SVG, "image/svg+xml" },
        { ROUTE_SEATS_SSE, "text/event-stream" },
        { ROUTE_ORDER_SSE, "text/event-stream" },
        { ROUTE_QUEUE_SSE, "text/event-stream" },
        { ROUTE_SCHEDULE_SSE, "text/event-stream" },
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i].id == route->id)
            return others[i].type;
    return "application/json";
}

static json_t *
openapi_responses(const route_t *route)
{
    char success[8];
    const operation_t *operation = route->operation ? operation_of(route->operation) : NULL;
    snprintf(success, sizeof success, "%u", route->success);
    json_t *good =
        json_pack("{s:s}", "description",
                  operation && route->success != 204 ? operation->reply : route->summary);
    if (route->success != 204 && route->success != 101)
        (void)json_object_set_new(good, "content",
                                  json_pack("{s:{s:{}}}", openapi_type(route), "schema"));
    json_t *responses = json_pack("{s:o, s:{s:s}}", success, good, "default", "$ref",
                                  "#/components/responses/Problem");
    if (route->id == ROUTE_LAYOUT || route->id == ROUTE_SEATS)
        (void)json_object_set_new(responses, "304",
                                  json_pack("{s:s}", "description", "Had before (If-None-Match)"));
    return responses;
}

static json_t *
openapi_security(who_t who)
{
    switch (who) {
    case WHO_BUYER:
        return json_pack("[{s:[]}, {s:[], s:[]}]", "bearer", "cookie", "csrf");
    case WHO_STAFF:
        return json_pack("[{s:[]}]", "bearer");
    case WHO_GATE:
        return json_pack("[{s:[]}, {s:[]}]", "bearer", "kiosk");
    case WHO_ANYONE:
    case WHO_KIOSK:
    default:
        return json_array();
    }
}

static void
openapi_route(json_t *paths, const route_t *route)
{
    char method[8], id[64];
    const char *name = route_method_name(route->method);
    size_t size = 0;
    for (; name[size]; size++)
        method[size] = (char)(name[size] | 0x20);
    method[size] = 0;
    snprintf(id, sizeof id, "%s%s", method, route->path);
    for (char *at = id; *at; at++)
        if (strchr("/{}.", *at))
            *at = '_';
    json_t *entry = json_pack("{s:s, s:s, s:o, s:o, s:o}", "operationId", id, "summary",
                              route->summary, "parameters", openapi_parameters(route), "responses",
                              openapi_responses(route), "security", openapi_security(route->who));
    if (*route->body)
        (void)json_object_set_new(entry, "requestBody", openapi_body(route));
    json_t *path = json_object_get(paths, route->path);
    if (!path) {
        path = json_object();
        (void)json_object_set_new(paths, route->path, path);
    }
    (void)json_object_set_new(path, method, entry);
}

static json_t *
openapi_components(void)
{
    return json_pack(
        "{s:{s:{s:s, s:s}, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:s}}, "
        "s:{s:{s:s, s:{s:{s:{s:s}}}}}, "
        "s:{s:{s:s, s:[s,s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}}}}",
        "securitySchemes", "bearer", "type", "http", "scheme", "bearer", "cookie", "type", "apiKey",
        "in", "cookie", "name", "marquee", "csrf", "type", "apiKey", "in", "header", "name",
        "X-CSRF-Token", "kiosk", "type", "apiKey", "in", "header", "name", "X-Kiosk-Signature",
        "description", "HMAC-SHA256 with X-Kiosk-Id, X-Kiosk-Timestamp and X-Kiosk-Nonce",
        "responses", "Problem", "description", "RFC 9457 problem details", "content",
        "application/problem+json", "schema", "$ref", "#/components/schemas/Problem", "schemas",
        "Problem", "type", "object", "required", "type", "title", "status", "code", "properties",
        "type", "type", "string", "title", "type", "string", "status", "type", "integer", "code",
        "type", "string", "detail", "type", "string", "instance", "type", "string");
}

json_t *
openapi_document(void)
{
    json_t *paths = json_object();
    for (route_id_t id = 0; id < ROUTES; id++)
        openapi_route(paths, route_of(id));
    return json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:o, s:o}", "openapi",
                     "3.1.0", "info", "title", "Marquee", "version", marquee_version(),
                     "description", "A cinema ticket server. Amounts are fen, times Unix ms.",
                     "license", "name", "MPL-2.0", "identifier", "MPL-2.0", "servers", "url", "/",
                     "paths", paths, "components", openapi_components());
}

void
handle_openapi(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    (void)request;
    (void)path;
    (void)body;
    answer_json(call, 200, openapi_document(), "Cache-Control: no-cache\r\n");
}

static const char *const openapi_who[] = { [WHO_ANYONE] = "anyone",
                                           [WHO_BUYER] = "buyer",
                                           [WHO_STAFF] = "staff",
                                           [WHO_KIOSK] = "kiosk",
                                           [WHO_GATE] = "kiosk, staff" };
static const char *const openapi_lane[] = {
    [LANE_FREE] = "", [LANE_READ] = "read", [LANE_SALE] = "sale", [LANE_ENTER] = "enter"
};

static void
openapi_body_words(FILE *to, const route_t *route)
{
    if (strcmp(route->body, "*") != 0) {
        fprintf(to, "%s", route->body);
        return;
    }
    json_t *properties = json_object(), *required = json_array();
    const char *name, *space = "";
    const json_t *value, *one;
    size_t at;
    openapi_operation_fields(route, properties, required);
    json_object_foreach(properties, name, value)
    {
        bool needed = false;
        json_array_foreach(required, at, one) needed |= strcmp(json_string_value(one), name) == 0;
        fprintf(to, "%s%s%s", space, name, needed ? "!" : "");
        space = " ";
    }
    json_decref(properties);
    json_decref(required);
}

static void
openapi_markdown_routes(FILE *to)
{
    fprintf(to, "### Routes\n\n"
                "| method | path | who | rate | operation | query | body | answer | |\n"
                "|---|---|---|---|---|---|---|---|---|\n");
    for (route_id_t id = 0; id < ROUTES; id++) {
        const route_t *route = route_of(id);
        fprintf(to, "| %s | `%s` | %s | %s | %s | %s | ", route_method_name(route->method),
                route->path, openapi_who[route->who], openapi_lane[route->lane],
                route->operation ? operation_of(route->operation)->name : "", route->query);
        openapi_body_words(to, route);
        fprintf(to, " | %u | %s |\n", route->success, route->summary);
    }
}

/* Those of the trade that a request can lead to: what is wrong with frames and deadlines is between
 * the bridge and the server. */
static void
openapi_markdown_refusals(FILE *to)
{
    static const struct {
        uint16_t status;
        const char *name, *text;
    } refusals[] = {
#define X(code, name, text) { code, #name, text },
        STATUS_TABLE(X)
#undef X
    };
    fprintf(to, "\n### Refusals of the trade\n\n| code | status | |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (refusals[i].status != STATUS_OK && answer_status_of(refusals[i].status) != 502)
            fprintf(to, "| `%s` | %u | %s |\n", refusals[i].name,
                    answer_status_of(refusals[i].status), refusals[i].text);
}

void
openapi_markdown(FILE *to)
{
    openapi_markdown_routes(to);
    fprintf(to, "\n### Problems of the bridge\n\n| code | status | |\n|---|---|---|\n");
    for (problem_t problem = 0; problem < PROBLEMS; problem++)
        fprintf(to, "| `%s` | %u | %s |\n", answer_problem_code(problem),
                answer_problem_status(problem), answer_problem_title(problem));
    openapi_markdown_refusals(to);
}
