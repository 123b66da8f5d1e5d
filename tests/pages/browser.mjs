// browser - what the tests of the pages share: people with a browser of their own, words in their language, axe,
// and pictures for a person to look at.
import { readFileSync, mkdirSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { atEnd, check, patience } from '../web/check.mjs'
import { ask } from '../web/http.mjs'
import en from '../../clients/web/messages/en.js'
import zh from '../../clients/web/messages/zh.js'

export const base = `http://127.0.0.1:${process.env.WEB_PORT}`
const shots = process.env.WEB_SHOTS // a folder, or no pictures are made
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
export const wait_ms = 20000 * patience

export const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream',
        ...(process.env.WEB_CAMERA ? [`--use-file-for-fake-video-capture=${process.env.WEB_CAMERA}`] : [])],
})
atEnd(() => browser.close())

// t(name, values) as a page says it, in one language.
function words(messages, locale) {
    return (name, values = {}) => {
        let message = messages[name]
        if (message === undefined)
            throw new Error(`there is no message ${name}`)
        if (typeof message === 'object')
            message = message[new Intl.PluralRules(locale).select(values.count)] ?? message.other
        return message.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole)
    }
}

// Somebody with a browser: { page, context, t, go, button, link, said }. What their browser complains of is a failure
// at the end, unless `forgive` matches it.
export async function person({ language = 'en', phone = false, dark = false, at = base, forgive } = {}) {
    const context = await browser.newContext({
        locale: language === 'zh' ? 'zh-CN' : 'en-GB', colorScheme: dark ? 'dark' : 'light', baseURL: at,
        viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 900 }, hasTouch: phone, isMobile: phone,
    })
    context.setDefaultTimeout(wait_ms)
    const page = await context.newPage()
    const t = words(language === 'zh' ? zh : en, language === 'zh' ? 'zh-CN' : 'en-GB')
    const complaints = []
    page.on('pageerror', fault => complaints.push(String(fault)))
    // A refusal of the trade is an answer like another; browsers note it all the same.
    page.on('console', line => line.type() === 'error' && !/status of 409/.test(line.text()) && !forgive?.test(line.text()) && complaints.push(line.text()))
    atEnd(() => check('the browser has nothing to complain of', complaints.length === 0, complaints))
    return {
        page, context, t, complaints,
        go: path => page.goto(at + path),
        button: (name, values) => page.getByRole('button', { name: t(name, values), exact: true }),
        link: (name, values) => page.getByRole('link', { name: t(name, values), exact: true }),
        // A text that is to be seen, sooner or later.
        said: (name, values) => seen(page, t(name, values)),
    }
}

export async function seen(page, text) {
    try {
        await page.getByText(text).first().waitFor({ timeout: wait_ms })
        return check(`"${text}" is said`, true)
    } catch {
        return check(`"${text}" is said`, false, await page.locator('main').innerText().catch(() => ''))
    }
}

// The state of a seat on a map, as its class says it, once it is `wanted`.
export async function seatIs(page, seat, wanted) {
    const one = page.locator(`.map [data-seat="${seat}"]`)
    try {
        await page.locator(`.map [data-seat="${seat}"].seat-${wanted}`).waitFor({ state: 'attached', timeout: wait_ms })
        return check(`seat ${seat} is ${wanted}`, true)
    } catch {
        return check(`seat ${seat} is ${wanted}`, false, await one.getAttribute('class').catch(fault => String(fault)))
    }
}
export async function centre(page, seat) {
    await page.locator(`.map [data-seat="${seat}"].seat-available, .map [data-seat="${seat}"].seat-mine, .map [data-seat="${seat}"].seat-blocked`).first().waitFor({ state: 'attached' })
    await page.locator('.map-box').scrollIntoViewIfNeeded()
    const box = await page.locator(`.map [data-seat="${seat}"]`).boundingBox()
    return [box.x + box.width / 2, box.y + box.height / 2]
}
export const clickSeat = async (page, seat) => page.mouse.click(...await centre(page, seat))
export const tapSeat = async (page, seat) => page.touchscreen.tap(...await centre(page, seat))

// Nothing that axe finds wrong.
export async function accessible(page, what) {
    await page.evaluate(axeSource)
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
    check(`axe: ${what}`, violations.length === 0, violations.map(one => `${one.id}: ${one.nodes[0].html} ${one.nodes[0].failureSummary}`))
}

export async function shot(page, name, more = {}) {
    if (!shots)
        return
    mkdirSync(shots, { recursive: true })
    await page.waitForTimeout(350) // pictures and fonts
    await page.screenshot({ path: `${shots}/${name}.png`, ...more })
}

/* ---------------------------------------------------------------- showtimes of our own */

const rows = [
    ['A', 'ssss.ssss', 'aaaa.aaaa'], ['B', 'ssss.ssss', 'aaaa.aaaa'], ['-', '.........', '.........'],
    ['C', 'wsss.sppw', 'bbbb.bbbb'], ['D', 'ssss.pppp', 'bbbb.bbbb'], ['E', 'cccc.cccc', 'cccc.cccc'],
]
// Each program has numbers of its own: they share a server.
let next = 7700000 + 1000 * ['buy', 'seats', 'gate', 'room', 'safe', 'light'].indexOf(process.argv[1].replace(/.*\/|\.mjs$/g, ''))
// A small hall: 8 seats a row; E is couples, C1 and C9 are for wheelchairs.
export function open({ title = '试映 A Trial', hall = '9号厅', ttl_ms = 900000, hours = 30, ...more } = {}) {
    const id = next++, now = Date.now(), starts_ms = now + hours * 3600e3
    const fields = {
        id, title, hall, format: '2D', time_zone: 'Asia/Shanghai', starts_ms, ends_ms: starts_ms + 7200e3, opens_ms: now - 3600e3,
        closes_ms: starts_ms + 600e3, ttl_ms, ceiling_ms: Math.max(ttl_ms, 1800000), zones: [['a', '前排 Front', 3500], ['b', '标准 Standard', 4550], ['c', '情侣座 Couple', 6000]], rows, ...more,
    }
    const done = spawnSync(`${process.env.WEB_BUILD}/marquee`, ['showtimes', 'open', '-'], { input: JSON.stringify(fields), encoding: 'utf8' })
    if (done.status !== 0)
        throw new Error(`showtimes open: ${done.status} ${done.stdout} ${done.stderr}`)
    return String(id)
}

// From a showtime's page, with what was chosen held, to the tickets: the number of the order.
export async function pay({ page, button, said, link, t }, { amount, count }) {
    await button('held.pay').click()
    await page.waitForURL(/\/order\?order=/)
    const order = new URL(page.url()).searchParams.get('order')
    await button('order.pay', { amount }).click()
    await button('sandbox.pay', { amount }).click()
    await said('order.paid')
    await link('order.tickets', { count }).click()
    await page.waitForURL(/\/tickets\?order=/)
    await page.locator('.ticket').nth(count - 1).waitFor()
    return order
}

export const stateOf = async (showtime, seat) => (await ask('GET', `/api/showtimes/${showtime}/seats`)).json.find(one => one.id === seat).status
