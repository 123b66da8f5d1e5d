#!/usr/bin/env bash
# web_away - the server dies and comes back; bridges come and go without anybody noticing.
. "$(dirname "$0")/bridge.bash"
# The server comes back to the ports where it was, so they are not those that everybody else is given
# meanwhile. A place that is taken is tried again elsewhere.
somewhere() {
    local try port
    for try in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 12000))
        "$1" --set broker/clients=tcp://127.0.0.1:$port --set broker/events=tcp://127.0.0.1:$((port + 1)) \
            --set broker/bridges=tcp://127.0.0.1:$((port + 2)) && return
    done
    return 1
}
check 'a site starts' somewhere site_start
check 'a bridge starts' bridge_start --set limits/user_rate=100000
disown "$server" # it is killed on purpose
web away
server=0
check 'the bridge ends' bridge_end
check 'the server starts' server_start
WEB_SERVER=$server WEB_BRIDGES=$bridges MARQUEE_EVENTS=$events
check 'a bridge starts' bridge_start --set limits/read_rate=100000 --set limits/enter_rate=100000
web handover
wait "$bridge" # it has handed over
check 'the first bridge has ended well' [ $? = 0 ]
bridge=0
check 'the server ends' server_end
finish
