/* guard - who calls, and may they: session cookies, bearer tokens, staff keys, CSRF, origins,
 * rates. */
#include "clients/bridge/answer.h"
#include "clients/bridge/bridge.h"
#include "clients/bridge/keyfile.h"
#include "clients/bridge/revoked_live.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ addresses */

static bool
guard_is_proxy(const bridge_t *self, const address_t *address)
{
    char list[ZPL_TEXT_MAX];
    memcpy(list, self->conf.text[BRIDGE_CONF_http_proxies], sizeof list);
    char *rest = list;
    address_t proxy;
    for (const char *one; (one = zpl_word(&rest));)
        if (address_read(one, &proxy) && memcmp(&proxy, address, sizeof proxy) == 0)
            return true;
    return false;
}

/* Step back through one list of addresses; false when the caller is found, or what stands there is
 * no address. */
static bool
guard_step_back(call_t *call, http_text_t list)
{
    const char *end = list.data + list.size;
    while (end > list.data) {
        const char *begin = end;
        char text[EDGE_ADDRESS_TEXT];
        address_t address;
        while (begin > list.data && begin[-1] != ',')
            begin--;
        const char *from = begin;
        while (from < end && *from == ' ')
            from++;
        size_t size = (size_t)(end - from);
        if (size >= sizeof text)
            return false;
        memcpy(text, from, size);
        text[size] = 0;
        if (!address_read(text, &address))
            return false;
        call->address = address;
        if (!guard_is_proxy(call->bridge, &address))
            return false;
        end = begin > list.data ? begin - 1 : begin;
    }
    return true;
}

/* Of X-Forwarded-For the last address that is not one of our proxies: what stands before it anybody
 * may have written. A proxy adds to the last such field, or a field behind all others. */
void
guard_address(call_t *call, const http_request_t *request)
{
    bridge_t *self = call->bridge;
    if (!*self->conf.text[BRIDGE_CONF_http_proxies] || !guard_is_proxy(self, &call->address))
        return;
    for (uint32_t i = request->field_count; i-- > 0;)
        if (http_text_is_nocase(request->fields[i].name, "x-forwarded-for") &&
            !guard_step_back(call, request->fields[i].value))
            return;
}

/* ------------------------------------------------------------------ who */

/* A member of staff who buys at the desk does so under a number of the name's own, above those of
 * guests. */
uint64_t
guard_desk_user(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(1099511628211);
    return (hash >> 2) | UINT64_C(1) << 62;
}

static int
guard_unauthorized(call_t *call, problem_t problem)
{
    call->bridge->figures.unauthorized++;
    answer_problem(call, problem, NULL, "");
    return -1;
}

/* What a cinema_admin may is told by the cinema that is meant: where none is, they are buyers. */
static void
guard_take_staff(identity_t *who, const staff_t *staff)
{
    who->kind = staff->role == TOKEN_ROLE_CINEMA_ADMIN ? IDENTITY_BUYER : IDENTITY_STAFF;
    who->role = staff->role;
    who->cinemas = staff->cinemas;
    memcpy(who->staff, staff->name, sizeof who->staff);
    who->user = guard_desk_user(staff->name);
}

/* sub is "s:" and the name, which must still have a key of that role. */
static int
guard_staff_token(call_t *call, const token_jwt_t *jwt)
{
    staff_t staff = { .role = jwt->role, .cinemas = jwt->cinemas };
    http_text_t name = { jwt->subject + 2, strlen(jwt->subject) - 2 };
    if (strncmp(jwt->subject, "s:", 2) != 0 || !keyfile_name(name, staff.name, sizeof staff.name))
        return guard_unauthorized(call, PROBLEM_TOKEN_MALFORMED);
    if (!staff_is(call->bridge->staff, &staff))
        return guard_unauthorized(call, PROBLEM_TOKEN_REVOKED);
    guard_take_staff(&call->identity, &staff);
    return 0;
}

/* sub is "g", or "m" of a member, and the user number. */
static bool
guard_subject(const char *subject, uint64_t *user)
{
    uint64_t number = 0;
    if ((*subject != 'g' && *subject != 'm') || !*++subject)
        return false;
    for (; *subject; subject++) {
        if (*subject < '0' || *subject > '9' || number > (uint64_t)INT64_MAX / 10)
            return false;
        number = number * 10 + (uint64_t)(*subject - '0');
    }
    *user = number;
    return number > 0 && number <= (uint64_t)INT64_MAX;
}

