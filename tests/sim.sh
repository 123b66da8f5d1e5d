#!/usr/bin/env bash
# timeout: 600
# sim - the short form of `make sim`: seeds that once found a bug, then 300 seeds of the simulator.
set -u
sim=${BUILD:-build/release}/sim
failed=0
while read -r seed minutes _; do
    "$sim" --seed "$seed" --minutes "$minutes" || failed=1
done < <(grep -v '^#' tests/sim/seeds)
"$sim" --seeds "${SEEDS:-300}" || failed=1
exit $failed
