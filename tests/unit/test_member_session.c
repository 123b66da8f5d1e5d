/* member_session - log-ins: a key leads to one member, each refresh token is good once, and who is
 * turned out is out and stands in the list of what was taken back. */
#include "actors/member_session.h"
#include "broker/shard.h"
#include "tests/unit/box_world.h"

enum { TEXT = 80 };

static struct {
    uint64_t events, number; /* of what was taken back; the last one's */
} heard;

static void
hear_event(void *argument, uint16_t operation, uint64_t key, uint64_t number, const void *body,
           uint32_t size)
{
    const world_t *w = argument;
    mp_t at;
    assert_int_equal(operation, OP_SESSION_REVOKED);
    assert_true(key == w->site.partition);
    assert_true(number == heard.number + 1);
    assert_true(mp_valid(body, size));
    assert_true(mp_find(body, size, "revoked", &at));
    heard.events++;
    heard.number = number;
}

static world_t *
session_world(void)
{
    world_t *w = world_new();
    memset(&heard, 0, sizeof heard);
    w->unchecked = true;
    w->site.partition = 3;
    w->site.programmes = 1;
    w->site.members = 3;
    w->sink.event = hear_event;
    return w;
}

#define CALL_ON(w, op, key, ...)                                                                   \
    world_call(w, OP_##op, key, (world_arg_t[]){ __VA_ARGS__, { FIELDS, 0, NULL } })
#define ASK_ON(w, op, key) world_call(w, OP_##op, key, (world_arg_t[]){ { FIELDS, 0, NULL } })

static uint64_t
key_of(world_t *w, const char *login)
{
    assert_int_equal(CALL_ON(w, LOGIN_KEY, 0, T(LOGIN, login)), STATUS_OK);
    return world_uint(w, "key");
}

/* The member who logs in, and the token that he gets. */
static uint64_t
log_in(world_t *w, const char *login, char token[TEXT])
{
    assert_int_equal(ASK_ON(w, MEMBER_LOGIN, key_of(w, login)), STATUS_OK);
    world_text(w, "refresh", token, TEXT);
    uint64_t id = world_uint(w, "member");
    assert_null(member_check(w->state, id));
    return id;
}

static status_t
refresh(world_t *w, uint64_t id, char token[TEXT])
{
    status_t status = CALL_ON(w, SESSION_REFRESH, id, T(REFRESH, token));
    if (status == STATUS_OK)
        world_text(w, "refresh", token, TEXT);
    assert_null(member_check(w->state, id));
    return status;
}

static void
a_key_leads_to_one_member_of_its_partition(void **state)
{
    (void)state;
    char token[TEXT], other[TEXT];
    world_t *w = session_world();
    const shard_map_t map = site_map(&w->site);
    uint64_t id = log_in(w, "oidc:https://id.example anna", token);
    assert_true(ids_is_member(id));
    assert_int_equal(shard_partition(&map, KEY_MEMBER, id), w->site.partition);
    assert_true(log_in(w, "oidc:https://id.example anna", other) == id);
    assert_string_not_equal(token, other);
    assert_true(log_in(w, "oidc:https://id.example bert", other) != id);
    assert_int_equal(ASK_ON(w, MEMBER_LOGIN, 7), STATUS_UNKNOWN_LOGIN);
    world_text(w, "error", token, TEXT);
    world_destroy(w);
}

static void
a_token_is_good_once(void **state)
{
    (void)state;
    char first[TEXT], token[TEXT], other[TEXT];
    world_t *w = session_world();
    uint64_t id = log_in(w, "anna", first);
    log_in(w, "anna", other);
    memcpy(token, first, TEXT);
    for (int i = 0; i < 5; i++)
        assert_int_equal(refresh(w, id, token), STATUS_OK);
    assert_int_equal(heard.events, 0);
    assert_int_equal(refresh(w, id, first), STATUS_SESSION_REUSED); /* a thief, or the owner */
    assert_int_equal(heard.events, 1);
    assert_int_equal(refresh(w, id, token), STATUS_SESSION_ENDED);
    assert_int_equal(refresh(w, id, other), STATUS_OK); /* another log-in is not touched */
    world_destroy(w);
}

static void
no_other_token_is_believed(void **state)
{
    (void)state;
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char token[TEXT], wrong[TEXT];
    world_t *w = session_world();
    uint64_t id = log_in(w, "anna", token);
    for (size_t at = 0; at < strlen(token); at++) {
        memcpy(wrong, token, TEXT);
        wrong[at] = base64[(strchr(base64, token[at]) - base64 + 17) % 64];
        status_t status = refresh(w, id, wrong);
        assert_true(status == STATUS_BAD_REFRESH || status == STATUS_SESSION_ENDED);
    }
    assert_int_equal(CALL_ON(w, SESSION_REFRESH, id, T(REFRESH, "short")), STATUS_BAD_REFRESH);
    assert_int_equal(CALL_ON(w, SESSION_REFRESH, id + 1, T(REFRESH, token)), STATUS_BAD_REFRESH);
    assert_int_equal(refresh(w, id, token), STATUS_OK); /* none of that did harm */
    w->site.ticket_key[0] ^= 1;                         /* another site */
    assert_int_equal(refresh(w, id, token), STATUS_BAD_REFRESH);
    world_destroy(w);
}

static void
a_log_in_ends(void **state)
{
    (void)state;
    char tokens[SESSIONS_MAX + 1][TEXT];
    world_t *w = session_world();
    uint64_t id = log_in(w, "anna", tokens[0]);
    assert_int_equal(CALL_ON(w, SESSION_LOGOUT, id, T(REFRESH, tokens[0])), STATUS_OK);
    assert_int_equal(heard.events, 1);
    assert_int_equal(CALL_ON(w, SESSION_LOGOUT, id, T(REFRESH, tokens[0])), STATUS_OK);
    assert_int_equal(heard.events, 1);
    assert_int_equal(refresh(w, id, tokens[0]), STATUS_SESSION_ENDED);
    /* one too many ends the oldest */
    for (int i = 0; i <= SESSIONS_MAX; i++)
        log_in(w, "anna", tokens[i]);
    assert_int_equal(refresh(w, id, tokens[0]), STATUS_SESSION_ENDED);
    assert_int_equal(refresh(w, id, tokens[1]), STATUS_OK);
    w->now_ms += SESSION_LIFE_MS;
    assert_int_equal(refresh(w, id, tokens[1]), STATUS_SESSION_ENDED);
    world_destroy(w);
}

static void
who_is_turned_out_is_out(void **state)
{
    (void)state;
    char token[TEXT], name[40];
    mp_t at;
    uint32_t count, parts, size;
    uint64_t kind;
    const char *text;
    world_t *w = session_world();
    uint64_t id = log_in(w, "anna", token);
    assert_int_equal(CALL_ON(w, MEMBER_BAN, id, N(YES, 1)), STATUS_OK);
    assert_int_equal(refresh(w, id, token), STATUS_SESSION_ENDED);
    assert_int_equal(ASK_ON(w, MEMBER_LOGIN, key_of(w, "anna")), STATUS_MEMBER_BANNED);
    assert_int_equal(ASK_ON(w, SESSIONS_REVOKED, 3), STATUS_OK);
    assert_true(world_uint(w, "version") == 1);
    assert_true(world_get(w, "revoked", &at));
    assert_true(mp_read_array(&at, &count) && count == 1);
    assert_true(mp_read_array(&at, &parts) && parts == 4);
    assert_true(mp_read_uint(&at, &kind) && kind == REVOKED_KIND_SUBJECT);
    assert_true(mp_read_str(&at, &text, &size));
    snprintf(name, sizeof name, "m%llu", (unsigned long long)id);
    assert_int_equal(size, strlen(name));
    assert_memory_equal(text, name, size);
    assert_int_equal(CALL_ON(w, MEMBER_BAN, id, N(YES, 0)), STATUS_OK);
    assert_true(log_in(w, "anna", token) == id);
    /* another role ends the tokens that say the old one, not the log-in */
    assert_int_equal(CALL_ON(w, MEMBER_ROLE, id, T(ROLE, "emperor")), STATUS_BAD_FIELD);
    assert_int_equal(CALL_ON(w, MEMBER_ROLE, id, T(ROLE, "member_vip")), STATUS_OK);
    assert_int_equal(CALL_ON(w, MEMBER_ROLE, id, T(ROLE, "member_vip")), STATUS_OK);
    assert_int_equal(heard.events, 2);
    assert_int_equal(refresh(w, id, token), STATUS_OK);
    world_text_is(w, "role", "member_vip");
    assert_int_equal(CALL_ON(w, MEMBER_BAN, id + 1, N(YES, 1)), STATUS_UNKNOWN_MEMBER);
    world_destroy(w);
}

static void
who_is_erased_is_forgotten(void **state)
{
    (void)state;
    char token[TEXT], other[TEXT];
    world_t *w = session_world();
    uint64_t id = log_in(w, "anna", token);
    assert_int_equal(ASK_ON(w, MEMBER_ERASE, id), STATUS_OK);
    assert_int_equal(refresh(w, id, token), STATUS_SESSION_ENDED);
    assert_int_equal(ASK_ON(w, MEMBER_GET, id), STATUS_OK); /* sums stay, without the person */
    assert_true(log_in(w, "anna", other) != id);
    assert_int_equal(ASK_ON(w, MEMBER_ERASE, id), STATUS_OK);
    assert_null(member_check(w->state, id));
    world_destroy(w);
}

/* What nothing good is behind any more is forgotten, and numbers go on. */
static void
the_list_stays_short(void **state)
{
    (void)state;
    char token[TEXT];
    mp_t at;
    uint32_t count;
    world_t *w = session_world();
    for (int i = 0; i < 50; i++) {
        uint64_t id = log_in(w, "anna", token);
        assert_int_equal(CALL_ON(w, SESSION_LOGOUT, id, T(REFRESH, token)), STATUS_OK);
        w->now_ms += SESSION_TOKEN_MAX_S * INT64_C(1000) / 4;
    }
    assert_int_equal(ASK_ON(w, SESSIONS_REVOKED, 3), STATUS_OK);
    assert_true(world_uint(w, "version") == 50);
    assert_true(world_uint(w, "next") == 0);
    assert_true(world_get(w, "revoked", &at));
    assert_true(mp_read_array(&at, &count));
    assert_in_range(count, 3, 6);
    assert_int_equal(CALL_ON(w, SESSIONS_REVOKED, 3, N(SINCE, 48), N(LIMIT, 1)), STATUS_OK);
    assert_true(world_uint(w, "next") == 49);
    assert_int_equal(CALL_ON(w, SESSIONS_REVOKED, 3, N(SINCE, 49)), STATUS_OK);
    assert_true(world_uint(w, "next") == 0);
    world_destroy(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_leads_to_one_member_of_its_partition),
        cmocka_unit_test(a_token_is_good_once),
        cmocka_unit_test(no_other_token_is_believed),
        cmocka_unit_test(a_log_in_ends),
        cmocka_unit_test(who_is_turned_out_is_out),
        cmocka_unit_test(who_is_erased_is_forgotten),
        cmocka_unit_test(the_list_stays_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
