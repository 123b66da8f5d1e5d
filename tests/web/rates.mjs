// rates - who asks too often waits, and nobody else does. The bridge of this test has low limits
// (session 2, reads 5, sales 5 and a buyer's sales 1 a second), and believes us who came through us.
import { check, equal, finish } from './check.mjs'
import { ask } from './http.mjs'
import { isProblem } from './rows.mjs'
import { staff } from './people.mjs'

let last = 0
const from = address => ({ 'x-forwarded-for': address })
const newAddress = () => `203.0.113.${++last}`
// How many of `times` pass at once, and the first refusal.
async function burst(times, go) {
    const answers = await Promise.all(Array.from({ length: times }, (_, i) => go(i)))
    const refused = answers.filter(one => one.status === 429)
    return { passed: times - refused.length, refused: refused[0] }
}
const between = (what, number, low, high) => check(`${what}: ${low} to ${high}`, number >= low && number <= high, number)

const limited = newAddress()
const reads = await burst(60, () => ask('GET', '/api/showtimes/999', { headers: from(limited) }))
between('reads of one address, four seconds\' worth at once', reads.passed, 20, 30)
check('a refusal is a problem', isProblem(reads.refused) && reads.refused.json.code === 'RATE_LIMITED', reads.refused.text)
equal('and says when', reads.refused.headers['retry-after'], '1')
equal('another address is served', (await ask('GET', '/api/showtimes/999', { headers: from(newAddress()) })).status, 404)
equal('sales have a bucket of their own', (await ask('POST', '/api/kiosk/redeem', { headers: from(limited) })).status, 400)
equal('health is never refused', (await burst(60, () => ask('GET', '/healthz', { headers: from(limited) }))).passed, 60)

const entering = newAddress()
const tokens = []
const sessions = await burst(40, async () => {
    const answer = await ask('POST', '/api/session', { headers: from(entering) })
    answer.status === 201 && tokens.push(answer.json.token)
    return answer
})
between('new sessions of one address', sessions.passed, 16, 20)

// One buyer from many addresses; another one is not touched by it.
const sale = (token, address) => ask('POST', '/api/pay', { body: { order: 'x' }, headers: { authorization: `Bearer ${token}`, ...from(address) } })
const sales = await burst(20, () => sale(tokens[0], newAddress()))
between('sales of one buyer', sales.passed, 4, 6)
equal('another buyer is served', (await sale(tokens[1], newAddress())).status, 400)

// Many buyers from one address; those who were refused have not paid with their own bucket.
const crowd = newAddress()
const many = await burst(60, i => sale(tokens[2 + i % 14], crowd))
between('sales of one address', many.passed, 20, 26)
equal('staff have the bucket of their address alone',
    (await burst(15, () => staff.ask('GET', '/api/kiosks', undefined, from(newAddress())))).passed, 15)

// Addresses: the last that is no proxy of ours counts; an IPv6 network is one.
const spoofed = await burst(40, i => ask('GET', '/api/showtimes/999', { headers: from(`198.51.100.${i}, 192.0.2.7`) }))
between('what stood before it anybody may have written', spoofed.passed, 20, 26)
const lines = await burst(40, i => ask('GET', '/api/showtimes/999', { headers: { 'x-forwarded-for': [`198.51.100.${i}`, '192.0.2.8'] } }))
between('nor what stood in a field before', lines.passed, 20, 26)
const wrong = newAddress()
const proofs = await burst(60, () => ask('GET', '/api/orders/x', { headers: { authorization: 'Bearer guessed', ...from(wrong) } }))
between('proofs that are wrong count', proofs.passed, 20, 30)
const network = await burst(40, i => ask('GET', '/api/showtimes/999', { headers: from(`2001:db8:1:2::${i}`) }))
between('addresses of one network', network.passed, 20, 26)
equal('the next network', (await ask('GET', '/api/showtimes/999', { headers: from('2001:db8:1:3::1') })).status, 404)
equal('what is no address is ours', (await ask('GET', '/api/showtimes/999', { headers: from('unknown') })).status, 404)

// Whoever waits as long as was said is served.
const waits = newAddress()
const first = await burst(30, () => ask('GET', '/api/showtimes/999', { headers: from(waits) }))
await new Promise(yes => setTimeout(yes, 1000 * Number(first.refused.headers['retry-after'])))
equal('after Retry-After', (await ask('GET', '/api/showtimes/999', { headers: from(waits) })).status, 404)
const text = (await ask('GET', '/metrics')).text
check('the figures tell', Number(text.match(/^marquee_guard_limited_total (\d+)/m)[1]) > 100)
await finish()
