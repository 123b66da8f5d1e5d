// oidc_lies - a provider that says anything: documents, keys, answers and tokens that must not be believed.
import http from 'node:http'
import { generateKeyPairSync, createHash, createHmac } from 'node:crypto'
import { SignJWT } from 'jose'
import { atEnd, check, equal, finish } from './check.mjs'
import { play } from './oidc_play.mjs'

const redirect = 'http://127.0.0.1:9/back'
const pair = (kind, options) => {
    const { privateKey, publicKey } = generateKeyPairSync(kind, options)
    return { privateKey, publicKey, jwk: publicKey.export({ format: 'jwk' }) }
}
const rsa = pair('rsa', { modulusLength: 2048 }), newer = pair('rsa', { modulusLength: 2048 }), weak = pair('rsa', { modulusLength: 1024 })
const curve = pair('ec', { namedCurve: 'P-256' }), other = pair('ec', { namedCurve: 'P-384' })
const now = () => Math.floor(Date.now() / 1000)

// What the provider says next; counts how often it was asked.
let says, asked, form, authorization
const server = http.createServer((request, response) => {
    const path = request.url.split('?')[0]
    const parts = []
    request.on('data', part => parts.push(part))
    request.on('end', () => {
        asked[path] = (asked[path] ?? 0) + 1
        if (path === '/token')
            [form, authorization] = [new URLSearchParams(Buffer.concat(parts).toString()), request.headers.authorization]
        const said = says[path]
        if (said === undefined)
            return response.writeHead(404).end('nothing')
        if (said === 'cut')
            return request.socket.destroy()
        const { status = 200, body, headers = {} } = said.body !== undefined ? said : { body: said }
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
})
await new Promise(yes => server.listen(0, '127.0.0.1', yes))
atEnd(() => { server.closeAllConnections(); server.close() })
const issuer = `http://127.0.0.1:${server.address().port}`
const well = '/.well-known/openid-configuration'
const document = (more = {}) => ({ issuer, authorization_endpoint: `${issuer}/auth?tenant=1`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`, ...more })
const key = (one, kid, alg, more = {}) => ({ ...one.jwk, kid, alg, use: 'sig', ...more })
const keys = [key(rsa, 'r1', 'RS256'), key(curve, 'e1', 'ES256')]
const fresh = () => {
    says = { [well]: document(), '/keys': { keys } }
    asked = {}
}
const begin = (secret = 's', client = 'us') => (fresh(), play(issuer, client, secret, redirect))

// One log-in in which the token endpoint answers what `make` makes of the nonce.
async function login(one, make, query = {}) {
    const there = await one.go()
    if (there.fault !== 'OK')
        return there.fault
    const { state, nonce } = Object.fromEntries(there.url.searchParams)
    says['/token'] = await make(nonce)
    const back = await one.back(there.cookie, new URLSearchParams({ code: 'c', state, ...query }).toString())
    check('nobody without a good end', (back.fault === 'OK') === (back.person.sub !== ''), back)
    return back.fault === 'OK' ? back.person : back.fault
}
const claims = (nonce, more = {}) => Object.fromEntries(Object.entries({ iss: issuer, sub: 'ann', aud: 'us', exp: now() + 300, iat: now(), nonce, ...more })
    .filter(([, value]) => value !== undefined))
const sign = (body, { alg = 'RS256', by = rsa.privateKey, kid = 'r1', ...header } = {}) =>
    new SignJWT(body).setProtectedHeader({ alg, kid, ...header }).sign(by)
const token = (more, header, answer) => async nonce => ({ access_token: 'at', token_type: 'Bearer', id_token: await sign(claims(nonce, more), header), ...answer })
const raw = (header, body, signature) => [header, body].map(part => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')).concat(signature).join('.')
const ann = { iss: issuer, sub: 'ann', email: '', name: '' }
const half = text => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')

let one = begin()
const there = await one.go()
equal('the address keeps its query', there.url.searchParams.get('tenant'), '1')
equal('RS256', await login(one, token()), ann)
equal('what is posted', [form.get('grant_type'), form.get('code'), form.get('redirect_uri'), form.get('client_id'), form.get('client_secret')],
    ['authorization_code', 'c', redirect, null, null])
equal('by whom', authorization, `Basic ${Buffer.from('us:s').toString('base64')}`)
equal('ES256', await login(one, token({}, { alg: 'ES256', by: curve.privateKey, kid: 'e1' })), ann)
equal('the document was asked for once', asked[well], 1)
equal('the keys were asked for once', asked['/keys'], 1)

for (const [what, make, wanted] of [
    ['for several, and us', token({ aud: ['us', 'them'], azp: 'us' }), ann],
    ['for us in a list', token({ aud: ['us'] }), ann],
    ['with a hash', token({ at_hash: half('at') }), ann],
    ['with a name and an address', token({ name: 'Ann', email: 'ann@example.org', email_verified: true }), { ...ann, name: 'Ann', email: 'ann@example.org' }],
    ['with an address that is called verified', token({ email: 'ann@example.org', email_verified: 'true' }), ann],
    ['with a name of control characters', token({ name: 'A\u001b[2Jnn' }), ann],
    ['with a name that is too long', token({ name: 'x'.repeat(128) }), ann],
    ['just over', token({ exp: now() - 30, iat: now() - 60 }), ann],
    ['of another issuer', token({ iss: 'https://evil.example' }), 'OIDC_WRONG_ISSUER'],
    ['of the issuer with a slash', token({ iss: issuer + '/' }), 'OIDC_WRONG_ISSUER'],
    ['without issuer', token({ iss: undefined }), 'OIDC_MALFORMED'],
    ['for others', token({ aud: 'them' }), 'OIDC_WRONG_AUDIENCE'],
    ['for others in a list', token({ aud: ['them', 'usa'] }), 'OIDC_WRONG_AUDIENCE'],
    ['for several without azp', token({ aud: ['us', 'them'] }), 'OIDC_WRONG_AUDIENCE'],
    ['for us by others', token({ azp: 'them' }), 'OIDC_WRONG_AUDIENCE'],
    ['for nobody', token({ aud: undefined }), 'OIDC_WRONG_AUDIENCE'],
    ['for a number', token({ aud: [7, null] }), 'OIDC_WRONG_AUDIENCE'],
    ['over', token({ exp: now() - 90, iat: now() - 300 }), 'OIDC_EXPIRED'],
    ['made long ago', token({ iat: now() - 3600 }), 'OIDC_EXPIRED'],
    ['made in the future', token({ iat: now() + 120 }), 'OIDC_NOT_YET'],
    ['good in the future', token({ nbf: now() + 120 }), 'OIDC_NOT_YET'],
    ['without exp', token({ exp: undefined }), 'OIDC_MALFORMED'],
    ['without iat', token({ iat: undefined }), 'OIDC_MALFORMED'],
    ['without nonce', token({ nonce: undefined }), 'OIDC_WRONG_NONCE'],
    ['of another log-in', token({ nonce: 'x'.repeat(43) }), 'OIDC_WRONG_NONCE'],
    ['with another hash', token({ at_hash: half('other') }), 'OIDC_WRONG_HASH'],
    ['with a hash of a list', token({ at_hash: [] }), 'OIDC_WRONG_HASH'],
    ['for nobody at all', token({ sub: undefined }), 'OIDC_MALFORMED'],
    ['for an empty name', token({ sub: '' }), 'OIDC_MALFORMED'],
    ['for a name too long', token({ sub: 'x'.repeat(256) }), 'OIDC_MALFORMED'],
    ['for a name of two lines', token({ sub: 'a\nb' }), 'OIDC_MALFORMED'],
    ['for a number', token({ sub: 7 }), 'OIDC_MALFORMED'],
    ['alg none', nonce => ({ id_token: raw({ alg: 'none' }, claims(nonce), '') }), 'OIDC_WRONG_ALG'],
    ['alg none with a kid', nonce => ({ id_token: raw({ alg: 'none', kid: 'r1' }, claims(nonce), '') }), 'OIDC_WRONG_ALG'],
    ['HS256 under the secret', token({}, { alg: 'HS256', by: Buffer.from('s'.padEnd(32, 's')) }), 'OIDC_WRONG_ALG'],
    ['HS256 under the public key', nonce => {
        const text = raw({ alg: 'HS256', kid: 'r1' }, claims(nonce), '').slice(0, -1)
        const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
        return { id_token: `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}` }
    }, 'OIDC_WRONG_ALG'],
    ['RS512', token({}, { alg: 'RS512' }), 'OIDC_WRONG_ALG'],
    ['PS256', token({}, { alg: 'PS256' }), 'OIDC_WRONG_ALG'],
    ['ES384', token({}, { alg: 'ES384', by: other.privateKey }), 'OIDC_WRONG_ALG'],
    ['crit', token({}, { crit: ['b64'], b64: true }), 'OIDC_WRONG_ALG'],
    ['ES256 by an RSA kid', token({}, { alg: 'ES256', by: curve.privateKey, kid: 'r1' }), 'OIDC_UNKNOWN_KEY'],
    ['RS256 by an elliptic kid', token({}, { kid: 'e1' }), 'OIDC_UNKNOWN_KEY'],
    ['another kid', token({}, { kid: 'r9' }), 'OIDC_UNKNOWN_KEY'],
    ['another key by this kid', token({}, { by: newer.privateKey }), 'OIDC_FORGED'],
    ['another curve key by this kid', token({}, { alg: 'ES256', by: pair('ec', { namedCurve: 'P-256' }).privateKey, kid: 'e1' }), 'OIDC_FORGED'],
    ['a key of its own', token({}, { by: newer.privateKey, jwk: newer.jwk }), 'OIDC_FORGED'],
    ['no signature', nonce => ({ id_token: raw({ alg: 'RS256', kid: 'r1' }, claims(nonce), '') }), 'OIDC_FORGED'],
    ['a signature of zeros', nonce => ({ id_token: raw({ alg: 'ES256', kid: 'e1' }, claims(nonce), Buffer.alloc(64).toString('base64url')) }), 'OIDC_FORGED'],
    ['a signature in DER', async nonce => {
        const text = raw({ alg: 'ES256', kid: 'e1' }, claims(nonce), '').slice(0, -1)
        const { sign: der } = await import('node:crypto')
        return { id_token: `${text}.${der('sha256', Buffer.from(text), curve.privateKey).toString('base64url')}` }
    }, 'OIDC_FORGED'],
    ['claims of another token', async nonce => {
        const [head, , signature] = (await sign(claims(nonce, { sub: 'bob' }))).split('.')
        return { id_token: [head, Buffer.from(JSON.stringify(claims(nonce))).toString('base64url'), signature].join('.') }
    }, 'OIDC_FORGED'],
    ['two parts', () => ({ id_token: 'e30.e30' }), 'OIDC_MALFORMED'],
    ['four parts', async nonce => ({ id_token: (await sign(claims(nonce))) + '.x' }), 'OIDC_MALFORMED'],
    ['padded', async nonce => ({ id_token: (await sign(claims(nonce))) + '=' }), 'OIDC_MALFORMED'],
    ['a name twice', async nonce => {
        const text = JSON.stringify(claims(nonce)).replace('{', '{"sub":"bob",')
        const head = raw({ alg: 'ES256', kid: 'e1' }, text, '').slice(0, -1)
        const { sign: der } = await import('node:crypto')
        return { id_token: `${head}.${der('sha256', Buffer.from(head), { key: curve.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}` }
    }, 'OIDC_MALFORMED'],
    ['too long', token({ more: 'x'.repeat(13000) }), 'OIDC_MALFORMED'],
    ['no token', () => ({ access_token: 'at' }), 'OIDC_MALFORMED'],
    ['a token of a number', () => ({ id_token: 7 }), 'OIDC_MALFORMED'],
    ['no JSON', () => ({ body: '<html>' }), 'OIDC_MALFORMED'],
    ['too much JSON', () => ({ body: ' '.repeat(40000) + '{}' }), 'OIDC_AWAY'],
    ['deep JSON', () => ({ body: '['.repeat(30000) }), 'OIDC_MALFORMED'],
    ['refused', () => ({ status: 400, body: { error: 'invalid_grant' } }), 'OIDC_CODE'],
    ['moved', () => ({ status: 302, body: '', headers: { location: `${issuer}/elsewhere` } }), 'OIDC_CODE'],
    ['broken', () => ({ status: 503, body: '' }), 'OIDC_AWAY'],
    ['cut', () => 'cut', 'OIDC_AWAY'],
])
    equal(`a token: ${what}`, await login(one, make), wanted)
equal('nobody was sent elsewhere', asked['/elsewhere'], undefined)
equal('unknown kids made nobody ask again within the minute', asked['/keys'], 1)

// On the way back.
for (const [what, query, wanted] of [
    ['no code', { code: '' }, 'OIDC_CODE'], ['another state', { state: 'x'.repeat(43) }, 'OIDC_STATE'], ['an empty state', { state: '' }, 'OIDC_STATE'],
    ['an error', { error: 'access_denied' }, 'OIDC_DENIED'], ['an error of another state', { error: 'access_denied', state: 'x' }, 'OIDC_STATE'],
    ['this issuer', { iss: issuer }, ann], ['another issuer', { iss: 'https://evil.example' }, 'OIDC_WRONG_ISSUER'],
    ['a code too long', { code: 'x'.repeat(2000) }, 'OIDC_STATE'], ['anything else', { session_state: 'x', code: 'c%20+&' }, ann],
])
    equal(`the way back with ${what}`, await login(one, token(), query), wanted)
const twice = await one.go()
const state = twice.url.searchParams.get('state')
equal('a state twice', (await one.back(twice.cookie, `state=${state}&state=${state}&code=c`)).fault, 'OIDC_STATE')
equal('nothing at all', (await one.back(twice.cookie, '')).fault, 'OIDC_STATE')
for (const cookie of ['x', 'a.', 'a.AAAA', twice.cookie + 'A', twice.cookie.slice(0, -1), twice.cookie.replace('a.', 'b.'),
    twice.cookie.replace(/.$/, last => last === 'A' ? 'B' : 'A')])
    equal(`a cookie ${cookie.slice(0, 9)}`, (await one.back(cookie, `state=${state}&code=c`)).fault, 'OIDC_STATE')

// Keys change: a new one is found once, and the old one goes.
says['/keys'] = { keys: [key(newer, 'r2', 'RS256')] }
equal('within the minute nobody looks', await login(one, token({}, { by: newer.privateKey, kid: 'r2' })), 'OIDC_UNKNOWN_KEY')
await one.later(61)
const shifted = more => async nonce => token({ iat: now() + 61, exp: now() + 400, ...more }, { by: newer.privateKey, kid: 'r2' })(nonce)
equal('then it is found', await login(one, shifted()), ann)
equal('by one look', asked['/keys'], 2)
equal('without a kid, the only one', await login(one, async nonce => ({ id_token: await new SignJWT(claims(nonce, { iat: now() + 61 }))
    .setProtectedHeader({ alg: 'RS256' }).sign(newer.privateKey) })), ann)
await one.later(3600)
says['/keys'] = { status: 500, body: '' }
equal('old keys are not believed for ever', await login(one, async nonce => token({ iat: now() + 3661, exp: now() + 4000 }, { by: newer.privateKey, kid: 'r2' })(nonce)), 'OIDC_AWAY')
equal('the document was looked at again', asked[well], 2)
one.end()

// Sets of keys.
for (const [what, set, wanted] of [
    ['none', { keys: [] }, 'OIDC_DOCUMENT'], ['no set', {}, 'OIDC_DOCUMENT'], ['no JSON', { body: 'x' }, 'OIDC_DOCUMENT'],
    ['weak', { keys: [key(weak, 'r1', 'RS256')] }, 'OIDC_DOCUMENT'],
    ['for encryption', { keys: [key(rsa, 'r1', 'RS256', { use: 'enc' })] }, 'OIDC_DOCUMENT'],
    ['of another algorithm', { keys: [key(rsa, 'r1', 'RS512')] }, 'OIDC_DOCUMENT'],
    ['symmetric', { keys: [{ kty: 'oct', k: 'AAAA', kid: 'r1' }] }, 'OIDC_DOCUMENT'],
    ['off the curve', { keys: [key(curve, 'r1', 'ES256', { x: Buffer.alloc(32, 7).toString('base64url') })] }, 'OIDC_DOCUMENT'],
    ['an even exponent', { keys: [key(rsa, 'r1', 'RS256', { e: 'AQAA' })] }, 'OIDC_DOCUMENT'],
    ['an exponent of one', { keys: [key(rsa, 'r1', 'RS256', { e: 'AQ' })] }, 'OIDC_DOCUMENT'],
    ['seventeen', { keys: Array.from({ length: 17 }, (_, i) => key(rsa, `k${i}`, 'RS256')) }, 'OIDC_DOCUMENT'],
    ['two of one name', { keys: [key(rsa, 'r1', 'RS256'), key(newer, 'r1', 'RS256')] }, 'OIDC_UNKNOWN_KEY'],
    ['among others that are not for us', { keys: [null, 7, key(weak, 'w', 'RS256'), key(other, 'p', 'ES384'), { kty: 'RSA' }, key(rsa, 'r1', undefined), key(curve, 'e1')] }, ann],
    ['too many bytes', { keys, more: 'x'.repeat(70000) }, 'OIDC_AWAY'],
    ['gone', undefined, 'OIDC_AWAY'], ['cut', 'cut', 'OIDC_AWAY'],
]) {
    one = begin()
    says['/keys'] = set
    equal(`keys: ${what}`, await login(one, token()), wanted)
    one.end()
}

// Documents.
for (const [what, said, wanted] of [
    ['of another issuer', document({ issuer: 'https://evil.example' }), 'OIDC_DOCUMENT'], ['without issuer', document({ issuer: undefined }), 'OIDC_DOCUMENT'],
    ['without keys', document({ jwks_uri: undefined }), 'OIDC_DOCUMENT'], ['with keys in the open', document({ jwks_uri: 'http://keys.example/' }), 'OIDC_DOCUMENT'],
    ['with a file', document({ token_endpoint: 'file:///etc/passwd' }), 'OIDC_DOCUMENT'], ['with a script', document({ authorization_endpoint: 'javascript:alert(1)' }), 'OIDC_DOCUMENT'],
    ['with two lines', document({ authorization_endpoint: `${issuer}/a\r\nSet-Cookie: x` }), 'OIDC_DOCUMENT'],
    ['with a long address', document({ token_endpoint: `${issuer}/${'x'.repeat(300)}` }), 'OIDC_DOCUMENT'],
    ['with plain PKCE alone', document({ code_challenge_methods_supported: ['plain'] }), 'OIDC_DOCUMENT'],
    ['that is a list', [document()], 'OIDC_DOCUMENT'], ['that is no JSON', { body: 'x' }, 'OIDC_DOCUMENT'], ['that is large', document({ more: 'x'.repeat(70000) }), 'OIDC_AWAY'],
    ['that is not there', undefined, 'OIDC_AWAY'], ['that is cut', 'cut', 'OIDC_AWAY'],
    ['with S256 among others', document({ code_challenge_methods_supported: ['plain', 'S256'] }), ann],
]) {
    one = begin()
    says[well] = said
    equal(`a document ${what}`, await login(one, token()), wanted)
    one.end()
}
one = begin()
says[well] = document({ token_endpoint_auth_methods_supported: ['client_secret_post'] })
equal('a secret in the form', await login(one, token()), ann)
equal('and nowhere else', [form.get('client_id'), form.get('client_secret'), authorization], ['us', 's', undefined])
says[well] = undefined
equal('what is known is enough', await login(one, token()), ann)
one.end()
one = begin()
says[well] = document({ authorization_response_iss_parameter_supported: true })
equal('who promises iss has to say it', await login(one, token()), 'OIDC_WRONG_ISSUER')
equal('and then it is good', await login(one, token(), { iss: issuer }), ann)
one.end()
one = begin('')
equal('without a secret', await login(one, token()), ann)
equal('the client says who it is', [form.get('client_id'), form.get('client_secret'), authorization], ['us', null, undefined])
one.end()

// One document and one set of keys for all who wait.
one = begin()
const all = await Promise.all(Array.from({ length: 50 }, () => one.go()))
check('fifty go', all.every(({ fault }) => fault === 'OK') && new Set(all.map(({ cookie }) => cookie)).size === 50)
equal('by one document', asked[well], 1)
await finish()
