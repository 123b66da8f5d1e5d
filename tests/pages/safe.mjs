// safe - what must never happen: words that run, a page that breaks its own policy, a message that one language lacks,
// a picture of an address that is nobody's.
import { check, equal, finish } from '../web/check.mjs'
import { ask } from '../web/http.mjs'
import en from '../../clients/web/messages/en.js'
import zh from '../../clients/web/messages/zh.js'
import { accessible, base, clickSeat, open, pay, person, seen, shot } from './browser.mjs'

equal('both languages have the same messages', Object.keys(zh).sort(), Object.keys(en).sort())
for (const [name, message] of Object.entries(en)) {
    const fields = one => [...new Set(JSON.stringify(one).match(/\{\w+\}/g) ?? [])].sort()
    check(`${name} says the same in both`, JSON.stringify(fields(message)) === JSON.stringify(fields(zh[name])), message, zh[name])
}

// A title, a hall and a zone that would like to run.
const evil = '<img src=x onerror="document.title=1">', worse = '"><script>alert(1)</script>'
const show = open({ title: evil, hall: worse.slice(0, 40), hours: 31, zones: [['a', evil.slice(0, 30), 100], ['b', worse.slice(0, 30), 100], ['c', 'x', 100]] })
// Where there is no waiting room, a page that asks for one is told 404.
const noRoom = { forgive: /status of 404/ }
const me = await person(noRoom), { page, t, button } = me
let ran = 0
page.on('dialog', one => {
    ran++
    one.dismiss()
})
await me.go('/')
await page.locator('.day').first().waitFor()
for (let i = 0; !await page.locator(`a[href="/showtime?showtime=${show}"]`).count() && i < 4; i++)
    await page.locator('.day').nth(i).click()
await seen(page, evil)
await shot(page, 'safe-programme')
await page.locator(`a[href="/showtime?showtime=${show}"]`).click()
await page.getByRole('heading', { name: evil }).waitFor()
await clickSeat(page, 1)
await clickSeat(page, 2)
await shot(page, 'safe-showtime')
await button('choice.hold', { count: 2 }).click()
const order = await pay(me, { amount: '¥2', count: 2 })
await seen(page, evil)
await me.go('/orders')
await seen(page, evil)
const boss = await person(noRoom)
await boss.go('/staff')
await boss.page.getByLabel(boss.t('kiosk.key')).fill(process.env.WEB_STAFF)
await boss.page.keyboard.press('Enter')
await boss.page.locator('.pick select').first().waitFor()
await boss.go(`/staff#${show}`)
await boss.page.reload()
await boss.page.getByRole('heading', { name: evil }).waitFor()
equal('nothing ran', [ran, await page.locator('img[src="x"]').count(), await boss.page.locator('img[src="x"]').count()], [0, 0, 0])
await boss.context.close()

// Addresses that name nothing, or too much.
const lost = await person({ forgive: /status of (404|400|403)/ })
for (const [path, what] of [
    ['/showtime', 'refusal.UNKNOWN_SHOWTIME'], ['/showtime?showtime=1', 'refusal.UNKNOWN_SHOWTIME'], ['/showtime?showtime=../../x', 'refusal.UNKNOWN_SHOWTIME'],
    ['/order', 'refusal.UNKNOWN_ORDER'], ['/order?order=M000000007BVP40000002X', 'refusal.BAD_PARAMETER'], [`/order?order=${order}`, 'refusal.NOT_YOURS'],
    ['/tickets?order=<script>', 'refusal.UNKNOWN_ORDER'], [`/tickets?order=${order}`, 'refusal.NOT_YOURS'], ['/room', 'refusal.UNKNOWN_SHOWTIME'],
]) {
    await lost.go(path)
    check(`${path}: ${what}`, await lost.page.getByText(lost.t(what)).first().waitFor().then(() => true, () => false), await lost.page.locator('main').innerText())
}
await accessible(lost.page, 'an address that names nothing')

// Every page by its own policy: all from here, nothing inline.
const site = new URL(base).host
const far = []
page.on('request', one => new URL(one.url()).host !== site && !one.url().startsWith('data:') && far.push(one.url()))
for (const path of ['/', `/showtime?showtime=${show}`, '/orders', '/kiosk', '/staff', `/room?showtime=${show}`]) {
    await me.go(path)
    await page.locator('main').waitFor()
    check(`${path}: no style or script inside the page`, await page.evaluate(() => !document.querySelector('script:not([src]), style, [onclick]')))
}
equal('nothing comes from elsewhere', far, [])
check('the policy forbids it', /default-src 'self'/.test((await ask('GET', '/showtime')).headers['content-security-policy']))

// The first page: what goes over the wire, without artwork.
const sizes = []
const fresh = await person()
fresh.page.on('response', async one => /\.(js|css|html)$|\/$/.test(new URL(one.url()).pathname) &&
    sizes.push(one.request().sizes().then(({ responseBodySize }) => responseBodySize)))
await fresh.go('/')
await fresh.page.locator('.show').first().waitFor()
const sum = (await Promise.all(sizes)).reduce((all, one) => all + one, 0)
check(`the first page is ${Math.round(sum / 1000)} kB without artwork`, sum > 5000 && sum < 100000, sum)
await finish()
