#!/usr/bin/env bash
# soak - 10,000 live sockets of a bridge for SECONDS_OF_SOAK (60), cut and come back, while 1,000
# seats a second change; then as many idle HTTP connections: what make soak runs.
#
# Driver, bridge and server share the machine. SOCKETS, CHANGES and TLS=yes make other runs. No
# limit of an address stands in the way; the journal's old segments are dropped. SET=key=value is one
# more key of the bridge.
. "$(dirname "$0")/served/bridge.bash"
seconds=${SECONDS_OF_SOAK:-60} sockets=${SOCKETS:-10000} changes=${CHANGES:-1000} head_ms=5000
tls=() listen=()
if [ "$(ulimit -Hn)" -lt $((sockets + 500)) ]; then
    echo "soak: $sockets sockets want as many descriptors, $(ulimit -Hn) are allowed (ulimit -Hn)"
    exit 1
fi
if [ "${TLS:-no}" = yes ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=soak \
        -keyout "$work/key.pem" -out "$work/chain.pem" 2>/dev/null
    tls=(--tls)
    listen=(--set http/tls_listen=127.0.0.1:0 --set "http/certificate=$work/chain.pem"
        --set "http/private_key=$work/key.pem")
fi
# soak ARGUMENT...: run the program and count what it counts.
soak() {
    "$build/soak" --bridge "127.0.0.1:$port" --bridge-pid "$bridge" --server-pid "$server" \
        --endpoint "$clients" --head-ms $head_ms "$@" | tee "$work/out"
    check 'the run ends' [ "${PIPESTATUS[0]}" -le 1 ]
    passed=$((passed + $(sed -nE 's/^([0-9]+) passed, .*/\1/p' "$work/out")))
    failed=$((failed + $(sed -nE 's/^[0-9]+ passed, ([0-9]+) failed$/\1/p' "$work/out")))
}
begin() {
    check 'the bridge starts' bridge_start "$@" --set limits/per_address=200000 \
        --set limits/connections=50000 --set limits/read_rate=1000000 \
        --set limits/head_ms=$head_ms --set limits/write_ms=10000
    check 'it hears the server' bridge_heard
}
check 'the server starts' server_start --set store/segment_mb=64 --set store/journal=drop
begin "${listen[@]}" ${SET:+--set "$SET"}
port=${WEB_TLS_PORT:-$WEB_PORT}
soak --sockets "$sockets" --changes "$changes" --seconds "$seconds" "${tls[@]}"
check 'the bridge ends cleanly' bridge_end
begin
port=$WEB_PORT
soak --idle "$sockets" --slow 200
check 'the bridge ends cleanly' bridge_end
check 'the server ends cleanly' server_end
finish
