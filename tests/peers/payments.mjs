// payments - each provider over HTTP, with its own library on the other side.
import { spawn, execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { atEnd, check, equal, finish, within } from '../web/check.mjs'
import { ask } from '../web/http.mjs'
import { guest, staff } from '../web/people.mjs'
import { Gateway } from './gateway.mjs'
import { makeKeys } from './keys.mjs'

const work = process.env.WEB_WORK, build = process.env.WEB_BUILD
const folder = `${work}/keys`
mkdirSync(folder, { mode: 0o700 })
const keys = makeKeys(folder)
const gateway = new Gateway(keys)
await gateway.listen()
atEnd(() => gateway.close())

const notify = path => `https://tickets.example/api/${path}/notify`
const settings = {
    'site/endpoint': process.env.PAY_CASHIERS, 'desk/listen': process.env.PAY_DESK,
    'log/audit': `${work}/audit.log`, 'net/timeout_ms': 3000,
    'wxpay/appid': keys.wxpay.appid, 'wxpay/mchid': keys.wxpay.mchid, 'wxpay/serial': keys.serial,
    'wxpay/key': `${folder}/merchant.pem`, 'wxpay/api_key': `${folder}/api_v3`, 'wxpay/base': gateway.base,
    'wxpay/notify_url': notify('wxpay'),
    'wxpay2/appid': keys.wxpay2.appid, 'wxpay2/mchid': keys.wxpay2.mchid, 'wxpay2/api_key': `${folder}/api_v2`,
    'wxpay2/base': gateway.base, 'wxpay2/notify_url': notify('wxpay'),
    'alipay/app_id': keys.ali.app_id, 'alipay/seller_id': keys.ali.seller_id, 'alipay/key': `${folder}/app.pem`,
    'alipay/public_key': `${folder}/alipay.pem`, 'alipay/gateway': `${gateway.base}/gateway.do`,
    'alipay/notify_url': notify('alipay'), 'alipay/return_url': 'https://tickets.example/done',
}
function cashierStart() {
    const list = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
    const child = spawn(process.env.PAY_PROGRAM ?? `${build}/marquee-cashier`, list, { stdio: ['ignore', 'pipe', 'pipe'] })
    let told = ''
    child.stderr.on('data', data => { told += data; writeFileSync(`${work}/cashier.log`, told) })
    const ready = new Promise((yes, no) => {
        child.stdout.once('data', data => yes(String(data).trim()))
        child.once('exit', code => no(new Error(`the cashier ended with ${code}: ${told}`)))
    })
    return { child, ready }
}
let cashier = cashierStart()
atEnd(() => cashier.child.kill('SIGKILL'))
equal('it serves all three', await within(10000, 'the cashier', cashier.ready), 'ready wxpay wxpay2 alipay')

const sleep = ms => new Promise(done => setTimeout(done, ms))
async function until(what, ms, look) {
    const end = Date.now() + ms
    let seen
    while (Date.now() < end) {
        if ((seen = await look())) return seen
        await sleep(50)
    }
    check(`within ${ms} ms: ${what}`, false, seen)
    return null
}
const { json: list } = await ask('GET', `/api/showtimes?limit=5&from_ms=${Date.now() + 3600e3}`)
const showtime = list.showtimes[0].id ?? list.showtimes[0].showtime
check('a showtime is on sale', showtime, list)

// Lock and order; `more` may shorten the lock.
async function order(buyer, count, more = {}) {
    const lock = await buyer.ask('POST', `/api/showtimes/${showtime}/locks`, { count, ...more })
    const made = await buyer.ask('POST', `/api/showtimes/${showtime}/locks/${lock.json?.lock}/order`, {})
    check('an order is made', made.status === 201, lock.json, made.json)
    return { ...made.json, seats: lock.json.seats }
}
const look = async (buyer, no) => (await buyer.ask('GET', `/api/orders/${no}`)).json
const send = notice => ask('POST', notice.path, { body: notice.body, headers: notice.headers })
// What a provider reads as success.
const taken = (provider, answer) => answer.status === 200 && (provider === 'alipay' ? answer.text === 'success'
    : provider === 'wxpay2' ? answer.text.startsWith('<xml><return_code><![CDATA[SUCCESS]]>') : true)
const links = { wxpay: /^weixin:\/\/wxpay\//, wxpay2: /^weixin:\/\/wxpay\//, alipay: /^https:\/\/qr\.alipay\.com\// }

async function begin(buyer, provider, made, more = {}) {
    const answer = await buyer.ask('POST', '/api/pay', { order: made.order, provider, wait: true, ...more })
    check(`${provider}: a payment begins`, answer.status === 200 && links[provider].test(answer.json.link), answer.json)
    return answer.json
}
const audit = no => JSON.parse(execFileSync(`${build}/marquee`, ['--json', 'payments', 'show', no]))

/* -------------------------------------------------------------------- bought by callback */

async function bought(provider) {
    const buyer = await guest(), made = await order(buyer, 3)
    await begin(buyer, provider, made)
    equal(`${provider}: it asks for the order's amount`, gateway.orders.get(made.order).total, made.amount)
    const paid = gateway.pay(made.order)
    const first = await send(gateway.notice(paid))
    check(`${provider}: the callback is taken`, taken(provider, first), first.text)
    const seen = await look(buyer, made.order)
    equal(`${provider}: it is paid when the callback is answered`, [seen.state, seen.tickets.length, seen.payment.txn],
        ['paid', 3, paid.txn])
    const again = await Promise.all(Array.from({ length: 20 }, () => send(gateway.notice(paid))))
    check(`${provider}: twenty repeats at once are answered as success`, again.every(one => taken(provider, one)))
    equal(`${provider}: and change nothing`, await look(buyer, made.order), seen)
    return { buyer, made, paid, seen }
}

async function refusals(provider, { buyer, made, paid, seen }) {
    const bends = {
        'a body that differs by a byte': () => {
            const notice = gateway.notice(paid)
            const at = notice.body.length >> 1
            return { ...notice, body: notice.body.slice(0, at) + String.fromCharCode(notice.body.charCodeAt(at) ^ 1) + notice.body.slice(at + 1) }
        },
        'no signature': () => gateway.notice(paid, { signature: '' }),
        'another merchant': () => gateway.notice(paid, { plain: { mchid: '1', mch_id: '1', seller_id: '1' } }),
        'another app': () => gateway.notice(paid, { plain: { appid: 'wx1', app_id: '1' } }),
        'an amount that is none': () => gateway.notice(paid, { plain: { amount: { total: -1 }, total_fee: '1.5', total_amount: '1,00' } }),
        'an order that is not ours': () => gateway.notice(paid, { plain: { out_trade_no: 'M0000000000000000000' } }),
        'nothing': () => ({ ...gateway.notice(paid), body: '{}' }),
    }
    for (const [what, make] of Object.entries(bends)) {
        const answer = await send(make())
        check(`${provider}: ${what} is refused`, !taken(provider, answer), answer.status, answer.text)
    }
    equal(`${provider}: refusals change nothing`, await look(buyer, made.order), seen)
}

async function refunded(provider, { buyer, made, paid, seen }) {
    const seat = seen.lines[1].seat, price = seen.lines[1].price
    const asked = await staff.ask('POST', `/api/orders/${made.order}/refunds`, { tickets: [seat] })
    check(`${provider}: one of three is refunded`, asked.status === 200, asked.json)
    const done = await until(`${provider}: the refund is done`, 20000, async () => {
        const now = await look(buyer, made.order)
        return now.refunds[0]?.state === 'done' && now
    })
    const refunds = [...paid.refunds.values()]
    equal(`${provider}: its price was paid back once`, refunds.map(one => one.amount), [price])
    equal(`${provider}: two tickets are left`, [done?.state, done?.tickets.length], ['partly_refunded', 2])
}

// The callback never comes: the query finds it.
async function lost(provider) {
    const buyer = await guest(), made = await order(buyer, 2)
    gateway.faults.loseCreate.add(provider) // and the first answer is lost after the order was made
    await begin(buyer, provider, made)
    equal(`${provider}: a lost answer makes no second order`, [...gateway.orders.values()].filter(one => one.no === made.order).length, 1)
    gateway.pay(made.order)
    const found = await until(`${provider}: the query finds it`, 15000, async () => {
        const now = await look(buyer, made.order)
        return now.state === 'paid' && now
    })
    equal(`${provider}: two tickets`, found?.tickets.length, 2)
}

// Paid in the last moment, seen only when the seats are somebody else's: the money goes back.
async function late(provider) {
    const buyer = await guest(), made = await order(buyer, 2, { ttl_ms: 4000 })
    await begin(buyer, provider, made)
    gateway.faults.hidden.add(made.order)
    const paid = gateway.pay(made.order)
    await until(`${provider}: the lock ends`, 8000, async () => (await look(buyer, made.order)).state === 'expired')
    const rest = []
    for (;;) { // everything that is left is somebody's
        const other = await guest()
        const lock = await other.ask('POST', `/api/showtimes/${showtime}/locks`, { count: 1 })
        if (lock.status !== 201) break
        rest.push([other, lock.json.lock])
    }
    gateway.faults.hidden.delete(made.order)
    const back = await until(`${provider}: a late payment is paid back`, 25000, async () => {
        const now = await look(buyer, made.order)
        return now.refunds[0]?.state === 'done' && now
    })
    equal(`${provider}: whole, without a ticket`, [back?.tickets.length, back?.refunds[0].amount, [...paid.refunds.values()].map(one => one.amount)],
        [0, made.amount, [made.amount]])
    for (const [other, lock] of rest)
        await other.ask('DELETE', `/api/showtimes/${showtime}/locks/${lock}`)
}

async function mismatched(provider) {
    const buyer = await guest(), made = await order(buyer, 1)
    await begin(buyer, provider, made)
    const paid = gateway.pay(made.order, made.amount - 1)
    check(`${provider}: another amount is kept, and answered as success`, taken(provider, await send(gateway.notice(paid))))
    const seen = await look(buyer, made.order)
    equal(`${provider}: but there is no ticket for it`, [seen.state, seen.tickets.length, seen.payment.mismatch], ['cancelled', 0, true])
    await until(`${provider}: it goes back`, 20000, async () => (await look(buyer, made.order)).refunds[0]?.state === 'done')
}

// Cancelled by the buyer: closed there, so nobody can pay it any more.
async function cancelled(provider) {
    const buyer = await guest(), made = await order(buyer, 1)
    await begin(buyer, provider, made)
    gateway.orders.get(made.order).scanned = true
    const answer = await buyer.ask('DELETE', `/api/orders/${made.order}`)
    equal(`${provider}: an order is cancelled`, answer.json?.state, 'cancelled')
    await until(`${provider}: and closed there`, 15000, () => gateway.orders.get(made.order).state === 'CLOSED')
}

for (const provider of (process.env.PAY_ONLY ?? 'wxpay wxpay2 alipay').split(' ').filter(Boolean)) {
    const one = await bought(provider)
    await refusals(provider, one)
    await refunded(provider, one)
    await lost(provider)
    await mismatched(provider)
    await cancelled(provider)
    await late(provider)
}

/* -------------------------------------------------------------------- what only one of them has */

const buyer = await guest()
{
    const made = await order(buyer, 1)
    const page = (await buyer.ask('POST', '/api/pay', { order: made.order, provider: 'alipay', way: 'page', wait: true })).json
    const url = new URL((page.link || (await look(buyer, made.order)).payment.link) || 'http://none')
    const params = Object.fromEntries(url.searchParams)
    check('alipay: a page payment is an address that Alipay would believe', gateway.alipayVerified(params), page, params)
    equal('alipay: for the order', JSON.parse(params.biz_content ?? '{}').out_trade_no, made.order)
    await buyer.ask('DELETE', `/api/orders/${made.order}`)
}
{
    const made = await order(buyer, 1)
    const page = (await buyer.ask('POST', '/api/pay',
        { order: made.order, provider: 'wxpay', way: 'jsapi', payer: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', wait: true })).json
    const signed = JSON.parse(page.link || '{}')
    const { default: { Rsa, Formatter } } = await import('wechatpay-axios-plugin')
    check('wxpay: a page inside WeChat gets what it may hand over', signed.package === `prepay_id=wx20${made.order}` &&
        Rsa.verify(Formatter.joinedByLineFeed(signed.appId, signed.timeStamp, signed.nonceStr, signed.package), signed.paySign, keys.merchant.publicKey), page)
    // The platform's other key signs from now on; and probes are no notices.
    gateway.platform = 1
    const paid = gateway.pay(made.order)
    const probe = await send(gateway.notice(paid, { signature: `WECHATPAY/SIGNTEST/${'A'.repeat(300)}` }))
    check('wxpay: a probe is refused', probe.status >= 400, probe.status)
    const old = await send(gateway.notice(paid, { time: Math.floor(Date.now() / 1000) - 400 }))
    check('wxpay: so is what is older than five minutes', old.status >= 400, old.status)
    const stranger = await send(gateway.notice(paid, { serial: 'ABCDEF' }))
    check('wxpay: and an unknown serial', stranger.status >= 400, stranger.status)
    check('wxpay: a key that was changed is known', taken('wxpay', await send(gateway.notice(paid))))
    equal('wxpay: and sells', (await look(buyer, made.order)).state, 'paid')
}

// A cashier that dies is no loss: what it did not say is asked for again.
{
    const made = await order(buyer, 1)
    await begin(buyer, 'alipay', made)
    cashier.child.kill('SIGKILL')
    const paid = gateway.pay(made.order)
    const answer = await send(gateway.notice(paid))
    check('without a cashier a callback is not answered as success', !taken('alipay', answer), answer.status)
    cashier = cashierStart()
    await within(10000, 'the cashier, again', cashier.ready)
    await until('a new cashier finds what the old one missed', 30000, async () => (await look(buyer, made.order)).state === 'paid')
}

/* -------------------------------------------------------------------- the morning after */

const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10)
function reconcile(bill) {
    writeFileSync(`${work}/bill.csv`, bill)
    try {
        return [0, JSON.parse(execFileSync(`${build}/marquee`, ['--json', 'payments', 'reconcile', '--provider', 'wxpay',
            '--date', today, '--bill', `${work}/bill.csv`]))]
    } catch (fault) {
        return [fault.status, JSON.parse(String(fault.stdout) || 'null')]
    }
}
equal('the bill of the day fits the books', reconcile(gateway.wx3Bill('wxpay')), [0, []])
{
    const paid = [...gateway.orders.values()].filter(one => one.provider === 'wxpay' && one.txn && !one.refunds.size).at(-1)
    const kinds = ([code, list]) => [code, list.map(one => one.difference), list[0]?.order]
    equal('a payment that the bill lacks', kinds(reconcile(gateway.wx3Bill('wxpay', lines => lines.filter(one => !one.includes(paid.no))))),
        [1, ['not in bill'], paid.no])
    equal('one that the books lack', kinds(reconcile(gateway.wx3Bill('wxpay', lines =>
        [...lines, lines[0].replace(/M[0-9A-Z]{21}/, 'M0000000000000000000AB')]))), [1, ['not in books'], 'M0000000000000000000AB'])
    equal('another amount', kinds(reconcile(gateway.wx3Bill('wxpay', lines =>
        lines.map(one => one.includes(paid.no) ? one.replaceAll('`' + (paid.total / 100).toFixed(2), '`9999.99') : one)))), [1, ['amount'], paid.no])
    equal('the same line twice', kinds(reconcile(gateway.wx3Bill('wxpay', lines =>
        [...lines, lines.find(one => one.includes(paid.no))]))), [1, ['twice'], paid.no])
    equal('what is no bill is refused', reconcile('a,b\n1,2\n')[0], 3)
}

const shown = audit([...gateway.orders.keys()][0])
equal('staff see what was told', [shown.provider, shown.charge?.state, shown.notices?.length], ['wxpay', 'ended', 1])
const lines = readFileSync(`${work}/audit.log`, 'utf8')
check('every call and callback stands in the audit log', lines.includes('"call":"create"') && lines.includes('"callback":"good"') &&
    lines.includes('"callback":"bad_signature"'))
check('and no secret', ![keys.apiV2, keys.apiV3].some(one => lines.includes(one)))
equal('every request was believed by the provider\'s own library', gateway.unverified, [])
equal('every order was charged once at most', [...gateway.orders.values()].filter(one => one.charges > 1), [])
cashier.child.kill('SIGTERM')
equal('it ends in order', await within(5000, 'the end', new Promise(done => cashier.child.once('exit', done))), 0)
await finish()
