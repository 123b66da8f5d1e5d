#!/usr/bin/env bash
# overload - ten times the peak for SECONDS (60): what make overload runs. Writes first, by the program
# overload; then reads, by marquee-load, peak and storm in turns.
#
# The server has processor SERVER_CPU (0) for itself and the client CLIENT_CPU (1), while the peak is
# found and in the storm alike. The journal's old segments are dropped, so that the disk stays small.
. "$(dirname "$0")/served/server.bash"
place=() client=()
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null; then
    place=(taskset -c "${SERVER_CPU:-0}") client=(taskset -c "${CLIENT_CPU:-1}")
fi
server_launch=("${place[@]}")
directory=$work/site
storm_s=${SECONDS_OF_STORM:-60}
rounds=9 round_s=2 deadline_ms=1000

# read_run IN_FLIGHT OPTION...: read for a while; the figures stay in $work/read.
read_run() {
    local in_flight=$1
    shift
    "${client[@]}" "$build/marquee-load" --endpoint "$clients" --scenario look --clients 8 \
        --inflight "$in_flight" --pack 64 --deadline-ms $deadline_ms --json "$@" >"$work/read" &&
        [ "$(figure unanswered)" = 0 ] || fail "reads: $*: $(cat "$work/read")"
}
figure() {
    sed -nE "s/.*\"$1\": ([0-9]+).*/\1/p" "$work/read"
}
# Answers of all kinds and what the client held back, a second.
offered() {
    echo $((($(figure accepted) + $(figure refused) + $(figure held_back)) / $1))
}
# One closed loop; its goodput is $peak, the one before it $before.
read_peak() {
    before=$peak
    read_run "$width" --seconds $round_s
    peak=$(figure in_time_per_s)
    printf 'peak %-9s %10d %10d %10d %8d\n' "$1" "$(offered $round_s)" "$peak" 0 \
        $(($(figure p99_us) / 1000))
}
# A storm is held against the mean of the peaks before and after it: neighbours come and go.
reads() {
    local width=0 most=0 good share shares=() peak=0 before late=0 short=0 i
    for i in 128 512 1024; do
        read_run $i --seconds 1
        good=$(figure in_time_per_s)
        [ "$good" -le $most ] || most=$good width=$i
    done
    printf '\nreads, %d in flight on each of 8 connections in the closed loop\n' "$width"
    printf '%-14s %10s %10s %10s %8s\n' phase offered/s good/s BUSY/s 'p99 ms'
    read_peak 1
    for ((i = 1; i <= rounds; i++)); do
        read_run 4096 --seconds $round_s --storm --rate $((10 * peak))
        good=$(figure in_time_per_s)
        [ "$(figure p99_us)" -le $((1000 * deadline_ms)) ] || late=$i
        [ "$(offered $round_s)" -ge $((19 * peak / 2)) ] || short=$i
        printf 'storm %-8d %10d %10d %10d %8d\n' "$i" "$(offered $round_s)" "$good" \
            $(($(figure turned_away) / round_s)) $(($(figure p99_us) / 1000))
        read_peak $((i + 1))
        shares+=($((2000 * good / (before + peak))))
    done
    share=$(printf '%s\n' "${shares[@]}" | sort -n | sed -n "$(((rounds + 1) / 2))p")
    printf 'shares of the peaks around, per mille: %s\n' "$(printf '%s\n' "${shares[@]}" | sort -n | tr '\n' ' ')"
    check "reads: ten times the peak was offered (not in round $short)" [ $short = 0 ]
    check "reads: the median storm answers $((share / 10)) % of its peak in time, at least 90" \
        [ "$share" -ge 900 ]
    check "reads: p99 of what was carried out is in time (not in round $late)" [ $late = 0 ]
}

server_start --set store/segment_mb=64 --set store/journal=drop --set "broker/clients=ipc://$work/clients" \
    --set "broker/events=ipc://$work/events" || exit 1
"${client[@]}" "$build/overload" --endpoint "$clients" --pid "$server" --seconds "$storm_s" |
    tee "$work/writes"
passed=$(sed -nE 's/^([0-9]+) passed, .*/\1/p' "$work/writes")
failed=$(sed -nE 's/^[0-9]+ passed, ([0-9]+) failed$/\1/p' "$work/writes")
passed=${passed:-0} failed=${failed:-1}
reads
check 'the server ends cleanly' server_end
echo 'writes and reads:'
finish
