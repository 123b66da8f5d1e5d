#!/usr/bin/env bash
# conf - each configuration file, its manual page and the program's table are of one mind: every key,
# in the same order, with the same default.
. "$(dirname "$0")/server.bash"

# What the program's table says: "section/key default" a line; an empty default reads "none".
table() {
    "$1" --keys | sed -E 's/^ *([^ ]+).*\(default: (.*)\)$/\1 \2/'
}
# The same of a configuration file.
file() {
    awk '/^[a-z]/ { section = $1 }
         /^    [a-z]/ {
             key = $1
             sub(/^[^=]*= */, "")
             if ($0 != "\"\"") gsub(/^"|"$/, "")
             print section "/" key, ($0 == "\"\"" ? "none" : $0)
         }' "$1"
}
# The same of a manual page.
page() {
    awk '/^\.Ss Section / { section = $3 }
         /^\.It Cm / {
             key = $3
             sub(/^\.It Cm [^ ]+ Pq /, "")
             print section "/" key, ($0 == "empty" ? "none" : $0)
         }' "$1"
}

# agree PROGRAM FILE PAGE
agree() {
    local said
    table "$build/$1" >"$work/table"
    check "$1 has keys" [ -s "$work/table" ]
    for said in "file conf/$2" "page man/$3"; do
        $said >"$work/said"
        check "$said says what $1 --keys says" diff -u "$work/table" "$work/said"
    done
}
agree marqueed marquee.conf marquee.conf.5
agree marquee-bridge bridge.conf marquee-bridge.conf.5
agree marquee-sender sender.conf marquee-sender.conf.5
agree marquee-cashier cashier.conf marquee-cashier.conf.5

# A file as it stands starts its program; a wrong one is refused with its place.
bridge() {
    "$build/marquee-bridge" --set session/directory="$work/bridge" "$@" 2>"$work/err"
}
check 'the bridge takes conf/bridge.conf' bridge -c conf/bridge.conf --check
printf 'live\n    tick_ms = 0\n' >"$work/bad.conf"
bridge -c "$work/bad.conf" --check
check 'a bad value is refused as wrong usage' [ $? = 2 ]
check 'with file and line' grep -q "bad.conf:2: " "$work/err"
bridge --set http/listen=0.0.0.0:0 --check
check 'plain HTTP for everybody has to be meant' [ $? = 2 ]
bridge --set http/listen= --check
check 'it must listen somewhere' [ $? = 2 ]
bridge --set http/tls_listen=127.0.0.1:0 --check
check 'TLS needs a certificate' [ $? = 2 ]

cashier() {
    "$build/marquee-cashier" --set log/audit="$work/audit.log" "$@" --check 2>"$work/err"
}
cashier -c conf/cashier.conf
check 'a cashier without a provider is refused' [ $? = 1 ]
cashier --set alipay/app_id=1
check 'a provider needs all of its keys' [ $? = 2 ]
cashier --set alipay/gateway=http://openapi.alipay.com/gateway.do
check 'plain HTTP is for loopback' [ $? = 2 ]
cashier --set desk/listen=tcp://0.0.0.0:5574
check 'callbacks are taken on this host' [ $? = 2 ]
finish
