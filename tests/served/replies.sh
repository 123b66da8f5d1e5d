#!/usr/bin/env bash
# replies - what a small reply memory forgets is part of the state: the journal alone leads to it too.
. "$(dirname "$0")/server.bash"
check 'it starts with a small reply memory' server_start --set store/replies_mb=1
"$build/marquee-load" --endpoint "$clients" --scenario hot --clients 8 --inflight 8 --seconds 1 \
    --deadline-ms 200 --json >"$work/load.json"
check "it sells: $(cat "$work/load.json")" grep -qE '"accepted": *[1-9]' "$work/load.json"
check 'it ends cleanly' server_end
"$build/marquee" site verify "$work/data" --rebuild >"$work/verify" 2>&1
check "rebuilt byte for byte: $(cat "$work/verify")" grep -q 'byte for byte' "$work/verify"
finish
