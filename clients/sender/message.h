/* message - something to be sent to a telephone: read from a tell, written and signed for a
 * webhook.
 *
 * Pure: time and keys are passed in. What a tell says is bounded before it is looked at, and what
 * could not be sent anyway is not a message. */
#ifndef SENDER_MESSAGE_H
#define SENDER_MESSAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MESSAGE_PHONE_MAX = 16, /* plus and 15 digits: E.164 */
    MESSAGE_CODE_MAX = 32,
    MESSAGE_TEXT_MAX = 480,
    MESSAGE_WORDS_MAX = 300, /* those around a code */
    MESSAGE_ID_ROOM = 48,
    MESSAGE_BODY_ROOM = 4096,
    MESSAGE_SIGNATURE_ROOM = 64,
    MESSAGE_KEY_MIN = 24,
    MESSAGE_KEY_MAX = 64,
    MESSAGE_SECRET_MAX = 100,
    MESSAGE_MASKED_ROOM = 20,
};

typedef struct {
    uint64_t key, number; /* its name: the partition that told, and its number there */
    int64_t until_ms;     /* Unix ms, when it is of no use any more */
    char phone[MESSAGE_PHONE_MAX + 1];
    char text[MESSAGE_TEXT_MAX + 1];
} message_t;

/* Are these words to be put around a code? "{code}" stands in them once. */
bool message_words_good(const char *words);
/* Read a tell's body, a msgpack map; a code is put into `words`, which are good. NULL, or why it is
 * nothing that can be sent. */
const char *message_read(message_t *self, uint64_t key, uint64_t number, const void *body,
                         size_t size, const char *words);
/* "KEY-NUMBER": the same whenever it comes again. */
void message_id(const message_t *self, char id[MESSAGE_ID_ROOM]);
/* The number for a log: +8613*******78. */
void message_masked(const message_t *self, char phone[MESSAGE_MASKED_ROOM]);
/* It as JSON: {"id", "to", "text", "until_ms"}. Bytes written, and a NUL behind them; 0: no memory.
 */
size_t message_json(const message_t *self, char text[MESSAGE_BODY_ROOM]);

/* A webhook's secret: "whsec_" and base64 of 24 to 64 bytes, white space around it left out. Bytes
 * of the key; 0: it is no such secret. */
size_t message_secret(const char *text, size_t size, uint8_t key[MESSAGE_KEY_MAX]);
/* The signature of the Standard Webhooks, "v1," and base64 of HMAC-SHA256 over id, time and body
 * with dots between. */
void message_sign(const uint8_t *key, size_t key_size, const char *id, int64_t now_s,
                  const char *body, size_t body_size, char signature[MESSAGE_SIGNATURE_ROOM]);
#endif
