// honest - two hundred buyers behind one address: at the limits of the configuration as it is shipped
// none of them is refused, and each gets a seat.
import { check, equal, finish } from './check.mjs'
import { ask } from './http.mjs'
import { browser, guest } from './people.mjs'
import { showtimes } from './trade.mjs'

const shows = await showtimes(/IMAX|Dolby/)
const limited = []
const sold = async show => (await ask('GET', `/api/showtimes/${show}`)).json.counts.sold
const before = await Promise.all(shows.slice(0, 4).map(sold))
async function one(number) {
    const show = shows[number % 4]
    const who = number % 2 ? await guest() : await browser()
    const go = async (method, path, body) => {
        const answer = await who.ask(method, path, body)
        if (answer.status === 429)
            limited.push([method, path])
        return answer
    }
    await go('GET', '/api/showtimes?limit=50')
    await go('GET', `/api/showtimes/${show}/layout`)
    await go('GET', `/api/showtimes/${show}/seats`)
    const lock = await go('POST', `/api/showtimes/${show}/locks`, { count: 1 })
    await go('GET', `/api/showtimes/${show}/seats?format=compact`)
    const { json } = await go('POST', `/api/showtimes/${show}/locks/${lock.json.lock}/order`, { provider: 'sandbox' })
    const paid = await go('POST', '/api/sandbox/pay', { order: json.order, code: json.code })
    const ticket = await go('GET', `/api/tickets/${paid.json.tickets[0][0]}`)
    return `${show}-${ticket.json.seat}`
}
const seats = await Promise.all(Array.from({ length: 200 }, (_, number) => one(number)))
equal('nobody was told to wait', limited, [])
check('two hundred seats, each once', new Set(seats).size === 200, seats.length)
for (const [i, show] of shows.slice(0, 4).entries())
    equal(`${show} has sold as many`, await sold(show), before[i] + 50)
await finish()
