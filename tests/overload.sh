#!/usr/bin/env bash
# overload - ten times the peak for SECONDS (60): what make overload runs.
#
# The server has processor SERVER_CPU (0) for itself and the client CLIENT_CPU (1), while the peak is
# found and in the storm alike. The journal's old segments are dropped, so that the disk stays small.
. "$(dirname "$0")/served/server.bash"
place=() client=()
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null; then
    place=(taskset -c "${SERVER_CPU:-0}") client=(taskset -c "${CLIENT_CPU:-1}")
fi
server_launch=("${place[@]}")
directory=$work/site
server_start --set store/segment_mb=64 --set store/journal=drop --set "broker/clients=ipc://$work/clients" \
    --set "broker/events=ipc://$work/events" || exit 1
"${client[@]}" "$build/overload" --endpoint "$clients" --pid "$server" --seconds "${SECONDS_OF_STORM:-60}"
code=$?
server_end || { echo 'the server did not end cleanly' && exit 1; }
exit $code
