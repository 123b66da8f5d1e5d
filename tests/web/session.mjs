// session - who is believed: cookies with their CSRF token, tokens, keys of staff; and from where.
import { generateKeyPairSync, createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { check, equal, finish } from './check.mjs'
import { ask, host } from './http.mjs'
import { browser, guest, staff, withToken } from './people.mjs'
import { showtimes, buy } from './trade.mjs'
import { socket, events } from './sockets.mjs'
import { issue, ring, ringFile, verify } from './tokens.mjs'
import { reload } from './log.mjs'

const [show] = await showtimes(/IMAX/)
const mine = await browser(), other = await browser()
const own = `http://${host}`, foreign = 'https://evil.example'
const code = answer => answer.json?.code

// Every route that changes something, by cookie: only from a page of ours, with the session's token.
const document = (await ask('GET', '/openapi.json')).json
const values = { showtime: show, lock: 1, order: 'M0', ticket: 'M0-1', place: `${show}-1`, kiosk: 'x' }
const csrf = ['CSRF_TOKEN', 'CROSS_ORIGIN']
const altered = mine.csrf.slice(0, -1) + (mine.csrf.endsWith('A') ? 'B' : 'A')
let changing = 0
for (const [path, route] of Object.entries(document.paths))
    for (const [method, { security }] of Object.entries(route)) {
        const staffOnly = security.length && !security.some(one => 'cookie' in one)
        if (method === 'get' || staffOnly)
            continue
        changing++
        const at = path.replace(/\{(\w+)\}/g, (_, name) => values[name])
        const send = headers => ask(method.toUpperCase(), at, { headers: { cookie: mine.cookie, ...headers } })
        const token = { 'x-csrf-token': mine.csrf }
        for (const [what, headers, wanted] of [
            ['without token', {}, 'CSRF_TOKEN'],
            ['an empty token', { 'x-csrf-token': '' }, 'CSRF_TOKEN'],
            ["another session's token", { 'x-csrf-token': other.csrf }, 'CSRF_TOKEN'],
            ['an altered token', { 'x-csrf-token': altered }, 'CSRF_TOKEN'],
            ['of another origin', { ...token, origin: foreign }, 'CROSS_ORIGIN'],
            ['of no origin', { ...token, origin: 'null' }, 'CROSS_ORIGIN'],
            ['of a longer origin', { ...token, origin: own + '.evil.example' }, 'CROSS_ORIGIN'],
            ['cross-site', { ...token, 'sec-fetch-site': 'cross-site' }, 'CROSS_ORIGIN'],
            ['same-site', { ...token, 'sec-fetch-site': 'same-site', origin: own }, 'CROSS_ORIGIN'],
        ]) {
            const answer = await send(headers)
            check(`${method} ${path} ${what}`, answer.status === 403 && code(answer) === wanted, answer.status, answer.text)
        }
        const good = await send({ ...token, origin: own, 'sec-fetch-site': 'same-origin' })
        check(`${method} ${path} from our page`, !csrf.includes(code(good)), good.status, good.text)
    }
check('there are such routes', changing >= 13, changing)
check('staff routes take no cookie', code(await mine.ask('GET', '/api/kiosks')) === 'STAFF_ONLY')

// The cookie.
equal('its flags', mine.setCookie.replace(/=[^;]*/, ''), 'marquee; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400')
const shapes = [
    ['altered', mine.cookie.slice(0, -2) + 'AA'], ['cut', mine.cookie.slice(0, -1)], ['longer', mine.cookie + 'A'],
    ['empty', 'marquee='], ['of another key', mine.cookie.replace('first', 'other')], ['twice', `${mine.cookie}; ${other.cookie}`],
]
for (const [what, cookie] of shapes) {
    const lost = await ask('GET', `/api/orders/M0`, { headers: { cookie } })
    check(`a cookie that is ${what} is none`, lost.status === 401 && code(lost) === 'UNAUTHORIZED', lost.text)
    const fresh = await ask('GET', '/api/session', { headers: { cookie } })
    check(`a cookie that is ${what} is replaced`, fresh.json.user !== mine.user && fresh.headers['set-cookie'])
}
const among = await ask('GET', '/api/session', { headers: { cookie: `a=1; ${mine.cookie}; b="2"` } })
equal('a cookie among others', among.json.user, mine.user)

// Sockets and streams by cookie.
const order = (await buy({ ask: (method, path, body) => mine.ask(method, path, body) }, show)).order
for (const [what, headers, status] of [
    ['from our page', { origin: own }, 101], ['from no page', {}, 101], ['from another page', { origin: foreign }, 403],
    ['from a file', { origin: 'null' }, 403], ['cross-site', { origin: own, 'sec-fetch-site': 'cross-site' }, 403],
]) {
    const one = await socket(`/ws/orders/${order}`, { cookie: mine.cookie, ...headers })
    check(`an order's socket ${what}`, one.status === status && (status === 101 || code(one) === 'CROSS_ORIGIN'), one.status)
    one.socket?.terminate()
    const map = await socket(`/ws/showtimes/${show}`, { cookie: mine.cookie, ...headers })
    check(`a map's socket with a cookie ${what}`, map.status === status, map.status)
    map.socket?.terminate()
}
const anywhere = await socket(`/ws/showtimes/${show}`, { origin: foreign })
equal('a map has no secrets', anywhere.status, 101)
anywhere.socket.terminate()
equal("another's order by cookie", (await events(`/api/orders/${order}/events`, { cookie: other.cookie })).status, 403)

// Tokens of ours, as another library reads them.
const made = await guest()
const { payload, protectedHeader } = await verify(made.token)
check('jose verifies our token', payload.sub === `g${made.user}` && payload.role === 'guest' && payload.jti &&
    payload.exp - payload.iat === 7200, payload)
equal('its header', protectedHeader, { alg: 'HS256', typ: 'JWT', kid: ring()[0][0] })

// Tokens of another library, as we read them. The last word: the code of the refusal, or none.
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const unsigned = async (header, more = {}) => {
    const [, claims] = (await issue(more)).split('.')
    return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${claims}.`
}
// Members' tokens are taken once every partition has said which ones were taken back.
for (let i = 0; i < 100 && (await withToken(await issue({ sub: 'm77' })).ask('GET', '/api/session')).status === 503; i++)
    await new Promise(done => setTimeout(done, 100))
const good = await issue()
const cut = good.split('.')
for (const [what, token, wanted] of [
    ['good', good], ['without typ', await issue({ header: { typ: undefined } })],
    ['of a very important member', await issue({ role: 'member_vip' })], ['of a member', await issue({ sub: 'm77' })],
    ['with a log-in', await issue({ sid: 'f7' })], ['with an empty log-in', await issue({ sid: '' }), 'TOKEN_MALFORMED'],
    ['of a member with cinemas', await issue({ cinemas: [7] }), 'TOKEN_MALFORMED'],
    ['expired within the drift', await issue({ exp: -30, iat: -700 })],
    ['made a little in the future', await issue({ iat: 30 })],
    ['with claims we do not know', await issue({ scope: 'all', admin: true })],
    ['alg none', await unsigned({ alg: 'none', typ: 'JWT', kid: ring()[0][0] }), 'TOKEN_UNSIGNED'],
    ['alg nOnE', await unsigned({ alg: 'nOnE', kid: ring()[0][0] }), 'TOKEN_UNSIGNED'],
    ['no alg', await unsigned({ kid: ring()[0][0] }), 'TOKEN_WRONG_ALG'],
    ['alg HS512', await issue({ alg: 'HS512', key: Buffer.alloc(64, 1) }), 'TOKEN_WRONG_ALG'],
    ['alg RS256', await issue({ alg: 'RS256', key: rsa }), 'TOKEN_WRONG_ALG'],
    ['crit', await issue({ header: { crit: ['b64'], b64: true } }), 'TOKEN_WRONG_ALG'],
    ['wrong kid', await issue({ kid: 'other' }), 'TOKEN_UNKNOWN_KEY'],
    ['another typ', await issue({ header: { typ: 'at+jwt' } }), 'TOKEN_MALFORMED'],
    ['a key of its own', await issue({ key: Buffer.alloc(32, 9) }), 'TOKEN_FORGED'],
    ['a key of its own in its header', await issue({ key: Buffer.alloc(32, 9), header: { jwk: { kty: 'oct', k: Buffer.alloc(32, 9).toString('base64url') } } }), 'TOKEN_FORGED'],
    ['another claim under the same signature', [cut[0], (await issue({ sub: 'g78' })).split('.')[1], cut[2]].join('.'), 'TOKEN_FORGED'],
    ['no signature', `${cut[0]}.${cut[1]}.`, 'TOKEN_FORGED'],
    ['expired', await issue({ exp: -61, iat: -700 }), 'TOKEN_EXPIRED'],
    ['not yet', await issue({ nbf: Math.floor(Date.now() / 1000) + 120 }), 'TOKEN_NOT_YET'],
    ['made in the future', await issue({ iat: 120 }), 'TOKEN_NOT_YET'],
    ['wrong iss', await issue({ iss: 'someone' }), 'TOKEN_WRONG_ISSUER'],
    ['for another audience', await issue({ aud: 'bank' }), 'TOKEN_WRONG_ISSUER'],
    ['no exp', await issue({ exp: null }), 'TOKEN_MALFORMED'],
    ['no iat', await issue({ iat: null }), 'TOKEN_MALFORMED'],
    ['no iss', await issue({ iss: null }), 'TOKEN_MALFORMED'],
    ['no sub', await issue({ sub: null }), 'TOKEN_MALFORMED'],
    ['no role', await issue({ role: null }), 'TOKEN_MALFORMED'],
    ['a role we do not know', await issue({ role: 'king' }), 'TOKEN_MALFORMED'],
    ['a subject that is no guest', await issue({ sub: 'admin' }), 'TOKEN_MALFORMED'],
    ['subject zero', await issue({ sub: 'g0' }), 'TOKEN_MALFORMED'],
    ['a subject too large', await issue({ sub: 'g9223372036854775808' }), 'TOKEN_MALFORMED'],
    ['two parts', `${cut[0]}.${cut[1]}`, 'TOKEN_MALFORMED'], ['four parts', `${good}.x`, 'TOKEN_MALFORMED'],
    ['padded', `${good}=`, 'TOKEN_MALFORMED'], ['with an idle bit', good.slice(0, -1) + (good.endsWith('A') ? 'B' : String.fromCharCode(good.charCodeAt(good.length - 1) + 1)), 'TOKEN_MALFORMED'],
    ['too long', await issue({ more: 'x'.repeat(3000) }), 'TOKEN_MALFORMED'],
    ['no token at all', '...', 'TOKEN_MALFORMED'],
]) {
    const answer = await withToken(token).ask('GET', '/api/session')
    check(`a token: ${what}`, wanted ? answer.status === 401 && code(answer) === wanted : answer.status === 200 && answer.json.user === '77',
        answer.status, answer.text)
}
// Staff have tokens for their keys; who loses the key, or the role, loses the token.
const staffFile = `${process.env.WEB_WORK}/bridge/staff`
const keysOfStaff = readFileSync(staffFile, 'utf8')
const digestOf = key => createHash('sha256').update(key).digest('hex')
writeFileSync(staffFile, `${keysOfStaff}olga ${digestOf('olga-key')} operator\nomar ${digestOf('omar-key')} cinema_admin 12,7\n`)
await reload()
const log = async key => (await withToken(key).ask('POST', '/api/session')).json
const olga = await log('olga-key'), omar = await log('omar-key'), boss = await log(process.env.WEB_STAFF)
equal('an operator', [olga.role, olga.staff, olga.cinemas], ['operator', 'olga', undefined])
equal('an administrator of cinemas', [omar.role, omar.staff, omar.cinemas], ['cinema_admin', 'omar', [7, 12]])
const said = (await verify(omar.token)).payload
equal('as jose reads it', [said.sub, said.role, said.cinemas, said.exp - said.iat], ['s:omar', 'cinema_admin', [7, 12], 7200])
equal('who they are', (({ now_ms, ...rest }) => rest)((await withToken(olga.token).ask('GET', '/api/session')).json), { user: olga.user, role: 'operator', staff: 'olga' })
equal('at the desk they are who they are by key', boss.user, (await staff.ask('GET', '/api/session')).json.user)
for (const [who, token, wanted] of [['staff', boss.token, 200], ['an operator', olga.token, 200], ['an administrator of some cinema', omar.token, 403], ['their key', 'omar-key', 403]])
    equal(`a route for staff by ${who}`, (await withToken(token).ask('GET', '/api/kiosks')).status, wanted)
equal('a token makes no other', code(await withToken(olga.token).ask('POST', '/api/session')), 'STAFF_ONLY')
for (const [what, claims, wanted] of [
    ['by jose', { sub: 's:olga', role: 'operator' }],
    ['of nobody', { sub: 's:nobody', role: 'staff' }, 'TOKEN_REVOKED'], ['of another role', { sub: 's:olga', role: 'staff' }, 'TOKEN_REVOKED'],
    ['of other cinemas', { sub: 's:omar', role: 'cinema_admin', cinemas: [7] }, 'TOKEN_REVOKED'], ['of a guest', { role: 'staff' }, 'TOKEN_MALFORMED'],
    ['of no name', { sub: 's:', role: 'staff' }, 'TOKEN_MALFORMED'], ['of a name too long', { sub: 's:sixteen-letters-', role: 'staff' }, 'TOKEN_MALFORMED'],
    ['a member with a name of staff', { sub: 's:olga', role: 'member' }, 'TOKEN_MALFORMED'],
]) {
    const answer = await withToken(await issue(claims)).ask('GET', '/api/kiosks')
    equal(`a token of staff ${what}`, wanted ? code(answer) : answer.status, wanted ?? 200)
}
writeFileSync(staffFile, keysOfStaff)
await reload()
equal('the key has gone, and the token with it', code(await withToken(olga.token).ask('GET', '/api/kiosks')), 'TOKEN_REVOKED')

// Taken back: a token by its id, a log-in, all of somebody's that were issued so far.
const revokedFile = `${process.env.WEB_WORK}/bridge/revoked`
const soon = Math.floor(Date.now() / 1000)
const tokens = {
    jti: await issue({ sub: 'm5', jti: 'j1' }), sid: await issue({ sub: 'm6', sid: 'f1', jti: 'j2' }), sub: await issue({ sub: 'm7', jti: 'j3' }),
    other: await issue({ sub: 'm5', jti: 'j4' }), later: await issue({ sub: 'm7', iat: 10 }), over: await issue({ sub: 'm8', jti: 'j5' }),
}
const states = async () => {
    const all = {}
    for (const [name, token] of Object.entries(tokens))
        all[name] = code(await withToken(token).ask('GET', '/api/session')) ?? 'good'
    return all
}
const good6 = Object.fromEntries(Object.keys(tokens).map(name => [name, 'good']))
equal('before', await states(), good6)
writeFileSync(revokedFile, `jti j1 ${soon + 900}\nsid f1 ${soon + 900} # log-out\nsub m7 ${soon + 900} ${soon + 2}\njti j5 ${soon - 1}\n`)
await reload()
equal('after', await states(), { ...good6, jti: 'TOKEN_REVOKED', sid: 'TOKEN_REVOKED', sub: 'TOKEN_REVOKED' })
writeFileSync(revokedFile, `jti j4 ${soon + 900}\njti j4\n`)
check('a bad file is refused, and changes nothing', /revoked: line 2/.test(await reload(/kept as it was/)) && (await states()).other === 'good')
writeFileSync(revokedFile, '')
await reload()
equal('a token beside a cookie counts', (await ask('GET', '/api/session', { headers: { ...made.fields, cookie: mine.cookie } })).json.user, made.user)
equal('the scheme in small letters', (await ask('GET', '/api/session', { headers: { authorization: `bearer ${good}` } })).status, 200)
equal('two tokens', code(await ask('GET', '/api/session', { headers: { authorization: [`Bearer ${good}`, `Bearer ${good}`] } })), 'TOKEN_MALFORMED')

// A new key signs; what the old one signed stays good until the old one goes.
const before = readFileSync(ringFile, 'utf8')
const key = Buffer.alloc(32, 5).toString('base64url')
writeFileSync(ringFile, `second ${key}\n${before}`)
await reload()
const after = await browser(), fresh = await guest()
equal('new tokens are under the new key', (await verify(fresh.token)).protectedHeader.kid, 'second')
check('so are cookies', after.cookie.startsWith('marquee=second.') && after.csrf.startsWith('second.'), after)
equal('an old token is good', (await made.ask('GET', '/api/session')).json.user, made.user)
equal('an old cookie is good', (await mine.ask('GET', '/api/session')).json.user, mine.user)
check('an old CSRF token is good', !csrf.includes(code(await mine.ask('POST', '/api/pay', { order: 'x' }))))
writeFileSync(ringFile, 'second tooshort\n')
check('a bad file is refused', /line 1/.test(await reload(/kept as it was/)))
equal('and the keys stay', (await fresh.ask('GET', '/api/session')).status, 200)
writeFileSync(ringFile, `second ${key}\n`)
await reload()
equal('the old key has gone', code(await made.ask('GET', '/api/session')), 'TOKEN_UNKNOWN_KEY')
equal('and its cookies', (await mine.ask('GET', `/api/orders/${order}`)).status, 401)
equal('the new one stays', (await fresh.ask('GET', '/api/session')).status, 200)

// Staff come and go.
const digest = digestOf('open-sesame')
equal('not staff yet', code(await withToken('open-sesame').ask('GET', '/api/kiosks')), 'TOKEN_FORGED')
writeFileSync(staffFile, `# at night\nnight ${digest.toUpperCase()}\n${keysOfStaff}`)
await reload()
equal('staff now', (await withToken('open-sesame').ask('GET', '/api/kiosks')).status, 200)
equal('the others stay', (await staff.ask('GET', '/api/session')).json.role, 'staff')
equal('the digest is no key', (await withToken(digest).ask('GET', '/api/kiosks')).status, 401)
writeFileSync(staffFile, 'night 1234\n')
await reload(/kept as it was/)
equal('a bad file changes nothing', (await withToken('open-sesame').ask('GET', '/api/kiosks')).status, 200)
writeFileSync(staffFile, keysOfStaff)
await reload()
equal('gone again', (await withToken('open-sesame').ask('GET', '/api/kiosks')).status, 401)
await finish()
