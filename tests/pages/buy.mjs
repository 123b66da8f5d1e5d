// buy - a purchase from the programme to the ticket: by mouse in Chinese, by keyboard alone in English, by touch on a
// phone.
import { spawnSync } from 'node:child_process'
import { check, equal, finish } from '../web/check.mjs'
import { accessible, clickSeat, open, pay, person, seatIs, seen, shot, stateOf, tapSeat } from './browser.mjs'

/* ---------------------------------------------------------------- by mouse */

const show = open({ title: '长堤灯塔 The Long Breakwater' })
{
    const me = await person({ language: 'zh' }), { page, t, button, said } = me
    await me.go('/')
    await page.locator('.day').nth(1).click()
    await page.locator('.show').first().waitFor()
    equal('the language is the browser\'s', await page.locator('h1').innerText(), t('programme.title'))
    check('a document says its language', await page.locator('html').getAttribute('lang') === 'zh-CN')
    await shot(page, 'programme-zh')
    await accessible(page, 'programme')
    await page.locator('.day').nth(2).click()
    check('the day is in the address', /day=\d{4}-\d\d-\d\d/.test(page.url()), page.url())
    await page.reload()
    equal('and kept over a reload', await page.locator('.day').nth(2).getAttribute('aria-pressed'), 'true')
    const link = page.locator(`a[href="/showtime?showtime=${show}"]`)
    for (let i = 0; !await link.count() && i < 7; i++)
        await page.locator('.day').nth(i).click()
    await link.click()
    await page.waitForURL(/showtime=/)
    // D1 is seat 25: rows A, B and C have 8 each.
    await clickSeat(page, 26)
    await seatIs(page, 26, 'mine')
    await seen(page, t('before.LONE_SEAT', { seat: 'D1' }))
    check('what would be refused cannot be pressed', await button('choice.hold', { count: 1 }).isDisabled())
    await shot(page, 'showtime-gap-rule')
    await clickSeat(page, 25)
    check('now it can', await button('choice.hold', { count: 2 }).isEnabled())
    await accessible(page, 'showtime')
    await button('choice.hold', { count: 2 }).click()
    await said('held.title')
    equal('the seats are held', [await stateOf(show, 25), await stateOf(show, 26)], ['locked', 'locked'])
    check('there is a countdown by the server\'s clock', /^1[45]:\d\d$/.test(await page.locator('.countdown b').innerText()))
    await page.reload()
    await said('held.title')
    check('a reload does not lose them', await page.locator('.lines b').first().innerText() === 'D1')
    await shot(page, 'showtime-held')
    const order = await pay(me, { amount: '¥91', count: 2 })
    equal('the seats are sold', [await stateOf(show, 25), await stateOf(show, 26)], ['sold', 'sold'])
    await shot(page, 'tickets-zh', { fullPage: true })
    await accessible(page, 'tickets')
    const token = await page.locator('.ticket-code code').first().innerText()
    await page.locator('.ticket-code img').first().screenshot({ path: `${process.env.WEB_WORK}/qr.png` })
    const read = spawnSync('zbarimg', ['-q', '--raw', `${process.env.WEB_WORK}/qr.png`], { encoding: 'utf8' })
    equal('a scanner reads the code from the screen', read.stdout.trim(), token)
    await me.go('/orders')
    check('it is among my orders', await page.locator(`a[href="/order?order=${order}"]`).isVisible())
    await shot(page, 'orders-zh')
    await accessible(page, 'orders')
    await me.go(`/order?order=${order}`)
    await said('order.paid')
    await shot(page, 'order-paid-zh')
    await accessible(page, 'order')

    // The other language, without a reload.
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Your order' }).waitFor()
    check('the language changes at once', await page.locator('html').getAttribute('lang') === 'en-GB')
    await page.reload()
    await page.getByRole('heading', { name: 'Your order' }).waitFor()
    check('and stays', true)
    await me.context.close()
}

/* ---------------------------------------------------------------- by keyboard alone */

