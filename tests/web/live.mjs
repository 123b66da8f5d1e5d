// live - what is pushed: seats that change, orders that are paid, words for kiosks; what a client
// knows is what the server knows, however often it was cut.
import { check, equal, finish, within } from './check.mjs'
import { ask } from './http.mjs'
import { enrol, guest, staff } from './people.mjs'
import { buy, lockBest, showtimes } from './trade.mjs'
import { events, socket } from './sockets.mjs'
import { figure } from './figures.mjs'

const [show, crowd, paying, other] = await showtimes(/IMAX/)
const buyer = await guest()
const compact = async (which, since) =>
    (await ask('GET', `/api/showtimes/${which}/seats?format=compact${since === undefined ? '' : `&since=${since}`}`)).json

// One showtime as a page keeps it.
class Hall {
    number = -1
    states = []
    take(message) {
        if (message.type === 'seats') {
            this.states = [...message.states]
            this.number = message.number
            return
        }
        check('changes join on', message.type === 'change' && message.from <= this.number + 1 && message.number >= this.number, message, this.number)
        for (const [seat, state] of message.changes)
            this.states[seat - 1] = String(state)
        this.number = message.number
    }
    get text() {
        return this.states.join('')
    }
}

// A snapshot, then numbered changes.
const one = await socket(`/ws/showtimes/${show}`)
const hall = new Hall()
hall.take(await one.queue.next())
equal('the snapshot is the map', { number: hall.number, states: hall.text }, { number: 0, states: '0'.repeat(420) })
const lock = await lockBest(buyer, show, 2)
const change = await one.queue.next()
equal('a lock is told', change, { type: 'change', from: 1, number: 1, changes: lock.seats.map(seat => [seat, 1]) })
hall.take(change)
await buyer.ask('DELETE', `/api/showtimes/${show}/locks/${lock.lock}`)
hall.take(await one.queue.next())
equal('and its end', hall.text, '0'.repeat(420))
await staff.ask('POST', `/api/showtimes/${show}/blocks`, { seats: [1, 2] })
const blocked = await one.queue.next()
equal('and a block', blocked.changes, [[1, 3], [2, 3]])

// Who missed something says what it knows.
one.socket.send(JSON.stringify({ since: 1 }))
equal('since 1', await one.queue.next(), { type: 'change', from: 2, number: 3, changes: [[1, 3], [2, 3], ...lock.seats.map(seat => [seat, 0])] })
one.socket.send(JSON.stringify({ since: 1000 }))
equal('since a number that never was', (await one.queue.next()).type, 'seats')
const back = await socket(`/ws/showtimes/${show}?since=2`)
equal('back with a number', await back.queue.next(), { type: 'change', from: 3, number: 3, changes: [[1, 3], [2, 3]] })
const current = await socket(`/ws/showtimes/${show}?since=3`)
const pong = new Promise(yes => current.socket.once('pong', data => yes(data.toString())))
current.socket.ping('here?')
equal('a ping is answered', await within(2000, 'a pong', pong), 'here?')
equal('who knows all is told nothing', current.queue.messages, [])
for (const { socket: open, closed } of [one, back, current]) {
    open.close(1000)
    equal('a good end', await within(2000, 'an end', closed), 1000)
}

// Server-sent events, and back with Last-Event-ID.
const stream = await events(`/api/showtimes/${show}/events`)
const first = await stream.queue.next()
check('a snapshot with its number', first.type === 'seats' && first.id === '3', first)
await staff.ask('POST', `/api/showtimes/${show}/unblocks`, { seats: [1, 2] })
const second = await stream.queue.next()
equal('a change with its number', second, { id: '4', type: 'change', from: 4, number: 4, changes: [[1, 0], [2, 0]] })
stream.end()
await staff.ask('POST', `/api/showtimes/${show}/blocks`, { seats: [3] })
const again = await events(`/api/showtimes/${show}/events`, { 'last-event-id': '4' })
equal('only what was missed', await again.queue.next(), { id: '5', type: 'change', from: 5, number: 5, changes: [[3, 3]] })
again.end()

// An order: its buyer sees it paid and refunded, by socket and by events.
const { lock: held } = await lockBest(buyer, paying)
const order = (await buyer.ask('POST', `/api/showtimes/${paying}/locks/${held}/order`, { provider: 'sandbox' })).json
const orders = [await socket(`/ws/orders/${order.order}`, buyer.fields), await events(`/api/orders/${order.order}/events`, buyer.fields)]
const noise = await buy(await guest(), paying)
const tell = async (what, good) => {
    for (const { queue } of orders) {
        const message = await queue.next(what)
        check(what, good(message) && message.order === order.order, message)
    }
}
await tell('how it stands', message => message.state === 'pending')
await buyer.ask('POST', '/api/sandbox/pay', { order: order.order, code: order.code })
await tell('it is paid', message => message.state === 'paid' && message.payment)
await staff.ask('POST', `/api/orders/${order.order}/refunds`, { wait: true })
for (const { queue } of orders)
    check('it is paid back', await queue.until(message => message.state === 'refunded', 'a refund'))
