#!/usr/bin/env bash
# install - what make install puts down is complete: programs run, a stranger's program builds
# against the library, the pages format, and uninstall takes it all away but the configuration.
. "$(dirname "$0")/served/server.bash"
root=$work/root
quiet() {
    "$@" >"$work/log" 2>&1 || { cat "$work/log"; return 1; }
}
check 'make install' quiet env -u MAKEFLAGS -u MAKELEVEL make install DESTDIR="$root" PREFIX=/usr
for program in marqueed marquee-bridge marquee marquee-load marquee-plan; do
    check "$program runs" quiet "$root/usr/bin/$program" --help
done
cat >"$work/stranger.c" <<'C'
#include <marquee.h>
#include <stdio.h>
int
main(void)
{
    marquee_t *marquee = marquee_new(NULL);
    if (!marquee)
        return 1;
    printf("%s %u\n", marquee_version(), marquee_operation("seats.lock"));
    marquee_destroy(&marquee);
    return 0;
}
C
export PKG_CONFIG_PATH=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
flags=$(pkg-config --cflags --libs marquee)
# shellcheck disable=SC2086
check 'a program builds with pkg-config' quiet gcc -o "$work/stranger" "$work/stranger.c" $flags
check 'and runs' [ "$("$work/stranger")" = '0.1.0 14' ]
for page in "$root"/usr/share/man/man*/*; do
    check "${page##*/} is there" [ -s "$page" ]
done
check 'the unit names the installed server' \
    grep -q '^ExecStart=/usr/bin/marqueed -c /etc/marquee/marquee.conf$' \
    "$root/usr/lib/systemd/system/marqueed.service"
check 'the unit names the installed bridge' \
    grep -q '^ExecStart=/usr/bin/marquee-bridge -c /etc/marquee/bridge.conf$' \
    "$root/usr/lib/systemd/system/marquee-bridge.service"
check 'its socket is there' [ -s "$root/usr/lib/systemd/system/marquee-bridge.socket" ]
check 'nothing is left to fill in' [ -z "$(grep -rlE '@[A-Z]+@' "$root/usr/lib/systemd" "$root/usr/lib/pkgconfig")" ]
for file in marquee.conf bridge.conf; do
    check "$file is there as an example, too" [ -s "$root/etc/marquee/$file.example" ]
    echo '# mine' >>"$root/etc/marquee/$file"
done
check 'the bridge takes its configuration' quiet "$root/usr/bin/marquee-bridge" \
    -c "$root/etc/marquee/bridge.conf" --set session/directory="$work/bridge" --check
check 'make install again' quiet env -u MAKEFLAGS -u MAKELEVEL make install DESTDIR="$root" PREFIX=/usr
check 'the configuration was kept' [ "$(cat "$root"/etc/marquee/*.conf | grep -c '^# mine$')" = 2 ]
check 'make uninstall' quiet env -u MAKEFLAGS -u MAKELEVEL make uninstall DESTDIR="$root" PREFIX=/usr
check 'only the configuration is left' [ "$(find "$root" -type f | sort | tr '\n' ' ')" = \
    "$root/etc/marquee/bridge.conf $root/etc/marquee/marquee.conf " ]
finish