{
    const me = await person({ language: 'en', dark: true }), { page, t } = me
    // Tab, at most so often, until the focus is on what has this name; then `key`.
    const press = async (name, key = 'Enter') => {
        for (let i = 0; i < 80; i++) {
            await page.keyboard.press('Tab')
            const found = await page.evaluate(() => {
                const at = document.activeElement
                return (at?.getAttribute('aria-label') ?? at?.querySelector('.hidden')?.textContent ?? at?.textContent ?? '').trim().replace(/\s+/g, ' ')
            })
            if (found === name || name instanceof RegExp && name.test(found)) {
                await page.keyboard.press(key)
                return check(`the keyboard reaches ${name}`, true)
            }
        }
        return check(`the keyboard reaches ${name}`, false, await page.locator('main').innerText())
    }
    await me.go(`/showtime?showtime=${show}`)
    await page.locator('.map .seat-available').first().waitFor()
    await page.keyboard.press('Tab')
    equal('first there is a way past the head', await page.evaluate(() => document.activeElement.textContent), t('nav.skip'))
    await press(t('map.list'))
    await page.locator('.list-seats').waitFor()
    await shot(page, 'showtime-list-dark')
    await accessible(page, 'list of seats, dark')
    await press(/^Row [A-E], seat \d/, 'End')
    const focused = () => page.evaluate(() => document.activeElement.dataset.seat)
    for (const key of ['ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp'])
        await page.keyboard.press(key)
    equal('the arrows lead to the last seat of the first row', await focused(), '8')
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Space')
    equal('two are chosen', await page.locator('.list-seat[aria-pressed="true"]').count(), 2)
    check('and what they are is said in words', await page.locator('[data-seat="7"] .hidden').textContent() === 'Row A, seat 8, Front ¥35, your choice')
    await press(t('choice.hold', { count: 2 }))
    await me.said('held.title')
    equal('the focus is where things go on', await page.evaluate(() => document.activeElement.textContent), t('held.title'))
    await press(t('held.pay'))
    await page.waitForURL(/\/order\?/)
    await page.locator('.countdown').waitFor()
    await shot(page, 'order-dark')
    await accessible(page, 'order to be paid, dark')
    await press(t('order.pay', { amount: '¥70' }))
    await me.said('sandbox.title')
    await page.waitForFunction(() => document.activeElement.matches('.sandbox .main')) // the focus goes along
    await page.keyboard.press('Enter')
    await me.said('order.paid')
    await press(t('order.tickets', { count: 2 }))
    await page.locator('.ticket').nth(1).waitFor()
    await shot(page, 'tickets-dark')
    await accessible(page, 'tickets, dark')
    equal('sold', [await stateOf(show, 7), await stateOf(show, 8)], ['sold', 'sold'])
    await me.context.close()
}

/* ---------------------------------------------------------------- on a phone */

{
    const me = await person({ language: 'zh', phone: true }), { page, button, said } = me
    await me.go('/')
    await page.locator('.day').nth(1).tap()
    await page.locator('.show').first().waitFor()
    await shot(page, 'programme-phone')
    const large = page.locator('.show', { hasText: 'IMAX' }).first()
    await large.scrollIntoViewIfNeeded()
    await large.tap()
    await page.locator('.map .seat-available').first().waitFor()
    equal('nothing is wider than the phone', await page.evaluate(() => document.documentElement.scrollWidth), 390)
    await shot(page, 'showtime-phone', { fullPage: true })
    const width = () => page.locator('.map [data-seat="200"]').evaluate(one => one.getBoundingClientRect().width)
    const mine = () => page.locator('.map .seat-mine').count()
    const before = await width()
    await tapSeat(page, 200)
    check('a tap on small seats comes closer first', await width() > before * 1.5 && await mine() === 0, before, await width())
    await tapSeat(page, 200)
    await seatIs(page, 200, 'mine')
    await shot(page, 'showtime-phone-chosen')
    await accessible(page, 'showtime on a phone')
    await pinch(page)
    await button('choice.clear').tap()
    await button('best.take', { count: 3 }).tap()
    await said('held.title')
    equal('the best three in one tap', await page.locator('.lines li').count(), 4)
    await button('held.release').tap()
    await said('held.released')
    check('and given back', await mine() === 0)
    await me.context.close()

    // Two fingers, by the devtools protocol: further apart is larger.
    async function pinch(page) {
        const touch = await page.context().newCDPSession(page)
        const box = await page.locator('.map-box').boundingBox(), x = box.x + box.width / 2, y = box.y + box.height / 2
        const points = far => [{ x: x - far, y, id: 1 }, { x: x + far, y, id: 2 }]
        const size = await width()
        await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: points(30) })
        for (let far = 40; far <= 60; far += 10)
            await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: points(far) })
        await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
        check('a pinch enlarges', await width() > size * 1.3, size, await width())
        const left = () => page.locator('.map [data-seat="200"]').evaluate(one => one.getBoundingClientRect().left)
        const was = await left()
        await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] })
        for (let by = 10; by <= 50; by += 10)
            await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x: x + by, y }] })
        await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
        check('a finger moves the map', Math.abs(await left() - was) > 20, was, await left())
        check('and chooses nothing on its way', await mine() === 1)
    }
}
await finish()
