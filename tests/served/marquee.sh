#!/usr/bin/env bash
# marquee - the tool against a served site: a newcomer's way from the list to the door, what each
# exit means, keys and roles, events, and that what it prints is what the next command needs.
. "$(dirname "$0")/server.bash"
export TZ=CST-8
port=$((20000 + $$ % 10000))
secure=tcp://127.0.0.1:$port
server_start --set broker/keys="$work/keys" --set broker/secure_clients="$secure" \
    --set broker/secure_events=tcp://127.0.0.1:$((port + 1)) || {
    fail 'it does not start'
    finish
}
export MARQUEE_ENDPOINT=$clients MARQUEE_EVENTS=$events
marquee() {
    "$build/marquee" "$@" 2>"$work/talk"
}
# exits CODE PATTERN ARGUMENT...: the tool must end with the code, its talk matching.
exits() {
    local wanted=$1 pattern=$2 code
    shift 2
    marquee "$@" >"$work/said"
    code=$?
    if [ $code = "$wanted" ] && { [ -z "$pattern" ] || grep -qE -- "$pattern" "$work/talk"; }; then
        pass
    else
        fail "marquee $*: exit $code, wanted $wanted and \"$pattern\"; it said: $(cat "$work/talk")"
    fi
}
# word NAME: the word behind a name in what was printed last.
word() {
    awk -v name="$1" '$1 == name { print $2; exit }' "$work/said"
}

exits 0 '' status
check 'the demo loads' grep -q '319 showtimes opened, 0' <(marquee demo load conf/demo/cinema.json)
check 'and only once' grep -q ' 0 showtimes opened, 319' <(marquee demo load conf/demo/cinema.json)
day=$(TZ=CST-8 date -d tomorrow +%y%m%d)
show=${day}0101
check 'tomorrow has more than 40 showtimes' \
    [ "$(marquee showtimes list --day tomorrow | grep -c ' free ')" -gt 40 ]

