/* refuse - how the store says no: a sentence for people, and -1. */
#ifndef REFUSE_H
#define REFUSE_H

enum {
    REFUSE_MAX = 512
}; /* bytes of every sentence buffer of the store, the final zero included */

/* Write the sentence (cut when too long) and return -1. */
__attribute__((format(printf, 2, 3))) int refuse(char *error, const char *format, ...);
#endif
