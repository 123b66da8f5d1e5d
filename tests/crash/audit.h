/* audit - hold the server to the book: all that it acknowledged must still be so. Called when no
 * command is unanswered; every contradiction goes into the book. */
#ifndef CRASH_AUDIT_H
#define CRASH_AUDIT_H
#include "tests/crash/book.h"
#include "tests/crash/caller.h"

/* Compare every seat map. 0, or -1 when the server does not answer. */
int audit_seats(book_t *book, caller_t *caller);
/* Compare sales `from` .. `to` - 1: orders, tickets, and that a redeemed one is not let in again.
 */
int audit_sales(book_t *book, caller_t *caller, uint32_t from, uint32_t to);
#endif
