#!/usr/bin/env bash
# web_revoked - tokens that a partition takes back, as bridges hear of it. The test plays the partition.
. "$(dirname "$0")/server.bash"
check "the packages are there" env -u MAKEFLAGS -u MAKELEVEL make -s build/web.stamp
export WEB_WORK=$work WEB_BUILD=$build
check 'tests/web/revoked.mjs' timeout 100 node tests/web/revoked.mjs
finish
