#!/usr/bin/env bash
# readme - what README.md says under "Over HTTP" works, line by line, as it stands there: what is in
# capitals is filled in from the answers before, and only the port is another one.
. "$(dirname "$0")/server.bash"
mapfile -t free < <(apart)
printf 'http\n    listen = 127.0.0.1:0\nsession\n    directory = %s\n' "$work/bridge" >"$work/bridge.conf"
MARQUEE_BRIDGE_CONF=$work/bridge.conf BUILD=$build conf/run "${free[@]}" >"$work/run.log" 2>&1 </dev/null &
run=$!
trap 'kill $run 2>/dev/null; wait $run; clean_up' EXIT
until grep -q '^Marquee serves' "$work/run.log" || ! kill -0 $run; do sleep 0.1; done
base=$(sed -n 's/^Marquee serves.*over HTTP at //p' "$work/run.log")

# soon COUNT PATTERN FILE: it is there so often within half a minute.
soon() {
    local until=$((EPOCHSECONDS + 30))
    until [ "$(grep -c "$2" "$3" 2>/dev/null)" -ge "$1" ]; do
        [ $EPOCHSECONDS -lt $until ] || return 1
        sleep 0.05
    done
}
# value KEY: from the last answer; numbers, texts, and the first ticket.
value() {
    grep -oE "\"$1\":\"?[^\",}]+" "$work/answer" | head -n 1 | sed -E 's/^[^:]*:"?//'
}
SHOWTIME='' LOCK='' ORDER='' CODE='' TICKET=''
steps=0
cd "$work" || exit 1
while IFS= read -r line; do
    for name in SHOWTIME LOCK ORDER CODE TICKET; do
        line=${line//$name/${!name}}
    done
    [[ $line != URL=* ]] || line="URL=$base"
    steps=$((steps + 1))
    if [[ $line == *' &'* ]]; then
        eval "timeout 30 ${line%%&*}" >"$work/stream" &
        check "$line" soon 1 '"type":"seats"' "$work/stream"
        continue
    fi
    eval "$line" >"$work/answer" || fail "$line: exit $?"
    check "$line: $(cat "$work/answer")" [ "$(grep -c '"code":"[A-Z]*_' "$work/answer")" = 0 ]
    case $line in
    *showtimes?limit*) # the last of them has surely not begun
        SHOWTIME=$(grep -oE '"showtime":[0-9]+' "$work/answer" | tail -n 1 | cut -d: -f2)
        ;;
    *locks) LOCK=$(value lock) ;;
    */order) ORDER=$(value order) ;;
    *api/pay) CODE=$(value code) ;;
    *sandbox/pay) TICKET=$(grep -oE 'M[0-9A-Z]{21}-[0-9]+' "$work/answer" | head -n 1) ;;
    esac
done < <(sed -n '/^## Over HTTP$/,/^## Where/s/^    //p' "$OLDPWD/README.md" | sed 's/ *#.*//; /^$/d')
cd "$OLDPWD" || exit 1
check 'there were ten lines' [ $steps = 10 ]
check 'the code is a picture' grep -q PNG "$work/ticket.png"
check 'a scanner reads it' [ "$(zbarimg -q --raw --nodbus "$work/ticket.png" | wc -c)" = 32 ]
check 'the stream told of lock and sale' soon 1 '"from":2,"number":2' "$work/stream"
finish
