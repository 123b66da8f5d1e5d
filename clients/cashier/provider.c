/* provider - see provider.h for the contract. */
#include "clients/cashier/provider.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

static text_t
provider_trim(text_t text)
{
    while (text.size && strchr(" \t\r", text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size && strchr(" \t\r", text.data[text.size - 1]))
        text.size--;
    return text;
}

int
provider_header(text_t head, const char *name, text_t *value)
{
    int found = 0;
    size_t size = strlen(name);
    while (head.size) {
        const char *end = memchr(head.data, '\n', head.size);
        size_t line = end ? (size_t)(end - head.data) : head.size;
        if (line > size && head.data[size] == ':' && strncasecmp(head.data, name, size) == 0) {
            if (found++)
                return -1;
            *value = provider_trim((text_t){ head.data + size + 1, line - size - 1 });
        }
        size_t taken = line + (end != NULL);
        head = (text_t){ head.data + taken, head.size - taken };
    }
    return found;
}

const char *
provider_verdict(verdict_t verdict)
{
    static const char *const words[VERDICTS] = {
#define V(id, word) [VERDICT_##id] = (word),
        VERDICT_TABLE(V)
#undef V
    };
    assert(verdict < VERDICTS);
    return words[verdict];
}

const char *
provider_answer(answer_kind_t kind)
{
    static const char *const words[ANSWERS] = {
        [ANSWER_OPENED] = "opened",     [ANSWER_WAITING] = "waiting",
        [ANSWER_PAID] = "paid",         [ANSWER_CLOSED] = "closed",
        [ANSWER_UNKNOWN] = "unknown",   [ANSWER_REFUNDING] = "refunding",
        [ANSWER_REFUNDED] = "refunded", [ANSWER_REFUND_FAILED] = "refund_failed",
        [ANSWER_BILL] = "bill",         [ANSWER_KEYS] = "keys",
        [ANSWER_AGAIN] = "again",       [ANSWER_REFUSED] = "refused",
        [ANSWER_UNPROVEN] = "unproven",
    };
    assert(kind < ANSWERS);
    return words[kind];
}

void
provider_refund_number(const char *order, uint64_t tell, char to[PROVIDER_REFUND])
{
    snprintf(to, PROVIDER_REFUND, "%.32s_R%" PRIu64, order, tell);
}

bool
provider_refund_tell(const char *refund, const char *order, uint64_t *tell)
{
    int64_t number;
    size_t size = strlen(order);
    if (strncmp(refund, order, size) != 0 || strncmp(refund + size, "_R", 2) != 0 ||
        !text_number(text_of(refund + size + 2), INT64_MAX, &number) || number == 0)
        return false;
    *tell = (uint64_t)number;
    return true;
}

bool
provider_order_fits(const char *order)
{
    size_t size = strlen(order);
    if (size < 6 || size > 32)
        return false;
    for (; *order; order++)
        if (!(*order >= '0' && *order <= '9') && !(*order >= 'A' && *order <= 'Z') &&
            !(*order >= 'a' && *order <= 'z') && *order != '_' && *order != '-')
            return false;
    return true;
}

void
provider_subject(const char *from, size_t bytes, char *to, size_t room)
{
    size_t out = 0;
    assert(bytes < room);
    while (*from) {
        uint8_t first = (uint8_t)*from;
        size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        if (strnlen(from, size) < size)
            break;
        bool plain = size < 4 && first >= 0x20;
        size_t takes = plain ? size : 1;
        if (out + takes > bytes)
            break;
        if (plain)
            memcpy(to + out, from, size);
        else
            to[out] = first < 0x20 ? ' ' : '?';
        out += takes;
        from += size;
    }
    to[out] = 0;
}

void
provider_word(answer_t *answer, const char *word)
{
    snprintf(answer->word, sizeof answer->word, "%.64s", word ? word : "");
}
