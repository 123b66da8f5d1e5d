// tls - the same over TLS: versions, suites, resumption, what browsers are told, and a certificate
// that is renewed while connections stay open.
import https from 'node:https'
import tls from 'node:tls'
import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import WebSocket from 'ws'
import { check, equal, finish, within } from './check.mjs'
import { ask } from './http.mjs'
import { guest } from './people.mjs'
import { lockBest, showtimes } from './trade.mjs'
import { reload } from './log.mjs'
import { bridges, gone } from './processes.mjs'
import { logged } from './log.mjs'

const port = Number(process.env.WEB_TLS_PORT)
const at = name => `${process.env.WEB_WORK}/tls/${name}`
const ca = readFileSync(at('ca.pem'))
const [show] = await showtimes(/IMAX/)

// A connection: what was agreed on, or why not. It stays open when asked to.
const connect = (options = {}, { keep = false, say } = {}) => within(5000, 'TLS', new Promise(yes => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca, ...options })
    const seen = { socket, text: '' }
    const over = () => {
        const { subject, serialNumber } = socket.getPeerCertificate()
        Object.assign(seen, { version: socket.getProtocol(), cipher: socket.getCipher()?.name, alpn: socket.alpnProtocol,
            reused: socket.isSessionReused(), serial: serialNumber, subject })
        keep || socket.destroy()
        yes(seen)
    }
    socket.on('session', session => { seen.session = session })
    socket.on('OCSPResponse', bytes => { seen.ocsp = bytes })
    socket.on('data', data => {
        seen.text += data
        if (!keep && /\r\n\r\n/.test(seen.text))
            over()
    })
    socket.on('error', fault => yes({ fault: fault.code ?? fault.message, text: fault.message }))
    socket.on('secureConnect', () => {
        if (keep)
            over()
        socket.write(say ?? 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    })
}))

