/* route - see route.h for the contract. */
#include "clients/bridge/route.h"
#include <assert.h>
#include <string.h>

#define WHO(name)  WHO_##name
#define LANE(name) LANE_##name
static const route_t routes[ROUTES] = {
#define R(id_, method_, path_, who_, lane_, operation_, handler, query_, body_, success_,          \
          summary_)                                                                                \
    { .id = ROUTE_##id_,                                                                           \
      .method = HTTP_##method_,                                                                    \
      .who = WHO_##who_,                                                                           \
      .lane = LANE_##lane_,                                                                        \
      .operation = (operation_),                                                                   \
      .success = (success_),                                                                       \
      .path = (path_),                                                                             \
      .query = (query_),                                                                           \
      .body = (body_),                                                                             \
      .summary = (summary_) },
    ROUTE_TABLE(R)
#undef R
};

const route_t *
route_of(route_id_t id)
{
    assert(id < ROUTES);
    return &routes[id];
}

const char *
route_method_name(http_method_t method)
{
    static const char *const names[HTTP_METHODS] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT",         [HTTP_DELETE] = "DELETE", [HTTP_PATCH] = "PATCH",
        [HTTP_OPTIONS] = "OPTIONS",
    };
    return method < HTTP_METHODS ? names[method] : "?";
}

/* Compare a path with a pattern, segment by segment. */
static bool
route_fits(const char *pattern, http_text_t path, path_t *parameters)
{
    const char *at = path.data, *end = path.data + path.size;
    parameters->count = 0;
    while (*pattern) {
        if (*pattern == '{') {
            const char *close = strchr(pattern, '}');
            const char *slash = memchr(at, '/', (size_t)(end - at));
            const char *stop = slash ? slash : end;
            assert(close && parameters->count < ROUTE_PARAMETERS_MAX);
            if (stop == at)
                return false;
            uint32_t i = parameters->count++;
            parameters->names[i] = (http_text_t){ pattern + 1, (size_t)(close - pattern - 1) };
            parameters->values[i] = (http_text_t){ at, (size_t)(stop - at) };
            pattern = close + 1;
            at = stop;
            continue;
        }
        if (at == end || *at != *pattern)
            return false;
        at++;
        pattern++;
    }
    return at == end;
}

route_verdict_t
route_match(http_method_t method, http_text_t path, const route_t **route, path_t *parameters,
            uint32_t *allowed)
{
    http_method_t wanted = method == HTTP_HEAD ? HTTP_GET : method;
    *allowed = 0;
    for (route_id_t id = 0; id < ROUTES; id++) {
        if (!route_fits(routes[id].path, path, parameters))
            continue;
        *route = &routes[id];
        if (routes[id].method == wanted)
            return ROUTE_FOUND;
        *allowed |= 1u << routes[id].method;
    }
    return *allowed ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}

bool
route_word(const char *words, const char *name, size_t size)
{
    while (*words) {
        size_t length = strcspn(words, " ");
        if (length == size && memcmp(words, name, size) == 0)
            return true;
        words += length + strspn(words + length, " ");
    }
    return false;
}

bool
route_body_next(const char **words, const char **name, size_t *size, char *type, bool *required)
{
    const char *word = *words + strspn(*words, " ");
    size_t length = strcspn(word, " ");
    const char *colon = memchr(word, ':', length);
    if (!colon)
        return false;
    *name = word;
    *size = (size_t)(colon - word);
    *type = colon[1];
    *required = word[length - 1] == '!';
    *words = word + length;
    return true;
}
