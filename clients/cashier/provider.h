/* provider - the one interface to all payment providers.
 *
 * A driver is pure: it builds the bytes of a request, reads the bytes of an answer, and judges the
 * bytes of a notification. Time and randomness come in through moment_t, keys through the driver's
 * settings; sockets are somebody else's. What a driver could not prove it does not report. */
#ifndef PROVIDER_H
#define PROVIDER_H
#include "clients/cashier/text.h"

enum {
    PROVIDER_ORDER = 33,
    PROVIDER_REFUND = 65,
    PROVIDER_TXN = 65,
    PROVIDER_LINK = 4096,
    PROVIDER_URL = 6144,
    PROVIDER_HEADERS = 4,
    PROVIDER_HEADER = 1800,
    PROVIDER_BODY = 8192,
    PROVIDER_WORD = 65,
    PROVIDER_ANSWER_MAX = 256 * 1024, /* of a provider; bills apart */
    PROVIDER_NOTICE_MAX = 64 * 1024,
    PROVIDER_NONCE = 32,
    PROVIDER_SKEW_MS = 300 * 1000,
};

typedef enum {
    CALL_CREATE,
    CALL_QUERY,
    CALL_CLOSE,
    CALL_REFUND,
    CALL_REFUND_QUERY,
    CALL_BILL,
    CALL_KEYS, /* fetch what answers are verified with */
    CALLS
} call_kind_t;

/* How the buyer pays: by scanning a code, inside WeChat, in another browser of a phone, or on the
 * provider's page. */
typedef enum { PAY_NATIVE, PAY_JSAPI, PAY_H5, PAY_PAGE, PAYS } pay_way_t;

/* What is wanted of a provider. Fields that a call has no use for stay empty. */
typedef struct {
    call_kind_t kind;
    pay_way_t way;
    char order[PROVIDER_ORDER];
    char txn[PROVIDER_TXN];
    char refund[PROVIDER_REFUND]; /* our number of a refund: stays over retries */
    char subject[128], reason[81];
    char payer[129];  /* JSAPI: the buyer's openid */
    char address[46]; /* the buyer's */
    char day[11];     /* bills: yyyy-MM-dd */
    int64_t amount;   /* fen: of the payment, or of the refund */
    int64_t total;    /* refunds: of the payment */
    int64_t until_ms; /* the payment's end */
} charge_t;

typedef struct {
    int64_t now_ms;
    char nonce[PROVIDER_NONCE + 1]; /* letters and digits, random */
} moment_t;

typedef struct {
    bool post;
    bool certificate; /* over TLS with the merchant's certificate */
    bool none;        /* nothing is to be sent: the answer is `url` itself (pages) */
    char url[PROVIDER_URL];
    uint32_t header_count;
    char headers[PROVIDER_HEADERS][PROVIDER_HEADER];
    char body[PROVIDER_BODY];
    size_t body_size;
} provider_request_t;

/* What came back, or came in: `head` has lines "Name: value", LF behind each. */
typedef struct {
    int status; /* of HTTP; 0 in notifications */
    text_t head, body;
} provider_bytes_t;

typedef enum {
    ANSWER_OPENED,  /* `link` is what the buyer pays by */
    ANSWER_WAITING, /* not paid yet */
    ANSWER_PAID,    /* `txn` and `amount` say what */
    ANSWER_CLOSED,  /* will not be paid any more */
    ANSWER_UNKNOWN, /* the provider does not know the order, so far */
    ANSWER_REFUNDING,
    ANSWER_REFUNDED,
    ANSWER_REFUND_FAILED,
    ANSWER_BILL,     /* `link` is where the bill is */
    ANSWER_KEYS,     /* the body holds certificates; see wx3.h */
    ANSWER_AGAIN,    /* says nothing about the outcome: the same again, later */
    ANSWER_REFUSED,  /* asked wrongly, or a rule of the provider's */
    ANSWER_UNPROVEN, /* the signature is not good: nothing was learnt */
    ANSWERS
} answer_kind_t;

