#!/usr/bin/env bash
# oidc - log-ins by OpenID Connect: at a real provider (npm oidc-provider), and at one that lies.
. "$(dirname "$0")/server.bash"
check "the packages are there" env -u MAKEFLAGS -u MAKELEVEL make -s build/web.stamp
export WEB_WORK=$work WEB_BUILD=$build
check 'tests/web/oidc.mjs' timeout 100 node tests/web/oidc.mjs
check 'tests/web/oidc_lies.mjs' timeout 100 node tests/web/oidc_lies.mjs
finish
