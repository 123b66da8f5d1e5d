// frames - frames of RFC 6455 over a raw socket, right and wrong, and how the bridge ends it.
import { check, equal, finish } from './check.mjs'
import { connect } from './raw.mjs'
import { showtimes } from './trade.mjs'

const [show] = await showtimes(/IMAX/)
const CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10

// A frame of a client; `length` says how its size is written: 0, 2 or 8 bytes.
function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true, length } = {}) {
    const data = Buffer.from(payload)
    length ??= data.length < 126 ? 0 : data.length < 65536 ? 2 : 8
    const head = Buffer.alloc(2 + length)
    head[0] = (fin ? 0x80 : 0) | rsv << 4 | opcode
    head[1] = (masked ? 0x80 : 0) | (length === 0 ? data.length : length === 2 ? 126 : 127)
    if (length)
        head.writeUIntBE(data.length, 2 + length - Math.min(length, 6), Math.min(length, 6))
    if (!masked)
        return Buffer.concat([head, data])
    const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d])
    return Buffer.concat([head, mask, data.map((byte, at) => byte ^ mask[at % 4])])
}
const close = (code, reason = '') => Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)])

// Frames of the server: they are never masked.
function framesIn(bytes) {
    const frames = []
    while (bytes.length >= 2) {
        const short = bytes[1] & 127
        const extra = short === 126 ? 2 : short === 127 ? 8 : 0
        if (bytes.length < 2 + extra)
            break
        const size = extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
        if (bytes.length < 2 + extra + size)
            break
        frames.push({ first: bytes[0], masked: bytes[1] >> 7, payload: bytes.subarray(2 + extra, 2 + extra + size) })
        bytes = bytes.subarray(2 + extra + size)
    }
    return frames
}
const handshake = (fields = '') => `GET /ws/showtimes/${show} HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n` +
    `Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${fields}\r\n`

async function open(first = handshake()) {
    const one = connect()
    one.write(first)
    one.frames = () => {
        const end = one.bytes.indexOf('\r\n\r\n')
        return end < 0 ? [] : framesIn(one.bytes.subarray(end + 4))
    }
    await one.until(() => one.frames().length > 0 || one.closed, 'a snapshot')
    return one
}

// The sample of RFC 6455 1.3.
const sample = await open()
const head = sample.bytes.subarray(0, sample.bytes.indexOf('\r\n\r\n')).toString()
check('the handshake of the RFC', /^HTTP\/1\.1 101 Switching Protocols\r\n/.test(head) &&
    /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/.test(head) && /\r\nUpgrade: websocket/.test(head), head)
