#!/usr/bin/env bash
# soak - a few hundred live sockets, cut and come back while seats change; then idle and slow HTTP
# connections. Nothing is judged by the clock. The long form is make soak.
. "$(dirname "$0")/bridge.bash"
head_ms=2000
# short ARGUMENT...: run the program against the bridge and count what it counts.
short() {
    "$build/soak" --bridge "127.0.0.1:$WEB_PORT" --bridge-pid "$bridge" --endpoint "$clients" \
        --head-ms $head_ms --short "$@" >"$work/out"
    check "$1: it passes" [ $? = 0 ]
    passed=$((passed + $(sed -nE 's/^([0-9]+) passed, .*/\1/p' "$work/out")))
    grep -E '^not ' "$work/out"
}
begin() {
    check 'the bridge starts' bridge_start --set limits/read_rate=1000000 \
        --set limits/head_ms=$head_ms "$@"
    check 'it hears the server' bridge_heard
}
check 'the server starts' server_start --set store/journal=drop
# Small rings, so that readers which stop are soon behind.
begin --set live/lag_kb=4 --set limits/write_ms=1000
short --sockets 300 --showtimes 6 --changes 500 --seconds 6 --cut-rate 100 --deaf 8 --sse 30
check 'the bridge ends cleanly' bridge_end
# Where the kernel forbids io_uring: the same, one system call a write.
begin --set live/lag_kb=4 --set limits/write_ms=1000 --set live/uring=0
short --sockets 200 --showtimes 6 --changes 500 --seconds 3 --cut-rate 100 --deaf 4 --sse 30
check 'the bridge ends cleanly' bridge_end
begin
short --idle 300 --slow 20
check 'the bridge ends cleanly' bridge_end
check 'the server ends cleanly' server_end
finish
