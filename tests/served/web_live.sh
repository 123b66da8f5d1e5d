#!/usr/bin/env bash
# web_live - WebSockets and server-sent events: what is pushed, to whom, and in which frames.
. "$(dirname "$0")/bridge.bash"
check 'a site starts' site_start
check 'a bridge starts' bridge_start --set limits/user_rate=100000 --set limits/write_ms=1000
web frames
web live
check 'it ends' bridge_end
check 'the server ends' server_end
finish
