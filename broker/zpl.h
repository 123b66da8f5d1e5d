/* zpl - a program's configuration: one table of keys, read from a ZPL file.
 *
 * ZPL: https://rfc.zeromq.org/spec/4/ . The program's table gives parser, check and help; an
 * unknown key or a bad value stops the start, with file and line. */
#ifndef ZPL_H
#define ZPL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { ZPL_TEXT, ZPL_NUMBER } zpl_type_t;

/* A number's bounds, or a text's in bytes. */
typedef struct {
    const char *path; /* section/key */
    zpl_type_t type;
    const char *standard;
    int64_t min, max;
    const char *help;
} zpl_key_t;

enum { ZPL_KEYS_MAX = 64, ZPL_TEXT_MAX = 512, ZPL_ERROR_MAX = 512 };

typedef struct zpl zpl_t;
struct zpl {
    const zpl_key_t *keys;
    size_t count; /* at most ZPL_KEYS_MAX */
    /* What is wrong with a value beside its type and bounds; NULL: nothing. */
    const char *(*wrong)(const zpl_t *self, size_t key);
    char text[ZPL_KEYS_MAX][ZPL_TEXT_MAX];
    int64_t number[ZPL_KEYS_MAX];
    int line[ZPL_KEYS_MAX]; /* where the file sets it, 0: it does not */
    char file[ZPL_TEXT_MAX];
};

/* Step through a text that is words apart by spaces, in place: the next word, NULL at the end. */
const char *zpl_word(char **rest);
/* Does each word of a text begin with one of these, ended by NULL? */
bool zpl_words_begin(const char *text, const char *const *beginnings);

/* Every key of `keys`, `count` and `wrong` (already set) at its default. */
void zpl_defaults(zpl_t *self);
/* Read a file over what is set. 0, or -1 with "FILE:LINE: reason" in `error` (ZPL_ERROR_MAX). */
int zpl_load(zpl_t *self, const char *path, char *error);
/* Set one key from "section/key=value". 0, or -1 with the reason. */
int zpl_set(zpl_t *self, const char *assignment, char *error);
/* Do the values fit one another? 0, or -1 with the reason, and file and line where they are known.
 */
int zpl_check(const zpl_t *self, char *error);
/* Print every key with default and help. */
void zpl_help(const zpl_t *self);
#endif
