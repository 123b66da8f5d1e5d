#!/usr/bin/env bash
# sender - marquee-sender between a real broker, whose partition the test plays, and a webhook that
# the library of the Standard Webhooks guards.
. "$(dirname "$0")/server.bash"
check "the packages are there" env -u MAKEFLAGS -u MAKELEVEL make -s build/web.stamp
export WEB_WORK=$work WEB_BUILD=$build
check 'tests/web/sender.mjs' timeout 100 node tests/web/sender.mjs

# At a real server: there by its own endpoint, of no use at another.
port=$((20000 + $$ % 10000))
server_start --set broker/senders=tcp://127.0.0.1:$port || {
    fail 'the server does not start'
    finish
}
status() {
    "$build/marquee" --endpoint "$clients" --json call broker.status
}
check 'no sender yet' grep -q '"sender": *false' <(status)
"$build/marquee-sender" --set site/endpoint="$clients" --set file/path="$work/wrong" 2>"$work/wrong.log" >/dev/null &
wrong=$!
"$build/marquee-sender" --set site/endpoint=tcp://127.0.0.1:$port --set file/path="$work/right" 2>"$work/right.log" >/dev/null &
right=$!
until_s=$((EPOCHSECONDS + 20))
until grep -q 'is role admin there' "$work/wrong.log" && grep -q '"sender": *true' <(status); do
    [ $EPOCHSECONDS -lt $until_s ] || break
    sleep 0.1
done
check 'one at its own endpoint is there' grep -q '"sender": *true' <(status)
check 'one elsewhere says that it gets nothing' grep -q 'this is role admin there, and gets nothing' "$work/wrong.log"
kill $wrong $right
wait $wrong
check 'they end cleanly' [ $? = 0 ]
wait $right
check 'both' [ $? = 0 ]
check 'so does the server' server_end

sender() {
    timeout 20 "$build/marquee-sender" "$@" >"$work/said" 2>"$work/err"
}
# refused CODE PATTERN ARGUMENT...
refused() {
    local wanted=$1 pattern=$2
    shift 2
    sender "$@"
    check "$* ends with $wanted" [ $? = "$wanted" ]
    check "and says why" grep -q -- "$pattern" "$work/err"
}
echo 'whsec_short' >"$work/bad"
printf 'whsec_%s\n' "$(head -c 32 /dev/zero | base64)" >"$work/good"
refused 2 'in the open' --set webhook/url=http://sms.example --set webhook/secret="$work/good" --check
refused 2 'in the open' --set webhook/url=http://127.0.0.1.evil.example/ --set webhook/secret="$work/good" --check
refused 2 'in the open' --set webhook/url=http://127.0.0.1@evil.example/ --set webhook/secret="$work/good" --check
refused 2 'in the open' --set webhook/url=file:///etc/passwd --set webhook/secret="$work/good" --check
refused 2 'belong together' --set webhook/url=https://sms.example --check
refused 2 'belong together' --set webhook/secret="$work/good" --check
refused 2 'stands once' --set 'message/code=no hole' --check
refused 1 'not whsec_' --set webhook/url=https://sms.example --set webhook/secret="$work/bad" --check
refused 1 'No such file' --set webhook/url=https://sms.example --set webhook/secret="$work/none" --check
refused 1 'No such file' --set file/path="$work/none/x" --check
refused 1 'certificate' --set site/key="$work/good" --check
refused 2 'help' --colour
check 'a good configuration is one' sender --set webhook/url=https://sms.example --set webhook/secret="$work/good" --check
finish
