#!/usr/bin/env bash
# crash - kill -9 under load, ROUNDS times: nothing acknowledged is lost, nothing sold twice.
# timeout: 600
exec "${BUILD:-build/release}/crash" --rounds "${ROUNDS:-3}"