static int
guard_jwt(call_t *call, http_text_t text)
{
    token_jwt_t jwt;
    bridge_t *self = call->bridge;
    token_verdict_t verdict = token_jwt_read(
        &self->ring, self->conf.text[BRIDGE_CONF_session_issuer], text, self->now_ms / 1000, &jwt);
    if (verdict != TOKEN_GOOD)
        return guard_unauthorized(call, answer_problem_named(token_verdict_name(verdict)));
    if (revoked_has(self->revoked, &jwt))
        return guard_unauthorized(call, PROBLEM_TOKEN_REVOKED);
    if (jwt.subject[0] == 'm' && !revoked_live_whole(self->revoked_live)) {
        answer_problem(call, PROBLEM_SERVER_AWAY, NULL, "Retry-After: 1\r\n");
        return -1;
    }
    if (jwt.role >= TOKEN_ROLE_STAFF)
        return guard_staff_token(call, &jwt);
    if (!guard_subject(jwt.subject, &call->identity.user))
        return guard_unauthorized(call, PROBLEM_TOKEN_MALFORMED);
    call->identity.kind = IDENTITY_BUYER;
    call->identity.role = jwt.role;
    return 0;
}

static int
guard_bearer(call_t *call, http_text_t value)
{
    static const char scheme[] = "Bearer ";
    staff_t staff;
    if (value.size < sizeof scheme - 1 ||
        !http_text_is_nocase((http_text_t){ value.data, sizeof scheme - 1 }, scheme))
        return guard_unauthorized(call, PROBLEM_TOKEN_MALFORMED);
    http_text_t token = { value.data + sizeof scheme - 1, value.size - (sizeof scheme - 1) };
    if (memchr(token.data, '.', token.size))
        return guard_jwt(call, token);
    if (!staff_find(call->bridge->staff, token, &staff))
        return guard_unauthorized(call, PROBLEM_TOKEN_FORGED);
    guard_take_staff(&call->identity, &staff);
    call->identity.key = true;
    return 0;
}

/* A cookie that is not ours, or is over, counts for none. */
static void
guard_cookie(call_t *call, const http_request_t *request)
{
    http_text_t text;
    bridge_t *self = call->bridge;
    identity_t *who = &call->identity;
    if (!http_cookie(request, "marquee", &text) ||
        !token_cookie_read(&self->ring, text, self->now_ms / 1000,
                           self->conf.number[BRIDGE_CONF_session_hours] * 3600, &who->session))
        return;
    who->kind = IDENTITY_BUYER;
    who->user = who->session.user;
    who->cookie = true;
}

static int
guard_identify(call_t *call, const http_request_t *request)
{
    http_text_t value;
    if (http_field(request, "authorization", &value)) {
        if (http_field_count(request, "authorization") > 1)
            return guard_unauthorized(call, PROBLEM_TOKEN_MALFORMED);
        return guard_bearer(call, value);
    }
    guard_cookie(call, request);
    return 0;
}

/* ------------------------------------------------------------------ where from */

/* Is it the origin that this request was sent to? */
static bool
guard_own_origin(const call_t *call, http_text_t origin, http_text_t host)
{
    const char *scheme = call->conn->ssl ? "https://" : "http://";
    size_t size = strlen(scheme);
    if (origin.size > 8 && !call->conn->ssl && memcmp(origin.data, "https://", 8) == 0)
        size = 8; /* TLS ended in front of us */
    else if (origin.size <= size || memcmp(origin.data, scheme, size) != 0)
        return false;
    return origin.size - size == host.size && memcmp(origin.data + size, host.data, host.size) == 0;
}

void
guard_origin(call_t *call, const http_request_t *request)
{
    http_text_t origin;
    const char *list = call->bridge->conf.text[BRIDGE_CONF_http_origins];
    if (!*list || !http_field(request, "origin", &origin) || origin.size > BRIDGE_WORD_MAX ||
        !route_word(list, origin.data, origin.size))
        return;
    memcpy(call->origin, origin.data, origin.size);
    call->origin[origin.size] = 0;
    call->cors = true;
}

