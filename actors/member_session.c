/* member_session - who a member is: logging in, staying logged in, and being turned out.
 *
 * What a person logs in with (a subject of an OpenID provider) is never kept: login.key makes a key
 * of it, by a hash under the site's secret, and under that key lies the member's number alone.
 * Numbers are drawn so that they belong to the partition that the key belongs to: so no index spans
 * partitions, and when a member is erased, nothing leads from the person to the number any more.
 *
 * A log-in is a family of refresh tokens, each good once. One that comes a second time was stolen
 * from somebody, whoever that is: the family ends. A token is
 * base64url of 40 bytes, big endian: u64 member, u64 log-in, u64 generation, and 16 bytes of a
 * keyed hash over these and what was drawn for the log-in. */
#include "actors/member_session.h"
#include "actors/box.h"
#include "actors/ids.h"
#include <assert.h>
#include <inttypes.h>
#include <sodium/crypto_generichash.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>

enum { HASH_SIZE = 32, REFRESH_BYTES = 40, DRAWS_MAX = 1 << 16 };
#define LOGIN_FIRST (UINT64_C(1) << 62)

/* The first letter says what is hashed. */
static void
session_hash(const site_t *site, const void *data, size_t size, uint8_t hash[HASH_SIZE])
{
    int rc =
        crypto_generichash(hash, HASH_SIZE, data, size, site->ticket_key, sizeof site->ticket_key);
    assert(rc == 0);
    (void)rc;
}

/* A number that says nothing of the entry's seed. */
static uint64_t
session_draw(turn_t *turn, char letter)
{
    uint8_t data[1 + 8], hash[HASH_SIZE];
    data[0] = (uint8_t)letter;
    put_u64(data + 1, turn_random(turn));
    session_hash(turn->site, data, sizeof data, hash);
    return get_u64(hash);
}

/* ------------------------------------------------------------------ taken back */

static revocations_t *
revoked_edit(turn_t *turn)
{
    state_key_t key = member_key(0, MEMBER_REVOKED, 0);
    revocations_t *all = state_edit(turn->state, key, 0, SIZE_MAX);
    if (all)
        return all;
    all = state_insert(turn->state, key, sizeof *all);
    all->first = 1;
    return all;
}

static void
revoked_pack(pack_t *pack, const revocation_t *entry)
{
    pack_array(pack, 4);
    pack_uint(pack, entry->kind);
    pack_strn(pack, entry->name, strnlen(entry->name, sizeof entry->name));
    pack_int(pack, entry->at_s);
    pack_int(pack, entry->until_s);
}

/* Entries that nothing good is behind any more are forgotten, two for each new one. */
static void
revoked_forget(turn_t *turn, revocations_t *all)
{
    for (int i = 0; i < 2 && all->first < all->given; i++) {
        state_key_t key = member_key(0, MEMBER_REVOKED, all->first);
        const revocation_t *oldest = state_get(turn->state, key, NULL);
        if (oldest->until_s > turn->now_ms / 1000)
            return;
        state_remove(turn->state, key);
        all->first++;
    }
}

static void
revoke(turn_t *turn, uint8_t kind, const char *name)
{
    uint8_t body[160];
    pack_t pack;
    revocations_t *all = revoked_edit(turn);
    uint64_t number = ++all->given;
    revocation_t *entry =
        state_insert(turn->state, member_key(0, MEMBER_REVOKED, number), sizeof *entry);
    entry->kind = kind;
    entry->at_s = turn->now_ms / 1000;
    entry->until_s = entry->at_s + SESSION_TOKEN_MAX_S;
    memcpy(entry->name, name, strlen(name));
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 3);
    pack_key_uint(&pack, "from", number);
    pack_key_uint(&pack, "number", number);
    pack_str(&pack, "revoked");
    pack_array(&pack, 1);
    revoked_pack(&pack, entry);
    assert(!pack.overflow);
    turn->sink->event(turn->sink->argument, OP_SESSION_REVOKED, turn->site->partition, number, body,
                      (uint32_t)pack.size);
    revoked_forget(turn, all);
}

