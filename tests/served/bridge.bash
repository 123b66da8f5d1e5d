# bridge - what the tests of marquee-bridge share: beside a server (server.bash) the demo cinema, a
# bridge on free ports, and checks in tests/web/*.mjs that count for themselves. Source it first.
. "$(dirname "${BASH_SOURCE[0]}")/server.bash"
bridge=0
export WEB_WORK=$work WEB_BUILD=$build WEB_STAFF WEB_DESK WEB_PORT WEB_TLS_PORT WEB_BRIDGE WEB_SERVER
export WEB_BRIDGES
export MARQUEE_ENDPOINT MARQUEE_EVENTS
folder=$work/bridge # the bridge's own: keys, kiosks, staff
bridge_launch=()    # words before the bridge's own, which must end in exec

clean_up() {
    [ "$bridge" = 0 ] || kill -9 "$bridge" 2>/dev/null
    [ "$server" = 0 ] || kill -9 "$server" 2>/dev/null
    # Bridges that a bridge started have our folder in their arguments.
    for pid in $(grep -lsF "=$work/" /proc/[0-9]*/cmdline | cut -d/ -f3); do
        kill -9 "$pid" 2>/dev/null
    done
    rm -rf "$work"
}

# A random key for a member of staff, who goes into the file of staff.
staff_new() {
    local key
    key=$(openssl rand -hex 24)
    printf '%s %s\n' "$1" "$(printf %s "$key" | sha256sum | cut -d' ' -f1)" >>"$folder/staff"
    printf %s "$key"
}

# site_start [ARGUMENT...]: a server with the demo cinema.
site_start() {
    check "the packages are there" env -u MAKEFLAGS -u MAKELEVEL make -s build/web.stamp
    mkdir -m 700 -p "$folder"
    WEB_STAFF=$(staff_new boss) WEB_DESK=$(staff_new desk)
    server_start "$@" || return 1
    MARQUEE_ENDPOINT=$clients MARQUEE_EVENTS=$events WEB_SERVER=$server WEB_BRIDGES=$bridges
    "$build/marquee" demo load conf/demo/cinema.json >/dev/null
}

# The port is there before the server was heard: until then streams are refused for a moment.
bridge_heard() {
    for ((i = 0; i < 100; i++)); do
        curl -fs -o /dev/null "http://127.0.0.1:$WEB_PORT/readyz" && return
        sleep 0.1
    done
    return 1
}

# bridge_start [ARGUMENT...]: start and wait for the ready line; sets bridge and the WEB_ ports. Its
# log is $work/bridge.log.
bridge_start() {
    local line
    rm -f "$work/bridge_ready"
    mkfifo "$work/bridge_ready"
    "${bridge_launch[@]}" "$build/marquee-bridge" --set site/endpoint="$bridges" \
        --set site/events="$events" --set http/listen=127.0.0.1:0 \
        --set session/directory="$folder" "$@" >"$work/bridge_ready" 2>>"$work/bridge.log" </dev/null &
    bridge=$! WEB_BRIDGE=$!
    if ! read -r -t 60 line <"$work/bridge_ready" || [[ $line != 'ready '* ]]; then
        cat "$work/bridge.log"
        kill -9 "$bridge" 2>/dev/null
        wait "$bridge" 2>/dev/null
        bridge=0
        return 1
    fi
    WEB_PORT=$(sed -n 's/.* http=\([0-9]*\).*/\1/p' <<<"$line")
    WEB_TLS_PORT=$(sed -n 's/.* https=\([0-9]*\).*/\1/p' <<<"$line")
}
# bridge_end [SIGNAL]: its exit status.
bridge_end() {
    local code
    [ "$bridge" != 0 ] || return 1
    kill "-${1:-TERM}" "$bridge"
    wait "$bridge"
    code=$?
    bridge=0
    return $code
}
# web NAME: run tests/web/NAME.mjs; it counts its checks, and failing ones fail this script too.
web() {
    check "tests/web/$1.mjs" timeout "${2:-100}" node "tests/web/$1.mjs"
}
