/* ali_read - what Alipay's gateway answers and tells. */
#include "clients/cashier/ali_inside.h"
#include "clients/cashier/yuan.h"
#include <strings.h>
#include <jansson.h>
#include <stdlib.h>

enum { ALI_NODE_ROOM = 96 };

/* ------------------------------------------------------------------ the signed bytes of an answer
 */

typedef struct {
    const char *at, *end;
} ali_scan_t;

static void
ali_blanks(ali_scan_t *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) && *scan->at)
        scan->at++;
}

static bool
ali_take(ali_scan_t *scan, char sign)
{
    ali_blanks(scan);
    if (scan->at == scan->end || *scan->at != sign)
        return false;
    scan->at++;
    return true;
}

/* The inside of a string, escapes as they are. */
static bool
ali_string(ali_scan_t *scan, text_t *inside)
{
    if (!ali_take(scan, '"'))
        return false;
    inside->data = scan->at;
    for (; scan->at < scan->end; scan->at++) {
        if (*scan->at == '\\' && scan->end - scan->at > 1)
            scan->at++;
        else if (*scan->at == '"') {
            inside->size = (size_t)(scan->at - inside->data);
            scan->at++;
            return true;
        }
    }
    return false;
}

/* From a bracket to the one that matches it, strings apart. */
static bool
ali_matched(ali_scan_t *scan)
{
    int depth = 0;
    text_t unused;
    while (scan->at < scan->end) {
        if (*scan->at == '"') {
            if (!ali_string(scan, &unused))
                return false;
            continue;
        }
        if (*scan->at == '{' || *scan->at == '[')
            depth++;
        else if (*scan->at == '}' || *scan->at == ']')
            depth--;
        scan->at++;
        if (depth == 0)
            return true;
    }
    return false;
}

static bool
ali_value(ali_scan_t *scan, text_t *value)
{
    text_t unused;
    ali_blanks(scan);
    const char *begin = scan->at;
    if (begin == scan->end)
        return false;
    bool good = true;
    if (*begin == '{' || *begin == '[')
        good = ali_matched(scan);
    else if (*begin == '"')
        good = ali_string(scan, &unused);
    else
        while (scan->at < scan->end && !strchr(",}] \t\r\n", *scan->at))
            scan->at++;
    *value = (text_t){ begin, (size_t)(scan->at - begin) };
    return good && value->size > 0;
}

bool
ali_cut(text_t body, const char *name, text_t *node, text_t *sign)
{
    ali_scan_t scan = { body.data, body.data + body.size };
    int nodes = 0, signs = 0;
    *node = *sign = (text_t){ "", 0 };
    if (!ali_take(&scan, '{'))
        return false;
    do {
        text_t key, value;
        if (!ali_string(&scan, &key) || !ali_take(&scan, ':') || !ali_value(&scan, &value))
            return false;
        if (text_is(key, name)) {
            *node = value;
            nodes++;
        } else if (text_is(key, "sign") && value.size >= 2 && value.data[0] == '"') {
            *sign = (text_t){ value.data + 1, value.size - 2 };
            signs++;
        } else if (key.size && memchr(key.data, '\\', key.size))
            return false; /* a name that is spelt by escapes could be ours after all */
    } while (ali_take(&scan, ','));
    if (!ali_take(&scan, '}'))
        return false;
    ali_blanks(&scan);
    return scan.at == scan.end && nodes == 1 && signs <= 1;
}

/* Base64 has slashes, which may come escaped. */
static bool
ali_plain_sign(text_t sign, char to[SEAL_SIGNATURE_ROOM])
{
    out_t out;
    out_init(&out, to, SEAL_SIGNATURE_ROOM);
    for (size_t i = 0; i < sign.size; i++)
        if (sign.data[i] != '\\')
            out_put(&out, sign.data + i, 1);
    return sign.size > 0 && !out.overflow;
}

/* ------------------------------------------------------------------ answers */

static text_t
ali_member(const json_t *node, const char *name)
{
    const json_t *member = json_object_get(node, name);
    if (!json_is_string(member))
        return (text_t){ "", 0 };
    return (text_t){ json_string_value(member), json_string_length(member) };
}

/* What a sub_code says of where things are; what is not here is a refusal. */
static const struct {
    const char *word;
    int call;
    answer_kind_t kind;
} ali_errors[] = {
    { "ACQ.SYSTEM_ERROR", -1, ANSWER_AGAIN },
    { "ACQ.TRADE_NOT_EXIST", CALL_QUERY, ANSWER_UNKNOWN },
    { "ACQ.TRADE_NOT_EXIST", CALL_CLOSE, ANSWER_UNKNOWN },
    { "ACQ.TRADE_NOT_EXIST", CALL_REFUND_QUERY, ANSWER_UNKNOWN },
    { "ACQ.SELLER_BALANCE_NOT_ENOUGH", CALL_REFUND, ANSWER_AGAIN },
};

