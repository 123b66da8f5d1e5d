/* ali_inside - what the sources of ali share. */
#ifndef ALI_INSIDE_H
#define ALI_INSIDE_H
#include "clients/cashier/ali.h"

/* The gateway's name of a call, NULL when there is none. */
const char *ali_method(const charge_t *charge);
/* ali_read.c */
void ali_read(const void *settings, const charge_t *charge, const moment_t *moment,
              const provider_bytes_t *bytes, answer_t *answer);
verdict_t ali_judge(const void *settings, const moment_t *moment, const provider_bytes_t *bytes,
                    notice_t *notice);
#endif
