/* session - guests: a cookie for browsers, a bearer token for programs. */
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include <inttypes.h>
#include <stdio.h>

/* Guests are numbered below the desk's users, and far above members. */
#define SESSION_GUEST_FIRST (UINT64_C(1) << 61)

static uint64_t
session_guest(void)
{
    uint64_t number;
    bridge_random(&number, sizeof number);
    return SESSION_GUEST_FIRST | (number & (SESSION_GUEST_FIRST - 1));
}

/* A cookie, or none, is a guest's. */
static token_role_t
session_role(const identity_t *who)
{
    return who->role == TOKEN_ROLE_NONE ? TOKEN_ROLE_GUEST : who->role;
}

static json_t *
session_answer(uint64_t user, token_role_t role, const char *staff, const token_cinemas_t *cinemas)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRIu64, user);
    json_t *answer = json_pack("{s:s, s:s}", "user", number, "role", token_role_name(role));
    if (answer && *staff)
        (void)json_object_set_new(answer, "staff", json_string(staff));
    json_t *list = answer && cinemas->count ? json_array() : NULL;
    for (uint32_t i = 0; list && i < cinemas->count; i++)
        (void)json_array_append_new(list, json_integer((json_int_t)cinemas->ids[i]));
    if (list)
        (void)json_object_set_new(answer, "cinemas", list);
    return answer;
}

/* Who I am, what time it is here, and the CSRF token of my cookie; there is a cookie behind this
 * answer whether or not there was one before. */
void
handle_session_get(call_t *call, const http_request_t *request, const path_t *path,
                   http_text_t body)
{
    bridge_t *self = call->bridge;
    identity_t *who = &call->identity;
    char csrf[TOKEN_CSRF_ROOM];
    uint8_t random[16];
    (void)request;
    (void)path;
    (void)body;
    if (who->kind == IDENTITY_NONE) {
        who->session =
            (token_session_t){ .user = session_guest(), .issued_s = self->now_ms / 1000 };
        who->kind = IDENTITY_BUYER;
        who->user = who->session.user;
        who->cookie = call->fresh_cookie = true;
    }
    json_t *answer = session_answer(who->user, session_role(who), who->staff, &who->cinemas);
    if (answer)
        (void)json_object_set_new(answer, "now_ms", json_integer((json_int_t)self->now_ms));
    if (answer && who->cookie) {
        bridge_random(random, sizeof random);
        token_csrf(&self->ring, &who->session, random, csrf);
        (void)json_object_set_new(answer, "csrfToken", json_string(csrf));
    }
    answer_json(call, 200, answer, "");
}

/* Whom a new token is for: who shows a key of staff gets one of their own, anybody else a new
 * guest's. */
static token_jwt_t
session_token(bridge_t *self, const identity_t *who, uint64_t *user)
{
    uint64_t id;
    int64_t now_s = self->now_ms / 1000;
    bridge_random(&id, sizeof id);
    token_jwt_t jwt = { .role = who->key ? who->role : TOKEN_ROLE_GUEST,
                        .issued_s = now_s,
                        .expires_s = now_s + self->conf.number[BRIDGE_CONF_session_token_s] };
    snprintf(jwt.id, sizeof jwt.id, "%016" PRIx64, id);
    *user = who->key ? who->user : session_guest();
    if (who->key) {
        jwt.cinemas = who->cinemas;
        snprintf(jwt.subject, sizeof jwt.subject, "s:%s", who->staff);
    } else
        snprintf(jwt.subject, sizeof jwt.subject, "g%" PRIu64, *user);
    return jwt;
}

void
handle_session_post(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    bridge_t *self = call->bridge;
    char text[TOKEN_JWT_MAX + 1];
    uint64_t user;
    const identity_t *who = &call->identity;
    (void)request;
    (void)path;
    (void)body;
    /* Else a token that was stolen would never end. */
    if (!who->key && who->role >= TOKEN_ROLE_STAFF) {
        answer_problem(call, PROBLEM_STAFF_ONLY, "a token is had for a key, not for a token", "");
        return;
    }
    token_jwt_t jwt = session_token(self, who, &user);
    if (!token_jwt(&self->ring, self->conf.text[BRIDGE_CONF_session_issuer], &jwt, text,
                   sizeof text)) {
        answer_problem(call, PROBLEM_INTERNAL, "the token cannot be made", "");
        return;
    }
    json_t *answer = session_answer(user, jwt.role, who->key ? who->staff : "", &jwt.cinemas);
    if (answer) {
        (void)json_object_set_new(answer, "token", json_string(text));
        (void)json_object_set_new(answer, "expires_s", json_integer((json_int_t)jwt.expires_s));
    }
    answer_json(call, 201, answer, "");
}

void
handle_session_delete(call_t *call, const http_request_t *request, const path_t *path,
                      http_text_t body)
{
    (void)request;
    (void)path;
    (void)body;
    answer_empty(call, 204, "Set-Cookie: marquee=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0\r\n");
}
