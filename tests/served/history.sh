#!/usr/bin/env bash
# history - what many buyers were answered could have come from one server that does one thing after
# the other; and the checker finds what is wrong where it is known.
# timeout: 600
. "$(dirname "$0")/server.bash"
# Seconds for each scenario.
seconds=${SECONDS_EACH:-2}
# It counts for itself: what it says is shown only when it is not content.
judge() {
    "$build/history" "$@" >"$work/said" || {
        sed 's/^/    /' "$work/said"
        return 1
    }
    sed '$d' "$work/said"
}
check 'every case is judged as it says' judge --cases tests/history/cases.txt
check 'a legal history passes' judge --generate 100000
check 'it starts' server_start
for scenario in rush hot purchase; do
    "$build/marquee-load" --endpoint "$clients" --scenario $scenario --clients 16 --inflight 8 \
        --threads 2 --seconds "$seconds" --history "$work/$scenario.past"
    check "$scenario runs" [ $? = 0 ]
    check "$scenario: its history holds" judge "$work/$scenario.past"
done
# Without these the checker would have had nothing to say.
"$build/history" --text "$work/rush.past" >"$work/rush.txt"
check 'rush: some were refused' grep -qm 1 SEAT_LOCKED "$work/rush.txt"
check 'it reads what it prints' judge "$work/rush.txt"
# One answer from the past, in the middle of thousands.
awk '!done && NR > 2000 && / OK at=/ { sub(/ at=[0-9]+/, " at=1"); done = 1 } 1' \
    "$work/rush.txt" >"$work/spoilt.txt"
check 'it finds one wrong number' grep -q '^WRONG' <("$build/history" "$work/spoilt.txt")
head -c 5000 "$work/rush.past" >"$work/torn.past"
check 'a torn file is no history' [ "$("$build/history" "$work/torn.past" 2>"$work/said"; echo $?)" != 0 ]
check 'and says so' grep -q 'is malformed' "$work/said"
check 'it ends cleanly' server_end
finish