status_t
sessions_revoked(turn_t *turn, const command_t *command)
{
    enum { LIMIT_DEFAULT = 100 };
    pack_t *reply = turn->reply;
    const revocations_t *all = state_get(turn->state, member_key(0, MEMBER_REVOKED, 0), NULL);
    uint64_t given = all ? all->given : 0, first = all ? all->first : 1;
    uint64_t at = command_number(command, FIELD_SINCE, 0) + 1;
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint32_t count = 0;
    pack_map(reply, 3);
    pack_key_uint(reply, "version", given);
    pack_str(reply, "revoked");
    size_t array = box_array_begin(reply);
    for (at = at < first ? first : at; at <= given && count < limit; at++, count++)
        revoked_pack(reply, state_get(turn->state, member_key(0, MEMBER_REVOKED, at), NULL));
    box_array_end(reply, array, count);
    pack_key_uint(reply, "next", at <= given ? at - 1 : 0);
    return STATUS_OK;
}

/* Whoever the member is: in tokens `m` and the number. */
static void
revoke_member(turn_t *turn, uint64_t id)
{
    char name[REVOKED_NAME];
    snprintf(name, sizeof name, "m%" PRIu64, id);
    revoke(turn, REVOKED_KIND_SUBJECT, name);
}

/* ------------------------------------------------------------------ refresh tokens */

typedef struct {
    uint64_t member, session, generation;
    uint8_t tag[16];
} refresh_t;

static void
refresh_bytes(const refresh_t *refresh, uint8_t bytes[REFRESH_BYTES])
{
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(refresh->member >> (56 - 8 * i));
        bytes[8 + i] = (uint8_t)(refresh->session >> (56 - 8 * i));
        bytes[16 + i] = (uint8_t)(refresh->generation >> (56 - 8 * i));
    }
    memcpy(bytes + 24, refresh->tag, sizeof refresh->tag);
}

static void
refresh_tag(const site_t *site, refresh_t *refresh, uint64_t salt)
{
    uint8_t data[1 + REFRESH_BYTES + 8], hash[HASH_SIZE];
    memset(refresh->tag, 0, sizeof refresh->tag);
    data[0] = 'R';
    refresh_bytes(refresh, data + 1);
    put_u64(data + 1 + REFRESH_BYTES, salt);
    session_hash(site, data, sizeof data, hash);
    memcpy(refresh->tag, hash, sizeof refresh->tag);
}

static bool
refresh_read(const command_t *command, refresh_t *refresh)
{
    uint8_t bytes[REFRESH_BYTES];
    size_t size;
    const value_t *text = command_value(command, FIELD_REFRESH);
    *refresh = (refresh_t){ 0 };
    if (!ids_base64_read(text->text.data, text->text.size, bytes, sizeof bytes, &size) ||
        size != sizeof bytes)
        return false;
    for (int i = 0; i < 8; i++) {
        refresh->member = refresh->member << 8 | bytes[i];
        refresh->session = refresh->session << 8 | bytes[8 + i];
        refresh->generation = refresh->generation << 8 | bytes[16 + i];
    }
    memcpy(refresh->tag, bytes + 24, sizeof refresh->tag);
    return true;
}

static state_key_t
session_key(uint64_t id, uint64_t number)
{
    return member_key(id, MEMBER_SESSION, number % SESSIONS_MAX);
}

/* What tokens call the log-in. */
static void
session_name(const session_t *session, char name[REVOKED_NAME])
{
    memset(name, 0, REVOKED_NAME);
    name[0] = 's';
    ids_base32_text(name + 1, session->name >> 4, 12);
}

static const char *
role_of(const member_t *member)
{
    return member->vip ? "member_vip" : "member";
}

