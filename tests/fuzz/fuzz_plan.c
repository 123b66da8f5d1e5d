/* fuzz_plan - a cinema and its days as marquee-plan reads them; and of what it takes, a greedy plan
 * of the first day that is good. */
#include "clients/plan/problem.h"
#include "tests/fuzz/fuzz.h"
#include <jansson.h>
#include <string.h>

static cinema_t cinema;
static plan_day_t day;
static plan_t plan;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char fault[160] = "";
    json_error_t error;
    json_t *root = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return 0;
    bool good = problem_read(&cinema, root, fault, sizeof fault);
    json_decref(root);
    FUZZ_HOLDS(good == (fault[0] == 0));
    if (!good)
        return 0;
    plan_problem_t problem = cinema_day(&cinema, 0);
    if (!plan_day_init(&day, &problem))
        return 0;
    plan_greedy(&day, &plan);
    FUZZ_HOLDS(plan_check(&day, &plan) == PLAN_GOOD);
    FUZZ_HOLDS(plan_expect_micro(&day, &plan) >= 0);
    return 0;
}
