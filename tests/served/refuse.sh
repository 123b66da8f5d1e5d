#!/usr/bin/env bash
# refuse - what must stop a server from starting does, and says why.
. "$(dirname "$0")/server.bash"
mapfile -t free < <(apart)

# The configuration, each with file, line and reason.
conf() {
    printf '%b' "$1" >"$work/bad.conf"
}
here="$work/bad\\.conf"
conf '# a comment\nsite\n    directory = x\n    partition = 1\n'
refused 2 "$here:4: .*site/partition" -c "$work/bad.conf"
conf 'site\n    directory = x\n\nstores\n    cache_mb = 1\n'
refused 2 "$here:5: .*stores/cache_mb" -c "$work/bad.conf"
conf 'broker\n    in_flight = many\n'
refused 2 "$here:2: .*in_flight.*many" -c "$work/bad.conf"
conf 'sale\n    lock_ms = 900000\n    cap = 17\n'
refused 2 "$here:3: .*cap.*17.*1 to 16" -c "$work/bad.conf"
conf 'sale\n    cap = -1\n'
refused 2 "$here:2: .*cap" -c "$work/bad.conf"
conf 'store\n    cache_mb = 99999999999999999999\n'
refused 2 "$here:2: .*cache_mb" -c "$work/bad.conf"
conf 'site\n    directory = ""\n'
refused 2 "$here:2: .*directory" -c "$work/bad.conf"
conf 'site\n   three_spaces = 1\n'
refused 2 "$here:2: .*four spaces" -c "$work/bad.conf"
conf 'site\n    directory = x\n    nonsense\n'
refused 2 "$here:3: .*value" -c "$work/bad.conf"
conf 'sale\n    cap = 4\n    cap = 5\n'
refused 2 "$here:.*sale/cap.*twice" -c "$work/bad.conf"
conf 'store\n    journal = burn\n'
refused 2 "$here:2: .*burn" -c "$work/bad.conf"
conf 'site\n'
refused 2 "$here:1: .*site" -c "$work/bad.conf"
refused 2 "$work/absent.conf" -c "$work/absent.conf"

# Values that do not fit one another, or are not safe.
refused 2 'broker/clients.*loopback' --set broker/clients=tcp://0.0.0.0:5570
refused 2 'broker/events.*loopback' --set 'broker/events=tcp://127.0.0.1:* tcp://*:5571'
refused 2 'broker/role.*emperor' --set broker/role=emperor
refused 2 'store/journal' --set store/journal=burn
refused 2 'secure_events' --set 'broker/secure_clients=tcp://127.0.0.1:*'
refused 2 'ceiling_ms.*lock_ms' --set sale/lock_ms=60000 --set sale/ceiling_ms=59999
refused 2 'no/such' --set no/such=1
refused 2 'section/key=value' --set nothing
refused 2 'help' --no-such-option
refused 2 'help' stray

# The data: another owner, another partition count, another server's ports, a damaged site.
check 'a server starts' server_start --set site/partitions=2
refused 1 'own' "${free[@]}" --set site/partitions=2
refused 1 "$clients|in use" "${free[@]}" --set "site/directory=$work/other" --set "broker/clients=$clients"
refused 1 '2 partitions, not 3' "${free[@]}" --set site/partitions=3
check 'the first owner still serves' "$build/marquee" --endpoint "$clients" status >/dev/null
check 'it stops cleanly' server_end
refused 1 '2 partitions, not 1' "${free[@]}" --set site/partitions=1
check 'it starts again with the count it was made with' server_start --set site/partitions=2
check 'it stops cleanly again' server_end
refused 1 '1 programmes, not 2' "${free[@]}" --set site/partitions=2 --set site/programmes=2
check 'secrets are readable by their owner only' [ "$(stat -c %a "$work/data/site")" = 600 ]

mv "$work/data/partition-0000" "$work/kept"
mv "$work/data/partition-0001" "$work/data/partition-0000"
mv "$work/kept" "$work/data/partition-0001"
refused 1 'partition' "${free[@]}" --set site/partitions=2
mv "$work/data/partition-0000" "$work/kept"
mv "$work/data/partition-0001" "$work/data/partition-0000"
mv "$work/kept" "$work/data/partition-0001"

# A site from before there was a programme: it gets its partitions, and keeps what it has.
sed -i '/programmes/d; /members/d' "$work/data/site"
rm -r "$work/data/partition-0002" "$work/data/partition-0003"
check 'a site without a programme is verified' "$build/marquee" site verify "$work/data" >/dev/null
check 'an older site starts' server_start --set site/partitions=2 --set site/programmes=2
check 'it has partitions of the programme' grep -q '^        *3 ' <("$build/marquee" --endpoint "$clients" partitions list)
check 'and ends' server_end
check 'and remembers how many' grep -q 'programmes = "2"' "$work/data/site"
check 'of members too' grep -q 'members = "1"' "$work/data/site"
refused 1 '1 members, not 2' "${free[@]}" --set site/partitions=2 --set site/programmes=2 --set site/members=2
refused 1 'member/time_zone' "${free[@]}" --set member/time_zone=Not/A_Zone
refused 1 '2 programmes, not 1' "${free[@]}" --set site/partitions=2
check 'all of it is verified' [ "$("$build/marquee" site verify "$work/data" | grep -c good)" = 5 ]
check 'the same counts start it' server_start --set site/partitions=2 --set site/programmes=2
check 'and it stops' server_end

cp "$work/data/site" "$work/site"
printf 'site\n    partitions = 2\n' >"$work/data/site"
refused 1 'damaged|backup' "${free[@]}" --set site/partitions=2
rm "$work/data/site"
refused 1 'site' "${free[@]}" --set site/partitions=2
cp "$work/site" "$work/data/site"
check 'put right, it starts' server_start --set site/partitions=2 --set site/programmes=2
check 'and stops' server_end
finish
