#!/usr/bin/env bash
# mutants - the checker is checked: each PROGRAM is the simulator with one bug planted, and it must
# notice within SEEDS seeds (400).
#
#     tests/mutants.sh PROGRAM...
set -uo pipefail
passed=0 failed=0
for program; do
    name=${program##*/}
    out=$("$program" --seeds "${SEEDS:-400}" --stop 2>&1)
    code=$?
    caught=$(grep -am 1 -E '^seed [0-9]+ FAILED: ' <<<"$out" | cut -c 1-150)
    if [ "$code" = 1 ] && [ -n "$caught" ]; then
        passed=$((passed + 1))
        printf 'ok    %-24s %s\n' "$name" "$caught"
    else
        failed=$((failed + 1))
        printf 'FAIL  %-24s not noticed: %s\n' "$name" "$(tail -n 1 <<<"$out")"
    fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
