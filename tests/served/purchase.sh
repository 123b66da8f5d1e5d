#!/usr/bin/env bash
# purchase - the README's five commands, with the demo cinema: from the seats to the door; then a
# backup taken beside the running server is whole, and a restored server knows the ticket.
. "$(dirname "$0")/server.bash"
export MARQUEE_ENDPOINT
ask() {
    "$build/marquee" "$@" 2>>"$work/talk"
}
# The value behind a word at the beginning of a line of the last answer.
word() {
    sed -n "s/^$1  *\([^ ]*\).*/\1/p" "$work/answer" | head -n 1
}
step() {
    ask "$@" >"$work/answer"
}

check 'a server starts' server_start
MARQUEE_ENDPOINT=$clients
check 'the demo loads' ask demo load conf/demo/cinema.json >"$work/answer"
step showtimes list --day tomorrow --limit 1
showtime=$(grep -oE '^  [0-9]+' "$work/answer" | tr -d ' ')
check 'a showtime is listed' [ -n "$showtime" ]
check 'its hall is drawn' grep -q SCREEN <(ask seats show "$showtime")
check 'two seats are locked' step seats best "$showtime" 2
lock=$(word lock)
check 'an order is made' step orders create "$lock"
order=$(word order)
check 'it is paid' step orders pay "$order"
ticket=$(word ticket)
check 'the ticket is drawn' step tickets show "$ticket" --qr terminal
token=$(word token)
check 'with block characters' grep -q '▄▄▄▄▄' "$work/answer"
ask tickets show "$ticket" --qr png --out "$work/ticket.png" >/dev/null
check 'zbar reads the token from its picture' \
    [ "$(zbarimg --quiet --raw "$work/ticket.png" 2>/dev/null)" = "$token" ]
check 'the door opens' step tickets redeem "$token" --kiosk lobby-1
ask tickets redeem "$token" --kiosk lobby-1 >/dev/null
check 'once' [ $? = 1 ]

check 'a backup is taken' ask site backup "$work/data" "$work/backup" >/dev/null
check 'the backup is whole' ask site verify "$work/backup" >/dev/null
check 'the server ends' server_end
check 'the backup is restored' ask site restore "$work/backup" "$work/restored" >/dev/null
directory=$work/restored
check 'the restored server starts' server_start
MARQUEE_ENDPOINT=$clients
ask tickets redeem "$token" --kiosk lobby-1 >/dev/null
check 'it knows that the ticket was used' [ $? = 1 ]
check 'and the order' grep -q '^state *paid' <(ask orders show "$order")
check 'it ends' server_end
finish
