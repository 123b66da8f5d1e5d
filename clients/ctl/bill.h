/* bill - a provider's bill of a day, line by line.
 *
 * WeChat Pay's trade bill (all), and Alipay's list of business details; CSV in UTF-8. Columns are
 * found by their names in the head line, so that new ones do no harm. Lines of other merchants'
 * numbers come back as they stand. */
#ifndef BILL_H
#define BILL_H
#include "clients/cashier/text.h"
#include <stdint.h>
#include <stdio.h>

enum { BILL_LINE_MAX = 8192, BILL_COLUMNS_MAX = 64 };

typedef struct bill_form bill_form_t;
typedef struct {
    FILE *file;
    const bill_form_t *form;
    char line[BILL_LINE_MAX];
    uint64_t number; /* of the line, from 1 */
    int at[8];       /* where each wanted column is, -1: nowhere */
    bool headed;
} bill_t;

typedef struct {
    text_t order, txn, refund_number; /* borrowed until the next line */
    bool refund;
    int64_t amount; /* paid, or paid back; fen */
} bill_line_t;

/* False: there is no bill of this provider. */
bool bill_open(bill_t *self, const char *provider, FILE *file);
/* 1: a line; 0: the end; -1: line `number` cannot be read. */
int bill_next(bill_t *self, bill_line_t *line);
#endif
