/* member - what members and staff do with points and coupons, and what must hold of them: points
 * equal their ledger and what was paid, a coupon has at most one live use, and in the end what the
 * box office says of orders is what the members' partitions say. */
#ifndef SIM_MEMBER_H
#define SIM_MEMBER_H
#include "tests/sim/crowd.h"

enum { MEMBER_BATCHES = 3 };

act_make_fn member_make_open, member_make_of_member, member_make_list, member_make_give,
    member_make_batch, member_make_of_batch, member_make_codes, member_make_issue,
    member_make_claim, member_make_login_key, member_make_login, member_make_refresh,
    member_make_revoked, member_make_ban, member_make_role, member_make_known;
act_learn_fn member_learn_codes, member_learn_coupon, member_learn_login_key, member_learn_session;
/* Does an order that is being made want a coupon? Then one field more for it. */
bool member_wants_coupon(sim_t *sim);
void member_add_coupon(sim_t *sim, person_t *person, pack_t *pack);
/* What must hold of a member partition between two entries. */
void member_judge(sim_t *sim, uint32_t partition);
/* What must hold between the partitions; `settled`: and nothing is on its way. */
void member_judge_all(sim_t *sim, bool settled);
#endif
