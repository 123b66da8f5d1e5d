// gate - tickets without a network, the kiosk by scanner and camera, and the staff's house: blocks, orders, refunds.
import { readFileSync, writeFileSync } from 'node:fs'
import { check, equal, finish } from '../web/check.mjs'
import { ask } from '../web/http.mjs'
import { accessible, clickSeat, open, pay, person, seatIs, seen, shot, stateOf } from './browser.mjs'

const { WEB_STAFF: key, WEB_WORK: work } = process.env
const show = open({ title: '夜潮 Night Tide' })
const buyer = await person({ forgive: /ERR_INTERNET_DISCONNECTED/ })
await buyer.go(`/showtime?showtime=${show}`)
await clickSeat(buyer.page, 1)
await clickSeat(buyer.page, 2)
await buyer.button('choice.hold', { count: 2 }).click()
const order = await pay(buyer, { amount: '¥70', count: 2 })
const tokens = await buyer.page.locator('.ticket-code code').allInnerTexts()

/* ---------------------------------------------------------------- without a network */

{
    const { page, context } = buyer
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.waitForFunction(async () => (await caches.keys()).length === 1 && await caches.match('/tickets') !== undefined)
    await context.setOffline(true)
    await page.reload()
    await page.locator('.ticket-code img').nth(1).waitFor()
    await buyer.said('tickets.offline')
    equal('the codes are there without a network', await page.locator('.ticket-code code').allInnerTexts(), tokens)
    check('and drawn', await page.locator('.ticket-code img').first().evaluate(one => one.naturalWidth > 0))
    await shot(page, 'tickets-offline')
    await buyer.go('/orders')
    check('so are my orders', await page.locator(`a[href="/order?order=${order}"]`).isVisible())
    await context.setOffline(false)
    await buyer.go(`/tickets?order=${order}`)
    await page.locator('.ticket').nth(1).waitFor()
    await page.emulateMedia({ media: 'print' })
    check('on paper there is the code and no head', await page.locator('.ticket-code img').first().isVisible() && !await page.locator('header').isVisible())
    await shot(page, 'tickets-print', { fullPage: true })
    await page.emulateMedia({ media: 'screen' })
}

/* ---------------------------------------------------------------- the kiosk */

{
    const kiosk = await person({ forgive: /status of (404|401)/ }), { page, t, said } = kiosk
    const enrol = async (name, what) => {
        await page.getByLabel(t('kiosk.name')).fill(name)
        await page.getByLabel(t('kiosk.key')).fill(what)
        await page.getByRole('button', { name: t('kiosk.enrol') }).click()
    }
    await kiosk.go('/kiosk')
    await accessible(page, 'kiosk, to be enrolled')
    await enrol('lobby-1', 'not-a-key')
    await said('refusal.TOKEN_FORGED')
    await enrol('lobby-1', key)
    await said('kiosk.scan')
    await accessible(page, 'kiosk')
    await shot(page, 'kiosk')
    const stolen = await page.evaluate(() => new Promise(done => {
        const opening = indexedDB.open('kiosk')
        opening.onsuccess = () => {
            opening.result.transaction('key').objectStore('key').get('own').onsuccess = ({ target }) =>
                crypto.subtle.exportKey('raw', target.result.key).then(() => done('exported'), fault => done(fault.name))
        }
    }))
    equal('its key cannot be read', stolen, 'InvalidAccessError')

    const scan = async text => {
        await page.keyboard.type(text)
        await page.keyboard.press('Enter')
    }
    await scan(tokens[0])
    await said('kiosk.welcome')
    check('it says which seat', /Row A, seat 1/.test(await page.locator('.verdict').innerText()), await page.locator('.verdict').innerText())
    await accessible(page, 'kiosk, welcome')
    await shot(page, 'kiosk-welcome')
    await seen(buyer.page, 'at lobby-1.')
    await scan('A'.repeat(31))
    await said('kiosk.BAD_TOKEN')
    await scan(tokens[0])
    await said('kiosk.ALREADY_REDEEMED')
    check('the second time it says when and where', /\d\d:\d\d, at lobby-1$/m.test(await page.locator('.verdict-seat').innerText()), await page.locator('.verdict').innerText())
    await accessible(page, 'kiosk, refused')
    await shot(page, 'kiosk-refused')
    await page.clock.install()
    await scan('nonsense')
    await said('kiosk.BAD_TOKEN')
    await page.clock.runFor(13000)
    await said('kiosk.scan')
    await page.clock.resume()
    await page.reload()
    await said('kiosk.scan')

    // A slip: begun and done, once. The browser of the test prints nothing.
    await page.evaluate(() => {
        globalThis.printed = 0
        globalThis.print = () => globalThis.printed++
    })
    await scan(tokens[1])
    await said('kiosk.welcome')
    await page.getByRole('button', { name: t('kiosk.print') }).click()
    await page.waitForFunction(() => globalThis.printed === 1)
    const printed = async () => (await ask('GET', `/api/tickets/${order}-2`, { headers: { authorization: `Bearer ${key}` } })).json.print
    for (let i = 0; i < 100 && await printed() !== 'printed'; i++)
        await page.waitForTimeout(20)
    equal('and the server knows', await printed(), 'printed')

    // What staff say.
    const told = await ask('POST', '/api/kiosks/lobby-1/commands', { body: { command: 'message', text: 'Hall 9 opens late' }, headers: { authorization: `Bearer ${key}` } })
    equal('staff reach it', told.json, { told: 1 })
    await seen(page, 'Hall 9 opens late')

    // Taken out of service by staff alone.
    await page.getByRole('button', { name: t('kiosk.leave') }).click()
    for (const [word, then] of [['guess', 'refusal.TOKEN_FORGED'], [key, 'kiosk.enrol_what']]) {
        await page.getByLabel(t('kiosk.key')).fill(word)
        await page.getByRole('button', { name: t('kiosk.leave') }).click()
        await said(then)
    }
    await kiosk.context.close()
}

