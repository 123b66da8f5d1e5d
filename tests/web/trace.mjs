// trace - a W3C trace goes through to the command; the log tells of each request at debug, and of no secret.
import { check, equal, finish } from './check.mjs'
import { ask } from './http.mjs'
import { guest } from './people.mjs'
import { showtimes } from './trade.mjs'
import { logged } from './log.mjs'

const trace = '0af7651916cd43dd8448eb211c80319c'
const [show] = await showtimes(/IMAX/)
// Another guest each time: nobody may hold more than six seats.
const lock = async traceparent => ask('POST', `/api/showtimes/${show}/locks`, { headers: { ...(await guest()).fields, traceparent, 'x-request-id': 'asked-by-me' }, body: { count: 1 } })

const lines = await logged(/asked-by-me/, async () => equal('a lock', (await lock(`00-${trace}-b7ad6b7169203331-01`)).status, 201))
const line = lines.trim().split('\n').map(one => JSON.parse(one)).find(one => one.request === 'asked-by-me')
equal('its line', [line.method, line.route, line.status, line.trace], ['POST', '/api/showtimes/{showtime}/locks', 201, trace])
check('with its time', line.at_ms > 1.7e12 && line.took_us >= 0, line)
for (const wrong of ['', '00', `01-${trace}`, `00-${trace}-b7ad6b7169203331-0`, `00-${trace.toUpperCase()}-b7ad6b7169203331-01`, `00-${trace}-b7ad6b7169203331-01-x`, `00_${trace}_b7ad6b7169203331_01`]) {
    const more = await logged(/asked-by-me/, async () => check(`"${wrong}" is passed over`, (await lock(wrong)).status === 201))
    check('and not told', !/"trace"/.test(more), more)
}
await finish()
