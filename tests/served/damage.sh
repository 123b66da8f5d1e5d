#!/usr/bin/env bash
# damage - a damaged journal or state is refused and its place named; history and dump tell who did
# what; a full disk refuses writes, loses nothing, and goes on when there is room.
. "$(dirname "$0")/server.bash"
mapfile -t free < <(apart)
export MARQUEE_ENDPOINT
ask() {
    "$build/marquee" "$@" 2>>"$work/talk"
}
showtime=4711
open_showtime() {
    local now rows='' row
    now=$(date +%s)000
    for row in A B C D E F G H J K; do
        rows+="[\"$row\",\"ssssssssssssssssssss\",\"aaaaaaaaaaaaaaaaaaaa\"],"
    done
    cat >"$work/showtime.json" <<JSON
{"id": $showtime, "title": "The Long Take", "hall": "1", "starts_ms": $((now + 3600000)),
 "ends_ms": $((now + 7200000)), "opens_ms": $((now - 1000)), "closes_ms": $((now + 3600000)),
 "gap_rule": false, "zones": [["a", "Stalls", 4500]], "rows": [${rows%,}]}
JSON
    ask showtimes open "$work/showtime.json"
}
killed() {
    server_end KILL 2>/dev/null
    [ $? = 137 ]
}
# Change one byte of a file at an offset.
spoil() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    printf "\\x$(printf %02x $((byte ^ 255)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# Where a text stands in a file for the first time.
place() {
    grep -aobF -- "$2" "$1" | head -n 1 | cut -d: -f1
}

check 'a server starts' server_start
MARQUEE_ENDPOINT=$clients
check 'a showtime opens' open_showtime >/dev/null
check 'seats are locked' ask seats lock $showtime 5 6 --user 42 >/dev/null
check 'and given back' ask seats release $showtime/1 --user 42 >/dev/null
check 'and locked again' ask seats lock $showtime 5 --user 43 >/dev/null
ask seats history $showtime 5 --data "$work/data" >"$work/history"
check 'the history has all three changes' [ "$(wc -l <"$work/history")" = 3 ]
check 'in order' [ "$(awk '{ print $4 }' "$work/history" | tr '\n' ' ')" = 'locked available locked ' ]
check 'with who and by what' grep -q 'locked .*seats.lock .*user 43' "$work/history"
ask journal dump "$work/data" 0 >"$work/dump"
check 'the journal is readable' grep -q 'seats.release.*"lock":1' "$work/dump"
check 'the server is killed' killed

cp -r "$work/data" "$work/whole"
journal=("$work"/data/partition-0000/journal/*.seg)
spoil "${journal[0]}" "$(place "${journal[0]}" 'The Long Take')"
refused 1 "${journal[0]}.*backup" "${free[@]}"
check 'verify refuses the journal' [ "$(ask site verify "$work/data" >/dev/null; echo $?)" = 1 ]
check 'and names the place' grep -q "${journal[0]}" "$work/talk"

rm -rf "$work/data"
cp -r "$work/whole" "$work/data"
check 'a clean copy recovers' server_start
MARQUEE_ENDPOINT=$clients
check 'and knows the lock' grep -q '"locked": *1' <(ask showtimes show $showtime --json)
check 'it stops' server_end
check 'it verifies, rebuilt byte for byte' grep -q 'byte for byte' <(ask site verify "$work/data" --rebuild)
state=$work/data/partition-0000/state/data.mdb
# Wherever it stands: a page that was replaced by a later checkpoint is still in the file.
for at in $(grep -aobF 'The Long Take' "$state" | cut -d: -f1); do
    spoil "$state" "$at"
done
: >"$work/talk"
check 'verify refuses the state' [ "$(ask site verify "$work/data" >/dev/null; echo $?)" = 1 ]
check 'and names the record' grep -qE "$showtime" "$work/talk"

mv "$work/data/partition-0000/state" "$work/spoilt"
check 'without its state the journal alone makes it anew' server_start
MARQUEE_ENDPOINT=$clients
check 'and it knows the lock' grep -q '"locked": *1' <(ask showtimes show $showtime --json)
check 'it stops again' server_end

# A small disk of its own, where that may be made.
if mkdir "$work/disk" && mount -t tmpfs -o size=24m tmpfs "$work/disk" 2>/dev/null; then
    trap 'umount "$work/disk" 2>/dev/null; clean_up' EXIT
    directory=$work/disk/data
    check 'a server starts on a small disk' server_start
    MARQUEE_ENDPOINT=$clients
    check 'a showtime opens there' open_showtime >/dev/null
    check 'a seat is locked' ask seats lock $showtime 1 --user 1 >/dev/null
    head -c 30m /dev/zero >"$work/disk/ballast" 2>/dev/null
    # the segment in use and the one made ahead fill up under load
    "$build/marquee-load" --endpoint "$clients" --scenario hot --clients 8 --inflight 16 --seconds 3 --warm-ms 0 \
        --json >"$work/load.json" 2>>"$work/talk"
    check 'nothing acknowledged is lost when the disk fills' [ $? = 0 ]
    refusal=$(ask seats lock $showtime 2 --user 2 --json)
    check 'a full disk refuses writes by name' grep -q NO_SPACE <<<"$refusal$(cat "$work/load.json")"
    check 'reads go on' ask showtimes show $showtime >/dev/null
    rm "$work/disk/ballast"
    gone=1
    for ((i = 0; i < 100 && gone; i++)); do
        ask seats lock $showtime 9 --user 3 >/dev/null && gone=0 && break
        sleep 0.1
    done
    check 'with room it goes on' [ "$gone" = 0 ]
    check 'it is killed' killed
    check 'it recovers' server_start
    MARQUEE_ENDPOINT=$clients
    check 'nothing was lost' grep -qE '^ *"locked": *[23]' <(ask showtimes show $showtime --json | tr ',{' '\n\n')
    check 'it ends' server_end
    check 'and verifies' ask site verify "$directory" >/dev/null
    umount "$work/disk"
fi
finish
