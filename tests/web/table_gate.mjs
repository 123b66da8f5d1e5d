// table_gate - tickets, kiosks and staff: from the code on the screen to the door.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { within } from './check.mjs'
import { socket } from './sockets.mjs'
import { nobody, kioskOf, nonce } from './people.mjs'
import { buy } from './trade.mjs'

// What a scanner reads from a picture.
function scan(bytes, name) {
    const file = `${process.env.WEB_WORK}/${name}`
    writeFileSync(file, bytes)
    return execFileSync('zbarimg', ['-q', '--raw', '--nodbus', file], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim()
}
// zbarimg wants pixels: a picture in PGM of an SVG that draws modules by M x y h 1 v 1 h -1 z.
function raster(svg) {
    const [, offset, scale] = svg.match(/translate\((\d+) \d+\) scale\((\d+)\)/).map(Number)
    const pixels = Buffer.alloc(300 * 300, 255)
    for (const [, x, y, width] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1/g))
        for (let row = 0; row < scale; row++) {
            const from = (offset + y * scale + row) * 300 + offset + x * scale
            pixels.fill(0, from, from + width * scale)
        }
    return Buffer.concat([Buffer.from('P5 300 300 255\n'), pixels])
}

export const gateRows = ({ show, sold, guest, other, staff, desk, kiosk }) => {
    const at = `/api/showtimes/${show}`
    const ticket = `/api/tickets/${sold.ticket}`
    const second = `/api/tickets/${sold.tickets[1]}`
    const K = 'POST /api/kiosk/redeem'
    const P = 'POST /api/tickets/{ticket}/print'
    const V = 'GET /api/showtimes/{showtime}/revoked'
    const used = nonce()
    const wrongKey = kioskOf(kiosk.name, Buffer.alloc(32, 7).toString('base64url'))
    const print = (who, step, more = {}) => () => who.ask('POST', ticket + '/print', { step, ...more })
    let refunded, gone
    return [
        ['GET /api/tickets/{ticket}', 'mine', () => guest.ask('GET', ticket), 200, a => a.json.token === sold.token && !a.json.offline],
        ['GET /api/tickets/{ticket}', 'offline', () => guest.ask('GET', ticket + '?offline=true'), 200, a => a.json.offline.length > 100],
        ['GET /api/tickets/{ticket}', 'offline or what', () => guest.ask('GET', ticket + '?offline=yes'), 400, 'BAD_PARAMETER'],
        ['GET /api/tickets/{ticket}', 'asks too much', () => guest.ask('GET', ticket + '?user=1'), 400, 'BAD_PARAMETER'],
        ['GET /api/tickets/{ticket}', "another's", () => other.ask('GET', ticket), 403, 'NOT_YOURS'],
        ['GET /api/tickets/{ticket}', 'no such', () => guest.ask('GET', `/api/tickets/${sold.order}-1`), 404, 'UNKNOWN_TICKET'],
        ['GET /api/tickets/{ticket}', 'staff', () => staff.ask('GET', ticket), 200],
        ['GET /api/tickets/{ticket}/qr.png', 'drawn', () => guest.ask('GET', ticket + '/qr.png'), 200,
            a => a.type === 'image/png' && scan(a.bytes, 'qr.png') === sold.token],
        ['GET /api/tickets/{ticket}/qr.png', "another's", () => other.ask('GET', ticket + '/qr.png'), 403, 'NOT_YOURS'],
        ['GET /api/tickets/{ticket}/qr.svg', 'drawn', () => guest.ask('GET', ticket + '/qr.svg'), 200,
            a => a.type === 'image/svg+xml' && scan(raster(a.text), 'qr.pgm') === sold.token],
        ['GET /api/tickets/{ticket}/qr.svg', "another's", () => other.ask('GET', ticket + '/qr.svg'), 403, 'NOT_YOURS'],

        [K, 'a wrong key', () => wrongKey.redeem(sold.token), 403, 'KIOSK_REFUSED'],
        [K, 'not enrolled', () => kioskOf('lobby-9', kiosk.key).redeem(sold.token), 403, 'KIOSK_REFUSED'],
        [K, 'another token than signed', () => kiosk.redeem(sold.token, { qr_code_data: 'x' }), 403, 'KIOSK_REFUSED'],
        [K, 'another nonce than signed', () => nobody.ask('POST', '/api/kiosk/redeem', { ...kiosk.slip(sold.token), nonce: nonce() }), 403, 'KIOSK_REFUSED'],
        [K, 'too old', () => kiosk.redeem(sold.token, { timestamp: Date.now() - 301e3 }), 403, 'KIOSK_STALE'],
        [K, 'from the future', () => kiosk.redeem(sold.token, { timestamp: Date.now() + 305e3 }), 403, 'KIOSK_STALE'],
        [K, 'a short nonce', () => kiosk.redeem(sold.token, { nonce: 'short' }), 403, 'KIOSK_REFUSED'],
        [K, 'a time as text', () => nobody.ask('POST', '/api/kiosk/redeem', { ...kiosk.slip(sold.token), timestamp: 'now' }), 400, 'BAD_JSON'],
        [K, 'a field too many', () => kiosk.redeem(sold.token, { more: 1 }), 400, 'BAD_JSON'],
        [K, 'no ticket of ours', () => kiosk.redeem('x'.repeat(31)), 404, 'BAD_TOKEN'],
        [K, 'a forged ticket', () => kiosk.redeem(sold.token.slice(0, -4) + 'AAAA'), 404, 'BAD_TOKEN'],
        [K, 'welcome', () => kiosk.redeem(sold.token, { nonce: used }), 200, a => a.json.ticket === sold.ticket && a.json.row && a.json.title],
        [K, 'a replayed nonce', () => kiosk.redeem(sold.token, { nonce: used }), 403, 'REPLAYED'],
        [K, 'a second time says when and where', () => kiosk.redeem(sold.token), 409,
            a => a.json.code === 'ALREADY_REDEEMED' && a.json.kiosk === kiosk.name && Date.now() - a.json.redeemed_ms < 60e3],

        [P, 'nobody', print(nobody, 'begin'), 403, 'KIOSK_REFUSED'],
        [P, 'its buyer', print(guest, 'begin', { kiosk: 'lobby-1' }), 403, 'KIOSK_REFUSED'],
        [P, 'a forged signature', () => wrongKey.ask('POST', ticket + '/print', { step: 'begin' }), 403, 'KIOSK_REFUSED'],
        [P, 'another body than signed', () => nobody.ask('POST', ticket + '/print', { step: 'done' },
            kiosk.fields('POST', ticket + '/print', '{"step":"begin"}')), 403, 'KIOSK_REFUSED'],
        [P, 'begin', print(kiosk, 'begin'), 200, a => a.json.print === 'printing'],
        [P, 'begin twice', print(kiosk, 'begin'), 409, 'PRINT_STATE'],
        [P, 'the same request once more', async () => {
            const body = '{"step":"failed"}', fields = kiosk.fields('POST', second + '/print', body)
            await nobody.ask('POST', second + '/print', JSON.parse(body), fields)
            return nobody.ask('POST', second + '/print', JSON.parse(body), fields)
        }, 403, 'REPLAYED'],
        [P, 'done', print(kiosk, 'done'), 200, a => a.json.print === 'printed' && a.json.prints === 1],
        [P, 'once more by the kiosk', print(kiosk, 'reprint'), 403, 'FORBIDDEN'],
        [P, 'once more by staff', print(staff, 'reprint', { kiosk: 'lobby-1' }), 200],
        [P, 'for another kiosk', print(kiosk, 'begin', { kiosk: 'lobby-2' }), 400, 'BAD_JSON'],
        [P, 'a step that is none', print(kiosk, 'jump'), 400, 'BAD_FIELD'],
        [P, 'jammed', () => kiosk.ask('POST', second + '/print', { step: 'begin' }).then(
            () => kiosk.ask('POST', second + '/print', { step: 'failed' })), 200, a => a.json.prints === 0],

        [V, 'none yet', () => kiosk.ask('GET', `${at}/revoked`), 200, a => a.json.tickets.length === 0 && a.json.version === 0],
        [V, 'nobody', () => nobody.ask('GET', `${at}/revoked`), 403, 'KIOSK_REFUSED'],
        ['POST /api/orders/{order}/refunds', 'a guest', () => guest.ask('POST', `/api/orders/${sold.order}/refunds`, {}), 403, 'STAFF_ONLY'],
        ['POST /api/orders/{order}/refunds', 'redeemed', () => staff.ask('POST', `/api/orders/${sold.order}/refunds`, { tickets: [Number(sold.ticket.split('-')[1])] }), 409],
        ['POST /api/orders/{order}/refunds', 'by staff', async () => {
            refunded = await buy(guest, show)
            return staff.ask('POST', `/api/orders/${refunded.order}/refunds`, { wait: true, reason: 'rain' })
        }, 200, a => a.json.state === 'refunded' && a.json.refunded === refunded.amount],
        [V, 'after a refund', () => kiosk.ask('GET', `${at}/revoked`), 200, a => a.json.tickets[0] === refunded.ticket && a.json.version === 1],
        [V, 'since', () => staff.ask('GET', `${at}/revoked?since=1`), 200, a => a.json.tickets.length === 0],
        [V, 'for ever', () => staff.ask('GET', `${at}/revoked?forever=1`), 400, 'BAD_PARAMETER'],
        [K, 'a void ticket', () => kiosk.redeem(refunded.token), 409, 'TICKET_VOID'],
        ['GET /api/tickets/{ticket}/qr.svg', 'of a void ticket', () => guest.ask('GET', `/api/tickets/${refunded.ticket}/qr.svg`), 409, 'TICKET_VOID'],

        ['POST /api/showtimes/{showtime}/blocks', 'off sale', () => staff.ask('POST', `${at}/blocks`, { seats: [400, 401], reason: 'broken' }), 204],
        ['POST /api/showtimes/{showtime}/blocks', 'not for sale', () => guest.ask('POST', `${at}/locks`, { seats: [400, 401] }), 409, 'SEAT_BLOCKED'],
        ['POST /api/showtimes/{showtime}/unblocks', 'back', () => staff.ask('POST', `${at}/unblocks`, { seats: [400, 401] }), 204],
        ['POST /api/showtimes/{showtime}/unblocks', 'not blocked', () => staff.ask('POST', `${at}/unblocks`, { seats: [400] }), 409, 'SEAT_NOT_BLOCKED'],
        ['GET /api/showtimes/{showtime}/orders', 'of the desk', () => staff.ask('GET', `${at}/orders?limit=1`), 200,
            a => a.json.orders.length === 1 && a.json.next > 0],
        ['GET /api/showtimes/{showtime}/orders', 'a guest', () => guest.ask('GET', `${at}/orders`), 403, 'STAFF_ONLY'],
        ['GET /api/showtimes/{showtime}/orders', 'another desk', () => desk.ask('GET', `${at}/orders`), 200],

        ['GET /api/kiosks', 'all', () => staff.ask('GET', '/api/kiosks'), 200, a => a.json.kiosks[0].kiosk === kiosk.name && !a.text.includes(kiosk.key)],
        ['POST /api/kiosks', 'one more', () => staff.ask('POST', '/api/kiosks', { kiosk: 'door_2' }), 201,
            a => (gone = kioskOf('door_2', a.json.key)) && Buffer.from(a.json.key, 'base64url').length === 32],
        ['POST /api/kiosks', 'the same name', () => staff.ask('POST', '/api/kiosks', { kiosk: 'door_2' }), 409, 'KIOSK_EXISTS'],
        ['POST /api/kiosks', 'no name', () => staff.ask('POST', '/api/kiosks', { kiosk: 'a b' }), 400, 'BAD_JSON'],
        ['POST /api/kiosks', 'a long name', () => staff.ask('POST', '/api/kiosks', { kiosk: 'x'.repeat(16) }), 400, 'BAD_JSON'],
        ['POST /api/kiosks/{kiosk}/commands', 'nobody listens', () => staff.ask('POST', '/api/kiosks/door_2/commands', { command: 'restart' }), 404, 'UNKNOWN_KIOSK'],
        ['GET /ws/kiosk', 'not signed', () => socket('/ws/kiosk'), 403, 'KIOSK_REFUSED'],
        ['GET /ws/kiosk', 'signed long ago', () => socket(gone.socket({ timestamp: Date.now() - 400e3 })), 403, 'KIOSK_STALE'],
        ['GET /ws/kiosk', 'there', async () => gone.open = await socket(gone.socket()), 101],
        ['POST /api/kiosks/{kiosk}/commands', 'heard', () => staff.ask('POST', '/api/kiosks/door_2/commands', { command: 'say', text: 'hello' }), 202,
            a => a.json.told === 1],
        ['GET /ws/kiosk', 'hears', async () => ({ status: 101, said: await gone.open.queue.next() }), 101,
            a => a.said.type === 'command' && a.said.command === 'say' && a.said.text === 'hello'],
        ['POST /api/kiosks/{kiosk}/commands', 'too long', () => staff.ask('POST', '/api/kiosks/door_2/commands', { command: 'x'.repeat(33) }), 400, 'BAD_JSON'],
        ['DELETE /api/kiosks/{kiosk}', 'taken back', () => staff.ask('DELETE', '/api/kiosks/door_2'), 204],
        ['GET /ws/kiosk', 'a revoked one is let go', async () => ({ status: 101, code: await within(2000, 'the end', gone.open.closed) }), 101, a => a.code === 1008],
        ['GET /ws/kiosk', 'a revoked one', () => socket(gone.socket()), 403, 'KIOSK_REFUSED'],
        [K, 'a revoked one', () => gone.redeem(sold.token), 403, 'KIOSK_REFUSED'],
        ['POST /api/kiosks', 'a name that was revoked', () => staff.ask('POST', '/api/kiosks', { kiosk: 'door_2' }), 409, 'KIOSK_EXISTS'],
        ['DELETE /api/kiosks/{kiosk}', 'no such', () => staff.ask('DELETE', '/api/kiosks/door_9'), 404, 'UNKNOWN_KIOSK'],
        ['GET /api/kiosks', 'a guest', () => guest.ask('GET', '/api/kiosks'), 403, 'STAFF_ONLY'],
    ]
}
