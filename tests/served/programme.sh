#!/usr/bin/env bash
# programme - the partitions of the programme, as a user of `marquee` meets them; and what they tell
# those of the box office, also over a SIGKILL.
. "$(dirname "$0")/server.bash"

marquee() {
    "$build/marquee" --endpoint "$clients" "$@"
}
# The sum of a counter of `probe.get` over all six partitions.
probes() {
    for number in 0 1 2 3 4 5; do
        marquee call probe.get --on $number --json
    done | sed -E "s/.*\"$1\":([0-9]+).*/\1/" | awk '{ n += $1 } END { print n + 0 }'
}
# All that was sent is taken, within ten seconds.
all_taken() {
    for ((i = 0; i < 100; i++)); do
        [ "$(probes taken)" = "$1" ] && [ "$(probes taken_amount)" = "$2" ] && return
        read -r -t 0.1 <> <(:)
    done
    return 1
}

sizes=(--set site/partitions=3 --set site/programmes=2)
check 'a server with all roles starts' server_start "${sizes[@]}"
check 'all its partitions are listed' [ "$(marquee partitions list | wc -l)" = 7 ]
for cinema in 1 2 3 4 5; do
    check "cinema $cinema tells the box office" marquee call probe.send --on $cinema count=16 amount=$cinema >/dev/null
done
check 'all of it arrives once' all_taken 80 240
check 'a showtime is no business of a cinema' \
    grep -q UNKNOWN_SHOWTIME <(marquee call showtime.get --on 7 --json 2>&1)
check 'no client may speak as a partition' \
    grep -q FORBIDDEN <(marquee call outbox.ack --on 0 tell=1 status=0 --json 2>&1)
check 'nor take for one' grep -q FORBIDDEN <(marquee call probe.take --on 1 amount=1 --json 2>&1)
for cinema in 1 2 3 4 5; do
    marquee call probe.send --on $cinema count=16 amount=1 >/dev/null
done
hours='[[600,1440],[600,1440],[600,1440],[600,1440],[600,1560],[540,1560],[540,1439]]'
check 'a cinema is made' marquee call cinema.set --on 7 name=Lux time_zone=Europe/Berlin cleaning=20 "opening=$hours" >/dev/null
check 'a film is made' marquee call movie.set --on 7 movie=1 title=Dune minutes=155 >/dev/null
check 'a hall is made' marquee call hall.set --on 7 hall_number=1 hall=One 'zones=[["a","seats",5000]]' 'rows=[["A","ssss","aaaa"]]' >/dev/null
check 'a wrong one is not' grep -q BAD_LAYOUT <(marquee call hall.set --on 7 hall_number=1 hall=One 'zones=[["a","seats",5000]]' 'rows=[["A","s?","aa"]]' --json 2>&1)
server_end KILL
check 'it starts after a SIGKILL' server_start "${sizes[@]}"
check 'what was told before it is taken once' all_taken 160 320
check 'the cinema is what it was' grep -q '"version":3' <(marquee call cinema.get --on 7 --json)
check 'and its hall' grep -q '"seats":4' <(marquee call hall.get --on 7 hall_number=1 --json)
check 'it stops' server_end
check 'every partition is good' [ "$("$build/marquee" site verify "$work/data" --rebuild | grep -c 'rebuilt byte for byte')" = 6 ]
finish
