// strict - bytes as they may come from anybody: what is refused is refused with the right status, and
// nothing behind it is taken for a request.
import { check, equal, finish } from './check.mjs'
import { ask } from './http.mjs'
import { figure } from './figures.mjs'
import { chunks, plain, smuggled } from './probes.mjs'
import { connect, say } from './raw.mjs'
import { guest } from './people.mjs'
import { showtimes, lockBest } from './trade.mjs'

const probe = 'GET /api/nothing HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n'

// What stays open is asked once more; what is refused gets the same question at once behind it, which
// must not be answered. Every one is said whole, and some of them byte by byte.
async function judge(group, [what, bytes, statuses, open]) {
    const data = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1')
    const wanted = open ? [...statuses, 404] : statuses
    const { statuses: seen, closed, left, answers } = await say(Buffer.concat([data, Buffer.from(probe)]))
    equal(`${group}: ${what}`, { seen, closed, left: left.length }, { seen: wanted, closed: true, left: 0 })
    const last = answers.at(-1)
    check(`${group}: ${what}: says that it closes`, last?.headers.connection === 'close', last?.headers)
    if (statuses[0] >= 400)
        check(`${group}: ${what}: a problem`, /^application\/problem\+json$/.test(answers[0]?.headers['content-type']) &&
            JSON.parse(answers[0].body).status === statuses[0], answers[0])
}
async function bytewise(group, [what, bytes, statuses, open]) {
    const one = connect()
    await one.ready
    const data = Buffer.concat([Buffer.from(bytes, 'latin1'), Buffer.from(probe)])
    for (let at = 0; at < data.length && !one.closed; at++) {
        one.write(data.subarray(at, at + 1))
        await new Promise(setImmediate)
    }
    await one.until(() => one.closed, what)
    equal(`${group}, byte by byte: ${what}`, one.answers().map(answer => answer.status), open ? [...statuses, 404] : statuses)
}
for (const [group, table] of Object.entries({ plain, smuggled, chunks })) {
    for (let at = 0; at < table.length; at += 8)
        await Promise.all(table.slice(at, at + 8).map(row => judge(group, row)))
    const short = table.filter(([, bytes]) => !Buffer.isBuffer(bytes) && bytes.length < 220)
    for (let at = 0; at < short.length; at += 16)
        await Promise.all(short.slice(at, at + 16).map(row => bytewise(group, row)))
}

// Requests in a row: answers in their order, though some wait for the server and some do not.
const [show] = await showtimes(/IMAX/)
const get = target => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`
const row = await say([`/api/showtimes/${show}`, '/healthz', '/api/showtimes/999', `/api/showtimes/${show}/seats?format=compact`, '/healthz'].map(get).join(''), 5)
equal('five in a row', row.statuses, [200, 200, 404, 200, 200])
check('in their order', JSON.parse(row.answers[0].body).showtime === show && JSON.parse(row.answers[3].body).states)
const buyer = await guest()
const lock = JSON.stringify({ count: 1 })
const sale = `POST /api/showtimes/${show}/locks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${buyer.token}\r\nContent-Type: application/json\r\nContent-Length: ${lock.length}\r\n\r\n${lock}`
const buys = await say(sale + get('/healthz') + sale, 3)
equal('sales in a row', buys.statuses, [201, 200, 201])
const many = await say(get('/healthz').repeat(300), 300)
check('three hundred in a row', many.statuses.length === 300 && many.statuses.every(status => status === 200), many.statuses.length)

// 100-continue.
const expects = (size, more = '', version = '1.1') =>
    `POST /api/session HTTP/${version}\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${size}\r\n${more}\r\n`
const waits = connect()
waits.write(expects(5))
await waits.until(() => waits.answers().length === 1, '100')
equal('told to go on', waits.answers()[0].status, 100)
waits.write('hello' + get('/healthz'))
await waits.until(() => waits.answers().length === 3, '201')
equal('then the answer, and the next', waits.answers().map(one => one.status), [100, 201, 200])
waits.end()
equal('a body too large is refused before it is sent', (await say(expects(70000))).statuses, [413])
equal('HTTP/1.0 does not know of it', (await say(expects(5, '', '1.0') + 'hello')).statuses, [201])
equal('who has sent all is not told to', (await say(expects(5) + 'hello', 1)).statuses, [201])
equal('another expectation', (await say('GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n')).statuses, [417])
const inChunks = connect()
inChunks.write('POST /api/session HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n')
await inChunks.until(() => inChunks.answers().length === 1, '100')
inChunks.write('5\r\nhello\r\n0\r\n\r\n')
await inChunks.until(() => inChunks.answers().length === 2, '201')
equal('in chunks too', inChunks.answers().map(one => one.status), [100, 201])
inChunks.end()

// Clients that go: while their command is under way, in the middle of a request, and half.
const state = async () => (await ask('GET', `/api/showtimes/${show}`)).json.counts
await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const one = connect()
    await one.ready
    one.write(i % 2 ? sale : get(`/api/showtimes/${show}/seats`))
    one.socket.resetAndDestroy()
}))
await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const one = connect()
    await one.ready
    one.write(sale.slice(0, 20 + i * 5))
    one.socket.destroy()
}))
const counts = await state()
check('all seats are somewhere', counts.available + counts.locked + counts.sold + counts.blocked === 420, counts)
await figure('marquee_bridge_calls', calls => calls === 1)
equal('no command is left behind', await figure('marquee_bridge_in_flight', () => true), 0)
const half = connect()
half.socket.end(get('/healthz'))
await half.until(() => half.closed, 'the end')
equal('who has ended its side is answered what can be answered at once', half.answers().map(one => one.status), [200])
check('and the trade goes on', (await lockBest(await guest(), show)).lock > 0)
await finish()
