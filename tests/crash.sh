#!/usr/bin/env bash
# crash - kill -9 under load, ROUNDS times: nothing acknowledged is lost, nothing sold twice, and all
# answers over all lives of the server make one history.
# timeout: 600
build=${BUILD:-build/release}
past=$(mktemp)
trap 'rm -f "$past"' EXIT
"$build/crash" --rounds "${ROUNDS:-3}" --history "$past" && "$build/history" "$past"