static void
session_answer(turn_t *turn, uint64_t id, const session_t *session)
{
    uint8_t bytes[REFRESH_BYTES];
    char text[REFRESH_BYTES * 4 / 3 + 3], name[REVOKED_NAME];
    refresh_t refresh = { .member = id,
                          .session = session->number,
                          .generation = session->generation };
    refresh_tag(turn->site, &refresh, session->salt);
    refresh_bytes(&refresh, bytes);
    ids_base64_text(text, bytes, sizeof bytes);
    session_name(session, name);
    pack_map(turn->reply, 5);
    pack_key_uint(turn->reply, "member", id);
    pack_key_str(turn->reply, "role", role_of(member_find(turn, id)));
    pack_key_str(turn->reply, "session", name);
    pack_key_str(turn->reply, "refresh", text);
    pack_key_int(turn->reply, "until_ms", session->until_ms);
}

/* The session of a token, if the token is one; its generation is for the caller to judge. */
static status_t
session_find(turn_t *turn, const command_t *command, refresh_t *refresh, const session_t **session)
{
    if (!refresh_read(command, refresh) || refresh->member != command->key)
        return STATUS_BAD_REFRESH;
    const member_t *member = member_find(turn, command->key);
    *session =
        member ? state_get(turn->state, session_key(command->key, refresh->session), NULL) : NULL;
    if (!*session || (*session)->number != refresh->session)
        return member ? STATUS_SESSION_ENDED : STATUS_BAD_REFRESH;
    uint8_t tag[16];
    memcpy(tag, refresh->tag, sizeof tag);
    refresh_tag(turn->site, refresh, (*session)->salt);
    if (sodium_memcmp(tag, refresh->tag, sizeof tag) != 0 ||
        refresh->generation > (*session)->generation)
        return STATUS_BAD_REFRESH;
    return STATUS_OK;
}

static void
session_end(turn_t *turn, uint64_t id, const session_t *session)
{
    char name[REVOKED_NAME];
    session_name(session, name);
    state_remove(turn->state, session_key(id, session->number));
    revoke(turn, REVOKED_KIND_FAMILY, name);
}

status_t
session_refresh(turn_t *turn, const command_t *command)
{
    refresh_t refresh;
    const session_t *found;
    status_t status = session_find(turn, command, &refresh, &found);
    if (status != STATUS_OK)
        return status;
    if (turn->now_ms >= found->until_ms)
        return STATUS_SESSION_ENDED;
    if (refresh.generation < found->generation) {
        session_end(turn, command->key, found);
        return STATUS_SESSION_REUSED;
    }
    session_t *session =
        state_edit(turn->state, session_key(command->key, refresh.session), 0, SIZE_MAX);
    session->generation++;
    session->until_ms = turn->now_ms + SESSION_LIFE_MS;
    session_answer(turn, command->key, session);
    return STATUS_OK;
}

/* Any token of the log-in will do: who logs out must not be refused for having an old one. */
status_t
session_logout(turn_t *turn, const command_t *command)
{
    refresh_t refresh;
    const session_t *found;
    status_t status = session_find(turn, command, &refresh, &found);
    if (status == STATUS_OK)
        session_end(turn, command->key, found);
    return status == STATUS_SESSION_ENDED ? STATUS_OK : status;
}

/* ------------------------------------------------------------------ logging in */

status_t
login_key(turn_t *turn, const command_t *command)
{
    uint8_t data[1 + LOGIN_MAX], hash[HASH_SIZE];
    const value_t *text = command_value(command, FIELD_LOGIN);
    assert(text->text.size <= LOGIN_MAX);
    data[0] = 'A';
    memcpy(data + 1, text->text.data, text->text.size);
    session_hash(turn->site, data, 1 + text->text.size, hash);
    pack_map(turn->reply, 1);
    pack_key_uint(turn->reply, "key", get_u64(hash) >> 2 | LOGIN_FIRST);
    return STATUS_OK;
}

/* A number that nobody has, of this partition; 0 when chance finds none. */
static uint64_t
login_draw(turn_t *turn)
{
    const shard_map_t map = site_map(turn->site);
    for (int i = 0; i < DRAWS_MAX; i++) {
        uint64_t id = IDS_MEMBER_FIRST | session_draw(turn, 'N') >> 4;
        if (shard_partition(&map, KEY_MEMBER, id) == turn->site->partition &&
            !member_find(turn, id))
            return id;
    }
    return 0;
}

