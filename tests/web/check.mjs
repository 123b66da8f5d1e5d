// check - counted checks. Ends with "N passed, N failed", and with 1 when anything failed.
import { isDeepStrictEqual } from 'node:util'

let passed = 0, failed = 0

// What is promised in milliseconds is promised of a program as it is shipped: a sanitizer may take longer.
export const patience = /san|fuzz/.test(process.env.WEB_BUILD ?? '') ? 5 : 1

export function check(what, good, ...seen) {
    if (good) {
        passed++
        return true
    }
    failed++
    console.log(`not ok: ${what}`, ...seen.map(one => JSON.stringify(one)?.slice(0, 600)))
    return false
}
export const equal = (what, seen, wanted) =>
    check(what, isDeepStrictEqual(seen, wanted), { seen, wanted })

let ending = []
export const atEnd = what => ending.push(what)

export async function finish() {
    for (const what of ending)
        await what()
    ending = []
    console.log(`${passed} passed, ${failed} failed`)
    process.exit(failed ? 1 : 0)
}
process.on('uncaughtException', fault => {
    check(`unexpected: ${fault.stack}`, false)
    finish()
})

// A promise that gives up: what is waited for comes, or is a failure with a name.
export function within(ms, what, promise) {
    let timer
    const late = new Promise((_, no) => {
        timer = setTimeout(() => no(new Error(`not within ${ms} ms: ${what}`)), ms)
    })
    return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
