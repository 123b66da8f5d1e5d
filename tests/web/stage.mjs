// stage - the program build/.../stage: a broker whose partition the test plays, by lines.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { atEnd, within } from './check.mjs'

const child = spawn(`${process.env.WEB_BUILD}/stage`, { stdio: ['pipe', 'pipe', 'inherit'] })
const waiting = []
export const lines = []
atEnd(() => child.kill())
createInterface({ input: child.stdout }).on('line', line => {
    const at = waiting.findIndex(one => one.pattern.test(line))
    at < 0 ? lines.push(line) : waiting.splice(at, 1)[0].yes(line)
})
// A line that matches, which may have come already.
export const line = (pattern, ms = 15000) => within(ms, `${pattern} on the stage`, new Promise(yes => {
    const at = lines.findIndex(one => pattern.test(one))
    at < 0 ? waiting.push({ pattern, yes }) : yes(lines.splice(at, 1)[0])
}))
export const say = async text => {
    child.stdin.write(text + '\n')
    await line(/^done$/)
}
const [, senders, bridges, events] = (await line(/^ready /)).split(' ')
export { senders, bridges, events }
