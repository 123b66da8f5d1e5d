#!/usr/bin/env bash
# overload - a short storm, nothing judged by the clock: everything is answered, nothing lost or
# given twice, and memory stays bounded.
. "$(dirname "$0")/server.bash"
memory_max_kb=$((512 * 1024))
check 'it starts' server_start --set store/journal=drop
"$build/overload" --endpoint "$clients" --pid "$server" --seconds 1 --short >"$work/out"
check 'the storm keeps its word' [ $? = 0 ]
passed=$((passed + $(sed -nE 's/^([0-9]+) passed, .*/\1/p' "$work/out")))
grep -E '^not ok' "$work/out"
case $BUILD in
*san*) ;; # a sanitizer's shadow memory is not the server's
*)
    used=$(awk '/^VmHWM:/ { print $2 }' "/proc/$server/status")
    check "it took $used KB, less than $memory_max_kb" [ "$used" -lt $memory_max_kb ]
    ;;
esac
check 'it ends cleanly' server_end
finish