typedef struct {
    answer_kind_t kind;
    char txn[PROVIDER_TXN];     /* the provider's number of the payment */
    char receipt[PROVIDER_TXN]; /* the provider's number of the refund */
    int64_t amount;             /* paid, or refunded */
    char word[PROVIDER_WORD];   /* the provider's own word for it */
    char link[PROVIDER_LINK];   /* JSON where the page needs several values */
} answer_t;

/* Why a notification was refused, or what it is. V(id, word) */
#define VERDICT_TABLE(V)                                                                           \
    V(GOOD, "good")                                                                                \
    V(TOO_LARGE, "too_large")                                                                      \
    V(BAD_FORM, "bad_form")                                                                        \
    V(MISSING, "missing_field")                                                                    \
    V(BAD_TIME, "bad_time")                                                                        \
    V(UNKNOWN_KEY, "unknown_key")                                                                  \
    V(BAD_SIGNATURE, "bad_signature")                                                              \
    V(BAD_SEAL, "bad_seal")                                                                        \
    V(WRONG_APP, "wrong_app")                                                                      \
    V(WRONG_MERCHANT, "wrong_merchant")                                                            \
    V(WRONG_CURRENCY, "wrong_currency")                                                            \
    V(BAD_AMOUNT, "bad_amount")                                                                    \
    V(BAD_ORDER, "bad_order")

typedef enum {
#define V(id, word) VERDICT_##id,
    VERDICT_TABLE(V)
#undef V
        VERDICTS
} verdict_t;

typedef enum {
    NOTICE_OTHER, /* authentic, and nothing to do */
    NOTICE_PAID,
    NOTICE_CLOSED,
    NOTICE_REFUNDED,
    NOTICE_REFUND_FAILED,
    NOTICE_REFUND_HINT, /* not proven: ask */
} notice_kind_t;

typedef struct {
    notice_kind_t kind;
    char order[PROVIDER_ORDER];
    char txn[PROVIDER_TXN];
    char refund[PROVIDER_REFUND]; /* our number of the refund */
    char receipt[PROVIDER_TXN];
    int64_t amount;
    char word[PROVIDER_WORD];
} notice_t;

typedef struct {
    const char *name;
    /* Write the request. False: this driver has no such call, or the charge does not fit it. */
    bool (*build)(const void *settings, const charge_t *charge, const moment_t *moment,
                  provider_request_t *request);
    /* What the answer says. A connection that failed is ANSWER_AGAIN without being read. */
    void (*read)(const void *settings, const charge_t *charge, const moment_t *moment,
                 const provider_bytes_t *bytes, answer_t *answer);
    /* Is it authentic and ours? Only with VERDICT_GOOD is `notice` to be used. */
    verdict_t (*judge)(const void *settings, const moment_t *moment, const provider_bytes_t *bytes,
                       notice_t *notice);
    /* What the provider is answered: HTTP status, media type and body. */
    uint16_t (*reply)(bool taken, const char **type, const char **body);
} driver_t;

/* The value of a header; 1 when it is there once, 0 when not, -1 when twice. */
int provider_header(text_t head, const char *name, text_t *value);
const char *provider_verdict(verdict_t verdict);
const char *provider_answer(answer_kind_t kind);
/* Our number of a refund: the order's and the refund's own, and back. */
void provider_refund_number(const char *order, uint64_t tell, char to[PROVIDER_REFUND]);
bool provider_refund_tell(const char *refund, const char *order, uint64_t *tell);
/* An order number as providers take it: 6 to 32 letters, digits, '_' and '-'. */
bool provider_order_fits(const char *order);
/* Copy at most `bytes` of UTF-8, and no half character; code points beyond U+FFFF, which WeChat
 * does not take, become '?'. */
void provider_subject(const char *from, size_t bytes, char *to, size_t room);
void provider_word(answer_t *answer, const char *word);
#endif
