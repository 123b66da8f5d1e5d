#!/usr/bin/env bash
# web_routes - every route of the bridge, asked rightly and wrongly; and that its document tells so.
. "$(dirname "$0")/bridge.bash"
check 'a site starts' site_start
check 'a bridge starts' bridge_start --set limits/user_rate=100000 --set limits/sale_rate=100000 \
    --set limits/read_rate=100000 --set http/origins=https://pages.example
web routes
web openapi
check 'the bridge ends' bridge_end
check 'the server ends' server_end
finish