# From the map to the door.
marquee seats show "$show" >"$work/map"
check 'the map has the screen' grep -q 'SCREEN' "$work/map"
check 'all 420 seats are on it' [ "$(grep -E '^ [A-Q] ' "$work/map" | grep -oE '□|◇|○' | wc -l)" = 420 ]
exits 0 'marquee orders create' seats lock "$show" H12 h-13
lock=$(word lock)
check 'the map shows the lock' grep -q '◈ ◈' <(marquee seats show "$show")
exits 0 'marquee orders pay' orders create "$lock"
order=$(word order)
exits 0 'marquee tickets show' orders pay "$order"
ticket=$(word ticket)
exits 0 'marquee tickets redeem' tickets show "$ticket" --qr terminal
token=$(word token)
check 'a token has 31 characters' [ ${#token} = 31 ]
check 'the code is drawn' grep -q '▄▄▄▄▄' "$work/said"
exits 0 'written' tickets show "$ticket" --qr png --out "$work/ticket.png"
check 'a scanner reads the token' [ "$(zbarimg -q --raw --nodbus "$work/ticket.png")" = "$token" ]
exits 0 '' tickets print "$ticket" --kiosk lobby-1
exits 1 'PRINT_STATE.*printing' tickets print "$ticket" --kiosk lobby-2
exits 0 '' tickets print "$ticket" --kiosk lobby-1 --step done
check 'the paper is counted' [ "$(word prints)" = 1 ]
exits 2 '--kiosk' tickets print "$ticket"
exits 1 'BAD_FIELD' tickets print "$ticket" --kiosk lobby-1 --step burn
exits 0 '' tickets redeem "$token" --kiosk lobby-1
check 'it says the seat' [ "$(word row)$(word column)" = H12 ]
exits 1 'ALREADY_REDEEMED.*lobby-1' tickets redeem "$token" --kiosk lobby-2
check 'the map shows the sale' grep -q '◆ ◆' <(marquee seats show "$show")
check 'orders show' grep -q 'redeemed' <(marquee orders show "$order")

# The other ways.
exits 0 '' seats best "$show" 4 --user 2 --zone d
exits 0 '' seats extend "$(word lock)" --user 2 --ttl-ms 1200000
exits 0 '' seats release "$(word lock)" --user 2
exits 1 'UNKNOWN_LOCK|LOCK_ENDED' seats release "$show/2" --user 2
exits 0 '' seats block "$show" A9,A10
exits 1 'SEAT_BLOCKED' seats lock "$show" A9
exits 0 '' seats unblock "$show" A9 A10
exits 1 'WHEELCHAIR_ONLY' seats lock "$show" G1
exits 0 '' seats lock "$show" G1 --wheelchair
exits 0 '' orders create "$(word lock)"
exits 0 '' orders cancel "$(word order)"
exits 0 '' orders refund "$order" --seats H13 --wait
check 'the money is back' grep -q 'partly_refunded' "$work/said"
exits 0 '' tickets revoked "$show"
check 'its ticket is revoked' [ "$(grep -c "^$order-[0-9]*$" "$work/said")" = 1 ]
check 'both orders are listed' [ "$(marquee orders list "$show" | wc -l)" = 2 ]
check 'any operation can be called' grep -q '"commands"' <(marquee call stats --on 0)
exits 1 'UNKNOWN_SEAT.*seat 999' call seats.lock --on "$show" user=1 seats=1,999
check 'a refusal is JSON too' grep -q '^{"error":"UNKNOWN_SEAT"' <(marquee call seats.lock --on "$show" user=1 seats=999 --json)
check 'top prints a line a partition' [ "$(marquee top --count 1 | wc -l)" = 4 ]
check 'partitions of all roles are listed' [ "$(marquee partitions list | wc -l)" = 4 ]

# Events: followed by one, caused by another.
timeout 20 "$build/marquee" events watch "$show" --count 3 >"$work/events" 2>"$work/watching" &
watcher=$!
timeout 10 tail -n +1 -F "$work/watching" 2>/dev/null | grep -q -m 1 '^watching'
exits 0 '' seats lock "$show" Q10 Q11 --user 9
lock=$(word lock)
exits 0 '' seats release "$lock" --user 9
exits 0 '' seats lock "$show" Q10 Q11 --user 9
wait $watcher
check 'each change is seen once, in order' [ "$(awk '{ print $3 }' "$work/events" | tr '\n' ' ')" = \
    'locked locked available available locked locked ' ]

# Wrong use, and a server that is not there.
exits 2 'no' seats
exits 2 'there is no seat' seats lock "$show" Z99
last=A
[ "${order: -1}" = A ] && last=B # another letter than the check digit
exits 2 'mistyped' orders show "${order%?}$last"
exits 2 'does not take --kiosk' orders show "$order" --kiosk x
exits 2 'usage: marquee orders show ORDER' orders show
exits 2 'there is no flag' status --nonsense
exits 3 'NOT_SENT' status --endpoint tcp://127.0.0.1:1 --timeout-ms 200
exits 0 '' operations list --markdown

# Keys.
exits 0 '' site keys
check 'the site has a key' grep -qE '^[0-9a-f]{8}  [0-9a-f]{64}$' "$work/said"
exits 0 '' keys new gate-1 --role kiosk --directory "$work/keys"
exits 1 'exists' keys new gate-1 --role kiosk --directory "$work/keys"
exits 2 'role' keys new gate-2 --role staff --directory "$work/keys"
exits 2 'role' keys new gate-2 --role king --directory "$work/keys"
check 'it is listed' grep -q 'gate-1.*kiosk' <(marquee keys list --directory "$work/keys")
exits 0 '' status --key "$work/keys/gate-1.key" --endpoint "$secure"
check 'as a kiosk' [ "$(sed -n 's/^our role *//p' "$work/said")" = kiosk ]
exits 1 'FORBIDDEN' seats lock "$show" B10 --key "$work/keys/gate-1.key" --endpoint "$secure"
exits 3 'NOT_SENT' status --endpoint "$secure" --timeout-ms 500
check 'it ends cleanly' server_end
finish
