#!/usr/bin/env bash
# run - what make run starts: serves the demo, starts a dead server again, ends cleanly.
. "$(dirname "$0")/server.bash"
mapfile -t free < <(apart)
memory_max_kb=$((64 * 1024))

# wait_for SECONDS PATTERN: until it is in the log.
wait_for() {
    local until=$((EPOCHSECONDS + $1))
    until grep -qaE -- "$2" "$work/run.log"; do
        [ $EPOCHSECONDS -lt $until ] || return 1
        sleep 0.02
    done
}
child() {
    pgrep -P "$run" -x marqueed
}

touch "$work/run.log"
BUILD=$build conf/run "${free[@]}" >"$work/run.log" 2>&1 </dev/null &
run=$!
check 'it serves and loads the demo' wait_for 60 '^Marquee serves at'
first=$(child)
clients=$(sed -n 's/^Marquee serves at \(.*\)\. In another.*/\1/p' "$work/run.log")
"$build/marquee" --endpoint "$clients" showtimes list --limit 1000 >"$work/list"
check 'the demo has a week of showtimes in eight halls' [ "$(grep -c '^  [0-9]' "$work/list")" -gt 200 ]
case $BUILD in
*san*) ;; # a sanitizer's shadow memory is not the server's
*)
    used=$(awk '/^VmRSS:/ { print $2 }' "/proc/$first/status")
    check "with the demo it takes $used KB, less than $memory_max_kb" [ "$used" -lt $memory_max_kb ]
    ;;
esac

before=$EPOCHREALTIME
kill -9 "$first"
check 'a killed server comes back' wait_for 20 '^marqueed is back'
took=$(((${EPOCHREALTIME/./} - ${before/./}) / 1000))
check "it is another process" [ "$(child)" != "$first" ]
case $BUILD in *san*) ;; *) check "within 3 s ($took ms)" [ $took -lt 3000 ] ;; esac

kill -TERM $run
wait $run
check 'SIGTERM ends it with 0' [ $? = 0 ]
check 'no server is left' [ -z "$(pgrep -P "$run")" ]
check 'it says that it has stopped' grep -q '^stopped$' "$work/run.log"
BUILD=$build timeout 60 conf/run "${free[@]}" --set sale/cap=0 >"$work/refused.log" 2>&1
check 'a server that cannot start is not started again' [ $? = 2 ]
finish
