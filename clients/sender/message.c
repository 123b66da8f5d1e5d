/* message - see message.h for the contract. */
#include "clients/sender/message.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "clients/bridge/http.h"
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char message_hole[] = "{code}";

bool
message_words_good(const char *words)
{
    const char *hole = strstr(words, message_hole);
    return hole && !strstr(hole + 1, message_hole) && strlen(words) <= MESSAGE_WORDS_MAX &&
           http_is_utf8(words, strlen(words));
}

/* A plus, and 7 to 15 digits that do not begin with 0. */
static bool
message_take_phone(message_t *self, const char *text, uint32_t size)
{
    enum { DIGITS_MIN = 7 };
    if (size < 1 + DIGITS_MIN || size > MESSAGE_PHONE_MAX || text[0] != '+' || text[1] == '0')
        return false;
    for (uint32_t i = 1; i < size; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    memcpy(self->phone, text, size);
    self->phone[size] = 0;
    return true;
}

/* UTF-8 without control characters, but for ends of lines. */
static bool
message_plain(const char *text, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
            return false;
    return size > 0 && http_is_utf8(text, size);
}

static bool
message_take_code(message_t *self, const char *code, uint32_t size, const char *words)
{
    const char *hole = strstr(words, message_hole);
    assert(hole);
    if (size > MESSAGE_CODE_MAX || !message_plain(code, size))
        return false;
    int whole = snprintf(self->text, sizeof self->text, "%.*s%.*s%s", (int)(hole - words), words,
                         (int)size, code, hole + strlen(message_hole));
    return whole > 0 && whole < (int)sizeof self->text;
}

static bool
message_take_text(message_t *self, const char *text, uint32_t size)
{
    if (size > MESSAGE_TEXT_MAX || !message_plain(text, size))
        return false;
    memcpy(self->text, text, size);
    self->text[size] = 0;
    return true;
}

const char *
message_read(message_t *self, uint64_t key, uint64_t number, const void *body, size_t size,
             const char *words)
{
    mp_t mp;
    const char *text;
    uint32_t length;
    uint64_t until_ms;
    *self = (message_t){ .key = key, .number = number };
    if (!mp_valid(body, size))
        return "not msgpack";
    if (!mp_find(body, size, "phone", &mp) || !mp_read_str(&mp, &text, &length) ||
        !message_take_phone(self, text, length))
        return "no phone number";
    if (!mp_find(body, size, "until_ms", &mp) || !mp_read_uint(&mp, &until_ms) ||
        until_ms > (uint64_t)TIME_MAX_MS)
        return "no time";
    self->until_ms = (int64_t)until_ms;
    bool code = mp_find(body, size, "code", &mp);
    if (code &&
        (!mp_read_str(&mp, &text, &length) || !message_take_code(self, text, length, words)))
        return "no code";
    bool plain = mp_find(body, size, "text", &mp);
    if (plain == code)
        return "not either a code or a text";
    if (plain && (!mp_read_str(&mp, &text, &length) || !message_take_text(self, text, length)))
        return "no text";
    return NULL;
}

void
message_id(const message_t *self, char id[MESSAGE_ID_ROOM])
{
    snprintf(id, MESSAGE_ID_ROOM, "%" PRIu64 "-%" PRIu64, self->key, self->number);
}

void
message_masked(const message_t *self, char phone[MESSAGE_MASKED_ROOM])
{
    enum { SHOWN_FIRST = 3, SHOWN_LAST = 2 };
    size_t size = strlen(self->phone);
    memcpy(phone, self->phone, size + 1);
    for (size_t i = SHOWN_FIRST; i + SHOWN_LAST < size; i++)
        phone[i] = '*';
}

size_t
message_json(const message_t *self, char text[MESSAGE_BODY_ROOM])
{
    char id[MESSAGE_ID_ROOM];
    message_id(self, id);
    json_t *json = json_pack("{s:s, s:s, s:s, s:I}", "id", id, "to", self->phone, "text",
                             self->text, "until_ms", (json_int_t)self->until_ms);
    size_t size = json ? json_dumpb(json, text, MESSAGE_BODY_ROOM - 1, JSON_COMPACT) : 0;
    json_decref(json);
    if (size >= MESSAGE_BODY_ROOM) /* never: a byte becomes six at most */
        size = 0;
    text[size] = 0;
    return size;
}

size_t
message_secret(const char *text, size_t size, uint8_t key[MESSAGE_KEY_MAX])
{
    static const char prefix[] = "whsec_";
    size_t got, begin = sizeof prefix - 1;
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r' || text[size - 1] == ' '))
        size--;
    if (size <= begin || size > MESSAGE_SECRET_MAX || memcmp(text, prefix, begin) != 0)
        return 0;
    if (sodium_base642bin(key, MESSAGE_KEY_MAX, text + begin, size - begin, NULL, &got, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        got < MESSAGE_KEY_MIN) {
        sodium_memzero(key, MESSAGE_KEY_MAX);
        return 0;
    }
    return got;
}

void
message_sign(const uint8_t *key, size_t key_size, const char *id, int64_t now_s, const char *body,
             size_t body_size, char signature[MESSAGE_SIGNATURE_ROOM])
{
    enum { VERSION = 3 };
    char head[MESSAGE_ID_ROOM + 24];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    int size = snprintf(head, sizeof head, "%s.%" PRId64 ".", id, now_s);
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)head, (unsigned long long)size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)body, body_size);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(&state, sizeof state);
    memcpy(signature, "v1,", VERSION);
    sodium_bin2base64(signature + VERSION, MESSAGE_SIGNATURE_ROOM - VERSION, mac, sizeof mac,
                      sodium_base64_VARIANT_ORIGINAL);
}
