#!/usr/bin/env bash
# timeout: 240
# schedule - a week for a cinema as its manager makes it: planned, published, bought over HTTP,
# copied, taken from files and put into them, cancelled.
. "$(dirname "$0")/bridge.bash"
marquee() {
    "$build/marquee" --endpoint "$clients" "$@"
}
# refused WHAT WORDS COMMAND...: exit 1, and the words on stderr.
refused() {
    local what=$1 words=$2 code
    shift 2
    "$@" >"$work/out" 2>"$work/said"
    code=$?
    check "$what is refused" [ "$code" = 1 ]
    check "$what: says $words" grep -qF -- "$words" "$work/said"
}
# How many showtimes of a week are in a state.
count() {
    marquee programme show --cinema 7 --week "$2" --json | grep -o "\"$1\"" | wc -l
}
# A step at the box office ends a moment after it is answered.
becomes() {
    for ((i = 0; i < 100; i++)); do
        [ "$(count "$1" "$2")" = "$3" ] && return
        read -r -t 0.1 <> <(:)
    done
    return 1
}
check 'a site starts' site_start
check 'a bridge starts' bridge_start
# The days around the end of March, when clocks in Berlin go forward.
year=$(($(date +%Y) + 1))
offsets=$(TZ=UTC python3 -c 'import calendar,datetime,sys
y=int(sys.argv[1])
def last(m):
    d=max(d for d in range(25,32) if datetime.date(y,m,d).weekday()==6)
    return calendar.timegm((y,m,d,1,0,0))
print("[[0,3600],[%d,7200],[%d,3600]]"%(last(3),last(10)))' "$year")
monday=$(date -u -d "$year-12-01 +$(((8 - $(date -u -d "$year-12-01" +%u)) % 7)) days" +%F)
later() {
    date -u -d "$1 +$2 days" +%F
}
hours='[[600,1560],[600,1560],[600,1560],[600,1560],[600,1560],[540,1560],[540,1560]]'
rows='[["A","ssssssssss","aaaaaaaaaa"],["B","ssssssssss","aaaaaaaaaa"]]'
check 'a cinema' marquee call cinema.set --on 7 name=Lux time_zone=Europe/Berlin cleaning=20 "opening=$hours" "offsets=$offsets" >/dev/null
check 'a long film' marquee call movie.set --on 7 movie=1 title=Dune minutes=155 formats=2D,IMAX imdb=85 >/dev/null
check 'a short one' marquee call movie.set --on 7 movie=2 title=Paper minutes=96 formats=2D,3D >/dev/null
check 'one that ends' marquee call movie.set --on 7 movie=3 title=Tide minutes=110 "ended=$(($(date -u -d "$monday" +%s) / 86400 + 6))" >/dev/null
for hall in 1 2; do
    check 'a hall' marquee call hall.set --on 7 hall_number=$hall "hall=Hall $hall" 'zones=[["a","seats",5000]]' "rows=$rows" formats=2D >/dev/null
done

check 'a draft by hand' marquee programme add 1 1 "${monday}T20:00" --cinema 7 --format 2D >"$work/out"
first=$(awk '{ print $2 }' "$work/out")
check 'it has a number of the cinema' [ "$first" = 7000001 ]
refused 'one in its way' 'overlap (refused): Dune' marquee programme add 1 2 "${monday}T21:00" --cinema 7
refused 'an hour when it is closed' 'closed (refused)' marquee programme add 2 2 "${monday}T05:00" --cinema 7
check 'it moves' marquee programme edit "$first" 1 1 "${monday}T20:30" --format 2D >/dev/null
check 'a plan around it' marquee programme auto --cinema 7 --week "$monday" --seconds 20 --explain >"$work/plan"
check 'it tells why' grep -q 'score .* visitors: ' "$work/plan"
check 'and how good it is' grep -qE '^in all: [0-9]+ visitors expected, [0-9]+ by the greedy plan; at most [0-9]+ are possible' "$work/plan"
drafted=$(sed -nE 's/^([0-9]+) showtimes drafted.*/\1/p' "$work/plan")
check 'a week of it' [ "${drafted:-0}" -gt 60 ]
check 'all are drafts' [ "$(count draft "$monday")" = $((drafted + 1)) ]
check 'nobody sees them' [ -z "$(marquee showtimes list --json | grep -o '\[70000[0-9]*,' | head -n 1)" ]
check 'the week is published' marquee programme publish --cinema 7 --week "$monday" >/dev/null
check 'all of it' becomes published "$monday" $((drafted + 1))
export WEB_SHOWTIME=$first
web planned
refused 'what has tickets' "$first stays: HAS_TICKETS" marquee programme delete "$first"
second=$((first + 1))
check 'what has none goes' marquee programme delete $second >/dev/null
check 'it is gone' grep -q UNKNOWN_SHOWTIME <(marquee programme publish $second 2>&1)
check 'and not sold any more' grep -q SHOWTIME_CANCELLED <(marquee seats best $second 2 2>&1)

check 'a week is copied' marquee programme copy --cinema 7 --from "$monday" --to "$(later "$monday" 7)" >"$work/out" 2>"$work/said"
check 'without the film that ended' grep -q 'Tide is left out: .*over' "$work/said"
check 'as drafts' [ "$(count draft "$(later "$monday" 7)")" -gt 30 ]
refused 'once more' 'overlap (refused)' marquee programme copy --cinema 7 --from "$monday" --to "$(later "$monday" 7)"
for form in csv json; do
    flag=
    [ $form = csv ] && flag=--csv
    check "$form goes out" marquee programme export --cinema 7 --day "$monday" $flag >"$work/day.$form"
    sed -i "s/$monday/$(later "$monday" 21)/g; s/$(later "$monday" 1)/$(later "$monday" 22)/g" "$work/day.$form"
    sed -i "/,3,/d" "$work/day.csv" 2>/dev/null
done
check 'CSV comes in' marquee programme import "$work/day.csv" --cinema 7 >/dev/null
refused 'the same' "$work/day.csv:2: overlap (refused)" marquee programme import "$work/day.csv" --cinema 7
check 'its drafts are forgotten' marquee programme delete --cinema 7 --day "$(later "$monday" 21)" >/dev/null
printf 'hall,movie,starts\n1,1,%sT12:00\n1,x,%sT18:00\n2,1\n' "$(later "$monday" 28)" "$(later "$monday" 28)" >"$work/bad.csv"
refused 'a word for a number' "$work/bad.csv:3: movie" marquee programme import "$work/bad.csv" --cinema 7
check 'every line is told' grep -qF "$work/bad.csv:4: 2 columns" "$work/said"
printf 'hall,film\n1,1\n' >"$work/bad.csv"
refused 'a wrong column' "$work/bad.csv:1: 'film' is no column" marquee programme import "$work/bad.csv" --cinema 7
printf '[{"hall": 1, "movie": 1,\n  "starts": "%sT12:00"},\n {"hall": 1, "movie": 1,\n "starts": "noon"}]' "$(later "$monday" 28)" >"$work/bad.json"
refused 'a time that is none' "$work/bad.json:3: starts" marquee programme import "$work/bad.json" --cinema 7
printf '\xff\xfe' >"$work/bad.json"
refused 'what is no text' 'nothing was saved' marquee programme import "$work/bad.json" --cinema 7
check 'nothing of them is there' [ "$(count draft "$(later "$monday" 28)")" = 0 ]
# Clocks go forward between the two days: what is copied keeps the time on the wall.
spring=$(later "$year-03-31" -$(($(date -u -d "$year-03-31" +%u) % 7)))
check 'the evening before' marquee programme add 1 1 "$(later "$spring" -1)T20:00" --cinema 7 >/dev/null
check 'is copied to the evening after' marquee programme copy --cinema 7 --from "$(later "$spring" -1)" --days 1 --to "$(later "$spring" 1)" >/dev/null
check 'at eight, too' grep -q "\"starts\": \"$(later "$spring" 1)T20:00\"" <(marquee programme export --cinema 7 --day "$(later "$spring" 1)")

# The demo chain: two cinemas in two zones, from a file and back.
check 'a chain comes in' marquee cinemas import conf/demo/chain.json >/dev/null
check 'of two cinemas' [ "$(marquee cinemas list | grep -c 'Breakwater')" = 2 ]
for cinema in 1 2; do
    marquee cinemas export --cinema $cinema >"$work/one.json"
    check 'what goes out comes in again' marquee cinemas import "$work/one.json" >/dev/null
    check 'as it was' cmp -s "$work/one.json" <(marquee cinemas export --cinema $cinema)
    check 'a day is planned' marquee programme auto --cinema $cinema --day "$monday" --greedy >/dev/null
    check 'and published' marquee programme publish --cinema $cinema --day "$monday" >/dev/null
done
# More than one command takes, all or nothing too.
drafts() {
    marquee programme show --cinema 1 --week "$1" --days 14 --json | grep -o '"draft"' | wc -l
}
check 'six halls are planned' marquee programme auto --cinema 1 --week "$(later "$monday" 7)" --greedy >/dev/null
check 'their week is copied' marquee programme copy --cinema 1 --from "$(later "$monday" 7)" --to "$(later "$monday" 14)" >/dev/null
both=$(drafts "$(later "$monday" 7)")
check "two weeks are more than one command takes: $both" [ "$both" -gt 512 ]
check 'they are copied' marquee programme copy --cinema 1 --from "$(later "$monday" 7)" --days 14 --to "$(later "$monday" 21)" >"$work/out"
copied=$(sed -nE 's/^([0-9]+) showtimes drafted, 0 left out/\1/p' "$work/out")
check 'all of them, the last night too' [ "${copied:-0}" -ge "$both" ]
check 'one stands in the way at the end' marquee programme add 1 1 "$(later "$monday" 48)T20:00" --cinema 1 >/dev/null
before=$(drafts "$(later "$monday" 35)")
refused 'a copy over it' 'overlap (refused)' marquee programme copy --cinema 1 --from "$(later "$monday" 7)" --days 14 --to "$(later "$monday" 35)"
check 'and nothing of it is left' [ "$(drafts "$(later "$monday" 35)")" = "$before" ]
sed 's/"ssss/"s?ss/' conf/demo/chain.json >"$work/bad.json"
refused 'a hall that is none' 'cinemas[0].halls[' marquee cinemas import "$work/bad.json"
sed 's/"minutes": 128/"minutes": -5/; s|Europe/Berlin|Europe/Atlantis|' conf/demo/chain.json >"$work/bad.json"
refused 'a film of less than nothing' 'cinemas[0].movies[0]' marquee cinemas import "$work/bad.json"
check 'and a zone under the sea' grep -qF "cinemas[1]: time_zone: 'Europe/Atlantis'" "$work/said"

check 'a showtime is cancelled' marquee programme cancel "$first" --reason 'the projector is broken' >/dev/null
check 'it is cancelled' becomes cancelled "$monday" 1
check 'its tickets are paid back' grep -q '"live":0' <(marquee showtimes show "$first" --json)
check 'the bridge ends' bridge_end
check 'the server ends' server_end
check 'every partition is good' [ "$("$build/marquee" site verify "$work/data" --rebuild | grep -c 'rebuilt byte for byte')" -ge 2 ]
finish