static void
ali_read_error(const charge_t *charge, text_t code, text_t word, answer_t *answer)
{
    char copy[PROVIDER_WORD];
    (void)text_copy(word.size ? word : code, copy, sizeof copy);
    provider_word(answer, copy);
    answer->kind =
        text_is(code, "20000") || strncmp(copy, "isp.", 4) == 0 || strncmp(copy, "aop.", 4) == 0
            ? ANSWER_AGAIN
            : ANSWER_REFUSED;
    for (size_t i = 0; i < sizeof ali_errors / sizeof ali_errors[0]; i++)
        if (strcmp(copy, ali_errors[i].word) == 0 &&
            (ali_errors[i].call < 0 || ali_errors[i].call == (int)charge->kind))
            answer->kind = ali_errors[i].kind;
}

/* TRADE_CLOSED after a full refund was paid once: send_pay_date tells. */
static void
ali_read_query(const charge_t *charge, const json_t *node, answer_t *answer)
{
    text_t status = ali_member(node, "trade_status");
    (void)text_copy(status, answer->word, sizeof answer->word);
    bool paid = text_is(status, "TRADE_SUCCESS") || text_is(status, "TRADE_FINISHED") ||
                (text_is(status, "TRADE_CLOSED") && ali_member(node, "send_pay_date").size);
    if (!text_is(ali_member(node, "out_trade_no"), charge->order))
        answer->kind = ANSWER_UNPROVEN;
    else if (text_is(status, "WAIT_BUYER_PAY"))
        answer->kind = ANSWER_WAITING;
    else if (text_is(status, "TRADE_CLOSED") && !paid)
        answer->kind = ANSWER_CLOSED;
    else if (paid)
        answer->kind = text_copy(ali_member(node, "trade_no"), answer->txn, sizeof answer->txn) &&
                               answer->txn[0] &&
                               yuan_read(ali_member(node, "total_amount"), &answer->amount)
                           ? ANSWER_PAID
                           : ANSWER_UNPROVEN;
}

/* fund_change N means: not moved by this call; only the query tells whether it was moved before. */
static void
ali_read_refund(const charge_t *charge, const json_t *node, answer_t *answer)
{
    bool query = charge->kind == CALL_REFUND_QUERY;
    text_t word = ali_member(node, query ? "refund_status" : "fund_change");
    (void)text_copy(word, answer->word, sizeof answer->word);
    (void)text_copy(ali_member(node, "trade_no"), answer->receipt, sizeof answer->receipt);
    if (!text_is(ali_member(node, "out_trade_no"), charge->order)) {
        answer->kind = ANSWER_UNPROVEN;
        return;
    }
    answer->amount = charge->amount;
    if (!query)
        answer->kind = text_is(word, "Y") ? ANSWER_REFUNDED : ANSWER_REFUNDING;
    else if (!text_is(word, "REFUND_SUCCESS"))
        answer->kind = ANSWER_UNKNOWN;
    else
        answer->kind = text_is(ali_member(node, "out_request_no"), charge->refund) &&
                               yuan_read(ali_member(node, "refund_amount"), &answer->amount) &&
                               answer->amount == charge->amount
                           ? ANSWER_REFUNDED
                           : ANSWER_UNPROVEN;
}

static void
ali_read_good(const charge_t *charge, const json_t *node, answer_t *answer)
{
    switch (charge->kind) {
    case CALL_CREATE:
        if (text_is(ali_member(node, "out_trade_no"), charge->order) &&
            text_copy(ali_member(node, "qr_code"), answer->link, sizeof answer->link) &&
            answer->link[0])
            answer->kind = ANSWER_OPENED;
        break;
    case CALL_QUERY:
        ali_read_query(charge, node, answer);
        break;
    case CALL_CLOSE:
        answer->kind = ANSWER_CLOSED;
        break;
    case CALL_REFUND:
    case CALL_REFUND_QUERY:
        ali_read_refund(charge, node, answer);
        break;
    case CALL_BILL:
        if (text_copy(ali_member(node, "bill_download_url"), answer->link, sizeof answer->link) &&
            answer->link[0])
            answer->kind = ANSWER_BILL;
        break;
    case CALL_KEYS:
    case CALLS:
        break;
    }
}

static void
ali_read_node(const charge_t *charge, text_t bytes, answer_t *answer)
{
    json_t *node = json_loadb(bytes.data, bytes.size, JSON_REJECT_DUPLICATES, NULL);
    text_t code = ali_member(node, "code");
    if (!node)
        answer->kind = ANSWER_UNPROVEN;
    else if (text_is(code, "10000"))
        ali_read_good(charge, node, answer);
    else
        ali_read_error(charge, code, ali_member(node, "sub_code"), answer);
    json_decref(node);
}

