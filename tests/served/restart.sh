#!/usr/bin/env bash
# restart - a served purchase outlives SIGKILL; SIGTERM and SIGINT end a server cleanly.
. "$(dirname "$0")/server.bash"
mapfile -t free < <(apart)

check 'it starts' server_start
for signal in TERM INT; do
    check "SIG$signal ends it cleanly" server_end $signal
    check "it starts after SIG$signal" server_start
done
server_end KILL
check 'it starts after SIGKILL' server_start
check 'it serves after SIGKILL' "$build/marquee" --endpoint "$clients" status >/dev/null
check 'it ends cleanly after that' server_end
check 'a check recovers and ends' "$build/marqueed" "${free[@]}" --check >"$work/out"
check 'a check says nothing on standard output' [ ! -s "$work/out" ]
finish
