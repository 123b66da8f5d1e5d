# server - what the served tests share: a server on free ports, in a directory that goes away, and
# counted checks. Source it first; end with `finish`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export BUILD=${BUILD:-build/release}
build=$(realpath "$BUILD")
work=$(mktemp -d)
passed=0 failed=0
server=0 clients='' events='' bridges=''
server_launch=() # words before the server's own, which must end in exec

clean_up() {
    [ "$server" = 0 ] || kill -9 "$server" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

pass() {
    passed=$((passed + 1))
}
fail() {
    failed=$((failed + 1))
    printf 'not ok: %s\n' "$*"
}
# check WHAT COMMAND...: the command must succeed.
check() {
    local what=$1
    shift
    if "$@"; then
        pass
    else
        fail "$what"
    fi
}
finish() {
    # A sanitizer's word in a server's log is a failure, whatever the tests saw.
    if grep -qaE 'WARNING: ThreadSanitizer|ERROR: (Address|Leak)Sanitizer|runtime error:' "$work"/*.log 2>/dev/null; then
        fail 'a sanitizer reported'
        grep -haE -A 40 'Sanitizer|runtime error:' "$work"/*.log | head -n 120
    fi
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
    exit
}

# Arguments that keep a server apart from all others.
apart() {
    printf -- '--set\nsite/directory=%s\n--set\nbroker/clients=tcp://127.0.0.1:*\n--set\nbroker/events=tcp://127.0.0.1:*\n--set\nbroker/bridges=tcp://127.0.0.1:*\n--set\nstore/segment_mb=4\n' \
        "${directory:-$work/data}"
}

# server_start [ARGUMENT...]: start and wait for the ready line; sets server, clients, events,
# bridges. 1 when
# it ended without one; its log is $work/server.log.
server_start() {
    local line arguments
    mapfile -t arguments < <(apart)
    rm -f "$work/ready"
    mkfifo "$work/ready"
    "${server_launch[@]}" "$build/marqueed" "${arguments[@]}" "$@" >"$work/ready" 2>>"$work/server.log" </dev/null &
    server=$!
    if ! read -r -t 60 line <"$work/ready" || [[ $line != 'ready '* ]]; then
        cat "$work/server.log"
        kill -9 "$server" 2>/dev/null
        wait "$server" 2>/dev/null
        server=0
        return 1
    fi
    clients=${line#*clients=}
    clients=${clients%% *}
    events=${line#*events=}
    events=${events%% *}
    bridges=${line#*bridges=}
    bridges=${bridges%% *}
}
# server_end [SIGNAL]: its exit status.
server_end() {
    local code
    [ "$server" != 0 ] || return 1
    kill "-${1:-TERM}" "$server"
    wait "$server"
    code=$?
    server=0
    return $code
}

# refused CODE PATTERN ARGUMENT...: the server must end with the code, saying what matches.
refused() {
    local wanted=$1 pattern=$2 code
    shift 2
    timeout 60 "$build/marqueed" "$@" >"$work/out" 2>"$work/err" </dev/null
    code=$?
    if [ $code = "$wanted" ] && grep -qE -- "$pattern" "$work/err" && [ ! -s "$work/out" ]; then
        pass
    else
        fail "marqueed $*: exit $code, wanted $wanted and \"$pattern\"; it said: $(cat "$work/err")"
    fi
}
