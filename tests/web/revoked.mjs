// revoked - what a partition takes back, every bridge refuses within a second: told by an event, or found
// by asking; after a start, and over a server that was started anew.
import http from 'node:http'
import { readFileSync } from 'node:fs'
import { check, equal, finish, within } from './check.mjs'
import { start } from './processes.mjs'
import { bridges, events, say } from './stage.mjs'

const { WEB_WORK: work, WEB_BUILD: build } = process.env
const now = () => Math.floor(Date.now() / 1000)
const begin = async name => {
    const one = await start(`${build}/marquee-bridge`, ['site/endpoint=' + bridges, 'site/events=' + events, 'http/listen=127.0.0.1:0',
        `session/directory=${work}/${name}`, 'limits/read_rate=100000', 'limits/enter_rate=100000'].flatMap(set => ['--set', set]), { log: name })
    return { ...one, port: Number(one.ready.match(/http=(\d+)/)[1]), log: () => readFileSync(`${work}/${name}.log`, 'utf8') }
}
const ask = (bridge, token) => within(5000, 'an answer', new Promise((yes, no) => http.get({
    host: '127.0.0.1', port: bridge.port, path: '/api/session', agent: false, headers: { authorization: `Bearer ${token}` },
}, answer => {
    const parts = []
    answer.on('data', part => parts.push(part)).on('end', () => yes(JSON.parse(Buffer.concat(parts)).code ?? 'good'))
}).on('error', no)))
// How long until the answer is this one.
const until = async (bridge, token, wanted, ms = 5000) => {
    const from = performance.now()
    for (let said; performance.now() - from < ms;) {
        said = await ask(bridge, token)
        if (said === wanted)
            return performance.now() - from
        await new Promise(yes => setTimeout(yes, 5))
    }
    return Infinity
}

// What was taken back before a bridge began is known before it calls a member's token good.
for (let number = 1; number <= 8; number++)
    await say(`unsaid 1 old-${number} 0 ${now() + 900}`)
const first = await begin('one')
const { SignJWT } = await import('jose')
const [kid, key] = readFileSync(`${work}/one/tokens`, 'utf8').trim().split(' ')
const issue = (sub, more = {}) => new SignJWT({ iss: 'marquee', sub, role: 'member', iat: now(), exp: now() + 900, ...more })
    .setProtectedHeader({ alg: 'HS256', kid }).sign(Buffer.from(key, 'base64url'))
const tokens = {
    old: await issue('m1', { jti: 'old-8' }), fine: await issue('m2', { jti: 'j2', sid: 'f2' }), family: await issue('m3', { jti: 'j3', sid: 'f3' }),
    person: await issue('m4', { jti: 'j4' }), newer: await issue('m4', { jti: 'j5', iat: now() + 20 }), guest: await issue('g5', { role: 'guest', jti: 'j6' }),
    late: await issue('m7', { jti: 'j7' }), page: await issue('m8', { jti: 'j8' }), after: await issue('m9', { jti: 'j9' }),
}
check('soon all is known', await until(first, tokens.fine, 'good') < 3000)
equal('what was taken back before', await ask(first, tokens.old), 'TOKEN_REVOKED')

// Events: at once.
for (const [what, line, token] of [['a token', `1 j6 0`, tokens.guest], ['a log-in', `2 f3 0`, tokens.family], ['a person', `0 m4 ${now() + 2}`, tokens.person]]) {
    equal(`${what} is good before`, await ask(first, token), 'good')
    await say(`revoke ${line} ${now() + 900}`)
    const took = await until(first, token, 'TOKEN_REVOKED')
    check(`${what} is taken back at once`, took < 500, took)
}
const scrape = bridge => within(5000, 'figures', new Promise((yes, no) => http.get({ host: '127.0.0.1', port: bridge.port, path: '/metrics', agent: false }, answer => {
    const parts = []
    answer.on('data', part => parts.push(part)).on('end', () => yes(Buffer.concat(parts).toString()))
}).on('error', no)))
equal('a figure counts them', (await scrape(first)).match(/^marquee_guard_revoked_tokens (\d+)$/m)?.[1], '11')
equal('who logs in again', await ask(first, tokens.newer), 'good')
equal('the others stay', await ask(first, tokens.fine), 'good')

// Events that were lost: found within a second, or by the next event; more than a page.
await say(`unsaid 1 j7 0 ${now() + 900}`)
const found = await until(first, tokens.late, 'TOKEN_REVOKED')
check('without an event within a second', found < 1500, found)
for (let number = 1; number <= 7; number++)
    await say(`unsaid 1 lost-${number} 0 ${now() + 900}`)
await say(`unsaid 1 j8 0 ${now() + 900}`)
await say(`revoke 1 lost-8 0 ${now() + 900}`)
const gap = await until(first, tokens.page, 'TOKEN_REVOKED')
check('an event shows the gap', gap < 700, gap)

// Another bridge, with the same keys; a server that begins anew, and one that is not what it was.
const second = await begin('two')
equal('another bridge has keys of its own', await ask(second, tokens.fine), 'TOKEN_FORGED')
await say('restart')
check('the server is there again', await until(first, tokens.fine, 'good') < 5000)
equal('what was known stays known', await ask(first, tokens.page), 'TOKEN_REVOKED')
await say(`unsaid 1 j9 0 ${now() + 900}`)
check('and it is asked again', await until(first, tokens.after, 'TOKEN_REVOKED', 8000) < 8000)
await say('forget')
await say(`unsaid 1 j2 0 ${now() + 900}`)
check('a site that begins anew is read anew', await until(first, tokens.fine, 'TOKEN_REVOKED', 8000) < 8000)
equal('and what it took back before stays refused', await ask(first, tokens.page), 'TOKEN_REVOKED')
check('nothing was wrong', !first.log().includes('revoked tokens of partition'), first.log())

// A bridge that has not heard anybody calls no member's token good.
first.child.kill('SIGTERM')
equal('it ends', await within(15000, 'its end', first.ended), 0)
const alone = await start(`${build}/marquee-bridge`, ['site/endpoint=tcp://127.0.0.1:1', 'site/events=tcp://127.0.0.1:1', 'http/listen=127.0.0.1:0', `session/directory=${work}/one`].flatMap(set => ['--set', set]), { log: 'three' })
const lone = { port: Number(alone.ready.match(/http=(\d+)/)[1]) }
equal('a member has to wait', await ask(lone, tokens.newer), 'SERVER_AWAY')
equal('a guest has not', await ask(lone, await issue('g9', { role: 'guest' })), 'good')
await finish()