/* ---------------------------------------------------------------- by camera */

{
    const third = await person({ language: 'zh' })
    await third.go(`/showtime?showtime=${show}`)
    await third.button('best.take', { count: 1 }).click()
    await third.button('held.pay').click()
    await third.page.waitForURL(/\/order\?/)
    await third.page.locator('.order-how .main').click()
    await third.page.locator('.sandbox .main').click()
    await third.page.locator('.order-how a.main').click()
    await third.page.locator('.ticket-code img').waitFor()
    // What a camera would see: the code, held before it, as the fake device of the browser plays it.
    await third.page.locator('.ticket').screenshot({ path: `${work}/seen.jpg`, type: 'jpeg', quality: 95 })
    writeFileSync(process.env.WEB_CAMERA, readFileSync(`${work}/seen.jpg`))
    const gate = await person({ language: 'zh' }), { page, t } = gate
    await gate.go('/kiosk')
    await page.getByLabel(t('kiosk.name')).fill('door-2')
    await page.getByLabel(t('kiosk.key')).fill(key)
    await page.getByRole('button', { name: t('kiosk.enrol') }).click()
    await gate.said('kiosk.scan')
    await page.getByRole('button', { name: t('kiosk.camera') }).click()
    await gate.said('kiosk.welcome')
    await shot(page, 'kiosk-camera-zh')
    await gate.context.close()
    await third.context.close()
}

/* ---------------------------------------------------------------- the house */

{
    const boss = await person({ forgive: /status of (404|401)/ }), viewer = await person({ language: 'zh' })
    const { page, t, said } = boss
    await boss.go('/staff')
    await accessible(page, 'staff, signing in')
    await page.getByLabel(t('kiosk.key')).fill('wrong')
    await page.getByRole('button', { name: t('staff.enter') }).click()
    await said('refusal.TOKEN_FORGED')
    await page.getByLabel(t('kiosk.key')).fill(key)
    await page.getByRole('button', { name: t('staff.enter') }).click()
    await page.locator('.pick select').first().waitFor()
    await page.locator('.plot-day').waitFor()
    await accessible(page, 'staff')
    await boss.go(`/staff#${show}`)
    await page.reload()
    await viewer.go(`/showtime?showtime=${show}`)
    await seatIs(viewer.page, 13, 'available')
    await clickSeat(page, 13)
    await clickSeat(page, 14)
    await page.getByLabel(t('staff.reason')).first().fill('broken')
    await page.getByRole('button', { name: t('staff.block', { count: 2 }) }).click()
    await seatIs(viewer.page, 13, 'blocked')
    equal('blocked seats are blocked', await stateOf(show, 14), 'blocked')
    await clickSeat(page, 13)
    await page.getByRole('button', { name: t('staff.unblock', { count: 1 }) }).click()
    await seatIs(viewer.page, 13, 'available')

    // An order of another two seats, of which one is paid back.
    await buyer.go(`/showtime?showtime=${show}`)
    await clickSeat(buyer.page, 5)
    await clickSeat(buyer.page, 6)
    await buyer.button('choice.hold', { count: 2 }).click()
    const again = await pay(buyer, { amount: '¥70', count: 2 })
    const line = page.locator('tr', { hasText: again })
    await line.getByRole('button', { name: t('staff.refund') }).click()
    await page.locator('.refund').getByLabel('A7').uncheck()
    await shot(page, 'staff-house', { fullPage: true })
    await accessible(page, 'staff, a showtime')
    await page.getByRole('button', { name: t('staff.refund_do') }).click()
    await line.getByText(t('order.state.partly_refunded')).waitFor()
    await seatIs(viewer.page, 5, 'available')
    await buyer.go(`/order?order=${again}`)
    await buyer.said('refund.done')
    await shot(buyer.page, 'order-refunded')
    await page.locator('.counts-staff div', { hasText: t('refunds.title') }).getByText('¥35').waitFor()
    check('the refund is in the books', true)
    await page.getByRole('button', { name: t('staff.leave') }).click()
    await page.reload()
    await said('staff.login')
    await viewer.context.close()
    await boss.context.close()
}
await finish()
