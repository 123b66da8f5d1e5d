// oidc_play - the program build/.../oidc: log-ins as a bridge drives them, by lines.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { atEnd, within } from './check.mjs'

export function play(issuer, client, secret, redirect, ...more) {
    const child = spawn(`${process.env.WEB_BUILD}/oidc`, [issuer, client, secret || '-', redirect, ...more],
        { stdio: ['pipe', 'pipe', 'inherit'] })
    const waiting = []
    atEnd(() => child.kill())
    createInterface({ input: child.stdout }).on('line', line => {
        const [word] = line.split(' ')
        const at = waiting.findIndex(one => one.word === word)
        waiting.splice(at, 1)[0]?.yes(line)
    })
    const ask = (text, word) => within(15000, text.slice(0, 60), new Promise(yes => {
        waiting.push({ word, yes })
        child.stdin.write(text + '\n')
    }))
    return {
        // { fault, url, cookie }
        async go() {
            const [, fault, url, cookie] = (await ask('go', 'there')).split(' ')
            return { fault, url: url === '-' ? undefined : new URL(url), cookie }
        },
        // { fault, person }
        async back(cookie, query) {
            const line = await ask(`back ${cookie} ${query || '-'}`, 'back')
            const [, fault] = line.split(' ', 2)
            return { fault, person: JSON.parse(line.slice(`back ${fault} `.length)) }
        },
        later: seconds => ask(`later ${seconds}`, 'done'),
        end: () => child.kill(),
    }
}
