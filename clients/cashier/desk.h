/* desk - where bridges hand callbacks over: a server of Marquee's own wire, for one operation.
 *
 * A bridge says hello as to a broker and asks `callback.take`; the answer may come later. What a
 * bridge sends again while it waits is one case. */
#ifndef DESK_H
#define DESK_H
#include "broker/wire.h"
#include "clients/cashier/text.h"
#include <event2/event.h>

enum { DESK_CASES_MAX = 4096 };

typedef struct desk desk_t;
typedef struct desk_case desk_case_t;
/* `route` is "wxpay" or "alipay"; the texts are borrowed for the call. */
typedef void desk_take_fn(void *argument, desk_case_t *the_case, const char *route, text_t head,
                          text_t raw);

/* NULL with the reason when it cannot be bound. */
desk_t *desk_new(struct event_base *base, const char *endpoint, desk_take_fn *take, void *argument,
                 char *error, size_t room);
void desk_destroy(desk_t **self_p);
/* Answer a case, which is over then: what the provider is to be answered. */
void desk_answer(desk_case_t *the_case, uint16_t code, const char *type, const char *body);
#endif
