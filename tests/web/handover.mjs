// handover - bridges come and go: SIGUSR2 hands the sockets over under load, SIGTERM waits for what is
// being answered, and a parent may bring the sockets.
import http from 'node:http'
import net from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { check, equal, finish, within } from './check.mjs'
import { ask, port } from './http.mjs'
import { connect } from './raw.mjs'
import { guest } from './people.mjs'
import { showtimes } from './trade.mjs'
import { events, socket } from './sockets.mjs'
import { logged } from './log.mjs'
import { bridges, gone, start, still } from './processes.mjs'

const { WEB_WORK: work, WEB_BUILD: build } = process.env
const [show] = await showtimes(/IMAX/)
const buyer = await guest()
const paths = ['/healthz', `/api/showtimes/${show}`, `/api/showtimes/${show}/seats?format=compact`, '/api/session']

// A request on a connection of its own.
const once = path => new Promise(yes => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false, headers: buyer.fields }, answer => {
        answer.resume()
        answer.on('end', () => yes(answer.statusCode === 200 && answer.complete ? 0 : answer.statusCode))
        answer.on('error', fault => yes(fault.code))
    })
    request.on('error', fault => yes(fault.code))
})

// A steady load of new connections while `what` is done; what failed.
async function load(what) {
    let over = false, count = 0
    const failed = []
    const workers = Array.from({ length: 8 }, async (_, worker) => {
        while (!over || count < 400) {
            const fault = await once(paths[(count++ + worker) % paths.length])
            fault && failed.push(fault)
        }
    })
    await what()
    over = true
    await Promise.all(workers)
    return { count, failed }
}

equal('one bridge', bridges().length, 1)
for (let turn = 0; turn < 3; turn++) {
    const [before] = bridges()
    const page = await socket(`/ws/showtimes/${show}`), stream = await events(`/api/showtimes/${show}/events`)
    await page.queue.next()
    await stream.queue.next()
    const { count, failed } = await load(async () => {
        process.kill(before, 'SIGUSR2')
        equal(`turn ${turn}: pages are told to come again`, await within(10000, 'an end', page.closed), 1001)
        check(`turn ${turn}: the old one ends`, await gone(before))
    })
    equal(`turn ${turn}: of many requests none failed`, failed, [])
    check(`turn ${turn}: there were many`, count >= 400, count)
    check(`turn ${turn}: the stream has ended`, await within(1000, 'an end', stream.queue.until(() => false).catch(() => true)))
    const after = bridges()
    check(`turn ${turn}: another bridge`, after.length === 1 && after[0] !== before, after, before)
    const again = await socket(`/ws/showtimes/${show}`)
    equal(`turn ${turn}: and its sockets`, again.status, 101)
    again.socket.terminate()
}

// An heir that cannot start leaves everything as it was.
const [pid] = bridges()
const tokens = readFileSync(`${work}/bridge/tokens`, 'utf8')
writeFileSync(`${work}/bridge/tokens`, 'bad\n')
const { failed } = await load(() => logged(/did not come up/, () => process.kill(pid, 'SIGUSR2')))
equal('nobody noticed an heir that could not start', failed, [])
equal('it is still the same bridge', bridges(), [pid])
writeFileSync(`${work}/bridge/tokens`, tokens)
const { failed: none } = await load(async () => {
    process.kill(pid, 'SIGUSR2')
    check('the next one could', await gone(pid))
})
equal('nor that one', none, [])

// SIGTERM: what is under way is answered, idle connections are closed, new ones refused.
const [last] = bridges()
const idle = connect(), slow = connect(), half = connect()
const get = path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
idle.write(get('/healthz'))
await idle.until(() => idle.answers().length === 1, 'an answer')
half.write('GET /healthz HTTP/1.1\r\n')
await still(Number(process.env.WEB_SERVER))
slow.write(get(`/api/showtimes/${show}`))
await ask('GET', '/healthz') // behind which both have been read
process.kill(last, 'SIGTERM')
await idle.until(() => idle.closed, 'an idle end')
check('an idle connection is closed', idle.answers().length === 1)
equal('new ones are refused', await once('/healthz'), 'ECONNREFUSED')
half.write('Host: a\r\n\r\n')
await half.until(() => half.closed, 'the end of a request that had begun')
equal('who had begun to ask is answered', half.answers().map(one => [one.status, one.headers.connection]), [[200, 'close']])
process.kill(Number(process.env.WEB_SERVER), 'SIGCONT')
await slow.until(() => slow.closed, 'an answer')
equal('who waits for the server is answered', slow.answers().map(one => [one.status, one.headers.connection]), [[200, 'close']])
check('then it ends', await gone(last))

// A parent brings the sockets, as systemd does: who came before the bridge is served by it.
async function inherited(environment, more = []) {
    const listener = net.createServer()
    await new Promise(yes => listener.listen(0, '127.0.0.1', yes))
    const at = listener.address().port
    const starting = start('bash', ['-c', `${environment} exec "$0" "$@"`, `${build}/marquee-bridge`,
        '--set', `site/endpoint=${process.env.WEB_BRIDGES}`, '--set', `site/events=${process.env.MARQUEE_EVENTS}`,
        '--set', 'http/listen=127.0.0.1:0', '--set', `session/directory=${work}/bridge`, ...more],
    { log: 'bridge', fds: [listener._handle.fd] })
    listener.close() // the bridge has the socket now, and nobody else takes connections from it
    const early = connect({ port: at })
    early.write(get('/healthz'))
    return { ...await starting, early, port: at }
}
const taken = await inherited('LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http')
equal('it listens where it was told', taken.ready, `ready http=${taken.port}`)
await taken.early.until(() => taken.early.answers().length === 1, 'an answer')
equal('who was early is served', taken.early.answers()[0].status, 200)
taken.early.end()
taken.child.kill('SIGTERM')
equal('and it ends', await within(5000, 'its end', taken.ended), 0)
const other = await inherited('LISTEN_PID=1 LISTEN_FDS=1')
check('what is meant for another process is left alone', other.ready !== `ready http=${other.port}`, other.ready)
other.child.kill('SIGTERM')
await other.ended
other.early.end()
await finish()
