/* box_nonce - requests that are taken once: those of gates, which come signed over networks where
 * somebody may keep a copy.
 *
 * A request says when it was made and is believed for NONCE_WINDOW_MS to both sides of that, so its
 * nonce is remembered for twice as long. */
#include "actors/box.h"
#include <assert.h>
#include <sodium/crypto_generichash.h>
#include <string.h>

enum { NONCE_WINDOW_MS = 300 * 1000, NONCE_KEEP_MS = 2 * NONCE_WINDOW_MS };

/* Two nonces with one number count as one: it takes 2^32 of them to find such a pair. */
static state_key_t
nonce_key(const box_t *box, const value_t *nonce)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    int rc = crypto_generichash(hash, sizeof hash, (const uint8_t *)nonce->text.data,
                                nonce->text.size, NULL, 0);
    assert(rc == 0);
    (void)rc;
    uint64_t number = get_u64(hash);
    return box_key(box->showtime, BOX_NONCE, number ? number : 1);
}

static nonces_t *
nonce_edit_count(box_t *box)
{
    state_key_t key = box_key(box->showtime, BOX_NONCE, 0);
    nonces_t *nonces = state_edit(box->turn->state, key, 0, SIZE_MAX);
    return nonces ? nonces : state_insert(box->turn->state, key, sizeof *nonces);
}

/* The due time is the first at which the request would be stale, at whatever end of its window it
 * came: not a millisecond is left for a second copy. */
static void
nonce_remember(box_t *box, state_key_t key, const value_t *nonce)
{
    memcpy(state_insert(box->turn->state, key, BOX_NONCE_SIZE), nonce->text.data, BOX_NONCE_SIZE);
    state_set_due(box->turn->state, key, box->turn->now_ms + NONCE_KEEP_MS + 1);
    nonce_edit_count(box)->count++;
}

void
box_nonce_due(box_t *self, uint64_t number)
{
    nonces_t *nonces = nonce_edit_count(self);
    assert(nonces->count > 0);
    nonces->count--;
    state_remove(self->turn->state, box_key(self->showtime, BOX_NONCE, number));
}

status_t
box_nonce_take(box_t *self, const command_t *command)
{
    turn_t *turn = self->turn;
    bool named = command_has(command, FIELD_NONCE), timed = command_has(command, FIELD_AT);
    if (named != timed)
        return box_refuse_str(turn, STATUS_MISSING_FIELD, "field",
                              field_info(named ? FIELD_AT : FIELD_NONCE)->name);
    if (!named)
        return STATUS_OK;
    int64_t ago_ms = turn->now_ms - (int64_t)command_value(command, FIELD_AT)->number;
    if (ago_ms > NONCE_WINDOW_MS || ago_ms < -NONCE_WINDOW_MS)
        return STATUS_STALE_REQUEST;
    const value_t *nonce = command_value(command, FIELD_NONCE);
    state_key_t key = nonce_key(self, nonce);
    if (state_get(turn->state, key, NULL))
        return STATUS_REPLAYED;
    const nonces_t *nonces = state_get(turn->state, box_key(self->showtime, BOX_NONCE, 0), NULL);
    if (nonces && nonces->count >= BOX_NONCES_MAX)
        return STATUS_TOO_MANY_REQUESTS;
    nonce_remember(self, key, nonce);
    return STATUS_OK;
}
