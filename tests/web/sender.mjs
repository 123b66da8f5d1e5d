// sender - what is told reaches the webhook once, signed, and is answered; what fails comes again or
// ends; over a server that is started anew, and an end of the sender itself.
import http from 'node:http'
import { readFileSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { atEnd, check, equal, finish, within } from './check.mjs'
import { start } from './processes.mjs'
import { line, lines, say, senders as endpoint } from './stage.mjs'

const { WEB_WORK: work, WEB_BUILD: build } = process.env

const tell = (number, text, { kind = 'text', phone = '+8613800138000', ms = 60000 } = {}) =>
    say(`tell ${number} ${phone} ${kind} ${Date.now() + ms} ${text}`)
const settled = async number => (await line(new RegExp(`^settle 0 ${number} `))).split(' ')[3]

// The gateway: what it was given, judged by the library; what it answers is decided by the text.
const secret = `whsec_${randomBytes(32).toString('base64')}`
writeFileSync(`${work}/secret`, secret + '\n')
const given = [], held = []
const gateway = http.createServer((request, response) => {
    const parts = []
    request.on('data', part => parts.push(part))
    request.on('end', () => {
        const text = Buffer.concat(parts).toString()
        let fault
        try {
            new Webhook(secret).verify(text, request.headers)
        } catch (wrong) {
            fault = wrong.message
        }
        const body = JSON.parse(text)
        const times = given.push({ fault, id: request.headers['webhook-id'], body, headers: request.headers }) &&
            given.filter(one => one.body.id === body.id).length
        const [word, status] = body.text.split(' ')
        if (word === 'hold')
            held.push(response)
        else if (word === 'cut')
            times === 1 ? request.socket.destroy() : response.end()
        else if (word === 'moved')
            response.writeHead(302, { location: '/elsewhere' }).end()
        else if (word === 'long')
            times === 1 ? response.end('x'.repeat(200000)) : response.end()
        else
            response.writeHead(word === 'once' && times > 1 ? 204 : Number(status) || 200, word === 'once' ? { 'retry-after': '2' } : {}).end('{"fine":true}')
    })
})
await new Promise(yes => gateway.listen(0, '127.0.0.1', yes))
atEnd(() => { gateway.closeAllConnections(); gateway.close() })
const url = `http://127.0.0.1:${gateway.address().port}/sms?tenant=1`
const times = number => given.filter(one => one.id === `0-${number}`).length
const args = (...more) => ['site/endpoint=' + endpoint, ...more].flatMap(one => ['--set', one])
const webhook = args(`webhook/url=${url}`, `webhook/secret=${work}/secret`, 'webhook/timeout_ms=1500', 'webhook/in_flight=3')
const begin = (list = webhook) => start(`${build}/marquee-sender`, list, { log: 'sender' })
const log = () => readFileSync(`${work}/sender.log`, 'utf8')

// Told before there is anybody: nothing happens, and it comes again.
await tell(1, '042137', { kind: 'code' })
let sender = await begin()
equal('it says how it sends', sender.ready, 'ready to=webhook')
for (let look = 0; look < 100 && times(1) === 0; look++) {
    await say('again 1')
    await new Promise(yes => setTimeout(yes, 50))
}
equal('a code is taken', await settled(1), 'done')
equal('once', times(1), 1)
equal('signed, as the library says', given[0].fault, undefined)
equal('its words', given[0].body.text, '042137 is your Marquee code. It is good for 5 minutes.')
equal('all of it', [given[0].body.id, given[0].body.to, Object.keys(given[0].body).length], ['0-1', '+8613800138000', 4])
equal('by one name', given[0].id, '0-1')
await say('again 1')
equal('told again, it is answered again', await settled(1), 'done')
equal('and not sent again', times(1), 1)
check('a log has no number and no code', !log().includes('38000') && !log().includes('042137') && log().includes('+86*********00'), log())
check('the library sees what is altered', (() => {
    try {
        new Webhook(secret).verify(JSON.stringify({ ...given[0].body, to: '+8613800138001' }), given[0].headers)
    } catch {
        return true
    }
})())

// Failures that pass, and those that do not.
await Promise.all([tell(2, 'once 500'), tell(3, 'no 400'), tell(4, 'cut'), tell(5, 'moved'), tell(6, 'late 503', { ms: 2500 }), tell(7, 'once 429'), tell(8, 'long')])
for (const [number, outcome, count] of [[2, 'done', 2], [3, 'failed', 1], [4, 'done', 2], [5, 'failed', 1], [7, 'done', 2], [8, 'done', 2]]) {
    equal(`message ${number} ends`, await settled(number), outcome)
    equal(`message ${number} was tried`, times(number), count)
}
equal('what nobody takes in time failed', await settled(6), 'failed')
check('after some tries', times(6) >= 2, times(6))
equal('nobody was asked elsewhere', given.filter(one => !one.id.startsWith('0-')).length, 0)

// What cannot be sent, and what came too late, are answered at once and sent to nobody.
await tell(9, 'x', { phone: '13800138000' })
equal('no phone number', await settled(9), 'failed')
await tell(10, 'x', { ms: -1 })
equal('too late', await settled(10), 'failed')
equal('nobody got them', times(9) + times(10), 0)

// Answers that nobody hears come again with the tell; no more than so many calls at a time.
await say('deaf')
await tell(11, 'fine')
for (let look = 0; look < 100 && times(11) === 0; look++)
    await new Promise(yes => setTimeout(yes, 50))
await say('hearing')
await say('again 11')
equal('said again', await settled(11), 'done')
for (let number = 20; number < 26; number++)
    await tell(number, 'hold')
for (let look = 0; look < 100 && held.length < 3; look++)
    await new Promise(yes => setTimeout(yes, 20))
equal('three at a time', held.length, 3)
while (given.filter(one => one.body.text === 'hold').length < 6 || held.length) {
    held.splice(0).forEach(response => response.end())
    await new Promise(yes => setTimeout(yes, 20))
}
for (let number = 20; number < 26; number++)
    equal(`held message ${number}`, await settled(number), 'done')

// The server ends and another stands in its place: found again without being asked.
await say('restart')
await tell(30, 'after')
for (let look = 0; look < 200 && times(30) === 0; look++) {
    await say('again 30')
    await new Promise(yes => setTimeout(yes, 50))
}
equal('after a restart of the server', await settled(30), 'done')
equal('once', times(30), 1)

// An end waits for what is under way, and what was told and not ended comes again to the next.
await tell(31, 'hold')
for (let look = 0; look < 100 && held.length < 1; look++)
    await new Promise(yes => setTimeout(yes, 20))
sender.child.kill('SIGTERM')
await new Promise(yes => setTimeout(yes, 300))
check('it waits', sender.child.exitCode === null)
held.splice(0).forEach(response => response.end())
equal('its end is said', await settled(31), 'done')
equal('it ends', await within(5000, 'its end', sender.ended), 0)
sender = await begin()
await tell(32, 'hold')
for (let look = 0; look < 200 && held.length < 1; look++) {
    await say('again 32')
    await new Promise(yes => setTimeout(yes, 50))
}
sender.child.kill('SIGKILL')
await sender.ended
held.splice(0).forEach(response => response.destroy())

// Without a webhook it writes, and says that it only does.
sender = await begin(args(`file/path=${work}/messages`, 'message/code=Kode: {code}'))
check('it says so', sender.ready === 'ready to=file' && /only written, to .*messages: no telephone rings/.test(log()), sender.ready)
await tell(33, '990011', { kind: 'code' })
for (let look = 0; look < 200 && !lines.some(one => one.startsWith('settle 0 33')); look++) {
    await say('again 33')
    await new Promise(yes => setTimeout(yes, 50))
}
equal('written', await settled(33), 'done')
const [written] = readFileSync(`${work}/messages`, 'utf8').trim().split('\n').map(JSON.parse)
equal('as it would be sent', [written.id, written.to, written.text], ['0-33', '+8613800138000', 'Kode: 990011'])
sender.child.kill('SIGINT')
equal('it ends', await within(5000, 'its end', sender.ended), 0)
await finish()
