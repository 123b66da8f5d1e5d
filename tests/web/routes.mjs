// routes - every route of the document: good and bad requests, and what each answers.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { check, equal, finish } from './check.mjs'
import { covered, run, common, isProblem } from './rows.mjs'
import { ask } from './http.mjs'
import { browser, desk, enrol, guest, staff, withToken } from './people.mjs'
import { buy, lockBest, showtimes } from './trade.mjs'
import { issue } from './tokens.mjs'
import { openRows } from './table_open.mjs'
import { saleRows } from './table_sale.mjs'
import { gateRows } from './table_gate.mjs'
import { roomRows } from './table_room.mjs'
import { programmeFixture, programmeRows } from './table_programme.mjs'
import { shapes } from './shapes.mjs'

const document = JSON.parse(execFileSync(`${process.env.WEB_BUILD}/marquee-bridge`, ['--openapi']))
equal('the served document is the printed one', (await ask('GET', '/openapi.json')).json, document)

const [show, doors, still, queue] = await showtimes(/IMAX/)
const world = {
    show, guest: await guest(), other: await guest(), browser: await browser(), staff, desk,
    kiosk: await enrol('lobby-1'), expired: withToken(await issue({ exp: -3600, iat: -7200 })),
}
const fixture = await buy(world.guest, still, 2)
const before = (await ask('GET', `/api/showtimes/${still}/seats`)).text
await shapes(document, {
    showtime: still, lock: fixture.lock, order: fixture.order, ticket: fixture.ticket,
    place: `${still}-1`, kiosk: 'nobody', ...await programmeFixture(),
})
equal('nothing of it changed a seat', (await ask('GET', `/api/showtimes/${still}/seats`)).text, before)

await run(openRows(world))
await run(saleRows({ ...world, show }))
await run(roomRows({ ...world, show: queue }))
await run(programmeRows(world))
await run(gateRows({ ...world, show: doors, sold: await buy(world.guest, doors, 2) }))

// The oldest trick: other spellings of a path.
for (const [path, status] of [
    ['/', 404], ['/api', 404], ['/api/', 404], ['/api/session/', 404], ['//api/session', 404], ['/API/session', 404],
    ['/api//session', 404], ['/api/showtimes/', 404], ['/api/showtimes//seats', 404], ['/api/./session', 404],
    ['/api/%73ession', 404], ['/api/session%20', 404], ['/etc/passwd', 404],
    ['/api/../session', 400], ['/..', 400], ['/%2e%2e/etc/passwd', 400], ['/.%2E/x', 400], ['/a/%2e%2e%2fb', 400],
    ['/a/..%5cb', 400], ['/a%0d%0ab', 400], ['/a%zz', 400], ['/a%', 400],
]) {
    const answer = await ask('GET', path)
    check(`GET ${path}: ${status}`, answer.status === status && isProblem(answer), answer.status, answer.text)
}

// Names of requests.
for (const [id, kept] of [['abc-1.2_3', true], ['x'.repeat(36), true], ['x'.repeat(37), false], ['a b', false], ['<x>', false]]) {
    const answer = await ask('GET', '/api/showtimes/999', { headers: { 'x-request-id': id } })
    common(`X-Request-Id ${id}`, answer)
    check(`X-Request-Id ${id} ${kept ? 'is kept' : 'is replaced'}`, (answer.headers['x-request-id'] === id) === kept)
}

// A page of an origin that is listed may read and call with a token of its own; others may not.
const listed = 'https://pages.example', foreign = 'https://evil.example'
for (const [origin, told] of [[listed, listed], [foreign, undefined], [undefined, undefined], ['null', undefined]]) {
    const headers = origin ? { origin } : {}
    const plain = await ask('GET', `/api/showtimes/${show}`, { headers })
    check(`CORS: ${origin} reads`, plain.headers['access-control-allow-origin'] === told && /Origin/.test(plain.headers.vary), plain.headers)
    const missing = await ask('GET', '/api/nothing', { headers })
    check(`CORS: ${origin} reads a 404`, missing.headers['access-control-allow-origin'] === told, missing.headers)
    const first = await ask('OPTIONS', `/api/showtimes/${show}/locks`, {
        headers: { ...headers, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
    })
    check(`CORS: ${origin} asks first`, first.status === 204 && first.headers['access-control-allow-origin'] === told &&
        (!told || (/POST/.test(first.headers['access-control-allow-methods']) && /Authorization/.test(first.headers['access-control-allow-headers']))) &&
        !first.headers['access-control-allow-credentials'], first.headers)
}
const served = await lockBest({ ask: (method, path, body) => world.other.ask(method, path, body, { origin: listed }) }, still)
check('CORS: a listed page buys with a token', served.lock > 0, served)

// Nothing of the table was forgotten.
for (const [path, route] of Object.entries(document.paths))
    for (const [method, { responses }] of Object.entries(route)) {
        const wanted = Number(Object.keys(responses).find(status => status !== 'default'))
        const seen = covered.get(`${method.toUpperCase()} ${path}`)
        // Only a late payment is offered other seats: the served tests of the core have one.
        const rare = path === '/api/orders/{order}/accept'
        check(`${method} ${path} has rows`, seen && (rare || seen.has(wanted)), seen && [...seen])
    }
check('the audit log tells of kiosks', readFileSync(`${process.env.WEB_WORK}/bridge/audit.log`, 'utf8')
    .trim().split('\n').map(line => JSON.parse(line)).some(one => one.kiosk === 'lobby-1' && one.what === 'redeem' && one.outcome === 'OK'))
await finish()
