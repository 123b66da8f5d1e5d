#!/usr/bin/env bash
# metrics - GET /metrics is what Prometheus reads, the dashboard asks for nothing else, and
# `marquee top` shows the bridge.
. "$(dirname "$0")/bridge.bash"
mkdir -m 700 "$folder"
server_start && bridge_start || {
    fail 'it does not start'
    finish
}
url=http://127.0.0.1:$WEB_PORT
# soon PATTERN: it is in what the bridge says within a minute.
soon() {
    local until=$((EPOCHSECONDS + 60))
    until curl -s "$url/metrics" >"$work/metrics" && grep -qE -- "$1" "$work/metrics"; do
        [ $EPOCHSECONDS -lt $until ] || return 1
        sleep 0.1
    done
}
check 'the bridge finds the server' soon '^marquee_bridge_connected 1$'
check 'and looks at its partitions' soon '^marquee_partition_up\{partition="0"\} 1$'
check 'with all of their figures' soon '^marquee_partition_append_last_us'
curl -s "$url/api/showtimes" "$url/api/showtimes/1" >"$work/answer"
check 'requests are counted by route' soon \
    '^marquee_http_request_seconds_bucket\{method="GET",route="/api/showtimes",le="\+Inf"\} 1$'
check 'refusals by code' soon '^marquee_refusals_total\{code="UNKNOWN_SHOWTIME"\} 1$'
check 'every line is a comment, or a name with a number' \
    [ -z "$(grep -vE '^# (HELP|TYPE) [a-z_]+ .+$|^[a-z_]+(\{([a-z]+="[^"]*",?)+\})? -?[0-9.]+$' "$work/metrics")" ]

# The dashboard.
check 'the dashboard is JSON, and no two panels share an id' node -e '
    const panels = JSON.parse(require("fs").readFileSync("conf/grafana/marquee.json")).panels
    if (new Set(panels.map(panel => panel.id)).size !== panels.length) process.exit(1)'
grep -oE '\bmarquee_[a-z_]+' conf/grafana/marquee.json | sort -u >"$work/asked"
check 'it asks for many figures' [ "$(wc -l <"$work/asked")" -gt 40 ]
{
    sed -n 's/^# TYPE \([a-z_]*\) histogram$/\1_bucket\n\1_sum\n\1_count/p; s/^# TYPE \([a-z_]*\) .*/\1/p' "$work/metrics"
    grep -oE '^[a-z_]+' "$work/metrics"
} | sort -u >"$work/told"
check "every one is told: $(comm -23 "$work/asked" "$work/told" | tr '\n' ' ')" \
    [ -z "$(comm -23 "$work/asked" "$work/told")" ]

# The tool.
top() {
    "$build/marquee" --endpoint "$clients" top "$@" >"$work/top" 2>"$work/talk"
}
check 'top shows the bridge' top --count 2 --bridge "$url"
check 'in a line a second' [ "$(grep -cE '^bridge: [0-9]+ requests/s, [0-9]+ connections, 0 sockets, 0 pushes/s, [0-9]+ in flight$' "$work/top")" = 2 ]
check 'with the route that it asked itself' grep -qE '^ +[0-9]+/s  p99 <= +[0-9.]+ ms  GET /metrics$' "$work/top"
check 'as JSON, too' top --count 1 --bridge "$url/" --json
check 'with counters' grep -qE '^\{"bridge":\{"requests":[0-9]+,' "$work/top"
for wrong in "https://127.0.0.1" 127.0.0.1 http:// "http://127.0.0.1:x" "$url/metrics"; do
    top --count 1 --bridge "$wrong"
    check "$wrong is no such URL" [ $? = 3 ]
done
check 'and it says what is' grep -q 'http://HOST' "$work/talk"
top --count 1 --bridge "http://${clients#tcp://}"
check 'another port is no bridge' [ $? = 3 ]

server_end
check 'of a server that is away nothing is told as if it were there' soon '^marquee_bridge_connected 0$'
check 'no partition is up then' [ "$(grep -c '^marquee_partition' "$work/metrics")" = 0 ]
check 'the bridge ends cleanly' bridge_end
finish
