#!/usr/bin/env bash
# runner - the test runner fails when, and only when, a test program fails, in whichever way.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
proof=$BUILD/proof
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# expect LAST-LINE EXIT WHAT PROGRAM...
expect() {
    local line=$1 code=$2 what=$3 got
    shift 3
    TEST_TIMEOUT_S=${bound:-60} tests/run "$@" >"$work/out" 2>&1
    got=$?
    if [ $got = "$code" ] && [ "$(tail -n 1 "$work/out")" = "$line" ]; then
        passed=$((passed + 1))
    else
        printf '%s: exit %s, wanted %s and "%s"; output:\n' "$what" $got "$code" "$line"
        sed 's/^/    /' "$work/out"
        failed=$((failed + 1))
    fi
}
# fails WHAT PROGRAM: with whatever count.
fails() {
    if tests/run "$2" >"$work/out" 2>&1; then
        printf '%s: not noticed\n' "$1"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
}
script() {
    printf '#!/bin/sh\n%s\n' "$2" >"$work/$1"
    chmod +x "$work/$1"
}

MARQUEE_PROOF=pass expect '2 passed, 0 failed' 0 'good tests' "$proof"
MARQUEE_PROOF=fail expect '1 passed, 1 failed' 1 'a failing test' "$proof"
MARQUEE_PROOF=crash expect '0 passed, 1 failed' 1 'a crash' "$proof"
MARQUEE_PROOF=leave expect '0 passed, 1 failed' 1 'leaving early with exit 0' "$proof"
bound=1 MARQUEE_PROOF=hang expect '0 passed, 1 failed' 1 'a test that hangs' "$proof"
# What each sanitizer is there for.
case $BUILD in
*tsan*) ways='race' ;;
*asan*) ways='overrun undefined' ;;
*ubsan*) ways='undefined' ;;
*) ways= ;;
esac
for way in $ways; do
    MARQUEE_PROOF=$way fails "$way" "$proof"
done
script counts 'echo 3 passed, 0 failed'
script counts_failure 'echo 3 passed, 2 failed'
script silent 'exit 0'
script liar 'echo 3 passed, 0 failed; exit 7'
script killed 'echo 3 passed, 0 failed; kill -9 $$'
expect '3 passed, 0 failed' 0 'a script that counts' "$work/counts"
expect '3 passed, 2 failed' 1 'a script that counts failures' "$work/counts_failure"
expect '0 passed, 1 failed' 1 'a script that counts nothing' "$work/silent"
expect '3 passed, 1 failed' 1 'a script that fails after its count' "$work/liar"
expect '3 passed, 1 failed' 1 'a script that is killed' "$work/killed"
expect '0 passed, 1 failed' 1 'a program that is not there' "$work/absent"
MARQUEE_PROOF=fail expect '7 passed, 3 failed' 1 'good and bad together' \
    "$work/counts" "$proof" "$work/counts_failure"
expect '0 passed, 0 failed' 1 'no program at all'
printf '%d passed, %d failed\n' $passed $failed
[ $failed = 0 ]
