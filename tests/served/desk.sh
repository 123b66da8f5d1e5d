#!/usr/bin/env bash
# desk - keys of staff and kiosks made by the tool, and what a bridge makes of them: read again on
# SIGHUP, the audit log rotated, a new process in the place of the old one.
. "$(dirname "$0")/server.bash"
folder=$work/bridge
mkdir "$folder"
marquee() {
    "$build/marquee" "$@" 2>"$work/talk"
}
# exits CODE PATTERN ARGUMENT...: the tool must end with the code, its talk matching.
exits() {
    local wanted=$1 pattern=$2 code
    shift 2
    marquee "$@" --directory "$folder" >"$work/said"
    code=$?
    if [ $code = "$wanted" ] && { [ -z "$pattern" ] || grep -qE -- "$pattern" "$work/talk"; }; then
        pass
    else
        fail "marquee $*: exit $code, wanted $wanted and \"$pattern\"; it said: $(cat "$work/talk")"
    fi
}
key() {
    awk '$1 == "key" { print $2 }' "$work/said"
}

# The files.
exits 0 'SIGHUP' staff new alice
alice=$(key)
check 'a key has 43 characters' [ ${#alice} = 43 ]
check 'the file has its digest' grep -qxF "alice $(printf %s "$alice" | sha256sum | cut -d' ' -f1)" "$folder/staff"
check 'it is for its owner alone' [ "$(stat -c %a "$folder/staff")" = 600 ]
exits 1 'already' staff new alice
exits 2 'name has' staff new 'al ice'
exits 2 'name has' staff new sixteen-letters-
exits 2 'name has' staff new ''
exits 2 'usage' staff new
exits 2 'role is one of' staff new bob --role king
exits 2 'role is one of' staff new bob --role member
exits 2 'cinemas names' staff new bob --role cinema_admin
exits 2 'cinemas names' staff new bob --role cinema_admin --cinemas 7,7
exits 2 'cinemas names' staff new bob --cinemas 7
exits 2 'does not take --role' kiosks new bob --role staff
exits 0 '' staff new bob
printf '# night shift\ncarol %064d' 7 >>"$folder/staff"
exits 0 '' staff list
check 'three are listed' [ "$(tr '\n' ' ' <"$work/said")" = 'alice bob carol ' ]
exits 0 '' staff new dave
exits 0 'SIGHUP' staff remove bob
exits 1 'is not in' staff remove bob
exits 0 '' staff new omar --role cinema_admin --cinemas 7,12
exits 0 '' staff new olga --role operator
exits 0 '' staff list
check 'roles are listed' [ "$(tail -n 2 "$work/said")" = 'omar  cinema_admin of 7,12
olga  operator' ]
exits 0 '' staff remove omar
exits 0 '' staff remove olga
check 'comments stay, and lines stay apart' [ "$(cut -d' ' -f1 "$folder/staff" | tr '\n' ' ')" = 'alice # carol dave ' ]
exits 0 '' kiosks new lobby-1
lobby=$(key)
check 'the file has the key itself' grep -qxF "lobby-1 $lobby" "$folder/kiosks"
exits 1 'already' kiosks new lobby-1
exits 2 'name has' kiosks new 'lobby/1'
sed -i 's/$/ # at the stairs/' "$folder/kiosks"
exits 0 '' kiosks new lobby-2
exits 0 'SIGHUP' kiosks revoke lobby-1
exits 0 '' kiosks revoke lobby-1
check 'once is enough' grep -qxF "lobby-1 $lobby revoked # at the stairs" "$folder/kiosks"
exits 1 'already' kiosks new lobby-1
exits 1 'is not in' kiosks revoke lobby-3
exits 0 '' kiosks list --json
check 'they are listed as JSON' [ "$(cat "$work/said")" = \
    '[{"name":"lobby-1","revoked":true},{"name":"lobby-2","revoked":false}]' ]
cp "$folder/staff" "$work/staff"
echo 'eve xyz' >>"$folder/staff"
exits 3 'staff: line 5: the digest' staff new frank
exits 3 'staff: line 5: the digest' staff list
check 'a damaged file is left alone' [ "$(tail -n 1 "$folder/staff")" = 'eve xyz' ]
cp "$work/staff" "$folder/staff"
for i in $(seq 253); do printf 'm%d %064x\n' "$i" "$i"; done >>"$folder/staff"
exits 1 'too many' staff new grace
cp "$work/staff" "$folder/staff"
check 'nothing is left beside' [ "$(ls "$folder" | tr '\n' ' ')" = 'kiosks staff ' ]
marquee staff new harry --directory "$work/nowhere" >"$work/said"
check 'a folder that is not there is a mistake' [ $? = 3 ]
check 'and said to be' grep -q 'nowhere.*--directory' "$work/talk"

# Keys of tokens: a new one in front, the old ones end, comments stay.
exits 0 '' tokens list
check 'none yet' [ ! -s "$work/said" ]
exits 0 'SIGHUP' tokens rotate
check 'the first key has no end' grep -qxE 'k[0-9]{10}-[0-9a-f]{4} [A-Za-z0-9_-]{43}' "$folder/tokens"
old=$(printf 'A%.0s' $(seq 42))
printf '# of May\n  first %sE # ours\nsecond %sI 4000000000\nthird %sM 1700000000\n# end' \
    "$old" "$old" "$old" >"$folder/tokens"
now=$EPOCHSECONDS
exits 0 '' tokens rotate --hours 2 --json
check 'it says which' grep -qE '^\{"name":"k[0-9]{10}-[0-9a-f]{4}","until_s":[0-9]{10}\}$' "$work/said"
until_s=$(sed 's/.*"until_s":\([0-9]*\).*/\1/' "$work/said")
check 'two hours' [ $((until_s - now)) -ge 7200 -a $((until_s - now)) -le 7300 ]
check 'the others end' [ "$(tail -n +2 "$folder/tokens")" = "# of May
  first ${old}E $until_s # ours
second ${old}I 4000000000
# end" ]
exits 0 '' tokens list
check 'they are listed' [ "$(awk '{ print $2 }' "$work/said" | tr '\n' ' ')" = 'signs until until ' ]
for hours in 0 8785 x -1; do exits 2 'hours' tokens rotate --hours $hours; done
for i in $(seq 5); do printf '\nn%d %0.42dA' "$i" "$i"; done >>"$folder/tokens"
cp "$folder/tokens" "$work/tokens"
exits 1 'more keys' tokens rotate
check 'and nothing is changed' cmp -s "$folder/tokens" "$work/tokens"
rm "$folder/tokens"

# Tokens that are taken back.
exits 0 'SIGHUP' tokens revoke sub s:alice
exits 0 '' tokens revoke jti 0123456789abcdef --hours 1
check 'a line each' [ "$(sed 's/[0-9]\{10\}/T/g' "$folder/revoked")" = 'sub s:alice T T
jti Tabcdef T' ]
exits 2 'kind is' tokens revoke kid k1
for name in '' 'a b' 'a#b' "$(printf 'x%.0s' $(seq 64))"; do exits 2 'name has' tokens revoke jti "$name"; done
echo 'jti x' >>"$folder/revoked"
exits 3 'revoked: line 3' tokens revoke jti y
rm "$folder/revoked"

# Many at once: nobody's key is lost.
for i in $(seq 8); do "$build/marquee" kiosks new "k$i" --directory "$folder" >"$work/k$i" 2>&1 & done
wait
check 'eight at once are eight' [ "$(grep -c '^k' "$folder/kiosks")" = 8 ]

# A bridge that reads them.
server_start || {
    fail 'the server does not start'
    finish
}
mkfifo "$work/bridge_ready"
"$build/marquee-bridge" --set site/endpoint="$bridges" --set site/events="$events" \
    --set http/listen=127.0.0.1:0 --set session/directory="$folder" >"$work/bridge_ready" \
    2>"$work/bridge.log" </dev/null &
bridge=$!
trap 'kill $bridge $heir 2>/dev/null; clean_up' EXIT
heir=
read -r -t 60 line <"$work/bridge_ready"
url=http://127.0.0.1:${line#*http=}
# status METHOD PATH [CURL-ARGUMENT...]: the HTTP status; the body is in `answer`.
status() {
    local method=$1 path=$2
    shift 2
    curl -s -o "$work/answer" -w '%{http_code}' -X "$method" "$@" "$url$path"
}
# said N PATTERN: the bridge's log has it so often, soon.
said() {
    local until=$((EPOCHSECONDS + 20))
    until [ "$(grep -cE -- "$2" "$work/bridge.log")" -ge "$1" ]; do
        [ $EPOCHSECONDS -lt $until ] || return 1
        sleep 0.02
    done
}
check 'alice is let in' [ "$(status GET /api/kiosks -H "Authorization: Bearer $alice")" = 200 ]
check 'all kiosks are there' [ "$(grep -o '"kiosk"' "$work/answer" | wc -l)" = 10 ]
exits 0 '' staff new iris
iris=$(key)
check 'iris is not yet' [ "$(status GET /api/kiosks -H "Authorization: Bearer $iris")" = 401 ]
exits 0 '' staff remove alice
mv "$folder/audit.log" "$folder/audit.log.1"
kill -HUP $bridge
check 'SIGHUP reads them again' said 1 'were read again'
check 'now iris is' [ "$(status GET /api/kiosks -H "Authorization: Bearer $iris")" = 200 ]
check 'and alice no longer' [ "$(status GET /api/kiosks -H "Authorization: Bearer $alice")" = 401 ]

# The tool beside the bridge: what it wrote is not lost when the bridge writes, SIGHUP or not.
exits 0 '' kiosks new lobby-4
check 'a kiosk enrolled over HTTP' [ "$(status POST /api/kiosks -H "Authorization: Bearer $iris" \
    -H 'Content-Type: application/json' -d '{"kiosk":"lobby-5"}')" = 201 ]
check 'both are in the file' [ "$(grep -c '^lobby-[45] ' "$folder/kiosks")" = 2 ]
check 'the new audit log tells of it' grep -q '"lobby-5".*"enrol".*"iris"' "$folder/audit.log"
check 'the old one does not' [ "$(grep -c lobby-5 "$folder/audit.log.1")" = 0 ]
echo 'eve xyz' >>"$folder/staff"
kill -HUP $bridge
check 'a bad file is told of, with its line' said 1 'kept as it was: .*bridge/staff: line'
check 'and iris stays in' [ "$(status GET /api/kiosks -H "Authorization: Bearer $iris")" = 200 ]

# A successor that cannot start, and one that can.
kill -USR2 $bridge
check 'a successor that does not come up' said 1 'did not come up'
check 'leaves the old one serving' [ "$(status GET /healthz)" = 200 ]
check 'and nobody behind' [ -z "$(pgrep -P $bridge)" ]
sed -i '$d' "$folder/staff"
kill -USR2 $bridge
until heir=${heir:-$(pgrep -P $bridge)} && ! kill -0 $bridge 2>/dev/null; do
    [ "$(status GET /healthz)" = 200 ] || fail 'somebody was refused'
done
wait $bridge
check 'one that does takes its place' [ $? = 0 ]
check 'it serves' [ "$(status GET /api/kiosks -H "Authorization: Bearer $iris")" = 200 ]
kill -TERM "$heir"
until ! kill -0 "$heir" 2>/dev/null; do sleep 0.02; done
check 'the server ends cleanly' server_end
finish
