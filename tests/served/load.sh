#!/usr/bin/env bash
# load - a short rush: many buyers, one hall, nothing sold twice, nothing lost.
. "$(dirname "$0")/server.bash"
check 'it starts' server_start
for scenario in rush purchase; do
    "$build/marquee-load" --endpoint "$clients" --scenario $scenario --clients 8 --inflight 8 \
        --seconds 2 --marks --json >"$work/$scenario.json" 2>"$work/$scenario.marks"
    check "$scenario runs" [ $? = 0 ]
    check "$scenario: tells when it measures" [ "$(cat "$work/$scenario.marks")" = $'measuring\nmeasured' ]
    check "$scenario: no seat sold twice" grep -qE '"oversold": *0\b' "$work/$scenario.json"
    check "$scenario: some were accepted" grep -qE '"accepted": *[1-9]' "$work/$scenario.json"
done
check 'it ends cleanly' server_end
finish
