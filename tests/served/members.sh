#!/usr/bin/env bash
# members - points and coupons as staff meet them in `marquee`, over two kinds of partitions: a coupon
# on an order, its points, and a refund of one of three tickets, exact to the fen; also over a
# SIGKILL. And log-ins, through the generic call.
. "$(dirname "$0")/server.bash"

marquee() {
    "$build/marquee" --endpoint "$clients" "$@"
}
# Is this what a member has to show, within ten seconds? What is told between partitions takes a moment.
has() {
    for ((i = 0; i < 100; i++)); do
        marquee member "$1" "$member" | grep -qE "$2" && return
        read -r -t 0.1 <> <(:)
    done
    return 1
}
field() {
    sed -E "s/.*\"$1\":\"?([^\",}]*).*/\1/"
}

sizes=(--set site/partitions=2 --set site/members=3)
member=$(((1 << 60) + 4711))
check 'a server starts' server_start "${sizes[@]}"
check 'a showtime opens' marquee call showtime.open --on 42 title=Dune hall=1 starts_ms=4102444800000 ends_ms=4102455600000 \
    opens_ms=0 closes_ms=4102444800000 gap_rule=false 'zones=[["a","seats",5000]]' 'rows=[["A","ssssssss","aaaaaaaa"]]' >/dev/null
check 'nobody is no member' grep -q UNKNOWN_MEMBER <(marquee member show $member 2>&1)
check 'a batch is made' marquee coupon batch 7 fixed 1000 5 --per-member 2 >/dev/null
check 'and once only' grep -q BATCH_EXISTS <(marquee coupon batch 7 fixed 1000 5 2>&1)
coupon=$(marquee coupon issue 7 $member)
check 'a member gets a coupon' has coupons "^$coupon +issued"
lock=$(marquee seats lock 42 1 2 3 --user $member --json | field lock)
order=$(marquee orders create "42/$lock" --user $member --coupon "$coupon" --json)
check 'it takes ten yuan off' [ "$(field amount <<<"$order")" = 14000 ]
code=$(field code <<<"$order") order=$(field order <<<"$order")
check 'and is reserved' has coupons "^$coupon +reserved"
other=$(marquee seats lock 42 5 --user $member --json | field lock)
check 'another order cannot have it' grep -q COUPON_USED <(marquee orders create "42/$other" --user $member --coupon "$coupon" 2>&1)
check 'it is paid' marquee orders pay "$order" --code "$code" >/dev/null
check 'the coupon is used' has coupons "^$coupon +used"
check 'a tenth of the yuan are points' has points '^ +\+14 +14 +purchase'
check 'one of three is refunded' [ "$(marquee orders refund "$order" --seats 2 --json | field refunded)" = 4667 ]
server_end KILL
check 'it starts after a SIGKILL' server_start "${sizes[@]}"
check 'the points follow what is left' has points '^ +-4 +10 +refund'
check 'so does the visit' has visits "^$order +2 .* 10 +Dune"
check 'points are given once' marquee member give $member 5 'a broken seat' >/dev/null
check 'for a reason' grep -q ALREADY_GIVEN <(marquee member give $member 5 'a broken seat' 2>&1)
paper=$(marquee coupon codes 7 --limit 1)
check 'a code is claimed' [ "$(marquee coupon claim "$paper" $member)" = "$paper" ]
check 'once' grep -q COUPON_USED <(marquee coupon claim "$paper" $((member + 1)) 2>&1)
check 'what is no code is not asked for' grep -q 'not the code' <(marquee coupon claim NONSENSE $member 2>&1)

key=$(marquee call login.key --on 0 'login=oidc:https://id.example anna' --json | field key)
session=$(marquee call member.login --on "$key" --json)
anna=$(field member <<<"$session") refresh=$(field refresh <<<"$session")
next=$(marquee call session.refresh --on "$anna" "refresh=$refresh" --json | field refresh)
check 'a log-in goes on' [ -n "$next" ]
check 'an old token ends it' grep -q SESSION_REUSED <(marquee call session.refresh --on "$anna" "refresh=$refresh" --json 2>&1)
check 'also the new one' grep -q SESSION_ENDED <(marquee call session.refresh --on "$anna" "refresh=$next" --json 2>&1)
check 'who is banned' marquee member ban "$anna" >/dev/null
check 'cannot log in' grep -q MEMBER_BANNED <(marquee call member.login --on "$key" --json 2>&1)
check 'it stops' server_end
check 'every partition is good' [ "$("$build/marquee" site verify "$work/data" --rebuild | grep -c 'rebuilt byte for byte')" = 6 ]
finish