/* A page of another origin may read what anybody may, but not do what a cookie may. */
static bool
guard_same_origin(call_t *call, const http_request_t *request)
{
    http_text_t origin, host, site;
    if (http_field(request, "sec-fetch-site", &site) && !http_text_is(site, "same-origin") &&
        !http_text_is(site, "none"))
        return false;
    if (!http_field(request, "origin", &origin))
        return true;
    return http_field(request, "host", &host) && guard_own_origin(call, origin, host);
}

static bool
guard_changes(const call_t *call)
{
    return call->method != HTTP_GET && call->method != HTTP_HEAD && call->method != HTTP_OPTIONS;
}

/* What only a cookie proves must also come from our own page, and, when it changes anything, with
 * the session's token. */
static int
guard_csrf(call_t *call, const http_request_t *request)
{
    http_text_t token;
    bool changes = guard_changes(call), socket = call->route->success == 101;
    if (!call->identity.cookie || (!changes && !socket))
        return 0;
    if (!guard_same_origin(call, request)) {
        call->bridge->figures.csrf_refused++;
        answer_problem(call, PROBLEM_CROSS_ORIGIN, NULL, "");
        return -1;
    }
    if (changes && (!http_field(request, "x-csrf-token", &token) ||
                    !token_csrf_check(&call->bridge->ring, &call->identity.session, token))) {
        call->bridge->figures.csrf_refused++;
        answer_problem(call, PROBLEM_CSRF_TOKEN, NULL, "");
        return -1;
    }
    return 0;
}

/* ------------------------------------------------------------------ how often */

static int
guard_limited(call_t *call, uint32_t wait_ms)
{
    char extra[64];
    call->bridge->figures.limited++;
    snprintf(extra, sizeof extra, "Retry-After: %" PRIu32 "\r\n", (wait_ms + 999) / 1000);
    answer_problem(call, PROBLEM_RATE_LIMITED, NULL, extra);
    return -1;
}

/* Before anything is proved: proofs that are wrong cost as much as others. */
static int
guard_rate_address(call_t *call)
{
    lane_kind_t lane = call->route->lane;
    if (lane == LANE_FREE)
        return 0;
    uint32_t wait_ms = limit_take(call->bridge->by_address[lane], call->address.bytes,
                                  address_name_size(&call->address), call->began_us / 1000);
    return wait_ms ? guard_limited(call, wait_ms) : 0;
}

/* What one buyer is not given does not count against all who are behind the same address. */
static int
guard_rate_user(call_t *call)
{
    bridge_t *self = call->bridge;
    lane_kind_t lane = call->route->lane;
    int64_t now_ms = call->began_us / 1000;
    if (lane != LANE_SALE || call->identity.kind != IDENTITY_BUYER)
        return 0;
    uint32_t wait_ms =
        limit_take(self->by_user, &call->identity.user, sizeof call->identity.user, now_ms);
    if (!wait_ms)
        return 0;
    limit_give(self->by_address[lane], call->address.bytes, address_name_size(&call->address),
               now_ms);
    return guard_limited(call, wait_ms);
}

int
guard_admit(call_t *call, const http_request_t *request, http_text_t body)
{
    if (guard_rate_address(call) != 0 || guard_identify(call, request) != 0)
        return -1;
    if (call->route->who == WHO_BUYER && call->identity.kind == IDENTITY_NONE)
        return guard_unauthorized(call, PROBLEM_UNAUTHORIZED);
    if (call->route->who == WHO_STAFF && call->identity.kind != IDENTITY_STAFF) {
        if (call->identity.kind == IDENTITY_NONE)
            return guard_unauthorized(call, PROBLEM_UNAUTHORIZED);
        answer_problem(call, PROBLEM_STAFF_ONLY, NULL, "");
        return -1;
    }
    if (guard_rate_user(call) != 0)
        return -1;
    if (call->route->who == WHO_GATE && call->identity.kind != IDENTITY_STAFF)
        return kiosk_admit(call, request, body);
    return guard_csrf(call, request);
}
