#!/usr/bin/env bash
# web_tls - the bridge over TLS: versions, suites, resumption, stapling, a certificate that is read again.
. "$(dirname "$0")/bridge.bash"

# certificate NAME: a key and a certificate of our own authority, chain in NAME.pem.
certificate() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -out "$work/$1.csr" \
        -subj "/CN=$1" 2>/dev/null &&
        openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days 2 -out "$work/$1.pem" \
            -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n') 2>/dev/null
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
    -days 2 -subj '/CN=an authority of this test' 2>/dev/null
check 'a certificate' certificate one
check 'another' certificate two
cp "$work/one.pem" "$work/now.pem"
cp "$work/one.key" "$work/now.key"
head -c 300 /dev/urandom >"$work/staple.der"
export WEB_CA=$work/ca.pem

check 'a site starts' site_start
tls=(--set http/tls_listen=127.0.0.1:0 --set "http/certificate=$work/now.pem" --set "http/private_key=$work/now.key")

# What it says of itself to a client with these words of openssl.
client() {
    timeout 10 openssl s_client -connect "127.0.0.1:$WEB_TLS_PORT" -CAfile "$work/ca.pem" "$@" </dev/null 2>&1
}
# refuses PATTERN ARGUMENT...: a bridge does not start with these, and says why.
refuses() {
    local said
    said=$(timeout 20 "$build/marquee-bridge" --check --set session/directory="$folder" "${@:2}" 2>&1)
    [ $? -ne 0 ] && grep -qE -- "$1" <<<"$said"
}
check 'a key that is not the certificate'"'"'s stops the start' \
    refuses 'two.key' "${tls[@]}" --set "http/private_key=$work/two.key"
check 'so does a certificate that is not there' refuses 'none.pem' "${tls[@]}" --set "http/certificate=$work/none.pem"
check 'so does a staple that is not there' refuses 'OCSP' "${tls[@]}" --set "http/ocsp=$work/none.der"
check 'TLS without a certificate is a wrong configuration' refuses 'needed by' --set http/tls_listen=127.0.0.1:0
check 'plain HTTP beyond loopback has to be meant' refuses 'loopback' --set http/listen=0.0.0.0:0

check 'a bridge starts' bridge_start "${tls[@]}" --set "http/ocsp=$work/staple.der"
check 'TLS 1.3' grep -q 'Protocol *: TLSv1.3\|New, TLSv1.3' <(client -tls1_3)
check 'TLS 1.2' grep -q 'New, TLSv1.2' <(client -tls1_2)
check 'its certificate is that of our authority' grep -q 'Verify return code: 0' <(client -tls1_3)
check 'no TLS 1.1' grep -qE 'alert|no protocols|error' <(client -tls1_1 -cipher 'DEFAULT@SECLEVEL=0')
check 'no suite without forward secrecy' grep -qE 'alert|error' <(client -tls1_2 -cipher AES128-GCM-SHA256)
check 'no CBC' grep -qE 'alert|error' <(client -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA)
check 'a staple is sent to who asks' grep -q 'OCSP response: *$\|OCSP response:' <(client -status)
check 'and is not that there is none' bash -c '! grep -q "OCSP response: no response sent" <<<"$1"' _ "$(client -status)"
client -tls1_3 -alpn h2,http/1.1 >"$work/alpn"
check 'browsers are told HTTP/1.1' grep -q 'ALPN protocol: http/1.1' "$work/alpn"

sslscan --no-colour --tlsall "127.0.0.1:$WEB_TLS_PORT" >"$work/sslscan" 2>&1
check 'sslscan knows of TLS 1.2 and 1.3' [ "$(grep -cE 'TLSv1\.[23] +enabled' "$work/sslscan")" = 2 ]
check 'and of no older one' [ "$(grep -cE '(SSLv[23]|TLSv1\.[01]) +enabled' "$work/sslscan")" = 0 ]
check 'no weak suite' [ "$(grep -E '^(Preferred|Accepted)' "$work/sslscan" | grep -vcE 'TLS_(AES|CHACHA20)|ECDHE-.*(GCM|CHACHA20|POLY1305)')" = 0 ]
check 'no renegotiation, no compression, no Heartbleed' \
    [ "$(grep -ciE 'insecure|compression enabled|vulnerable to heartbleed' <(grep -vi 'not vulnerable' "$work/sslscan"))" = 0 ]
check 'a downgrade is noticed' grep -q 'supports TLS Fallback SCSV' "$work/sslscan"

check 'the second certificate is read while connections live' web tls
check 'it ends' bridge_end
check 'the server ends' server_end
finish