/* The bridge has seen that the person is who he says. */
status_t
member_login(turn_t *turn, const command_t *command)
{
    state_key_t key = member_key(command->key, MEMBER_LOGIN, 0);
    if (command->key < LOGIN_FIRST)
        return STATUS_UNKNOWN_LOGIN;
    const uint64_t *known = state_get(turn->state, key, NULL);
    uint64_t id = known ? *known : login_draw(turn);
    if (id == 0)
        return STATUS_BUSY;
    if (known && member_find(turn, id)->banned)
        return STATUS_MEMBER_BANNED;
    if (!known)
        *(uint64_t *)state_insert(turn->state, key, sizeof id) = id;
    member_t *member = member_edit_or_make(turn, id);
    member->login = command->key;
    uint64_t number = ++member->sessions;
    state_key_t place = session_key(id, number);
    if (state_get(turn->state, place, NULL))
        session_end(turn, id, state_get(turn->state, place, NULL)); /* the oldest one */
    session_t *session = state_insert(turn->state, place, sizeof *session);
    session->number = number;
    session->salt = session_draw(turn, 'S');
    session->name = session_draw(turn, 'F');
    session->generation = 1;
    session->began_ms = turn->now_ms;
    session->until_ms = turn->now_ms + SESSION_LIFE_MS;
    session_answer(turn, id, session);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ turning out */

/* End every log-in; one entry of the list stands for all of them. */
static void
sessions_end(turn_t *turn, uint64_t id)
{
    for (uint64_t slot = 0; slot < SESSIONS_MAX; slot++)
        if (state_get(turn->state, member_key(id, MEMBER_SESSION, slot), NULL))
            state_remove(turn->state, member_key(id, MEMBER_SESSION, slot));
    revoke_member(turn, id);
}

status_t
member_ban(turn_t *turn, const command_t *command)
{
    if (!member_find(turn, command->key))
        return STATUS_UNKNOWN_MEMBER;
    bool banned = command_value(command, FIELD_YES)->number;
    member_edit(turn, command->key)->banned = banned;
    if (banned)
        sessions_end(turn, command->key);
    return STATUS_OK;
}

/* Tokens that say the old role end; refreshing gets ones that say the new one. */
status_t
member_role(turn_t *turn, const command_t *command)
{
    const member_t *found = member_find(turn, command->key);
    bool vip = command_text_is(command, FIELD_ROLE, "member_vip");
    if (!found)
        return STATUS_UNKNOWN_MEMBER;
    if (!vip && !command_text_is(command, FIELD_ROLE, "member"))
        return box_refuse_field(turn, FIELD_ROLE);
    if (found->vip == vip)
        return STATUS_OK;
    member_edit(turn, command->key)->vip = vip;
    revoke_member(turn, command->key);
    return STATUS_OK;
}

/* Nothing leads to the member's number any more; what stands under it are sums and tickets. */
status_t
member_erase(turn_t *turn, const command_t *command)
{
    const member_t *found = member_find(turn, command->key);
    if (!found)
        return STATUS_UNKNOWN_MEMBER;
    if (found->login)
        state_remove(turn->state, member_key(found->login, MEMBER_LOGIN, 0));
    member_edit(turn, command->key)->login = 0;
    sessions_end(turn, command->key);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ for tests */

const char *
session_check(state_t *state, uint64_t id)
{
    turn_t turn = { .state = state };
    const member_t *member = member_find(&turn, id);
    const uint64_t *known =
        member->login ? state_get(state, member_key(member->login, MEMBER_LOGIN, 0), NULL) : NULL;
    if (member->login && (!known || *known != id))
        return "a member's log-in leads to another";
    for (uint64_t slot = 0; slot < SESSIONS_MAX; slot++) {
        const session_t *session = state_get(state, member_key(id, MEMBER_SESSION, slot), NULL);
        if (session && (session->number > member->sessions ||
                        session->number + SESSIONS_MAX <= member->sessions ||
                        session->number % SESSIONS_MAX != slot || session->generation == 0))
            return "a log-in is not where it belongs";
        if (session && (member->banned || !member->login))
            return "somebody who was turned out is logged in";
    }
    return NULL;
}