/* "alipay.trade.query" answers as "alipay_trade_query_response". */
static void
ali_node_name(const charge_t *charge, char to[ALI_NODE_ROOM])
{
    out_t out;
    out_init(&out, to, ALI_NODE_ROOM);
    for (const char *at = ali_method(charge); *at; at++)
        out_put(&out, *at == '.' ? "_" : at, 1);
    out_text(&out, "_response");
}

/* An unsigned error is read for its word alone, and says only that the same may be asked again, or
 * that we asked wrongly. */
void
ali_read(const void *settings, const charge_t *charge, const moment_t *moment,
         const provider_bytes_t *bytes, answer_t *answer)
{
    const ali_t *self = settings;
    char name[ALI_NODE_ROOM], plain[SEAL_SIGNATURE_ROOM];
    text_t node, sign;
    (void)moment;
    memset(answer, 0, sizeof *answer);
    answer->kind = ANSWER_AGAIN;
    if (bytes->status != 200 || bytes->body.size > PROVIDER_ANSWER_MAX)
        return;
    ali_node_name(charge, name);
    if (ali_cut(bytes->body, name, &node, &sign)) {
        if (ali_plain_sign(sign, plain) && seal_verify(self->alipay_key, node, text_of(plain)))
            ali_read_node(charge, node, answer);
        else
            answer->kind = ANSWER_UNPROVEN;
    } else if (ali_cut(bytes->body, "error_response", &node, &sign)) {
        json_t *error = json_loadb(node.data, node.size, JSON_REJECT_DUPLICATES, NULL);
        ali_read_error(charge, ali_member(error, "code"), ali_member(error, "sub_code"), answer);
        if (answer->kind != ANSWER_AGAIN)
            answer->kind = ANSWER_REFUSED;
        json_decref(error);
    } else
        answer->kind = ANSWER_UNPROVEN;
}

/* ------------------------------------------------------------------ notifications */

/* With refund_fee it tells of a refund, whatever the status says; TRADE_FINISHED of a payment that
 * was seen before is known by its trade_no. */
static notice_kind_t
ali_kind(const params_t *params, int64_t refunded)
{
    const char *status = params_get(params, "trade_status");
    if (!status || refunded > 0 || params_get(params, "gmt_refund"))
        return refunded > 0 ? NOTICE_REFUND_HINT : NOTICE_OTHER;
    if (strcmp(status, "TRADE_SUCCESS") == 0 || strcmp(status, "TRADE_FINISHED") == 0)
        return NOTICE_PAID;
    if (strcmp(status, "TRADE_CLOSED") == 0 && !params_get(params, "gmt_payment"))
        return NOTICE_CLOSED;
    return NOTICE_OTHER;
}

static verdict_t
ali_judge_params(const ali_t *self, params_t *params, notice_t *notice)
{
    int64_t refunded = 0;
    if (!params_get(params, "sign") || !params_get(params, "sign_type"))
        return VERDICT_MISSING;
    if (!params_is(params, "sign_type", "RSA2"))
        return VERDICT_BAD_FORM;
    if (!ali_verify(self->alipay_key, params))
        return VERDICT_BAD_SIGNATURE;
    if (!params_is(params, "app_id", self->app_id))
        return VERDICT_WRONG_APP;
    if (!params_is(params, "seller_id", self->seller_id))
        return VERDICT_WRONG_MERCHANT;
    const char *charset = params_get(params, "charset");
    if (charset && strcasecmp(charset, "utf-8") != 0)
        return VERDICT_BAD_FORM;
    if (!text_copy(params_text(params, "out_trade_no"), notice->order, sizeof notice->order) ||
        !notice->order[0])
        return VERDICT_BAD_ORDER;
    if (!text_copy(params_text(params, "trade_no"), notice->txn, sizeof notice->txn) ||
        !notice->txn[0] ||
        !text_copy(params_text(params, "trade_status"), notice->word, sizeof notice->word) ||
        !notice->word[0])
        return VERDICT_MISSING;
    if (!yuan_read(params_text(params, "total_amount"), &notice->amount) ||
        (params_get(params, "refund_fee") &&
         !yuan_read(params_text(params, "refund_fee"), &refunded)))
        return VERDICT_BAD_AMOUNT;
    (void)text_copy(params_text(params, "out_biz_no"), notice->refund, sizeof notice->refund);
    notice->kind = ali_kind(params, refunded);
    return VERDICT_GOOD;
}

verdict_t
ali_judge(const void *settings, const moment_t *moment, const provider_bytes_t *bytes,
          notice_t *notice)
{
    verdict_t verdict = VERDICT_BAD_FORM;
    (void)moment;
    memset(notice, 0, sizeof *notice);
    params_t *params = bytes->body.size <= PROVIDER_NOTICE_MAX ? malloc(sizeof *params) : NULL;
    if (!params)
        return VERDICT_TOO_LARGE;
    if (params_read_form(params, bytes->body))
        verdict = ali_judge_params(settings, params, notice);
    free(params);
    return verdict;
}
