#!/usr/bin/env bash
# nth - every EVERY-th allocation, write, sync, change of names, call of LMDB and send fails once.
# timeout: 300
exec "${BUILD:-build/release}/nth" "${EVERY:-61}"
