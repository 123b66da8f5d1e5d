#!/usr/bin/env bash
# timeout: 900
# fuzz - run each fuzz target over what once broke it and its first inputs, then for SECONDS (2) on
# what libFuzzer makes of them; two targets at a time.
#
#     tests/fuzz.sh [SECONDS]
#
# Inputs are at most 4 KiB, a target's memory at most 1 GiB. What the fuzzer learns stays in
# build/fuzz-clang/corpus. An input that breaks a target is named, with its base64.
set -u
cd "$(dirname "$0")/.." || exit 1
seconds=${1:-2}
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
    rm -f "$broken"
    if "$target" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=1024 -timeout=20 \
        -dict="$build/first/words" -exact_artifact_path="$broken" -print_final_stats=1 \
        "${from[@]}" >"$out" 2>&1; then
        awk -v name="$name" '
            /^#.*cov:/ { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "rss:") rss = $(i + 1) } }
            /number_of_executed_units/ { runs = $2 }
            /average_exec_per_sec/ { rate = $2 }
            END { printf "ok    %-10s %10d runs %7d a second, %6d edges, %s\n", name, runs, rate, cov, rss }' "$out"
    else
        printf 'FAIL  %s: %s/%s.log\n' "$name" "$build" "$name"
        grep -aE 'does not hold|ERROR: |runtime error|SUMMARY|Assertion' "$out" | head -n 5
        [ -e "$broken" ] && printf '      input %s: %s\n      again: %s %s\n' "$broken" \
            "$(base64 -w 0 <"$broken" | head -c 2000)" "$target" "$broken"
        return 1
    fi
}

passed=0 failed=0
mapfile -t targets < <(for source in tests/fuzz/fuzz_*.c; do basename "$source" .c | sed 's/^fuzz_//'; done)
for ((i = 0; i < ${#targets[@]}; i += 2)); do
    pids=()
    for name in "${targets[@]:i:2}"; do
        run "$name" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        if wait "$pid"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
