#!/usr/bin/env bash
# lighthouse - the pages against their budgets; `make lighthouse`.
. "$(dirname "$0")/served/bridge.bash"
check 'a site starts' site_start
check 'a bridge starts' bridge_start --set http/files=build/web --set limits/user_rate=100000
check 'the pages are within their budgets' node tests/lighthouse/lighthouse.mjs
check 'the bridge ends' bridge_end
check 'the server ends' server_end
finish
