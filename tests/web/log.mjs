// log - what the bridge says on stderr: lines of JSON, waited for.
import { readFileSync, watch } from 'node:fs'
import { within } from './check.mjs'

export const logFile = `${process.env.WEB_WORK}/bridge.log`
export const logText = () => readFileSync(logFile, 'utf8')

// Do something, and wait for a line that it makes; the lines since then.
export async function logged(pattern, what, ms = 5000) {
    const from = logText().length
    const there = () => pattern.test(logText().slice(from))
    let watcher
    const comes = new Promise(yes => {
        watcher = watch(logFile, () => there() && yes())
    })
    try {
        await what()
        if (!there())
            await within(ms, `${pattern} in the log`, comes)
        return logText().slice(from)
    } finally {
        watcher.close()
    }
}
export const reload = (pattern = /read again/) =>
    logged(pattern, () => process.kill(Number(process.env.WEB_BRIDGE), 'SIGHUP'))
