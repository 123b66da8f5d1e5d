#!/usr/bin/env bash
# pages - the pages in a browser, on the real system: buying, live seats, the gate, the waiting room, staff,
# and what must never happen. PAGES names some of them alone.
# timeout: 600
. "$(dirname "$0")/bridge.bash"
page() {
    case " ${PAGES:-$1} " in
    *" $1 "*) check "tests/pages/$1.mjs" timeout 240 node "tests/pages/$1.mjs" ;;
    esac
}
check 'the pages and the packages are there' env -u MAKEFLAGS -u MAKELEVEL make -s build/web/index.html build/test-pages.stamp
check 'a site starts' site_start
check 'a bridge starts' bridge_start --set http/files=build/web --set limits/user_rate=100000 --set limits/enter_rate=1000
export WEB_CAMERA=$work/camera.mjpeg
page buy
page seats
page gate
page room
page safe
check 'the bridge ends' bridge_end
check 'the server ends' server_end
finish
