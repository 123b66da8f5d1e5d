/* turn - see turn.h for the contract. */
#include "actors/turn.h"
#include <assert.h>

/* SplitMix64, Steele, Lea and Flood 2014: https://doi.org/10.1145/2714064.2660195 */
uint64_t
turn_random(turn_t *turn)
{
    uint64_t z = turn->seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Apply has asked for room for one reply of any size, which the end of a deferred command and the
 * reply to the command that ends it share: so the end must be small.
 *
 * A PENDING that is no longer remembered is past its deadline: a repeat of it would be EXPIRED, so
 * there is nothing to replace. */
void
turn_resolve(turn_t *turn, uint64_t client, uint64_t request, status_t status, const void *body,
             uint32_t size)
{
    enum { RESOLVED_MAX = REPLY_BODY_MAX / 4 };
    assert(size <= RESOLVED_MAX);
    replies_t *replies = state_replies(turn->state);
    reply_t before, reply = { .client = client,
                              .request = request,
                              .sequence = turn->sequence,
                              .status = status,
                              .body_size = (uint16_t)size,
                              .body = body };
    if (replies_find(replies, client, request, &before)) {
        reply.digest = before.digest;
        reply.deadline_ms = before.deadline_ms;
        if (replies_room(replies, turn->now_ms))
            state_remember(turn->state, &reply);
    }
    turn->sink->resolved(turn->sink->argument, &reply);
}
