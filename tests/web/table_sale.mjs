// table_sale - locks, orders and payments: what buyers do, and may not do to one another.
import { events, socket } from './sockets.mjs'
import { nobody } from './people.mjs'

export const saleRows = ({ show, guest, other, browser, expired, staff }) => {
    const at = `/api/showtimes/${show}`
    const locks = `${at}/locks`
    const now = said => typeof said === 'function' ? said() : said
    const post = (who, path, body, fields) => () => who.ask('POST', now(path), now(body), fields)
    let lock, kept, order, code, paid, once, price
    const L = 'POST /api/showtimes/{showtime}/locks'
    const O = 'POST /api/showtimes/{showtime}/locks/{lock}/order'
    return [
        // A matinee costs less: what the seats cost depends on the hour.
        ['GET /api/showtimes/{showtime}', 'the price of the best zone', () => nobody.ask('GET', at), 200, a => (price = a.json.zones.find(zone => zone[0] === 'd')[2]) > 0],
        [L, 'the map before, so that there is a copy', () => nobody.ask('GET', `${at}/seats`), 200, a => a.json[264].status === 'available'],
        [L, 'these seats', post(guest, locks, { seats: [265, 266] }), 201, a => (lock = a.json.lock) && a.json.until_ms > Date.now()],
        [L, 'the map shows it', () => nobody.ask('GET', `${at}/seats`), 200, a => a.json[264].status === 'locked' && a.json[265].status === 'locked'],
        [L, 'locked by somebody', post(other, locks, { seats: [266, 267] }), 409, 'SEAT_LOCKED'],
        [L, 'all or none', () => nobody.ask('GET', `${at}/seats`), 200, a => a.json[266].status === 'available'],
        [L, 'the best', post(browser, locks, { count: 2 }), 201, a => (kept = a.json.lock) && a.json.seats.length === 2],
        [L, 'of a zone', post(other, locks, { count: 1, zone: 'a', ttl_ms: 60000 }), 201, a => a.json.until_ms < Date.now() + 61000],
        [L, 'a zone that is none', post(other, locks, { count: 1, zone: 'z' }), 400, 'BAD_FIELD'],
        [L, 'wheelchair place unasked', post(other, locks, { seats: [161] }), 422, 'WHEELCHAIR_ONLY'],
        [L, 'wheelchair place', post(other, locks, { seats: [161], wheelchair: true }), 201],
        [L, 'a lone seat', post(other, locks, { seats: [4] }), 422, 'LONE_SEAT'],
        [L, 'more than the cap', post(guest, locks, { count: 6 }), 409, 'LOCK_LIMIT'],
        [L, 'twice the same', post(other, locks, { seats: [10, 10] }), 400, 'BAD_FIELD'],
        [L, 'an unknown seat', post(other, locks, { seats: [4000] }), 404, 'UNKNOWN_SEAT'],
        [L, 'seats and count', post(other, locks, { seats: [10], count: 1 }), 400, 'BAD_JSON'],
        [L, 'neither', post(other, locks, {}), 400, 'MISSING_FIELD'],
        [L, 'for another user', post(other, locks, { seats: [10], user: 5 }), 400, 'BAD_JSON'],
        [L, 'for staff', post(other, locks, { seats: [10], staff: 'boss' }), 400, 'BAD_JSON'],
        [L, 'unknown showtime', post(guest, '/api/showtimes/999/locks', { count: 1 }), 404, 'UNKNOWN_SHOWTIME'],
        [L, 'nobody', post(nobody, locks, { count: 1 }), 401, 'UNAUTHORIZED'],
        [L, 'an expired token', post(expired, locks, { count: 1 }), 401, 'TOKEN_EXPIRED'],
        [L, 'at the desk', post(staff, locks, { count: 1 }), 201],

        ['POST /api/tickets/{place}/lock', 'one seat', post(other, `/api/tickets/${show}-300/lock`), 201, a => a.json.lock > 0],
        ['POST /api/tickets/{place}/lock', 'taken', post(browser, `/api/tickets/${show}-300/lock`), 409, 'SEAT_LOCKED'],
        ['POST /api/tickets/{place}/lock', 'no such seat', post(browser, `/api/tickets/${show}-9999/lock`), 404, 'UNKNOWN_SEAT'],

        ['PATCH /api/showtimes/{showtime}/locks/{lock}', 'longer', () => guest.ask('PATCH', `${locks}/${lock}`, { ttl_ms: 1000000 }), 200,
            a => a.json.until_ms > Date.now() + 990000],
        ['PATCH /api/showtimes/{showtime}/locks/{lock}', "another's", () => other.ask('PATCH', `${locks}/${lock}`, {}), 403, 'NOT_YOURS'],
        ['PATCH /api/showtimes/{showtime}/locks/{lock}', 'no such', () => guest.ask('PATCH', `${locks}/9999`, {}), 404, 'UNKNOWN_LOCK'],
        ['PATCH /api/showtimes/{showtime}/locks/{lock}', 'too long', () => guest.ask('PATCH', `${locks}/${lock}`, { ttl_ms: 3600001 }), 400, 'BAD_FIELD'],

        ['DELETE /api/showtimes/{showtime}/locks/{lock}', "another's", () => guest.ask('DELETE', `${locks}/${kept}`), 403, 'NOT_YOURS'],
        ['DELETE /api/showtimes/{showtime}/locks/{lock}', 'given back', () => browser.ask('DELETE', `${locks}/${kept}`), 204, a => !a.bytes.length],
        ['DELETE /api/showtimes/{showtime}/locks/{lock}', 'twice', () => browser.ask('DELETE', `${locks}/${kept}`), 409, 'LOCK_ENDED'],

        [O, 'made', post(guest, () => `${locks}/${lock}/order`, {}, { 'idempotency-key': 'first' }), 201,
            a => (once = a.text) && (order = a.json.order) && a.json.amount === 2 * price && !a.json.code],
        [O, 'made once: the same bytes', post(guest, () => `${locks}/${lock}/order`, {}, { 'idempotency-key': 'first' }), 201, a => a.text === once],
        [O, 'the key with another body', post(guest, () => `${locks}/${lock}/order`, { provider: 'sandbox' }, { 'idempotency-key': 'first' }), 422, 'REQUEST_REUSED'],
        [O, "the key is another's", post(other, () => `${locks}/${lock}/order`, {}, { 'idempotency-key': 'first' }), 403, 'NOT_YOURS'],
        [O, 'a key too long', post(guest, () => `${locks}/${lock}/order`, {}, { 'idempotency-key': 'x'.repeat(256) }), 400, 'BAD_REQUEST'],
        [O, 'without key', post(guest, () => `${locks}/${lock}/order`, {}), 409, 'LOCK_ORDERED'],
        [O, 'of a lock that ended', post(browser, () => `${locks}/${kept}/order`, {}), 409, 'LOCK_ENDED'],

        ['GET /api/orders/{order}', 'my own', () => guest.ask('GET', `/api/orders/${order}`), 200, a => a.json.state && a.json.user === guest.user],
        ['GET /api/orders/{order}', "another's", () => other.ask('GET', `/api/orders/${order}`), 403, 'NOT_YOURS'],
        ['GET /api/orders/{order}', 'nobody', () => nobody.ask('GET', `/api/orders/${order}`), 401, 'UNAUTHORIZED'],
        ['GET /api/orders/{order}', 'staff', () => staff.ask('GET', `/api/orders/${order}`), 200, a => a.json.order === order],
        ['GET /api/orders/{order}', 'mistyped', () => guest.ask('GET', `/api/orders/${order.slice(0, -1)}${order.endsWith('Z') ? 'Y' : 'Z'}`), 400, 'BAD_PARAMETER'],
        ['GET /api/orders/{order}/events', "another's", () => events(`/api/orders/${order}/events`, other.fields), 403, 'NOT_YOURS'],
        ['GET /ws/orders/{order}', "another's", () => socket(`/ws/orders/${order}`, other.fields), 403, 'NOT_YOURS'],
        ['GET /ws/orders/{order}', 'nobody', () => socket(`/ws/orders/${order}`), 401, 'UNAUTHORIZED'],
        ['GET /api/orders/{order}/events', 'mine', async () => {
            const stream = await events(`/api/orders/${order}/events`, guest.fields)
            const first = await stream.queue.next()
            stream.end()
            return { ...stream, first }
        }, 200, a => a.first.type === 'order' && a.first.order === order],
        ['GET /ws/orders/{order}', 'mine', async () => {
            const one = await socket(`/ws/orders/${order}`, guest.fields)
            const first = await one.queue.next()
            one.socket.close()
            return { ...one, first }
        }, 101, a => a.first.type === 'order' && a.first.order === order],

        ['POST /api/pay', 'begin', post(guest, '/api/pay', () => ({ order })), 200, a => (code = a.json.code) && a.json.amount === 2 * price],
        ['POST /api/pay', 'begin again', post(guest, '/api/pay', () => ({ order, provider: 'sandbox' })), 200, a => a.json.code === code],
        ['POST /api/pay', 'another provider', post(guest, '/api/pay', () => ({ order, provider: 'bank' })), 422, 'UNKNOWN_PROVIDER'],
        ['POST /api/pay', "another's", post(other, '/api/pay', () => ({ order })), 403, 'NOT_YOURS'],
        ['POST /api/pay', 'no order', post(guest, '/api/pay', () => ({ order: 'x' })), 400, 'BAD_PARAMETER'],
        ['POST /api/sandbox/pay', 'a wrong code', post(guest, '/api/sandbox/pay', () => ({ order, code: 'AAAA' })), 403, 'BAD_CODE'],
        ['POST /api/sandbox/pay', "another's", post(other, '/api/sandbox/pay', () => ({ order, code: 'AAAA' })), 403, 'NOT_YOURS'],
        ['POST /api/sandbox/pay', 'an empty code', post(guest, '/api/sandbox/pay', () => ({ order, code: '' })), 400, 'BAD_JSON'],
        ['POST /api/sandbox/pay', 'a code with a NUL', post(guest, '/api/sandbox/pay', () => ({ order, code: 'a\0b' })), 400, 'BAD_JSON'],
        ['POST /api/sandbox/pay', 'paid', () => guest.ask('POST', '/api/sandbox/pay', { order, code }, { 'idempotency-key': 'pay' }), 200,
            a => (paid = a.text) && a.json.state === 'paid' && a.json.tickets.length === 2],
        ['POST /api/sandbox/pay', 'paid once', () => guest.ask('POST', '/api/sandbox/pay', { order, code }, { 'idempotency-key': 'pay' }), 200, a => a.text === paid],
        ['POST /api/sandbox/pay', 'paid without key', () => guest.ask('POST', '/api/sandbox/pay', { order, code }), 200, a => a.json.state === 'paid'],
        [L, 'sold', () => other.ask('POST', locks, { seats: [265] }), 409, 'SEAT_SOLD'],

        ['POST /api/orders/{order}/accept', 'nothing was offered', post(guest, () => `/api/orders/${order}/accept`, { yes: true }), 409, 'ORDER_STATE'],
        ['POST /api/orders/{order}/accept', "another's", post(other, () => `/api/orders/${order}/accept`, { yes: true }), 403, 'NOT_YOURS'],
        ['DELETE /api/orders/{order}', 'paid already', () => guest.ask('DELETE', `/api/orders/${order}`), 409, 'ORDER_STATE'],
        ['DELETE /api/orders/{order}', 'an unpaid one', async () => {
            const { json } = await other.ask('POST', locks, { count: 1, zone: 'b' })
            const made = await other.ask('POST', `${locks}/${json.lock}/order`)
            return other.ask('DELETE', `/api/orders/${made.json.order}`)
        }, 200, a => a.json.state === 'cancelled'],
        ['DELETE /api/session', 'the end', () => browser.ask('DELETE', '/api/session'), 204, a => /Max-Age=0/.test(a.headers['set-cookie'][0])],
        ['DELETE /api/session', 'nobody', () => nobody.ask('DELETE', '/api/session'), 401, 'UNAUTHORIZED'],
    ]
}
