// oidc - a person logs in at a real provider, in a browser that this test plays.
import http from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import Provider from 'oidc-provider'
import { atEnd, check, equal, finish } from './check.mjs'
import { play } from './oidc_play.mjs'

console.info = console.warn = () => {} // what the provider thinks of a provider in a test
const redirect = 'http://127.0.0.1:9/api/login/oidc/callback' // nobody is asked there: the test takes the answer
const jwk = (kind, options, more) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), use: 'sig', ...more })
const server = http.createServer()
await new Promise(yes => server.listen(0, '127.0.0.1', yes))
atEnd(() => { server.closeAllConnections(); server.close() })
const issuer = `http://127.0.0.1:${server.address().port}`
const common = { redirect_uris: [redirect], response_types: ['code'], grant_types: ['authorization_code'] }
const provider = new Provider(issuer, {
    clients: [
        { client_id: 'marquee', client_secret: 'a secret: with +, % & =', id_token_signed_response_alg: 'RS256', ...common },
        { client_id: 'post', client_secret: 'other', token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'RS256', ...common },
        { client_id: 'public', token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'ES256', ...common },
    ],
    jwks: { keys: [jwk('rsa', { modulusLength: 2048 }, { kid: 'r1', alg: 'RS256' }), jwk('ec', { namedCurve: 'P-256' }, { kid: 'e1', alg: 'ES256' })] },
    cookies: { keys: ['x'] },
    pkce: { methods: ['S256'], required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: id !== 'mallory', name: id === 'ann' ? '安娜 "A"' : undefined }),
    }),
})
provider.on('server_error', (_, fault) => check(`the provider: ${fault.stack}`, false))
server.on('request', provider.callback())

// A browser: its cookies, and forms that are filled in until it is sent to our address.
async function visit(url, login) {
    const jar = new Map()
    let body, method = 'GET'
    for (let step = 0; step < 20; step++) {
        const answer = await fetch(url, {
            method, body, redirect: 'manual',
            headers: { cookie: [...jar].map(pair => pair.join('=')).join('; '), ...(body && { 'content-type': 'application/x-www-form-urlencoded' }) },
        })
        for (const one of answer.headers.getSetCookie()) {
            const [name, value] = one.split(';')[0].split('=')
            jar.set(name, value)
        }
        const text = await answer.text()
        const next = answer.headers.get('location')
        if (next?.startsWith(redirect))
            return new URL(next).search.slice(1)
        if (next)
            [url, method, body] = [new URL(next, url), 'GET', undefined]
        else if (!login)
            [url, method, body] = [new URL(text.match(/href="([^"]*abort[^"]*)"/)[1], url), 'GET', undefined]
        else {
            const prompt = text.match(/name="prompt" value="(\w+)"/)?.[1]
            const action = text.match(/action="([^"]+)"/)?.[1]
            if (!prompt)
                throw new Error(`no form: ${answer.status} ${text}`)
            ;[url, method, body] = [new URL(action, url), 'POST', new URLSearchParams({ prompt, login, password: 'x' }).toString()]
        }
    }
    throw new Error('no end of redirects')
}

for (const [client, secret] of [['marquee', 'a secret: with +, % & ='], ['post', 'other'], ['public', '']]) {
    const one = play(issuer, client, secret, redirect)
    const there = await one.go()
    equal(`${client}: the way there`, there.fault, 'OK')
    const query = Object.fromEntries(there.url.searchParams)
    equal(`${client}: what is asked`, [query.response_type, query.client_id, query.redirect_uri, query.scope, query.code_challenge_method],
        ['code', client, redirect, 'openid email profile', 'S256'])
    check(`${client}: words are long`, [query.state, query.nonce, query.code_challenge].every(word => /^[\w-]{43}$/.test(word)), query)
    check(`${client}: and different`, new Set([query.state, query.nonce, query.code_challenge]).size === 3)
    const answer = await visit(there.url, 'ann')
    const back = await one.back(there.cookie, answer)
    equal(`${client}: who it is`, back, { fault: 'OK', person: { iss: issuer, sub: 'ann', email: 'ann@example.org', name: '安娜 "A"' } })
    equal(`${client}: a code is good once`, (await one.back(there.cookie, answer)).fault, 'OIDC_CODE')
    const second = await one.go()
    check(`${client}: no log-in is like another`, second.url.searchParams.get('state') !== query.state && second.cookie !== there.cookie)
    const other = await visit(second.url, 'mallory')
    equal(`${client}: an answer in another's browser`, (await one.back(there.cookie, other)).fault, 'OIDC_STATE')
    equal(`${client}: an address that is not verified is none`, (await one.back(second.cookie, other)).person.email, '')
    const third = await one.go()
    // What an attacker was given, put into somebody else's log-in: state fits, the code does not.
    const mixed = new URLSearchParams(await visit((await one.go()).url, 'ann'))
    mixed.set('state', third.url.searchParams.get('state'))
    equal(`${client}: another's code`, (await one.back(third.cookie, mixed.toString())).fault, 'OIDC_CODE')
    const fourth = await one.go()
    equal(`${client}: who says no`, (await one.back(fourth.cookie, await visit(fourth.url))).fault, 'OIDC_DENIED')
    const fifth = await one.go()
    const late = await visit(fifth.url, 'ann')
    await one.later(601)
    equal(`${client}: too late`, (await one.back(fifth.cookie, late)).fault, 'OIDC_STATE')
    one.end()
}
const wrong = play(issuer, 'marquee', 'not the secret', redirect)
const there = await wrong.go()
equal('with a wrong secret', (await wrong.back(there.cookie, await visit(there.url, 'ann'))).fault, 'OIDC_CODE')

// Many at once.
const many = play(issuer, 'marquee', 'a secret: with +, % & =', redirect)
const logins = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const one = await many.go()
    return { one, query: await visit(one.url, `user${i}`), user: `user${i}` }
}))
const people = []
for (const { one, query } of logins)
    people.push((await many.back(one.cookie, query)).person.sub)
equal('twenty log in, each as themselves', people, logins.map(one => one.user))
await finish()
