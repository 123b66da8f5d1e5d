/* keyfile - what the files of keys have in common: a line a key, words between spaces, comments.
 *
 * Pure: steps through text that somebody else read. */
#ifndef KEYFILE_H
#define KEYFILE_H
#include "clients/bridge/http.h"

enum {
    KEYFILE_WORDS_MAX = 5,
    KEYFILE_KEY_MIN = 32,
    KEYFILE_KEY_MAX = 64,
};

typedef struct {
    http_text_t rest; /* begin with the whole file */
    uint32_t line;    /* of the words, counted from 1; begin with 0 */
    uint32_t count;   /* of the words; KEYFILE_WORDS_MAX: that many or more */
    http_text_t words[KEYFILE_WORDS_MAX];
} keyfile_t;

/* Step to the next line that has a word; '#' begins a comment. False at the end. */
bool keyfile_next(keyfile_t *self);
/* Take a name of 1 to `room` - 1 letters, digits, '-' and '_'. False: it is no such name. */
bool keyfile_name(http_text_t word, char *name, size_t room);
/* Take a key of 32 to 64 bytes in base64url. False: it is no such key. */
bool keyfile_key(http_text_t word, uint8_t key[KEYFILE_KEY_MAX], uint8_t *size);
/* Take Unix seconds, 1 to 12 digits and not 0. False: they are no such thing. */
bool keyfile_time(http_text_t word, int64_t *time_s);
/* Write "line N: reason"; returns -1. */
int keyfile_wrong(const keyfile_t *self, const char *reason, char *error, size_t room);
#endif
