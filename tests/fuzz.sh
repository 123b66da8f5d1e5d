#!/usr/bin/env bash
# timeout: 900
# fuzz - run each fuzz target over what once broke it and its first inputs, then for SECONDS (2) on
# what libFuzzer makes of them; two targets at a time.
#
#     tests/fuzz.sh [SECONDS]
#
# Inputs are at most 4 KiB (-max_len), a target's memory at most 1 GiB and one allocation at most
# 256 MiB; what a parser allocates is bounded by its target, see tests/fuzz/fuzz.h. A line tells
# runs, edges, inputs that were new, and the most that one input made the parser allocate. What the
# fuzzer learns stays in build/fuzz-clang/corpus. An input that breaks a target is named, with its
# base64 and how to run it again.
set -u
cd "$(dirname "$0")/.." || exit 1
seconds=${1:-2}
# libFuzzer looks at the clock once a second and stops at the first one behind the bound.
bound=$((seconds > 1 ? seconds - 1 : 1))
build=build/fuzz-clang
corpus=$build/corpus
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:handle_abort=1
export LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0
rm -rf "$build/first"
"$build/seeds" "$build/first" || exit 1

# One target; its line, and its last words when it broke.
run() {
    local name=$1 target=$build/fuzz_$1 out=$build/$1.log broken=$build/$1.broken
    mkdir -p "$corpus/$name" "$build/first/$name"
    local from=("$corpus/$name" "$build/first/$name")
    [ -d "tests/fuzz/regress/$name" ] && from+=("tests/fuzz/regress/$name")
    local before
    before=$(find "$corpus/$name" -type f | wc -l)
    rm -f "$broken"
    if "$target" -max_total_time="$bound" -max_len=4096 -rss_limit_mb=1024 -malloc_limit_mb=256 \
        -timeout=20 -dict="$build/first/words" -exact_artifact_path="$broken" -print_final_stats=1 \
        "${from[@]}" >"$out" 2>&1; then
        awk -v name="$name" -v new="$(($(find "$corpus/$name" -type f | wc -l) - before))" '
            /^#.*cov:/ { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
            /number_of_executed_units/ { runs = $2 }
            /average_exec_per_sec/ { rate = $2 }
            /^fuzz: peak / { peak = $3 " bytes" }
            END { printf "ok    %-10s %10d runs %7d a second %6d edges %5d new  peak %s\n", name, runs, rate, cov, new, peak ? peak : "not measured" }' "$out"
    else
        printf 'FAIL  %s: %s/%s.log\n' "$name" "$build" "$name"
        grep -aE 'does not hold|ERROR: |runtime error|SUMMARY|Assertion|run interrupted' "$out" | head -n 5
        [ -e "$broken" ] && printf '      input %s: %s\n      again: %s %s\n' "$broken" \
            "$(base64 -w 0 <"$broken" | head -c 8000)" "$target" "$broken"
        return 1
    fi
}

passed=0 failed=0
mapfile -t targets < <(for source in tests/fuzz/fuzz_*.c; do basename "$source" .c | sed 's/^fuzz_//'; done)
running=0
# Wait for one of those that run, and count it.
one_ended() {
    if wait -n; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    running=$((running - 1))
}
for name in "${targets[@]}"; do
    [ "$running" -lt 2 ] || one_ended
    run "$name" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do one_ended; done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
