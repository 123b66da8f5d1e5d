/* audit - a line for each call and callback: who, when, what came of it. A callback that was kept
 * stands raw with its order; one that was refused is shown here, bounded, since it has no order
 * that could be believed. */
#include "clients/cashier/cashier.h"
#include "clients/cashier/cashier_conf.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AUDIT_LINE = 12 * 1024, AUDIT_RAW = 2048, AUDIT_REFUSED_MAX = 100 };

/* The folder of the file is made where it is missing: one level. */
int
audit_open(cashier_t *self, char *error, size_t room)
{
    const char *path = self->conf.text[CASHIER_CONF_log_audit];
    char folder[ZPL_TEXT_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = 0;
        (void)mkdir(folder, 0700);
    }
    self->audit = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (self->audit >= 0)
        return 0;
    snprintf(error, room, "%.200s: %s", path, strerror(errno));
    return -1;
}

static void
audit_write(cashier_t *self, out_t *line)
{
    out_text(line, "}\n");
    if (!line->overflow && write(self->audit, line->data, line->size) != (ssize_t)line->size)
        cashier_say(self, "error", "the audit log: %s", strerror(errno));
}

static void
audit_text(out_t *line, const char *key, text_t text)
{
    if (text.size == 0 || !text_is_utf8(text))
        return;
    out_format(line, ",\"%s\":\"", key);
    out_json(line, text);
    out_text(line, "\"");
}

void
audit_call(cashier_t *self, const errand_t *errand, const answer_t *answer, int64_t took_ms)
{
    static const char *const calls[CALLS] = {
        [CALL_CREATE] = "create",
        [CALL_QUERY] = "query",
        [CALL_CLOSE] = "close",
        [CALL_REFUND] = "refund",
        [CALL_REFUND_QUERY] = "refund_query",
        [CALL_BILL] = "bill",
        [CALL_KEYS] = "keys",
    };
    char room[AUDIT_LINE];
    out_t line;
    out_init(&line, room, sizeof room);
    out_format(&line,
               "{\"at_ms\":%" PRId64 ",\"call\":\"%s\",\"answer\":\"%s\",\"took_ms\":%" PRId64
               ",\"amount\":%" PRId64,
               cashier_now_ms(), calls[errand->charge.kind], provider_answer(answer->kind), took_ms,
               answer->amount);
    audit_text(&line, "provider", text_of(errand->provider));
    audit_text(&line, "order", text_of(errand->charge.order));
    audit_text(&line, "refund", text_of(errand->charge.refund));
    audit_text(&line, "txn", text_of(answer->txn));
    audit_text(&line, "word", text_of(answer->word));
    audit_write(self, &line);
}

/* A storm of forgeries must not fill the disk. */
static bool
audit_may_show(cashier_t *self)
{
    int64_t second = cashier_now_ms() / 1000;
    if (second != self->refused_s) {
        self->refused_s = second;
        self->refused_told = 0;
    }
    return ++self->refused_told <= AUDIT_REFUSED_MAX;
}

void
audit_callback(cashier_t *self, const char *provider, text_t raw, verdict_t verdict,
               const notice_t *notice, const char *result)
{
    char room[AUDIT_LINE];
    uint8_t digest[32];
    out_t line;
    if (verdict != VERDICT_GOOD && !audit_may_show(self))
        return;
    out_init(&line, room, sizeof room);
    out_format(&line, "{\"at_ms\":%" PRId64 ",\"callback\":\"%s\",\"result\":\"%s\",\"bytes\":%zu",
               cashier_now_ms(), provider_verdict(verdict), result, raw.size);
    audit_text(&line, "provider", text_of(provider));
    seal_sha256(raw, digest);
    out_text(&line, ",\"sha256\":\"");
    for (size_t i = 0; i < sizeof digest; i++)
        out_format(&line, "%02x", digest[i]);
    out_text(&line, "\"");
    if (verdict == VERDICT_GOOD) {
        out_format(&line, ",\"amount\":%" PRId64, notice->amount);
        audit_text(&line, "order", text_of(notice->order));
        audit_text(&line, "txn", text_of(notice->txn));
        audit_text(&line, "refund", text_of(notice->refund));
        audit_text(&line, "word", text_of(notice->word));
    } else
        audit_text(&line, "raw", (text_t){ raw.data, raw.size < AUDIT_RAW ? raw.size : AUDIT_RAW });
    audit_write(self, &line);
}
