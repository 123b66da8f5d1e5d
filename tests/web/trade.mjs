// trade - steps of a purchase that other tests stand on.
import { ask } from './http.mjs'

// Showtimes whose sale is open and whose film begins in two hours at the earliest; `hall` names one.
export async function showtimes(hall = /./) {
    const from = Date.now() + 7200e3
    const { json } = await ask('GET', `/api/showtimes?from_ms=${from}&until_ms=${from + 2 * 86400e3}&limit=500`)
    return json.showtimes.filter(one => hall.test(one.hall)).map(one => one.showtime)
}

export async function lockBest(who, showtime, count = 1) {
    const { json } = await who.ask('POST', `/api/showtimes/${showtime}/locks`, { count })
    return json
}

// A paid order of `count` seats, all in one: { lock, seats, order, amount, code, tickets, token }.
export async function buy(who, showtime, count = 1) {
    const lock = await lockBest(who, showtime, count)
    const made = await who.ask('POST', `/api/showtimes/${showtime}/locks/${lock.lock}/order`, { provider: 'sandbox' })
    const { order, amount, code } = made.json
    const paid = await who.ask('POST', '/api/sandbox/pay', { order, code })
    const tickets = paid.json.tickets.map(([ticket]) => ticket)
    const { json } = await who.ask('GET', `/api/tickets/${tickets[0]}`)
    return { ...lock, order, amount, code, tickets, ticket: tickets[0], token: json.token }
}
