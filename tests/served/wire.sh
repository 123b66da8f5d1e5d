#!/usr/bin/env bash
# wire - a client in another language, written from docs/protocol.md alone, buys a ticket.
. "$(dirname "$0")/server.bash"
check "its packages are there" env -u MAKEFLAGS -u MAKELEVEL make -s build/wire.stamp
check 'it starts' server_start
timeout 60 node tests/wire/buy.mjs "$clients" "$events"
code=$?
check 'the client is content' [ $code = 0 ]
check 'it ends cleanly' server_end
finish
