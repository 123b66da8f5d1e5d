#!/usr/bin/env bash
# run - what make run starts: serves the demo, also over HTTP, starts a dead server or bridge again,
# ends both cleanly.
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
    pgrep -P "$run" -x "$1"
}
printf 'http\n    listen = 127.0.0.1:0\nsession\n    directory = %s\n' "$work/bridge" >"$work/bridge.conf"
export MARQUEE_BRIDGE_CONF=$work/bridge.conf

# url: where the bridge is now.
url() {
    local line
    line=$(sed -n 's/^marquee-bridge is back, at //p' "$work/run.log" | tail -n 1)
    url=${line:-$url}
}
ready() {
    local until=$((EPOCHSECONDS + 20))
    until url && curl -sf -o "$work/ready" "$url/readyz"; do
        [ $EPOCHSECONDS -lt $until ] || return 1
        sleep 0.1
    done
}

touch "$work/run.log"
BUILD=$build conf/run "${free[@]}" >"$work/run.log" 2>&1 </dev/null &
run=$!
check 'it serves and loads the demo' wait_for 60 '^Marquee serves at'
first=$(child marqueed)
read -r clients url < <(sed -n 's/^Marquee serves at \(.*\), and over HTTP at \(.*\)$/\1 \2/p' "$work/run.log")
"$build/marquee" --endpoint "$clients" showtimes list --limit 1000 >"$work/list"
check 'the demo has a week of showtimes in eight halls' [ "$(grep -c '^  [0-9]' "$work/list")" -gt 200 ]
case $BUILD in
*san*) ;; # a sanitizer's shadow memory is not the server's
*)
    used=$(awk '/^VmRSS:/ { print $2 }' "/proc/$first/status")
    check "with the demo it takes $used KB, less than $memory_max_kb" [ "$used" -lt $memory_max_kb ]
    ;;
esac

check 'the bridge is ready' ready
curl -s "$url/api/showtimes?limit=500" >"$work/list"
check 'the same showtimes are there over HTTP' [ "$(grep -o '"showtime":' "$work/list" | wc -l)" -gt 200 ]

curl -s "$url/" >"$work/home"
[ ! -d build/web ] || check 'so are the pages' grep -q '<div id="app">' "$work/home"
key=$(sed -n 's/.*the key of staff is now \([^ ]*\)$/\1/p' "$work/run.log")
[ ! -d build/web ] || check 'and the key of staff that it says is one' curl -sf -o "$work/kiosks" -H "Authorization: Bearer $key" "$url/api/kiosks"

before=$EPOCHREALTIME
kill -9 "$first"
check 'a killed server comes back' wait_for 20 '^marqueed is back'
took=$(((${EPOCHREALTIME/./} - ${before/./}) / 1000))
check "it is another process" [ "$(child marqueed)" != "$first" ]
case $BUILD in *san*) ;; *) check "within 3 s ($took ms)" [ $took -lt 3000 ] ;; esac

check 'the bridge finds it' ready
bridge=$(child marquee-bridge)
: >"$work/run.log"
kill -9 "$bridge"
check 'a killed bridge comes back' wait_for 20 '^marquee-bridge is back'
check 'and serves again' ready
check 'the server was left alone' [ "$(grep -c '^marqueed' "$work/run.log")" = 0 ]

kill -TERM $run
wait $run
check 'SIGTERM ends it with 0' [ $? = 0 ]
check 'neither is left' [ -z "$(pgrep -P "$run")" ]
check 'it says that it has stopped' grep -q '^stopped$' "$work/run.log"
check 'no end was counted as a death' [ "$(grep -c '(exit ' "$work/run.log")" = 1 ]

BUILD=$build timeout 60 conf/run "${free[@]}" --set sale/cap=0 >"$work/refused.log" 2>&1
check 'a server that cannot start is not started again' [ $? = 2 ]
BUILD=$build MARQUEE_HTTP=${clients#tcp://} timeout 60 conf/run --set broker/clients="$clients" \
    --set broker/events=tcp://127.0.0.1:* --set broker/bridges=tcp://127.0.0.1:* \
    --set site/directory="$work/data" >"$work/taken.log" 2>&1
check 'a port that is taken ends it' [ $? = 1 ]
grep -q 'MARQUEE_HTTP=' "$work/taken.log" || cat "$work/taken.log"
check 'and it says so' grep -q 'another program listens there already' "$work/taken.log"
check 'and what to do' grep -q 'MARQUEE_HTTP=' "$work/taken.log"
finish
