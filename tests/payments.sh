#!/usr/bin/env bash
# timeout: 400
# payments - marquee-cashier against the providers' own libraries: buy with each provider over HTTP,
# lose callbacks, pay late, refund.
. "$(dirname "$0")/served/bridge.bash"
check 'the providers'\'' packages are there' env -u MAKEFLAGS -u MAKELEVEL make -s build/peers.stamp
PAY_CASHIERS=ipc://$work/cashiers PAY_DESK=ipc://$work/desk
export PAY_CASHIERS PAY_DESK
check 'a site starts' site_start --set broker/cashiers="$PAY_CASHIERS" \
    --set sale/providers='sandbox wxpay wxpay2 alipay'
check 'a bridge starts' bridge_start --set site/cashier="$PAY_DESK" --set limits/user_rate=100000
check 'tests/peers/payments.mjs' timeout 300 node tests/peers/payments.mjs
[ "$failed" = 0 ] || tail -n 30 "$work/server.log" "$work/cashier.log"
check 'the bridge ends' bridge_end
check 'the server ends' server_end
finish
