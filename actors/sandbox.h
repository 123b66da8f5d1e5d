/* sandbox - the built-in cashier: executes what the box office asks of the sandbox provider.
 *
 * A client like any other cashier: says hello and READY, gets TELLs, answers by commands. The
 * sandbox provider pays every refund back at once. Holds no state: a tell that comes again is
 * answered again, with the same request id. */
#ifndef SANDBOX_H
#define SANDBOX_H
#include "broker/wire.h"

enum { SANDBOX_FRAME_MAX = 512, SANDBOX_DEADLINE_MS = 30000 };

/* Write what introduces a cashier: hello, then READY. Returns the bytes. */
size_t sandbox_greeting(uint8_t frame[SANDBOX_FRAME_MAX]);
/* Write the command that answers a tell, as of `now_ms` (Unix ms). Returns the bytes; 0 when it is
 * no tell of the sandbox's. */
size_t sandbox_answer(const wire_record_t *tell, int64_t now_ms, uint8_t frame[SANDBOX_FRAME_MAX]);
#endif
