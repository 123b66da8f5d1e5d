/* mirror - the state of a partition that never crashed: entries applied one after the other, and
 * the digest behind each. */
#ifndef MIRROR_H
#define MIRROR_H
#include "tests/script/ledger.h"

enum { MIRROR_DIGEST = 32, MIRROR_ENTRIES = 4096 };

typedef struct {
    state_t *state;
    apply_t apply;
    intake_t intake;
    site_t site;
    uint8_t digests[MIRROR_ENTRIES][MIRROR_DIGEST]; /* by sequence */
} mirror_t;

/* A mirror in an empty folder, of a partition with these options. NULL, with a sentence on stderr,
 * when it cannot be. */
mirror_t *mirror_new(const char *directory, const partition_options_t *options);
void mirror_destroy(mirror_t **self_p);
/* The digest of the state behind entry `sequence` of the ledger; NULL with a sentence on stderr. */
const uint8_t *mirror_digest(mirror_t *self, const ledger_t *ledger, uint64_t sequence);
/* Checkpoint a state and take its digest. False with a sentence on stderr. */
bool mirror_digest_of(state_t *state, uint8_t digest[MIRROR_DIGEST]);
#endif
