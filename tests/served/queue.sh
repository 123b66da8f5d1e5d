#!/usr/bin/env bash
# queue - a waiting room on a served site: people come before the sale, the server is killed, the
# draw can be checked by anybody, and only who is inside gets seats.
. "$(dirname "$0")/server.bash"
export MARQUEE_ENDPOINT
export TZ=CST-8
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
word() {
    awk -v name="$1" '$1 == name { print $2; exit }' "$work/said"
}
# The load role may open rooms, and stands in line like everybody.
start() {
    server_start --set broker/role=load
    MARQUEE_ENDPOINT=$clients
}

check 'a server starts' start
check 'the demo loads' marquee demo load conf/demo/cinema.json >"$work/said"
show=$(TZ=CST-8 date -d tomorrow +%y%m%d)0101
exits 1 NO_QUEUE queue join "$show"
exits 2 'a number' queue open "$show" many 60
exits 0 '' queue open "$show" 2 600 --pass-ms 60000 --share 20 --opens-ms $(($(date +%s%3N) + 4000))
commitment=$(word commitment)
check 'a commitment is a hash' [ ${#commitment} = 64 ]
exits 1 QUEUE_FIRST seats best "$show" 2 --user 3
for user in 1 2 3 4 5 6; do
    exits 0 '' queue join "$show" --user $user --lane $((user == 6))
    check 'it is early' [ "$(word state)" = early ]
    word receipt >>"$work/receipts"
done
exits 1 'do not agree' queue verify "@$work/receipts"
check 'not drawn yet' [ "$(grep -c 'was not drawn yet' "$work/said")" = 6 ]
server_end KILL
check 'it comes back' start
exits 0 '' queue join "$show" --user 3
check 'with the same receipt' grep -qxF "$(word receipt)" "$work/receipts"

# After the draw.
tries=0
until marquee queue show "$show" --json >"$work/room" && grep -q '"seed"' "$work/room"; do
    [ $((tries += 1)) -lt 100 ] || break
    sleep 0.1
done
check 'the seed is shown' grep -q '"seed"' "$work/room"
check 'the commitment is the old one' grep -q "\"commitment\":\"$commitment\"" "$work/room"
exits 0 '' queue verify "@$work/receipts"
check 'all places agree' [ "$(grep -c 'agrees$' "$work/said")" = 6 ]
check 'five places in lane 0' \
    [ "$(sed -n 's/.*lane 0 .*place \([0-9]*\) .*/\1/p' "$work/said" | sort -n | tr '\n' ' ')" = '1 2 3 4 5 ' ]
first=$(sed -n 's/^user \([0-9]*\) .*lane 0 .*place 1 .*/\1/p' "$work/said")
last=$(sed -n 's/^user \([0-9]*\) .*lane 0 .*place 5 .*/\1/p' "$work/said")
exits 0 '' queue look "$show" --user "$first"
check 'the first is inside' [ "$(word state)" = inside ]
exits 0 '' seats best "$show" 2 --user "$first"
exits 0 '' queue look "$show" --user "$last"
check 'the last waits' [ "$(word state)" = waiting ]
exits 1 QUEUE_FIRST seats best "$show" 2 --user "$last"
exits 0 '' queue leave "$show" --user "$first"
exits 1 QUEUE_FIRST seats best "$show" 2 --user "$first"

# Without the server, with what is public; and what is wrong is found.
key=$(sed -n 's/.*sign_seed *= *"\?\([0-9a-f]*\).*/\1/p' "$work/data/site")
public=$(printf "$(sed 's/../\\x&/g' <<<"302e020100300506032b657004220420$key")" |
    openssl pkey -inform DER -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n')
exits 0 '' queue verify "@$work/receipts" --room "$work/room" --site-key "$public"
exits 1 'do not agree' queue verify "@$work/receipts" --room "$work/room" --site-key "$commitment"
receipt=$(head -n 1 "$work/receipts")
exits 1 '1 do not agree' queue verify "${receipt%??}AA" --room "$work/room"
sed 's/"seed":"..../"seed":"0000/' "$work/room" >"$work/other"
exits 1 '1 do not agree' queue verify "$receipt" --room "$work/other"
check 'the seed is another' grep -q 'not the one that was committed to' "$work/said"
exits 1 '1 do not agree' queue verify nonsense
exits 3 '' queue verify "@$work/nothing"
exits 3 '' queue verify "$receipt" --room "$work/nothing"

exits 0 '' queue close "$show"
exits 0 '' seats best "$show" 2 --user "$last"
exits 1 QUEUE_CLOSED queue join "$show" --user 9
finish
