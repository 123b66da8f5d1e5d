#!/usr/bin/env bash
# web_watch - what operators see of a bridge, and what they must not.
. "$(dirname "$0")/bridge.bash"
check 'a site starts' site_start
check 'a bridge starts' bridge_start --set log/level=debug
web watch
check 'it ends' bridge_end
check 'its files are its own' [ "$(find "$folder" -type f -perm /077 ! -name staff | wc -l)" = 0 ]
check 'the server ends' server_end
finish
