// lighthouse - programme, seat map and tickets by Lighthouse: as a phone on a slow network, by its own standard, and
// once as they are on this machine. Prints a table; what is over its budget fails.
import { mkdtempSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { createRequire } from 'node:module'
import lighthouse from 'lighthouse'

// The remote control of a browser is that of tests/pages.
const { chromium } = createRequire(new URL('../pages/package.json', import.meta.url))('playwright-core')
const base = `http://127.0.0.1:${process.env.WEB_PORT}`
const budget = { score: 95, first_kb: 100, interactive_ms: 1000, shift: 0.01 }

const port = await new Promise(done => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
        const { port: found } = probe.address()
        probe.close(() => done(found))
    })
})
const context = await chromium.launchPersistentContext(mkdtempSync(`${tmpdir()}/lighthouse-`), {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', `--remote-debugging-port=${port}`], locale: 'en-GB',
})

// Two tickets to be looked at.
const page = await context.newPage()
const { showtimes } = await (await fetch(`${base}/api/showtimes?limit=500&from_ms=${Date.now() + 86400000}`)).json()
const show = showtimes.find(one => /IMAX/.test(one.hall)).showtime
await page.goto(`${base}/showtime?showtime=${show}`)
await page.locator('.counts button').nth(1).click()
await page.locator('.held .main').click()
await page.locator('.order-how .main').click()
await page.locator('.sandbox .main').click()
await page.locator('.order-how a.main').click()
await page.locator('.ticket-code img').nth(1).waitFor()
const tickets = page.url()
await page.close()

const settings = {
    phone: { onlyCategories: ['performance', 'accessibility', 'best-practices'] },
    here: {
        onlyCategories: ['performance'], formFactor: 'desktop', throttlingMethod: 'provided',
        screenEmulation: { mobile: false, width: 1280, height: 900, deviceScaleFactor: 1, disabled: false },
    },
}
// The service worker has seen the site by now: measured is a first visit, without it and with an empty cache.
async function measure(url, how) {
    const { lhr } = await lighthouse(url, { port, logLevel: 'error', output: 'json', disableStorageReset: true, ...settings[how] })
    return lhr
}
const wrong = []
const within = (what, value, most) => value > most && wrong.push(`${what}: ${value}, at most ${most}`)
console.log('page        performance  accessibility  practices   kB of text  LCP ms  TBT ms  shift   interactive here, ms')
for (const [name, url] of [['programme', `${base}/`], ['showtime', `${base}/showtime?showtime=${show}`], ['tickets', tickets]]) {
    const cleaner = await context.newPage()
    const session = await context.newCDPSession(cleaner)
    await session.send('Network.clearBrowserCache')
    await session.send('Storage.clearDataForOrigin', { origin: base, storageTypes: 'service_workers,cache_storage' })
    await cleaner.close()
    const phone = await measure(url, 'phone'), here = await measure(url, 'here')
    const score = kind => Math.round(100 * phone.categories[kind].score)
    const scores = ['performance', 'accessibility', 'best-practices'].map(score)
    const value = (lhr, audit) => lhr.audits[audit].numericValue
    const text = phone.audits['network-requests'].details.items.filter(one => /javascript|css|html/.test(one.mimeType)).reduce((sum, one) => sum + one.transferSize, 0) / 1000
    const shift = value(phone, 'cumulative-layout-shift'), interactive = value(here, 'interactive')
    console.log(name.padEnd(12) + scores.map(one => String(one).padStart(9)).join('    ') + text.toFixed(1).padStart(15) +
        value(phone, 'largest-contentful-paint').toFixed(0).padStart(9) + value(phone, 'total-blocking-time').toFixed(0).padStart(8) + shift.toFixed(3).padStart(8) + interactive.toFixed(0).padStart(12))
    scores.forEach((one, i) => one < budget.score && wrong.push(`${name}: ${['performance', 'accessibility', 'best practices'][i]} ${one}, at least ${budget.score}`))
    within(`${name}: kB of text`, text, budget.first_kb)
    within(`${name}: layout shift`, shift, budget.shift)
    within(`${name}: interactive on this machine, ms`, interactive, budget.interactive_ms)
    for (const audit of Object.values(phone.audits))
        if (audit.score !== null && audit.score < 0.9 && process.env.VERBOSE)
            console.log(`    ${audit.id}: ${audit.displayValue ?? ''} ${audit.title}`)
}
await context.close()
wrong.forEach(one => console.log(`not ok: ${one}`))
console.log(wrong.length ? '0 passed, 1 failed' : '1 passed, 0 failed')
process.exit(wrong.length ? 1 : 0)
