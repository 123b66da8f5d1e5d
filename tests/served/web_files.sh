#!/usr/bin/env bash
# web_files - static pages, and what the bridge writes down: its log and the trace in the journal.
. "$(dirname "$0")/bridge.bash"
pages=$work/pages
mkdir -p "$pages/sub" "$work/outside"
printf '<!doctype html><title>home</title>' >"$pages/index.html"
printf '<!doctype html><title>sub</title>' >"$pages/sub/index.html"
printf '<!doctype html><title>about</title>' >"$pages/about.html"
printf '<!doctype html><title>more</title>' >"$pages/sub/more.html"
seq 1 20000 >"$pages/app.css"
gzip -9nk "$pages/app.css"
printf 'export const one = 1\n' >"$pages/app.0123abcd.js"
printf 'hidden' >"$pages/.hidden.txt"
printf 'no type' >"$pages/README"
: >"$pages/empty.txt"
printf 'outside' >"$work/outside/secret.txt"
ln -s "$work/outside/secret.txt" "$pages/link.txt"
export WEB_PAGES=$pages

check 'a site starts' site_start
check 'a folder that is not there stops the start' bash -c '! "$@" 2>/dev/null' _ \
    "$build/marquee-bridge" --check --set session/directory="$folder" --set "http/files=$work/nowhere"
check 'a bridge starts' bridge_start --set "http/files=$pages" --set log/level=debug
web files
web trace
check 'the bridge ends' bridge_end
check 'the server ends' server_end
# in_journal HEX: do these bytes stand in a segment?
in_journal() {
    perl -0777 -ne 'BEGIN { $bytes = pack "H*", shift } $found ||= index($_, $bytes) >= 0; END { exit !$found }' \
        "$1" "$work"/data/partition-*/journal/*
}
check 'the journal has the trace' in_journal 000af7651916cd43dd8448eb211c80319cb7ad6b716920333101
check 'the log has no key, token or cookie' bash -c '! grep -qE "Bearer|marquee=|ey[A-Za-z0-9_-]{20,}|$1" "$2"' _ "$WEB_STAFF" "$work/bridge.log"
finish
