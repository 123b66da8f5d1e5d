// storm - how many callbacks a second are verified and durable, over HTTP; and how many repeats.
//
// Alipay's form, RSA2. Each notice is another one (its transaction differs), so each is journaled.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { spawn } from 'node:child_process'
import http from 'node:http'
import { guest } from '../web/people.mjs'
import { ask } from '../web/http.mjs'
import { atEnd, check, finish, within } from '../web/check.mjs'
import { Gateway } from './gateway.mjs'
import { makeKeys } from './keys.mjs'

const work = process.env.WEB_WORK, build = process.env.WEB_BUILD, count = Number(process.env.CALLBACKS ?? 4000)
const folder = `${work}/keys`
mkdirSync(folder, { mode: 0o700 })
const keys = makeKeys(folder), gateway = new Gateway(keys)
await gateway.listen()
atEnd(() => gateway.close())
const child = spawn(`${build}/marquee-cashier`, Object.entries({
    'site/endpoint': process.env.PAY_CASHIERS, 'desk/listen': process.env.PAY_DESK, 'log/audit': `${work}/audit.log`,
    'alipay/app_id': keys.ali.app_id, 'alipay/seller_id': keys.ali.seller_id, 'alipay/key': `${folder}/app.pem`,
    'alipay/public_key': `${folder}/alipay.pem`, 'alipay/gateway': `${gateway.base}/gateway.do`,
    'alipay/notify_url': 'https://tickets.example/api/alipay/notify',
}).flatMap(([key, value]) => ['--set', `${key}=${value}`]), { stdio: ['ignore', 'pipe', 'inherit'] })
atEnd(() => child.kill('SIGKILL'))
await within(10000, 'the cashier', new Promise(done => child.stdout.once('data', done)))

const { json: list } = await ask('GET', `/api/showtimes?limit=1&from_ms=${Date.now() + 3600e3}`)
const showtime = list.showtimes[0].id ?? list.showtimes[0].showtime
const buyer = await guest()
const lock = await buyer.ask('POST', `/api/showtimes/${showtime}/locks`, { count: 1 })
const made = await buyer.ask('POST', `/api/showtimes/${showtime}/locks/${lock.json.lock}/order`, {})
await buyer.ask('POST', '/api/pay', { order: made.json.order, provider: 'alipay', wait: true })
const order = { ...gateway.orders.get(made.json.order), paidAt: Date.now() }
const notices = Array.from({ length: count }, (_, i) =>
    gateway.alipayNotice({ ...order, txn: `T${i}` }, { plain: { trade_status: 'WAIT_BUYER_PAY' } }))

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
const post = notice => new Promise((yes, no) => {
    const began = performance.now()
    const request = http.request({ host: '127.0.0.1', port: process.env.WEB_PORT, method: 'POST', path: notice.path, agent,
        headers: { ...notice.headers, 'content-length': Buffer.byteLength(notice.body) } }, answer => {
        let text = ''
        answer.on('data', part => { text += part })
        answer.on('end', () => yes([text === 'success', performance.now() - began]))
    })
    request.on('error', no)
    request.end(notice.body)
})
async function storm(what, next) {
    let at = 0, good = 0
    const times = [], began = performance.now()
    await Promise.all(Array.from({ length: 64 }, async () => {
        while (at < count) {
            const [taken, ms] = await post(next(at++))
            good += taken
            times.push(ms)
        }
    }))
    const seconds = (performance.now() - began) / 1000
    times.sort((a, b) => a - b)
    console.log(`${what}: ${Math.round(count / seconds)} a second, p50 ${times[count >> 1].toFixed(1)} ms, p99 ${times[Math.floor(count * 0.99)].toFixed(1)} ms`)
    check(`${what}: all are taken`, good === count, good)
}
const speed = execFileSync('openssl', ['speed', '-seconds', '1', 'rsa2048'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
console.log(`RSA-2048 on one core: ${speed.trim().split('\n').at(-1).trim().split(/\s+/).at(-1)} verifications a second`)
await storm('callbacks, each verified and durable', i => notices[i])
await storm('repeats, each verified', i => notices[i % 64])
agent.destroy()
await finish()
