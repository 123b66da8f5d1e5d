#!/usr/bin/env bash
# history - what many clients were told must be one history, checked from their records alone.
. "$(dirname "$0")/server.bash"
check 'it starts' server_start
for scenario in rush hot purchase; do
    "$build/marquee-load" --endpoint "$clients" --scenario $scenario --clients 16 --inflight 4 \
        --threads 2 --seconds "${SECONDS_EACH:-1}" --history "$work/$scenario" --json >"$work/$scenario.json"
    check "$scenario runs" [ $? = 0 ]
    "$build/history" "$work/$scenario" >"$work/out"
    check "$scenario is one history: $(tr '\n' ' ' <"$work/out")" grep -q '^1 passed, 0 failed$' "$work/out"
    check "$scenario has calls" grep -qE '^[0-9]{3,} calls' "$work/out"
    head -n 1 "$work/out"
done
# Of the 3,000th call: 16 bytes head, 96 a call, the sequence number 48 bytes in. An answer of entry
# 1, so late, is none.
printf '\001\000\000\000\000\000\000\000' |
    dd of="$work/rush" bs=1 seek=$((16 + 96 * 3000 + 48)) conv=notrunc status=none
"$build/history" "$work/rush" >"$work/out"
check 'an answer from the past is noticed' [ $? = 1 ]
"$build/history" "$work/none" 2>/dev/null
check 'a file that is not there is said so' [ $? = 3 ]
head -c 5000 "$work/rush.json" >"$work/other"
"$build/history" "$work/other" 2>/dev/null
check 'another file is no history' [ $? = 3 ]
check 'it ends cleanly' server_end
finish
