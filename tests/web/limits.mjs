// limits - time and room of a connection. The bridge of this test gives a head 400 ms, a body 600, a
// pause between requests 500, a reader 500, and an address 60 connections.
import { check, equal, finish, patience } from './check.mjs'
import { connect } from './raw.mjs'
import { figure } from './figures.mjs'
import { ask } from './http.mjs'
import { showtimes } from './trade.mjs'

const head_ms = 400, body_ms = 600, idle_ms = 500, address_max = 60
const slack_ms = 400 * patience // the edge looks every 100 ms; the rest is for a busy machine
const begin = 'POST /api/session HTTP/1.1\r\nHost: a\r\n'
const [show] = await showtimes(/IMAX/)
const get = target => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`

// Say `first`, then a byte every 50 ms, until the other side ends: its statuses, and after how long.
async function trickle(first, byte) {
    const one = connect()
    await one.ready
    one.began = Date.now()
    one.write(first)
    const timer = setInterval(() => one.write(byte), 50)
    await one.until(() => one.closed, first.slice(0, 20))
    clearInterval(timer)
    return { statuses: one.answers().map(answer => answer.status), took: one.took }
}
const silent = first => trickle(first, '')

const cases = [
    ['nothing is said', silent(''), [408], head_ms],
    ['half a request line', silent('GET /heal'), [408], head_ms],
    ['a head without end', silent(begin), [408], head_ms],
    ['a head that trickles', trickle(begin + 'X: ', 'y'), [408], head_ms],
    ['lines that trickle', trickle(begin, 'X: y\r\n'), [408], head_ms],
    ['a body that does not come', silent(begin + 'Content-Length: 5\r\n\r\n'), [408], body_ms],
    ['a body that trickles', trickle(begin + 'Content-Length: 5000\r\n\r\n', 'x'), [408], body_ms],
    ['chunks that trickle', trickle(begin + 'Transfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n'), [408], body_ms],
    ['a size of a chunk that trickles', trickle(begin + 'Transfer-Encoding: chunked\r\n\r\n', '0'), [408], body_ms],
    ['a pause', silent(get('/healthz')), [200], idle_ms],
    ['half a request behind one', trickle(get('/healthz') + 'GET /', 'x'), [200, 408], head_ms],
    ['a refusal lingers for a while', trickle('BAD\r\n\r\n', 'x'), [400], 0],
]
for (const [what, running, statuses, ms] of cases) {
    const { statuses: seen, took } = await running
    equal(what, seen, statuses)
    check(`${what}: after ${ms} ms`, took >= ms - 20 && took < ms + slack_ms, took)
}

// A reader that takes its time, but goes on, gets everything; one that stops is let go.
const maps = 150
const slow = connect({ highWaterMark: 16384 })
await slow.ready
slow.write(get(`/api/showtimes/${show}/seats`).repeat(maps))
let taken = 0
slow.socket.on('data', data => {
    if (Math.floor((taken += data.length) / 100000) === Math.floor((taken - data.length) / 100000))
        return
    slow.socket.pause()
    setTimeout(() => slow.socket.resume(), 15)
})
await slow.until(() => slow.bytes.length > 3e6 && slow.answers().length === maps, 'all maps', 10000)
check('a slow reader gets everything', slow.answers().every(one => one.status === 200 && JSON.parse(one.body).length === 420))
slow.end()

const stopped = connect({ highWaterMark: 16384 })
await stopped.ready
stopped.socket.pause()
for (let i = 0; i < 4; i++)
    stopped.write(get(`/api/showtimes/${show}/seats`).repeat(150))
await figure('marquee_edge_cut_slow_total', cut => cut === 1)
stopped.end()

// As many connections as an address may have; one more is closed at once, and one less makes room.
await figure('marquee_edge_connections', count => count === 1)
const crowd = Array.from({ length: address_max - 1 }, () => connect())
await Promise.all(crowd.map(one => {
    one.write(get(`/api/showtimes/${show}/events`)) // streams have no deadline
    return one.until(() => one.bytes.includes('data: '), 'a stream')
}))
const more = connect()
await more.until(() => more.closed, 'a refusal')
equal('one too many', more.bytes.length, 0)
crowd.pop().end()
const late = connect()
late.write(get('/healthz'))
await late.until(() => late.answers().length === 1 || late.closed, 'an answer')
equal('there is room again', late.answers().map(one => one.status), [200])
late.end()
crowd.forEach(one => one.end())
await figure('marquee_edge_connections', count => count === 1)
check('the figures tell of deadlines', await figure('marquee_edge_timeouts_total', count => count >= 10))
equal('and it serves', (await ask('GET', '/readyz')).status, 200)
await finish()
