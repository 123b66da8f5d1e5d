#!/usr/bin/env bash
# web_strict - HTTP as bytes: what smuggles, what trickles, what does not read.
. "$(dirname "$0")/bridge.bash"
check 'a site starts' site_start
check 'a bridge starts' bridge_start --set limits/user_rate=100000 --set limits/enter_rate=100000
web strict
check 'it ends' bridge_end
check 'another starts, with low limits' bridge_start --set limits/head_ms=400 --set limits/body_ms=600 \
    --set limits/idle_ms=500 --set limits/write_ms=500 --set limits/per_address=60
web limits
check 'it ends' bridge_end
check 'the server ends' server_end
finish
