// processes - the server and bridges as this test starts and ends them; whatever is left dies with it.
import { spawn } from 'node:child_process'
import { openSync, readFileSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { within } from './check.mjs'

const { WEB_BUILD: build, WEB_WORK: work } = process.env
const children = new Set()
process.on('exit', () => children.forEach(child => child.kill('SIGKILL')))

// Start, and wait for its line "ready ..."; { child, ready, ended }.
export function start(command, args, more = {}) {
    const log = openSync(`${work}/${more.log ?? 'more'}.log`, 'a')
    const child = spawn(command, args, { ...more, stdio: ['ignore', 'pipe', log, ...(more.fds ?? [])] })
    children.add(child)
    const ended = new Promise(yes => child.on('exit', (code, signal) => {
        children.delete(child)
        yes(signal ?? code)
    }))
    const line = new Promise((yes, no) => {
        createInterface({ input: child.stdout }).on('line', yes)
        ended.then(code => no(new Error(`ended: ${code}`)))
    })
    return within(30000, command, line).then(ready => ({ child, ready, ended }))
}

// The server once more, at the places where it was.
export const server = () => start(`${build}/marqueed`, [
    ['site/directory', `${work}/data`], ['broker/clients', process.env.MARQUEE_ENDPOINT],
    ['broker/events', process.env.MARQUEE_EVENTS], ['broker/bridges', process.env.WEB_BRIDGES], ['store/segment_mb', 4],
].flatMap(([key, value]) => ['--set', `${key}=${value}`]), { log: 'server' })

// The tool, beside the bridge.
export const tool = (...args) => new Promise((yes, no) => {
    const child = spawn(`${build}/marquee`, args, { stdio: ['ignore', 'ignore', openSync(`${work}/tool.log`, 'a')] })
    child.on('exit', code => code === 0 ? yes() : no(new Error(`marquee ${args.join(' ')}: ${code}`)))
})

// Has a process that is no child of ours ended? Asked for until it has, 200 times.
const alive = pid => {
    try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').match(/\) (.)/)[1] !== 'Z'
    } catch {
        return false
    }
}
export async function gone(pid) {
    for (let look = 0; look < 200 && alive(pid); look++)
        await new Promise(yes => setTimeout(yes, 30))
    return !alive(pid)
}
// Stop a process: over when all its threads stand still.
export async function still(pid) {
    const stands = () => readdirSync(`/proc/${pid}/task`).every(thread =>
        /\) T/.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')))
    process.kill(pid, 'SIGSTOP')
    for (let look = 0; look < 200 && !stands(); look++)
        await new Promise(yes => setTimeout(yes, 5))
}
// The bridges of this test that run, whoever started them; the script ends what we leave.
export function bridges() {
    return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(pid => {
        try {
            const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
            return line.includes('/marquee-bridge\0') && line.includes(`=${work}/`) && alive(pid)
        } catch {
            return false
        }
    })
}
