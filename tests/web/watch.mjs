// watch - what operators see: figures, health, log lines, traces; and that none of it tells a secret.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { check, equal, finish } from './check.mjs'
import { ask } from './http.mjs'
import { browser, enrol, guest, staff } from './people.mjs'
import { buy, showtimes } from './trade.mjs'
import { issue, ring } from './tokens.mjs'
import { events, socket } from './sockets.mjs'
import { say } from './raw.mjs'
import { parse } from './prometheus.mjs'
import { figure } from './figures.mjs'
import { logText, logged } from './log.mjs'

const [show] = await showtimes(/IMAX/)
const mine = await browser(), program = await guest(), kiosk = await enrol('lobby-1')
const trace = randomBytes(16).toString('hex'), span = randomBytes(8).toString('hex')

// A day's work, with a trace.
const sold = await buy(program, show)
const traced = await mine.ask('POST', `/api/showtimes/${show}/locks`, { count: 1 }, { traceparent: `00-${trace}-${span}-01`, 'x-request-id': 'traced-1' })
await kiosk.redeem(sold.token)
await kiosk.redeem(sold.token)
await ask('GET', kiosk.socket())
await mine.ask('POST', '/api/pay', { order: sold.order })
await ask('GET', '/api/session', { headers: { authorization: `Bearer ${await issue({ exp: -99, iat: -999 })}` } })
await staff.ask('GET', '/api/kiosks')
await say(`GET /secret-path-of-mine HTTP/1.1\r\nHost: a\r\nCookie: ${mine.cookie}\r\nBad Header: x\r\n\r\n`)
const page = await socket(`/ws/showtimes/${show}`), stream = await events(`/api/orders/${sold.order}/events`, program.fields)

// Figures.
await figure('marquee_broker_forwarded', count => count > 0) // looks are taken every two seconds
await figure('marquee_partition_sequence{partition="0"}', count => count > 0) // the broker's answer comes first
const answer = await ask('GET', '/metrics')
check('their type', answer.headers['content-type'] === 'text/plain; version=0.0.4; charset=utf-8')
let families = {}
try {
    families = parse(answer.text)
    check('Prometheus reads them', true)
} catch (fault) {
    check(`Prometheus reads them: ${fault.message}`, false)
}
check('there are many', Object.keys(families).length > 50, Object.keys(families).length)
const value = (name, labels = {}) => families[name]?.samples.find(one =>
    Object.entries(labels).every(([key, wanted]) => one.labels[key] === wanted))?.value
equal('the server is there', value('marquee_bridge_connected'), 1)
equal('streams', value('marquee_live_streams'), 2)
equal('the partition', value('marquee_partition_up', { partition: '0' }), 1)
equal('refusals by code', value('marquee_refusals_total', { code: 'ALREADY_REDEEMED' }), 1)
equal('refused tokens', value('marquee_guard_unauthorized_total'), 1)
equal('unreadable requests', value('marquee_edge_bad_requests_total'), 1)
equal('answers by route', value('marquee_http_responses_total', { route: '/api/kiosk/redeem', class: '4xx' }), 1)
equal('times by route', families.marquee_http_request_seconds?.samples.find(one => one.name.endsWith('_count') && one.labels.route === '/api/kiosk/redeem').value, 2)
const later = parse((await ask('GET', '/metrics')).text)
const fell = Object.entries(families).filter(([, { type }]) => type === 'counter').flatMap(([name, { samples }]) =>
    samples.filter(one => later[name].samples.find(other => JSON.stringify(other.labels) === JSON.stringify(one.labels)).value < one.value))
equal('no counter falls', fell, [])
const health = await ask('GET', '/healthz'), ready = await ask('GET', '/readyz')
check('health', health.status === 200 && health.text === 'ok\n' && ready.status === 200 && ready.text === 'ready\n')

// The log: a line of JSON a request, by route, with the trace.
const lines = logText().trim().split('\n').map(line => {
    try {
        return JSON.parse(line)
    } catch {
        check(`a line of JSON: ${line}`, false)
        return {}
    }
})
const line = lines.find(one => one.request === 'traced-1')
check('the traced request is in the log', line?.trace === trace && line.method === 'POST' && line.status === 201 &&
    line.route === '/api/showtimes/{showtime}/locks' && line.took_us >= 0 && Number.isInteger(line.at_ms), line)
check('lines know their times', lines.every(one => one.at_ms > 1e12 && ['info', 'error', 'debug'].includes(one.level)), lines.find(one => !(one.at_ms > 1e12)))
for (const bad of [`00-${'0'.repeat(32)}-${span}-01`, `00-${trace}-${'0'.repeat(16)}-01`, `00-${trace.toUpperCase()}-${span}-01`, `ff-${trace}-${span}-01`, `00-${trace}-${span}`, 'x'.repeat(55)]) {
    const name = `bad-${randomBytes(4).toString('hex')}`
    const text = await logged(new RegExp(`${name}.*\n`), () =>
        ask('GET', `/api/showtimes/${show}`, { headers: { traceparent: bad, 'x-request-id': name } }))
    const said = text.split('\n').find(one => one.includes(name))
    check(`traceparent ${bad} is passed over`, said && !JSON.parse(said).trace, said)
}

// The journal: the trace stands with the command.
const dump = execFileSync(`${process.env.WEB_BUILD}/marquee`, ['journal', 'dump', `${process.env.WEB_WORK}/data`, '0']).toString()
const kept = dump.split('\n').find(one => one.includes(trace))
check('the trace is in the journal', kept?.includes('seats.lock') || kept?.includes('seats.best'), kept)
check('whole', kept?.includes(`00${trace}${span}01`), kept)
equal('and the lock was made', traced.status, 201)

// No secrets in the log, the audit log, the figures.
const jwt = program.token.split('.')
const secrets = {
    'a cookie': mine.cookie.split('=')[1], 'a CSRF token': mine.csrf, 'a token': program.token, "a token's signature": jwt[2], "a token's claims": jwt[1],
    'a key of staff': process.env.WEB_STAFF, "a kiosk's key": kiosk.key, 'a ticket': sold.token, 'a payment code': sold.code,
    'the ring': ring()[0][1].toString('base64url'), 'a user': program.user, 'a path that nobody knows': 'secret-path-of-mine', 'an order': sold.order,
}
for (const [where, text] of [['the log', logText()], ['the figures', answer.text], ['the audit log', readFileSync(`${process.env.WEB_WORK}/bridge/audit.log`, 'utf8')]])
    for (const [what, secret] of Object.entries(secrets))
        check(`${where} does not tell ${what}`, secret.length > 8 && !text.includes(secret))
page.socket.terminate()
stream.end()
await finish()
