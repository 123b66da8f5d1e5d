#!/usr/bin/env bash
# callbacks - how many callbacks of a payment provider a second are verified and durable, over HTTP.
. "$(dirname "$0")/../tests/served/bridge.bash"
check 'the providers'\'' packages are there' env -u MAKEFLAGS -u MAKELEVEL make -s build/peers.stamp
PAY_CASHIERS=ipc://$work/cashiers PAY_DESK=ipc://$work/desk
export PAY_CASHIERS PAY_DESK
check 'a site starts' site_start --set broker/cashiers="$PAY_CASHIERS" --set sale/providers='sandbox alipay'
check 'a bridge starts' bridge_start --set site/cashier="$PAY_DESK"
timeout 200 node tests/peers/storm.mjs
check 'callbacks were taken' [ $? = 0 ]
finish
