/* revoked - tokens that were taken back before their time: by who they are for, by their own id, by
 * the log-in that they come from.
 *
 * Pure: time is passed in. An entry is kept until the last token that it means is over, so the list
 * is as long as what is taken back in a token's life. It is a bounded table of digests; when it is
 * full, every token as old as what could not be kept is taken back with it: whoever is behind one
 * gets another by logging in or refreshing, and nobody who was turned out is let in.
 *
 * Entries come from a file, and numbered from sources, each counting for itself from 1 on. What
 * holds: (1) an entry put twice is one; (2) all entries of a source up to revoked_known() were put.
 */
#ifndef REVOKED_H
#define REVOKED_H
#include "clients/bridge/token.h"

enum {
    REVOKED_MAX = 1 << 20, /* entries, in at most 64 MiB */
    REVOKED_SOURCES_MAX = 2048,
    REVOKED_LINES_MAX = 4096, /* of the file */
};

typedef enum {
    REVOKED_SUBJECT, /* tokens for it that were issued at `at_s` or before */
    REVOKED_ID,      /* the one token */
    REVOKED_FAMILY,  /* all tokens of one log-in */
} revoked_kind_t;

typedef struct {
    revoked_kind_t kind;
    char name[TOKEN_SUBJECT_MAX + 1]; /* 1 byte or more */
    int64_t at_s, until_s;            /* Unix s; from `until_s` on nothing that is meant is good */
} revoked_t;

typedef struct revoked_list revoked_list_t;

/* An empty list. `key` is random, so that nobody can choose names that collide. `max` bounds its
 * entries, REVOKED_MAX or less. NULL: no memory. */
revoked_list_t *revoked_new(uint32_t max, const uint8_t key[16]);
void revoked_destroy(revoked_list_t **self_p);
/* Add an entry. It is kept, or what stands for it: see above. */
void revoked_put(revoked_list_t *self, const revoked_t *entry, int64_t now_s);
/* Was this token, which is good by itself, taken back? */
bool revoked_has(const revoked_list_t *self, const token_jwt_t *jwt);
uint32_t revoked_count(const revoked_list_t *self);

/* The last entry up to which all of a source were put; ask for those after it. */
uint64_t revoked_known(const revoked_list_t *self, uint32_t source);
/* The entries `from` to `number` of a source were put. False: some before them are missing, and
 * have to be asked for. */
bool revoked_step(revoked_list_t *self, uint32_t source, uint64_t from, uint64_t number);

/* Begin a source anew: nothing of it is known. What was put stays. */
void revoked_wait_for(revoked_list_t *self, uint32_t source);

/* Put the entries of a file: a line each, "KIND NAME UNTIL [AT]", KIND being sub, jti or sid, times
 * in Unix seconds, AT with sub alone and always; '#' begins a comment. 0, or -1 with "line N:
 * reason" in `error`, and nothing was put. What is over is left out. */
int revoked_read(revoked_list_t *self, const char *text, size_t size, int64_t now_s, char *error,
                 size_t room);
#endif
