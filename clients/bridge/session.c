/* session - guests: a cookie for browsers, a bearer token for programs. */
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SESSION_TOKEN_S = 7200 };
/* Guests are numbered below the desk's users, and far above members. */
#define SESSION_GUEST_FIRST (UINT64_C(1) << 61)

static uint64_t
session_guest(void)
{
    uint64_t number;
    bridge_random(&number, sizeof number);
    return SESSION_GUEST_FIRST | (number & (SESSION_GUEST_FIRST - 1));
}

/* Who I am, what time it is here, and the CSRF token of my cookie; there is a cookie behind this
 * answer whether or not there was one before. */
void
handle_session_get(call_t *call, const http_request_t *request, const path_t *path,
                   http_text_t body)
{
    bridge_t *self = call->bridge;
    identity_t *who = &call->identity;
    char csrf[TOKEN_CSRF_ROOM], user[24];
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
    snprintf(user, sizeof user, "%" PRIu64, who->user);
    json_t *answer = json_pack("{s:s, s:s, s:I}", "user", user, "role",
                               who->kind == IDENTITY_STAFF ? "staff" : "guest", "now_ms",
                               (json_int_t)self->now_ms);
    if (answer && who->cookie) {
        bridge_random(random, sizeof random);
        token_csrf(&self->ring, &who->session, random, csrf);
        (void)json_object_set_new(answer, "csrfToken", json_string(csrf));
    }
    answer_json(call, 200, answer, "");
}

void
handle_session_post(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    bridge_t *self = call->bridge;
    char text[TOKEN_JWT_MAX];
    uint64_t user = session_guest(), id;
    int64_t now_s = self->now_ms / 1000;
    (void)request;
    (void)path;
    (void)body;
    bridge_random(&id, sizeof id);
    token_jwt_t jwt = { .role = TOKEN_ROLE_GUEST,
                        .issued_s = now_s,
                        .expires_s = now_s + SESSION_TOKEN_S };
    snprintf(jwt.subject, sizeof jwt.subject, "g%" PRIu64, user);
    snprintf(jwt.id, sizeof jwt.id, "%016" PRIx64, id);
    size_t size = token_jwt(&self->ring, self->conf.text[BRIDGE_CONF_session_issuer], &jwt, text,
                            sizeof text - 1);
    text[size] = 0;
    if (!size) {
        answer_problem(call, PROBLEM_INTERNAL, "the token cannot be made", "");
        return;
    }
    char said[24];
    snprintf(said, sizeof said, "%" PRIu64, user);
    answer_json(call, 201,
                json_pack("{s:s, s:s, s:s, s:I}", "token", text, "user", said, "role", "guest",
                          "expires_s", (json_int_t)jwt.expires_s),
                "");
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
