#!/usr/bin/env bash
# web_tls - the bridge over TLS, with a certificate authority of our own.
. "$(dirname "$0")/bridge.bash"
tls=$work/tls
mkdir "$tls"
curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
make_ca() {
    # shellcheck disable=SC2086
    openssl req -x509 $curve -days 2 -subj /CN=ca -keyout "$tls/ca.key" -out "$tls/ca.pem" 2>/dev/null
}
# certificate NAME SERIAL: NAME.pem, NAME.key, and a fresh OCSP response NAME.ocsp.
certificate() {
    # shellcheck disable=SC2086
    openssl req $curve -subj /CN=localhost -keyout "$tls/$1.key" -out "$tls/$1.csr" 2>/dev/null &&
        openssl x509 -req -in "$tls/$1.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -set_serial "$2" -days 2 \
            -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n') -out "$tls/$1.pem" 2>/dev/null &&
        printf 'V\t491231235959Z\t\t%02d\tunknown\t/CN=localhost\n' "$2" >"$tls/index" &&
        openssl ocsp -issuer "$tls/ca.pem" -cert "$tls/$1.pem" -no_nonce -reqout "$tls/$1.ask" 2>/dev/null &&
        openssl ocsp -index "$tls/index" -CA "$tls/ca.pem" -rsigner "$tls/ca.pem" -rkey "$tls/ca.key" \
            -reqin "$tls/$1.ask" -ndays 1 -respout "$tls/$1.ocsp" >/dev/null 2>&1
}
# sound: what sslscan found has nothing weak in it.
sound() {
    sslscan --no-colour --show-certificate "127.0.0.1:$WEB_TLS_PORT" >"$work/scan" 2>&1 || return 1
    grep -q '^TLSv1.2 *enabled' "$work/scan" && grep -q '^TLSv1.3 *enabled' "$work/scan" &&
        ! grep -E '^(SSLv2|SSLv3|TLSv1.0|TLSv1.1) *enabled' "$work/scan" &&
        ! grep -E '^(Accepted|Preferred)' "$work/scan" | grep -vE 'TLSv1.[23] .*(GCM|POLY1305)' &&
        ! grep -iE 'Insecure session renegotiation|Compression enabled|vulnerable to heartbleed' "$work/scan" | grep -v 'not vulnerable'
}
make_ca && certificate one 1 && certificate two 2
check 'certificates are made' [ -s "$tls/two.ocsp" ]
for part in pem key ocsp; do cp "$tls/one.$part" "$tls/now.$part"; done
secured=(--set http/tls_listen=127.0.0.1:0 --set "http/certificate=$tls/now.pem" --set "http/private_key=$tls/now.key"
    --set "http/ocsp=$tls/now.ocsp")

check 'a site starts' site_start
# cannot PATTERN ARGUMENT...: a bridge must not start, and say why.
cannot() {
    local pattern=$1
    shift
    timeout 20 "$build/marquee-bridge" --set site/endpoint="$bridges" --set site/events="$events" \
        --set http/listen=127.0.0.1:0 --set session/directory="$folder" "${secured[@]}" "$@" >"$work/out" 2>"$work/err"
    [ $? = 1 ] && [ ! -s "$work/out" ] && grep -qE "$pattern" "$work/err"
}
check 'not with the key of another certificate' cannot 'two.key' --set "http/private_key=$tls/two.key"
check 'not without a key' cannot 'none.key' --set "http/private_key=$tls/none.key"
check 'not without a certificate' cannot 'none.pem' --set "http/certificate=$tls/none.pem"
check 'not with a key for a certificate' cannot 'now.key' --set "http/certificate=$tls/now.key"
check 'not without its OCSP response' cannot 'none.ocsp' --set "http/ocsp=$tls/none.ocsp"
check 'a bridge starts' bridge_start "${secured[@]}"
check 'nothing weak' sound || cat "$work/scan"
web tls
wait "$bridge" # it has handed over
check 'the first bridge has ended well' [ $? = 0 ]
bridge=0
check 'the server ends' server_end
finish
