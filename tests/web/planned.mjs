// planned - a showtime that was planned and published a moment ago is bought at once.
import { check, finish } from './check.mjs'
import { ask } from './http.mjs'
import { guest } from './people.mjs'
import { buy } from './trade.mjs'

const showtime = Number(process.env.WEB_SHOWTIME)
const sold = await buy(await guest(), showtime, 2)
check('two tickets', sold.tickets?.length === 2 && sold.token, sold)
const { json } = await ask('GET', `/api/showtimes/${showtime}`)
check('the seats are sold', json.counts.sold === 2 && json.cinema === 7 && json.title === 'Dune', json)
const found = await ask('GET', `/api/showtimes?cinema=7&movie=1&format=2D&limit=500`)
check('it is found', found.json.showtimes.some(one => one.showtime === showtime), found.text)
await finish()
