// tls - over TLS as a browser meets it: headers, cookies, sockets, resumption, and a certificate read again.
import https from 'node:https'
import tls from 'node:tls'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import WebSocket from 'ws'
import { check, equal, finish, within } from './check.mjs'
import { reload } from './log.mjs'

const { WEB_CA, WEB_WORK: work } = process.env
const port = Number(process.env.WEB_TLS_PORT)
const ca = readFileSync(WEB_CA)

const get = (path, more = {}) => within(10000, path, new Promise((yes, no) => {
    const request = https.get({ host: '127.0.0.1', servername: 'localhost', port, path, ca, ...more }, answer => {
        const parts = []
        answer.on('data', part => parts.push(part))
        answer.on('end', () => yes({ status: answer.statusCode, headers: answer.headers,
            text: Buffer.concat(parts).toString(), subject: subject }))
    })
    let subject
    request.on('socket', socket => socket.on('secureConnect', () => { subject = socket.getPeerCertificate().subject?.CN }))
    request.on('error', no)
}))

const first = await get('/api/session', { agent: false })
equal('an answer', first.status, 200)
equal('by the first certificate', first.subject, 'one')
check('HSTS', /max-age=\d{7,}/.test(first.headers['strict-transport-security']), first.headers)
const cookie = first.headers['set-cookie'][0]
check('a cookie that stays on TLS', /; Secure/.test(cookie) && /HttpOnly/.test(cookie) && /SameSite=Lax/.test(cookie), cookie)

// A large answer, in records; many requests on one connection.
const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
const { showtimes: [{ showtime }] } = JSON.parse((await get('/api/showtimes?limit=1', { agent })).text)
for (let i = 0; i < 20; i++) {
    const map = await get(`/api/showtimes/${showtime}/seats`, { agent })
    check(`map ${i} is whole`, map.status === 200 && JSON.parse(map.text).length > 50 &&
        map.text.length === Number(map.headers['content-length']))
}
const document = await get('/openapi.json', { agent })
check('a document of many records', document.text.length > 16384 && JSON.parse(document.text).openapi === '3.1.0', document.text.length)

// A session is resumed, on TLS 1.2 and 1.3.
for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const connect = session => within(5000, 'a session', new Promise((yes, no) => {
        let kept
        const socket = tls.connect({ host: '127.0.0.1', servername: 'localhost', port, ca, session, minVersion: version, maxVersion: version })
        socket.on('session', one => { kept = one })
        socket.on('secureConnect', () => socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'))
        socket.on('data', () => {})
        socket.on('end', () => yes({ kept, reused: socket.isSessionReused(), version: socket.getProtocol() }))
        socket.on('error', no)
    }))
    const one = await connect()
    equal(`${version}: spoken`, [one.version ?? version, one.reused], [version, false])
    check(`${version}: a session is resumed`, (await connect(one.kept)).reused)
}

// Live sockets go on over a new certificate; new connections see it.
const socket = new WebSocket(`wss://127.0.0.1:${port}/ws/showtimes/${showtime}`, { ca, servername: 'localhost' })
const messages = []
let wake = () => {}
socket.on('message', data => { messages.push(JSON.parse(data)); wake() })
const message = () => within(5000, 'a message', new Promise(yes => { wake = () => messages.length && yes(messages.shift()); wake() }))
equal('a snapshot over TLS', (await message()).type, 'seats')
writeFileSync(`${work}/now.key`, 'no key')
await reload(/kept as it was/)
equal('a bad key leaves the old certificate', (await get('/healthz', { agent: false })).subject, 'one')
copyFileSync(`${work}/two.pem`, `${work}/now.pem`)
copyFileSync(`${work}/two.key`, `${work}/now.key`)
await reload()
equal('new connections get the second', (await get('/healthz', { agent: false })).subject, 'two')
socket.send(JSON.stringify({ since: 0 }))
check('the old ones live on', ['change', 'seats'].includes((await message()).type))
equal('so does the one that asks', (await get('/healthz', { agent })).status, 200)
socket.terminate()
agent.destroy()

// Who speaks plain HTTP, or nonsense, to the TLS port is closed; others do not notice.
for (const bytes of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', '\0'.repeat(600)]) {
    const { connect } = await import('./raw.mjs')
    const one = connect({ port })
    one.write(bytes)
    if (bytes[0] !== '\x16')
        await one.until(() => one.closed, 'the end')
    check('nothing like HTTP comes back', !/HTTP\/1/.test(one.answers?.length ? 'HTTP/1' : ''))
    one.end()
}
equal('still there', (await get('/healthz', { agent: false })).status, 200)
await finish()
