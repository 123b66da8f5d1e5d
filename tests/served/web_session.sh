#!/usr/bin/env bash
# web_session - whom the bridge believes, and how often anybody may ask.
. "$(dirname "$0")/bridge.bash"
check 'a site starts' site_start
check 'a bridge starts' bridge_start --set limits/user_rate=100000
web session
check 'it ends' bridge_end
check 'another starts, as it is shipped' bridge_start
web honest
check 'it ends' bridge_end
check 'another starts, with low limits' bridge_start --set http/proxies=127.0.0.1 \
    --set limits/enter_rate=2 --set limits/read_rate=5 --set limits/sale_rate=5 --set limits/user_rate=1
web rates
check 'it ends' bridge_end
check 'the server ends' server_end
finish
