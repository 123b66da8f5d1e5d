// table_room - the waiting room: opened by staff, joined, entered with a pass, closed.
import { events, socket } from './sockets.mjs'
import { nobody } from './people.mjs'

export const roomRows = ({ show, guest, other, browser, staff }) => {
    const at = `/api/showtimes/${show}`
    const first = async stream => ({ ...stream, first: await stream.queue.next() })
    const J = 'POST /api/showtimes/{showtime}/queue'
    const L = 'POST /api/showtimes/{showtime}/locks'
    const lock = (who, shown) => () => who.ask('POST', `${at}/locks`, { count: 1 }, shown ? { 'x-queue-pass': shown() } : {})
    let pass, receipt
    return [
        ['GET /api/showtimes/{showtime}/room', 'there is none', () => nobody.ask('GET', `${at}/room`), 404, 'NO_QUEUE'],
        [J, 'there is none', () => guest.ask('POST', `${at}/queue`), 404, 'NO_QUEUE'],
        ['PUT /api/showtimes/{showtime}/room', 'a guest', () => guest.ask('PUT', `${at}/room`, { capacity: 1, rate: 60 }), 403, 'STAFF_ONLY'],
        ['PUT /api/showtimes/{showtime}/room', 'without rate', () => staff.ask('PUT', `${at}/room`, { capacity: 1 }), 400, 'MISSING_FIELD'],
        ['PUT /api/showtimes/{showtime}/room', 'opened', () => staff.ask('PUT', `${at}/room`, { capacity: 1, rate: 60, opens_ms: Date.now() }), 200,
            a => a.json.commitment.length === 64],
        ['GET /api/showtimes/{showtime}/room', 'shown', () => nobody.ask('GET', `${at}/room`), 200, a => a.json.capacity === 1],
        ['GET /api/showtimes/{showtime}/queue', 'not in it', () => guest.ask('GET', `${at}/queue`), 404, 'NOT_QUEUED'],
        ['GET /api/showtimes/{showtime}/queue/events', 'not in it', () => events(`${at}/queue/events`, other.fields), 404, 'NOT_QUEUED'],
        ['GET /api/showtimes/{showtime}/queue/events', 'nobody', () => events(`${at}/queue/events`), 401, 'UNAUTHORIZED'],
        ['GET /ws/showtimes/{showtime}/queue', 'nobody', () => socket(`/ws/showtimes/${show}/queue`), 401, 'UNAUTHORIZED'],
        [J, 'nobody', () => nobody.ask('POST', `${at}/queue`), 401, 'UNAUTHORIZED'],
        [J, 'joined', () => guest.ask('POST', `${at}/queue`), 200, a => (receipt = a.json.receipt) && a.json.number === 1 && a.json.lane === 0],
        [J, 'the same place', () => guest.ask('POST', `${at}/queue`), 200, a => a.json.number === 1 && a.json.receipt === receipt],
        [J, 'the next', () => other.ask('POST', `${at}/queue`), 200, a => a.json.number === 2],
        [L, 'without a pass', lock(browser), 403, 'QUEUE_FIRST'],
        ['GET /ws/showtimes/{showtime}/queue', 'let in', async () => {
            const one = await socket(`/ws/showtimes/${show}/queue`, guest.fields)
            const inside = await one.queue.until(message => message.state === 'inside', 'a pass')
            one.socket.close()
            pass = inside.pass
            return { ...one, first: inside }
        }, 101, a => a.first.type === 'queue' && pass],
        ['GET /api/showtimes/{showtime}/queue', 'inside', () => guest.ask('GET', `${at}/queue`), 200, a => a.json.state === 'inside' && a.json.pass === pass],
        ['GET /api/showtimes/{showtime}/queue/events', 'still waits', async () => {
            const stream = await first(await events(`${at}/queue/events`, other.fields))
            stream.end()
            return stream
        }, 200, a => a.first.type === 'queue' && a.first.state === 'waiting'],
        [L, "with another's pass", lock(other, () => pass), 403, 'QUEUE_FIRST'],
        [L, 'with half a pass', lock(guest, () => pass.slice(0, 40)), 403, 'QUEUE_FIRST'],
        [L, 'with a pass', lock(guest, () => pass), 201],
        [L, 'staff', lock(staff), 201],
        ['DELETE /api/showtimes/{showtime}/queue', 'leaves', () => guest.ask('DELETE', `${at}/queue`), 204],
        ['DELETE /api/showtimes/{showtime}/queue', 'never was there', () => browser.ask('DELETE', `${at}/queue`), 404, 'NOT_QUEUED'],
        [L, 'with a pass that was given up', lock(guest, () => pass), 403, 'QUEUE_FIRST'],
        ['DELETE /api/showtimes/{showtime}/room', 'a guest', () => guest.ask('DELETE', `${at}/room`), 403, 'STAFF_ONLY'],
        ['DELETE /api/showtimes/{showtime}/room', 'closed', () => staff.ask('DELETE', `${at}/room`), 204],
        [J, 'closed', () => guest.ask('POST', `${at}/queue`), 409, 'QUEUE_CLOSED'],
        [L, 'straight to the seats', lock(browser), 201],
    ]
}