for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const only = { minVersion: version, maxVersion: version }
    const one = await connect(only)
    check(`${version} works`, one.version === version && /^HTTP\/1\.1 200 /.test(one.text), one.fault)
    const again = await connect({ ...only, session: one.session })
    check(`${version} is resumed`, again.reused && !one.reused, again.fault)
}
for (const version of ['TLSv1', 'TLSv1.1']) {
    const { fault, text } = await connect({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' })
    check(`${version} is refused`, /protocol version/i.test(`${fault} ${text}`), fault, text)
}
for (const [what, ciphers, good] of [
    ['AES-GCM', 'ECDHE-ECDSA-AES128-GCM-SHA256', true], ['ChaCha20', 'ECDHE-ECDSA-CHACHA20-POLY1305', true],
    ['CBC', 'ECDHE-ECDSA-AES128-SHA256', false], ['CBC with SHA-1', 'ECDHE-ECDSA-AES256-SHA', false],
    ['no forward secrecy', 'AES128-GCM-SHA256', false], ['CCM', 'ECDHE-ECDSA-AES128-CCM8', false],
    ['no authentication', 'AECDH-AES128-SHA@SECLEVEL=0', false],
]) {
    const { version, fault } = await connect({ maxVersion: 'TLSv1.2', ciphers })
    check(`${what} is ${good ? 'good' : 'refused'}`, good ? version === 'TLSv1.2' : fault, version, fault)
}
equal('HTTP/1.1 is chosen', (await connect({ ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'http/1.1')
equal('HTTP/2 alone is not', (await connect({ ALPNProtocols: ['h2'] })).alpn, false)
equal('a strange name is no name of ours', (await connect({ servername: 'evil.example' })).fault, 'ERR_TLS_CERT_ALTNAME_INVALID')
equal('the OCSP response is stapled', (await connect({ requestOCSP: true })).ocsp?.toString('hex'), readFileSync(at('one.ocsp')).toString('hex'))
const status = execFileSync('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-CAfile', at('ca.pem'), '-status'],
    { input: '', stdio: ['pipe', 'pipe', 'ignore'] }).toString()
check('and good', /OCSP Response Status: successful/.test(status) && /Cert Status: good/.test(status) && /Verify return code: 0/.test(status), status.slice(0, 500))

// What browsers are told.
const agent = new https.Agent({ keepAlive: true, ca })
const secure = (method, path, headers = {}) => within(5000, path, new Promise((yes, no) => {
    const request = https.request({ host: '127.0.0.1', port, servername: 'localhost', method, path, headers: { host: `localhost:${port}`, ...headers }, agent }, answer => {
        const parts = []
        answer.on('data', part => parts.push(part))
        answer.on('end', () => yes({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(parts).toString() }))
    })
    request.on('error', no)
    request.end()
}))
const first = await secure('GET', '/api/session')
check('HSTS', /^max-age=\d{7,}/.test(first.headers['strict-transport-security']), first.headers)
check('a Secure cookie', /; Secure$/.test(first.headers['set-cookie'][0]) && /HttpOnly; SameSite=Lax/.test(first.headers['set-cookie'][0]), first.headers['set-cookie'])
const plain = await ask('GET', '/api/session')
check('neither in the clear', !plain.headers['strict-transport-security'] && !/Secure/.test(plain.headers['set-cookie'][0]), plain.headers)
const mine = { cookie: first.headers['set-cookie'][0].split(';')[0], 'x-csrf-token': JSON.parse(first.text).csrfToken }
for (const [origin, code] of [[`https://localhost:${port}`, 'BAD_PARAMETER'], [`http://localhost:${port}`, 'CROSS_ORIGIN'], ['https://localhost', 'CROSS_ORIGIN']]) {
    const { text } = await secure('POST', '/api/tickets/x/lock', { ...mine, origin })
    equal(`a page of ${origin.replace(port, 'PORT')}`, JSON.parse(text).code, code)
}
const map = await secure('GET', `/api/showtimes/${show}/seats`)
equal('a map', JSON.parse(map.text).length, 420)
const many = await connect({}, { keep: true, say: `GET /api/showtimes/${show}/seats HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(40) })
const whole = () => many.text.split('HTTP/1.1 200 OK').length === 41 && many.text.trimEnd().endsWith(']')
await within(5000, 'forty maps', new Promise(yes => many.socket.on('data', () => whole() && yes())))
check('forty maps in a row', whole())
many.socket.destroy()
const clear = await connect.call(null, {}).then(() => ask('GET', '/healthz', { port, agent: false }).catch(fault => fault.code ?? fault.message))
check('HTTP in the clear is no TLS', typeof clear === 'string', clear)

// A new certificate for who comes; who is here stays, and so do sessions.
const page = new WebSocket(`wss://127.0.0.1:${port}/ws/showtimes/${show}`, { ca, servername: 'localhost', headers: { host: `localhost:${port}` } })
const messages = []
await within(5000, 'a snapshot', new Promise((yes, no) => {
    page.on('error', no)
    page.on('message', data => {
        messages.push(JSON.parse(data))
        yes()
    })
}))
const stays = await connect({}, { keep: true })
const before = await connect()
equal('the first certificate', before.serial, '01')
const renew = name => {
    copyFileSync(at(`${name}.pem`), at('now.pem'))
    copyFileSync(at(`${name}.key`), at('now.key'))
    copyFileSync(at(`${name}.ocsp`), at('now.ocsp'))
}
renew('two')
await reload()
const after = await connect({ requestOCSP: true })
equal('the second certificate', after.serial, '02')
equal('and its OCSP response', after.ocsp?.toString('hex'), readFileSync(at('two.ocsp')).toString('hex'))
check('an old session is resumed', (await connect({ session: before.session })).reused)
stays.text = ''
stays.socket.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n')
await within(3000, 'an answer', new Promise(yes => stays.socket.on('data', () => /ready\n$/.test(stays.text) && yes())))
check('an open connection goes on', /200 OK/.test(stays.text))
stays.socket.destroy()
const told = within(3000, 'a change', new Promise(yes => page.on('message', data => yes(JSON.parse(data)))))
const lock = await lockBest(await guest(), show)
equal('and a page', (await told).changes, lock.seats.map(seat => [seat, 1]))
copyFileSync(at('one.key'), at('now.key'))
check('a key of another certificate is refused', /now\.key/.test(await reload(/kept as it was/)))
equal('and the certificate stays', (await connect()).serial, '02')
copyFileSync(at('two.key'), at('now.key'))
copyFileSync(at('one.pem'), at('now.ocsp'))

// The sockets of TLS are handed over as such.
const [pid] = bridges()
const closed = new Promise(yes => page.on('close', yes))
copyFileSync(at('two.ocsp'), at('now.ocsp'))
process.kill(pid, 'SIGUSR2')
equal('a page is told to come again', await within(10000, 'an end', closed), 1001)
check('the old one ends', await gone(pid))
const heir = await connect()
check('its heir speaks TLS there', heir.version === 'TLSv1.3' && /200 OK/.test(heir.text), heir.fault)
equal('and HTTP in the clear elsewhere', (await ask('GET', '/healthz', { agent: false })).status, 200)
agent.destroy()
const [last] = bridges()
process.kill(last, 'SIGTERM')
check('and ends', await gone(last))
await finish()
