/* yuan - money as providers write it, and moments in Beijing's time.
 *
 * Exact, by whole numbers only. Beijing is UTC+8 without summer time, so nothing depends on the
 * machine's zone. */
#ifndef YUAN_H
#define YUAN_H
#include "clients/cashier/text.h"

#define YUAN_MAX_FEN INT64_C(1000000000000)
enum { YUAN_ROOM = 24, BEIJING_ROOM = 32 };

/* "80", "80.0" and "80.00" are 8000 fen. False: another form (sign, blank, third decimal, exponent,
 * zeros in front), or over YUAN_MAX_FEN. */
bool yuan_read(text_t text, int64_t *fen);
/* Always two decimals. */
void yuan_write(int64_t fen, char to[YUAN_ROOM]);

typedef enum {
    BEIJING_PLAIN,  /* 2026-01-31 18:00:00, Alipay */
    BEIJING_DIGITS, /* 20260131180000, WeChat v2 */
    BEIJING_RFC,    /* 2026-01-31T18:00:00+08:00, WeChat v3 */
} beijing_form_t;
/* Seconds and more are cut off. */
void beijing_write(int64_t unix_ms, beijing_form_t form, char to[BEIJING_ROOM]);
/* The Unix milliseconds of a day yyyy-MM-dd's begin in Beijing; false when it is no such day. */
bool beijing_day(text_t text, int64_t *unix_ms);
#endif
