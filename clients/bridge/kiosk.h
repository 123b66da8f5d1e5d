/* kiosk - is a request from one of our kiosks, as it was sent, and just now?
 *
 * A kiosk signs each request with its own key: lower-case hex of HMAC-SHA256 over the canonical
 * text
 *
 *     method LF path LF timestamp LF nonce LF hex(SHA-256(body))
 *
 * timestamp is Unix ms in decimal; nonce is 16 to 32 letters, digits, '-' and '_'. The query of a
 * target is not covered, so a signed request has none. The body of POST /api/kiosk/redeem carries
 * its own signature, which cannot cover itself: there `qr_code_data LF kiosk_id` stands for the
 * body. A kiosk's name has no LF, so that is one text for one pair.
 *
 * Pure: time is passed in, and is never negative. Whether a nonce was seen before is for the caller
 * to know, for KIOSK_NONCE_MS at least. */
#ifndef KIOSK_H
#define KIOSK_H
#include "clients/bridge/http.h"

enum {
    KIOSK_COUNT_MAX = 1024,
    KIOSK_NAME_MAX = 15, /* as the field `kiosk` of the protocol */
    KIOSK_KEY_MAX = 64,
    KIOSK_METHOD_MAX = 16,
    KIOSK_PATH_MAX = 1024,
    KIOSK_NONCE_MIN = 16,
    KIOSK_NONCE_MAX = 32,
    KIOSK_DIGEST_SIZE = 32,
    KIOSK_SIGNATURE_SIZE = 64,
    KIOSK_SIGNATURE_ROOM = KIOSK_SIGNATURE_SIZE + 1,
    KIOSK_WINDOW_MS = 300 * 1000,
    KIOSK_NONCE_MS = 2 * KIOSK_WINDOW_MS, /* a timestamp may be ahead by the window */
};

typedef struct {
    char name[KIOSK_NAME_MAX + 1];
    uint8_t key[KIOSK_KEY_MAX]; /* 32 .. 64 bytes used */
    uint8_t size;
    bool revoked;
} kiosk_t;

/* About 84 KiB. */
typedef struct {
    uint32_t count;
    kiosk_t kiosks[KIOSK_COUNT_MAX];
} kiosk_ring_t;

/* Read the kiosks: one line each, "NAME BASE64URL-KEY" and perhaps " revoked"; '#' begins a
 * comment. A name has 1 to 15 letters, digits, '-' and '_', a key 32 to 64 bytes; no name comes
 * twice, nor does a key. None at all is fine: every request is refused then. 0, or -1 with
 * "line N: reason" in `error`, and the ring is empty. */
int kiosk_ring_read(kiosk_ring_t *self, const char *text, size_t size, char *error, size_t room);
/* NULL: there is no such kiosk. */
const kiosk_t *kiosk_ring_find(const kiosk_ring_t *self, http_text_t name);

/* What is signed. */
typedef struct {
    http_text_t method, path, nonce;
    int64_t timestamp_ms;
    uint8_t digest[KIOSK_DIGEST_SIZE]; /* by one of the two below */
} kiosk_request_t;
void kiosk_digest(kiosk_request_t *request, http_text_t body);
void kiosk_digest_redeem(kiosk_request_t *request, http_text_t qr_code_data, http_text_t kiosk_id);
/* A timestamp as it stands in a header: digits without zeros in front. False: it is none. */
bool kiosk_timestamp_read(http_text_t text, int64_t *timestamp_ms);

/* Sign under a key of any size. False: the request is of no shape that could be accepted. */
bool kiosk_sign(const uint8_t *key, size_t size, const kiosk_request_t *request,
                char signature[KIOSK_SIGNATURE_ROOM]);

typedef enum {
    KIOSK_GOOD,
    KIOSK_MALFORMED, /* method, path, nonce or timestamp is of no shape, or too long */
    KIOSK_UNKNOWN,
    KIOSK_FORGED,
    KIOSK_REVOKED, /* behind a right signature only */
    KIOSK_STALE,   /* more than the window before or behind now; behind a right signature only */
} kiosk_verdict_t;

/* Check in the order of the verdicts. An unknown name takes as long as a wrong signature, but
 * whoever answers should not tell the two apart either. With KIOSK_GOOD, *kiosk is who it was. */
kiosk_verdict_t kiosk_check(const kiosk_ring_t *self, http_text_t name,
                            const kiosk_request_t *request, http_text_t signature, int64_t now_ms,
                            const kiosk_t **kiosk);
/* The stable code of a verdict: KIOSK_UNKNOWN, KIOSK_FORGED, ... "OK" for good. */
const char *kiosk_verdict_name(kiosk_verdict_t verdict);
#endif
