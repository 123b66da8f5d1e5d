/* wx3_inside - what the sources of wx3 share. */
#ifndef WX3_INSIDE_H
#define WX3_INSIDE_H
#include "clients/cashier/wx3.h"
#include <jansson.h>

/* wx3_read.c */
void wx3_read(const void *settings, const charge_t *charge, const moment_t *moment,
              const provider_bytes_t *bytes, answer_t *answer);
verdict_t wx3_judge(const void *settings, const moment_t *moment, const provider_bytes_t *bytes,
                    notice_t *notice);
/* Open a sealed resource; NULL: the seal is not good, or it holds no JSON object. */
json_t *wx3_open(const wx3_t *self, const json_t *resource, verdict_t *verdict);
/* The same as text. */
bool wx3_open_text(const wx3_t *self, const json_t *resource, out_t *to);
/* An object without doubled names, bounded; NULL: it is none. */
json_t *wx3_json(text_t text);
/* A text member that fits; false when it is not there. */
bool wx3_member(const json_t *object, const char *name, char *to, size_t room);
#endif