check('nothing of others is told', noise.order !== order.order && orders.every(({ queue }) => queue.messages.every(one => one.order === order.order)))
orders[0].socket.close()
orders[1].end()

// A kiosk hears what staff say to it, on all its sockets, and nothing that is for another one.
const lobby = await enrol('lobby-1'), door = await enrol('door-1')
const ears = await Promise.all([lobby, lobby, door].map(kiosk => socket(kiosk.socket())))
equal('told', (await staff.ask('POST', '/api/kiosks/lobby-1/commands', { command: 'restart' })).json, { told: 2 })
equal('heard', await ears[0].queue.next(), { type: 'command', command: 'restart' })
equal('heard twice', await ears[1].queue.next(), { type: 'command', command: 'restart' })
await staff.ask('POST', '/api/kiosks/door-1/commands', { command: 'open' })
equal('not by the other', await ears[2].queue.next(), { type: 'command', command: 'open' })
ears.forEach(one => one.socket.terminate())

// Twenty pages, cut at random moments while seats change: when it is quiet each knows the map.
let seed = 20261
const random = below => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 12) % below
const path = page => `/ws/showtimes/${crowd}` + (page.hall.number < 0 ? '' : `?since=${page.hall.number}`)
let cuts = 0, told = 0
async function page() {
    const self = { hall: new Hall(), over: false }
    self.open = async () => {
        self.link = await socket(path(self))
        const { queue } = self.link
        const read = async () => {
            for (;;) {
                self.hall.take(await queue.next('a change', 30000))
                told++
                self.look?.()
            }
        }
        read().catch(() => {})
    }
    self.cut = async () => {
        cuts++
        self.link.socket.terminate()
        await self.link.closed
        await self.open()
    }
    self.reach = number => within(5000, `number ${number}`, new Promise(yes => {
        self.look = () => self.hall.number >= number && yes()
        self.look()
    }))
    await self.open()
    return self
}
const pages = await Promise.all(Array.from({ length: 20 }, page))
const buyers = await Promise.all(Array.from({ length: 6 }, guest))
for (let round = 0; round < 12; round++) {
    const sales = buyers.map(async (who, i) => {
        for (let turn = 0; turn < 4; turn++) {
            if (who.lock) // one may be held from one round to the next
                await who.ask('DELETE', `/api/showtimes/${crowd}/locks/${who.lock}`)
            who.lock = random(4) ? (await lockBest(who, crowd, 1 + (turn + i) % 3)).lock : 0
        }
    })
    await Promise.all([...sales, ...pages.filter(() => random(3) === 0).map(one => one.cut())])
    if (round % 4 === 3) // once nobody listens for a while
        await Promise.all(pages.map(one => one.cut()))
    const { number, states } = await compact(crowd)
    await Promise.all(pages.map(one => one.reach(number)))
    check(`round ${round}: all know the map of number ${number}`, pages.every(one => one.hall.number === number && one.hall.text === states),
        pages.map(one => one.hall.number))
    const from = Math.max(0, number - 5)
    const recent = await compact(crowd, from)
    check('changes by GET lead to the same', recent.type === 'seats' || recent.changes.every(([seat, state]) => states[seat - 1] === String(state)), recent)
}
check('there were cuts and changes', cuts > 60 && told > 240, cuts, told)
pages.forEach(one => one.link.socket.terminate())
await figure('marquee_live_streams', count => count === 0)

// A reader that stops is let go; the others do not notice.
const reader = await socket(`/ws/showtimes/${other}`), lazy = await socket(`/ws/showtimes/${other}`)
await reader.queue.next()
lazy.socket.on('error', () => {})
lazy.socket._socket.pause()
const question = JSON.stringify({ since: 1000 })
for (let i = 0; i < 40000; i++)
    lazy.socket.send(question)
const taken = await lockBest(buyer, other)
equal('a change reaches the reader meanwhile', (await reader.queue.next()).changes, taken.seats.map(seat => [seat, 1]))
await figure('marquee_live_streams', count => count === 1)
await figure('marquee_live_cut_total', count => count === 1)
lazy.socket.terminate()
reader.socket.close()
await reader.closed
await finish()
