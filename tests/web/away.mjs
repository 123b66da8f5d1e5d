// away - the server dies and comes back: the bridge says so at once, and goes on by itself.
import { check, equal, finish, patience, within } from './check.mjs'
import { ask } from './http.mjs'
import { common } from './rows.mjs'
import { guest } from './people.mjs'
import { buy, lockBest, showtimes } from './trade.mjs'
import { events, socket } from './sockets.mjs'
import { logged } from './log.mjs'
import { server, still, tool } from './processes.mjs'

const [show, quiet] = await showtimes(/IMAX/)
const buyer = await guest()
const sold = await buy(buyer, show)
const page = await socket(`/ws/showtimes/${quiet}`), stream = await events(`/api/showtimes/${show}/events`)
const order = await socket(`/ws/orders/${sold.order}`, buyer.fields)
const first = await page.queue.next()
await stream.queue.next()
await order.queue.next()
const timed = async (method, path, more) => {
    const began = Date.now()
    const answer = await ask(method, path, more)
    return { ...answer, took: Date.now() - began }
}
const one = `/api/showtimes/${show}`
const sale = () => timed('POST', `${one}/locks`, { body: { count: 1 }, headers: buyer.fields })

async function outage(pid, signal) {
    await logged(/the server is away/, () => process.kill(pid, signal), 1000)
    for (const [what, go] of [
        ['a showtime', () => timed('GET', one)], ['a map', () => timed('GET', `${one}/seats`)], ['a compact map', () => timed('GET', `${one}/seats?format=compact`)],
        ['the layout', () => timed('GET', `/api/showtimes/${quiet}/layout`)], ['an order', () => timed('GET', `/api/orders/${sold.order}`, { headers: buyer.fields })],
        ['a ticket', () => timed('GET', `/api/tickets/${sold.ticket}`, { headers: buyer.fields })], ['a sale', sale],
        ['a socket', async () => ({ ...await socket(`/ws/showtimes/${show}`), took: 0 })], ['readiness', () => timed('GET', '/readyz')],
    ]) {
        const answer = await go()
        check(`${what} while the server is away: 503`, answer.status === 503 && answer.json.code === 'SERVER_AWAY', answer.status, answer.text)
        check(`${what}: at once`, answer.took < 100 * patience, answer.took)
        common(what, answer)
    }
    equal('the process itself is well', (await ask('GET', '/healthz')).status, 200)
    equal('guests can come', (await ask('POST', '/api/session')).status, 201)
    const list = await timed('GET', '/api/showtimes')
    check('the list of showtimes is told or refused at once', [200, 503].includes(list.status) && list.took < 100 * patience, list.status, list.took)
}
// From the ready line of the server on.
async function back() {
    const running = await server()
    const began = Date.now()
    let answer
    do
        answer = await sale()
    while (answer.status === 503 && Date.now() - began < 3000)
    const took = Date.now() - began
    check('it serves again', answer.status === 201, answer.text)
    check('within a second', took < 1000 * patience, took)
    equal('as before', (await ask('GET', `/api/orders/${sold.order}`, { headers: buyer.fields })).json.state, state)
    equal('ready', (await ask('GET', '/readyz')).status, 200)
    await buyer.ask('DELETE', `${one}/locks/${answer.json.lock}`)
    return running
}

await outage(Number(process.env.WEB_SERVER), 'SIGKILL')
let state = 'paid'
let running = await back()

// Streams have stayed open through it, and tell what changes.
const lock = await lockBest(buyer, quiet)
const change = await page.queue.until(message => message.changes?.length, 'a change after the outage')
equal('a page hears of changes again', change.changes, lock.seats.map(seat => [seat, 1]))
check('and of all of them', change.from <= first.number + 1, change, first.number)
await stream.queue.until(message => message.changes?.length, 'a change by events')
await tool('orders', 'refund', sold.order)
state = 'refunded'
check('an order is followed on', await order.queue.until(message => message.state === 'refunded', 'a refund'))

// A command that is under way when the server dies is answered, and not by a guess.
await still(running.child.pid)
const [reads, writes] = [timed('GET', one), sale()]
const maps = [timed('GET', `${one}/seats`), timed('GET', `/api/showtimes/${quiet}/layout`), timed('GET', '/api/showtimes')]
await ask('GET', '/healthz')
await outage(running.child.pid, 'SIGKILL')
running = await back()
for (const [what, answer] of [['a read', await reads], ['a write', await writes]])
    check(`${what} that was under way`, [200, 201, 503, 504].includes(answer.status) && answer.took < 11000, answer.status, answer.took, answer.text)

for (const answer of await Promise.all(maps))
    check('a map or a list that was under way', [200, 503, 504].includes(answer.status) && answer.took < 5000, answer.status, answer.took)

// The server changed while the bridge could not look: pages hear what they missed.
await still(Number(process.env.WEB_BRIDGE))
running.child.kill('SIGTERM')
await running.ended
running = await server()
await tool('seats', 'block', String(quiet), '1', '2')
process.kill(Number(process.env.WEB_BRIDGE), 'SIGCONT')
const missed = await page.queue.until(({ states, changes }) => states?.startsWith('33') || changes?.some(([seat]) => seat === 1), 'what was missed')
check('what was missed is told', missed, missed)
const { states, number } = (await ask('GET', `/api/showtimes/${quiet}/seats?format=compact`)).json
check('and is the map', states.startsWith('33') && missed.number === number, missed.number, number)

page.socket.close()
stream.end()
await within(3000, 'an end', page.closed)
running.child.kill('SIGTERM')
equal('the server ends', await within(10000, 'its end', running.ended), 0)
await finish()