check('a frame of text, not masked', sample.frames()[0].first === 0x81 && !sample.frames()[0].masked)
sample.end()
for (const [what, from, to] of [
    ['no key', /Sec-WebSocket-Key.*\r\n/, ''], ['a short key', 'dGhlIHNhbXBsZSBub25jZQ==', 'c2hvcnQ='],
    ['a key that is no base64', 'dGhl', '!!!!'], ['a key with idle bits', 'ZQ==', 'ZR=='],
    ['two keys', 'Sec-WebSocket-Version', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version'],
    ['no upgrade', 'Upgrade: WebSocket\r\n', ''], ['another upgrade', 'Upgrade: WebSocket', 'Upgrade: h2c'],
    ['a connection that stays', 'keep-alive, Upgrade', 'keep-alive'], ['a body', 'Sec-WebSocket-Key', 'Content-Length: 1\r\nSec-WebSocket-Key'],
]) {
    const one = connect()
    one.write(handshake().replace(from, to) + (what === 'a body' ? 'x' : ''))
    await one.until(() => one.answers().length > 0, what)
    equal(`a handshake with ${what}`, one.answers()[0].status, 400)
    one.end()
}
for (const [what, from, to] of [['no version', /Sec-WebSocket-Version.*\r\n/, ''], ['version 8', ': 13', ': 8'], ['two versions', ': 13', ': 13, 8']]) {
    const one = connect()
    one.write(handshake().replace(from, to))
    await one.until(() => one.answers().length > 0, what)
    equal(`a handshake with ${what}`, one.answers()[0].status, 426)
    one.end()
}

// What ends a socket, and with which code.
const since = number => JSON.stringify({ since: number })
for (const [what, bytes, code] of [
    ['not masked', frame(TEXT, since(0), { masked: false }), 1002],
    ['a reserved bit', frame(TEXT, since(0), { rsv: 4 }), 1002],
    ['an opcode that is none', frame(3, 'x'), 1002], ['a control opcode that is none', frame(11, ''), 1002],
    ['a fragmented ping', frame(PING, 'x', { fin: false }), 1002],
    ['a ping too long', frame(PING, 'x'.repeat(126)), 1002],
    ['a continuation of nothing', frame(CONTINUATION, 'x'), 1002],
    ['a message inside a message', Buffer.concat([frame(TEXT, '{', { fin: false }), frame(TEXT, '}')]), 1002],
    ['a length of 2 bytes for little', frame(TEXT, since(0), { length: 2 }), 1002],
    ['a length of 8 bytes for little', frame(TEXT, since(0), { length: 8 }), 1002],
    ['a length with its first bit set', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]), 1002],
    ['too large', frame(TEXT, 'x'.repeat(70000)), 1009],
    ['said to be too large', frame(TEXT, 'x'.repeat(70000)).subarray(0, 14), 1009],
    ['too large in parts', Buffer.concat(Array.from({ length: 40 }, (_, i) => frame(i ? CONTINUATION : TEXT, 'x'.repeat(2000), { fin: false }))), 1009],
    ['no UTF-8', frame(TEXT, Buffer.from([0x22, 0xc3, 0x28, 0x22])), 1007],
    ['a surrogate', frame(TEXT, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), 1007],
    ['cut UTF-8', Buffer.concat([frame(TEXT, Buffer.from([0x22, 0xe4, 0xb8]), { fin: false }), frame(CONTINUATION, '"')]), 1007],
    ['bytes', frame(BINARY, since(0)), 1008], ['no JSON', frame(TEXT, 'hello'), 1008],
    ['an object too deep', frame(TEXT, '['.repeat(2100)), 1008],
    ['another question', frame(TEXT, '{"until":1}'), 1008], ['since -1', frame(TEXT, since(-1)), 1008],
    ['since text', frame(TEXT, since('1')), 1008], ['since 1.5', frame(TEXT, since(1.5)), 1008],
    ['a good end', frame(CLOSE, close(1000, 'bye')), 1000], ['an end without code', frame(CLOSE), 1000],
    ['an end of an application', frame(CLOSE, close(4321)), 4321],
    ['half a code', frame(CLOSE, 'x'), 1002], ['code 1005', frame(CLOSE, close(1005)), 1002], ['code 999', frame(CLOSE, close(999)), 1002],
    ['code 5000', frame(CLOSE, close(5000)), 1002], ['a reason that is no UTF-8', frame(CLOSE, Buffer.from([3, 232, 0xff])), 1007],
]) {
    const one = await open()
    one.write(bytes)
    await one.until(() => one.closed, what)
    const last = one.frames().at(-1)
    check(`${what}: ${code}`, last.first === 0x88 && last.payload.readUInt16BE(0) === code, last)
}

// What is right: in pieces, byte by byte, with pings between, and asked with the handshake.
const one = await open()
const number = JSON.parse(one.frames()[0].payload).number
const whole = Buffer.concat([
    frame(PING, 'first'), frame(TEXT, '{"sin', { fin: false }), frame(PING, ''), frame(CONTINUATION, 'ce":', { fin: false }),
    frame(CONTINUATION, `${number}`, { fin: false }), frame(PONG, 'unasked'), frame(CONTINUATION, '}'), frame(PING, 'last'),
])
for (let at = 0; at < whole.length; at++)
    one.write(whole.subarray(at, at + 1))
await one.until(() => one.frames().length === 5, 'three pongs and an answer')
equal('pings are answered in their order, and so is the question', one.frames().slice(1).map(({ first, payload }) => [first, payload.toString()]), [
    [0x8a, 'first'], [0x8a, ''], [0x81, `{"type":"change","from":${number + 1},"number":${number},"changes":[]}`], [0x8a, 'last']])
one.end()
const early = await open(Buffer.concat([Buffer.from(handshake()), frame(PING, 'early')]))
await early.until(() => early.frames().some(({ first }) => first === 0x8a), 'a pong for who did not wait')
check('what came with the handshake is read', true)
early.end()
const streamed = await open(handshake().replace(' HTTP', '?since=999999 HTTP'))
check('since a number that never was: all', JSON.parse(streamed.frames()[0].payload).type === 'seats')
streamed.end()
await finish()
