// raw - a socket that says exactly these bytes, and the answers that came back.
import net from 'node:net'
import { port } from './http.mjs'
import { within } from './check.mjs'

// Take whole answers off the front of the bytes: [{ status, headers, body }], and what is left.
export function answersIn(bytes) {
    const answers = []
    for (;;) {
        const end = bytes.indexOf('\r\n\r\n')
        if (end < 0)
            return { answers, left: bytes }
        const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
        const headers = Object.fromEntries(lines.map(line => {
            const colon = line.indexOf(':')
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)]
        }))
        const status = Number(first.match(/^HTTP\/1\.1 (\d{3}) [A-Z][A-Za-z -]*$/)[1])
        const size = status < 200 || status === 204 || status === 304 ? 0 : Number(headers['content-length'])
        if (bytes.length < end + 4 + size)
            return { answers, left: bytes }
        answers.push({ status, headers, body: bytes.subarray(end + 4, end + 4 + size) })
        bytes = bytes.subarray(end + 4 + size)
    }
}

export function connect(more = {}) {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true, ...more })
    const self = { socket, bytes: Buffer.alloc(0), closed: false, began: Date.now() }
    const watchers = new Set()
    const look = () => watchers.forEach(one => one())
    socket.on('data', data => {
        self.bytes = Buffer.concat([self.bytes, data])
        look()
    })
    // The other side has ended: a write of ours may have met its end before.
    const over = () => {
        self.closed = true
        self.took = Date.now() - self.began
        socket.destroy()
        look()
    }
    socket.on('end', over)
    socket.on('close', over)
    socket.on('error', () => {})
    self.write = data => socket.write(data)
    self.until = (good, what, ms = 6000) => within(ms, what, new Promise(yes => {
        const one = () => {
            if (!good(self))
                return
            watchers.delete(one)
            yes(self)
        }
        watchers.add(one)
        one()
    }))
    self.answers = () => answersIn(self.bytes).answers
    self.left = () => answersIn(self.bytes).left
    self.end = () => socket.destroy()
    self.ready = within(5000, 'a connection', new Promise((yes, no) => {
        socket.on('connect', () => yes(self))
        socket.on('error', no)
        socket.on('close', () => no(new Error('closed')))
    }))
    self.ready.catch(() => {})
    return self
}

// Say the bytes and wait until `count` final answers are there, or the end: statuses, and whether it
// was the end.
export async function say(bytes, count) {
    const one = connect()
    one.write(bytes)
    const finals = () => one.answers().filter(answer => answer.status >= 200).length
    await one.until(() => one.closed || (count !== undefined && finals() >= count), JSON.stringify(String(bytes).slice(0, 80)))
    const result = { statuses: one.answers().map(answer => answer.status), answers: one.answers(), closed: one.closed, left: one.left() }
    one.end()
    return result
}
