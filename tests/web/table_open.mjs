// table_open - what anybody may ask: the list, showtimes, maps, sessions, health.
import { gunzipSync } from 'node:zlib'
import { events, socket } from './sockets.mjs'
import { ask } from './http.mjs'
import { nobody } from './people.mjs'

const get = (path, headers = {}) => ask('GET', path, { headers })

export const openRows = ({ show, guest, browser }) => {
    const at = `/api/showtimes/${show}`
    let tag, number
    return [
        ['GET /healthz', 'the process runs', () => get('/healthz'), 200, a => a.text === 'ok\n'],
        ['GET /readyz', 'the site is whole', () => get('/readyz'), 200, a => a.text === 'ready\n'],
        ['GET /metrics', 'figures', () => get('/metrics'), 200, a => /^text\/plain; version=0.0.4/.test(a.type)],
        ['GET /openapi.json', 'the document', () => get('/openapi.json'), 200, a => a.json.openapi === '3.1.0'],
        ['GET /openapi.json', 'by gzip', () => get('/openapi.json', { 'accept-encoding': 'gzip' }), 200,
            a => a.headers['content-encoding'] === 'gzip' && /Accept-Encoding/.test(a.headers.vary) &&
                JSON.parse(gunzipSync(a.bytes)).openapi === '3.1.0'],

        ['GET /api/session', 'a new guest', () => get('/api/session'), 200,
            a => a.json.role === 'guest' && a.json.csrfToken && Math.abs(a.json.now_ms - Date.now()) < 5000 && /^marquee=/.test(a.headers['set-cookie'][0])],
        ['GET /api/session', 'the same guest again', () => browser.ask('GET', '/api/session'), 200,
            a => a.json.user === browser.user && a.json.csrfToken && !a.headers['set-cookie']],
        ['GET /api/session', 'by bearer token', () => guest.ask('GET', '/api/session'), 200,
            a => a.json.user === guest.user && !a.json.csrfToken && !a.headers['set-cookie']],
        ['GET /api/session', 'a forged token', () => get('/api/session', { authorization: 'Bearer nonsense' }), 401, 'TOKEN_FORGED'],
        ['GET /api/session', 'another scheme', () => get('/api/session', { authorization: 'Basic Zm9vOmJhcg==' }), 401, 'TOKEN_MALFORMED'],
        ['GET /checkout', 'a CSRF token', () => browser.ask('GET', '/checkout'), 200, a => a.json.csrfToken],
        ['POST /api/session', 'a program', () => nobody.ask('POST', '/api/session'), 201,
            a => a.json.token.split('.').length === 3 && !a.headers['set-cookie']],

        ...['/api/wxpay/notify', '/api/alipay/notify'].flatMap(path => [
            [`POST ${path}`, 'without a cashier', () => ask('POST', path, { body: 'a=1' }), 503, 'SERVER_AWAY'],
            [`POST ${path}`, 'nothing', () => ask('POST', path, { body: '' }), 413, 'BODY_TOO_LARGE'],
            [`POST ${path}`, 'too much', () => ask('POST', path, { body: 'x'.repeat(20000) }), 413, 'BODY_TOO_LARGE'],
        ]),
        ['GET /api/showtimes', 'all', () => get('/api/showtimes'), 200, a => a.json.total === 319 && a.json.showtimes.length === 100],
        ['GET /api/showtimes', 'in order', () => get('/api/showtimes?limit=500'), 200,
            a => a.json.showtimes.every((one, i, all) => !i || all[i - 1].starts_ms <= one.starts_ms)],
        ['GET /api/showtimes', 'a page', () => get('/api/showtimes?from=318&limit=5'), 200, a => a.json.showtimes.length === 1],
        ['GET /api/showtimes', 'none so early', () => get('/api/showtimes?until_ms=1'), 200, a => a.json.total === 0],
        ['GET /api/showtimes', 'a limit of zero', () => get('/api/showtimes?limit=0'), 200, a => a.json.showtimes.length === 0],
        ['GET /api/showtimes', 'too many', () => get('/api/showtimes?limit=501'), 400, 'BAD_PARAMETER'],
        ['GET /api/showtimes', 'no number', () => get('/api/showtimes?from=x'), 400, 'BAD_PARAMETER'],
        ['GET /api/showtimes', 'twice', () => get('/api/showtimes?from=1&from=2'), 400, 'BAD_PARAMETER'],

        ['GET /api/showtimes/{showtime}', 'one', () => get(at), 200, a => a.json.showtime === show && a.json.seats === 420],
        ['GET /api/showtimes/{showtime}', 'HEAD', () => ask('HEAD', at), 200, a => a.bytes.length === 0 && a.headers['content-length'] > 100],
        ['GET /api/showtimes/{showtime}', 'unknown', () => get('/api/showtimes/999'), 404, 'UNKNOWN_SHOWTIME'],

        ['GET /api/showtimes/{showtime}/layout', 'the hall', () => get(`${at}/layout`), 200,
            a => a.json.seats.length === 420 && /immutable/.test(a.headers['cache-control'])],
        ['GET /api/showtimes/{showtime}/layout', 'had before', () => get(`${at}/layout`, { 'if-none-match': '"layout"' }), 304,
            a => a.bytes.length === 0],
        ['GET /api/showtimes/{showtime}/layout', 'unknown', () => get('/api/showtimes/999/layout'), 404, 'UNKNOWN_SHOWTIME'],

        ['GET /api/showtimes/{showtime}/seats', 'the map', () => get(`${at}/seats`), 200, a => {
            tag = a.headers.etag
            return a.json.length === 420 && a.json[0].id === 1 && a.json[0].status === 'available' &&
                a.headers['cache-control'] === 'no-cache'
        }],
        ['GET /api/showtimes/{showtime}/seats', 'had before', () => get(`${at}/seats`, { 'if-none-match': `"x", ${tag}` }), 304,
            a => a.bytes.length === 0 && a.headers.etag === tag],
        ['GET /api/showtimes/{showtime}/seats', 'had another', () => get(`${at}/seats`, { 'if-none-match': '"m999"' }), 200],
        ['GET /api/showtimes/{showtime}/seats', 'by gzip', () => get(`${at}/seats`, { 'accept-encoding': 'br, gzip' }), 200,
            a => JSON.parse(gunzipSync(a.bytes)).length === 420 && /Accept-Encoding/.test(a.headers.vary)],
        ['GET /api/showtimes/{showtime}/seats', 'gzip refused', () => get(`${at}/seats`, { 'accept-encoding': 'gzip;q=0' }), 200,
            a => !a.headers['content-encoding'] && /Accept-Encoding/.test(a.headers.vary)],
        ['GET /api/showtimes/{showtime}/seats', 'compact', () => get(`${at}/seats?format=compact`), 200, a => {
            number = a.json.number
            return /^[0-3]{420}$/.test(a.json.states)
        }],
        ['GET /api/showtimes/{showtime}/seats', 'since now', () => get(`${at}/seats?format=compact&since=${number}`), 200,
            a => a.json.type === 'changes' && a.json.changes.length === 0 && a.json.number === number],
        ['GET /api/showtimes/{showtime}/seats', 'since the future', () => get(`${at}/seats?format=compact&since=4000000`), 200,
            a => a.json.type === 'seats' && a.json.states.length === 420],
        ['GET /api/showtimes/{showtime}/seats', 'another format', () => get(`${at}/seats?format=xml`), 400, 'BAD_PARAMETER'],
        ['GET /api/showtimes/{showtime}/seats', 'since without compact', () => get(`${at}/seats?since=1`), 400, 'BAD_PARAMETER'],
        ['GET /api/showtimes/{showtime}/seats', 'since no number', () => get(`${at}/seats?format=compact&since=-1`), 400, 'BAD_PARAMETER'],
        ['GET /api/showtimes/{showtime}/seats', 'unknown', () => get('/api/showtimes/999/seats'), 404, 'UNKNOWN_SHOWTIME'],

        ['GET /api/showtimes/{showtime}/events', 'a stream', async () => {
            const stream = await events(`${at}/events`)
            const first = await stream.queue.next()
            stream.end()
            return { ...stream, first }
        }, 200, a => a.type === 'text/event-stream' && a.first.type === 'seats' && a.first.id === String(a.first.number)],
        ['GET /api/showtimes/{showtime}/events', 'unknown', () => events('/api/showtimes/999/events'), 404, 'UNKNOWN_SHOWTIME'],
        ['GET /api/showtimes/{showtime}/events', 'since what', () => events(`${at}/events?since=x`), 400, 'BAD_PARAMETER'],
        ['GET /api/showtimes/{showtime}/events', 'Last-Event-ID what', () => events(`${at}/events`, { 'last-event-id': 'x' }), 400, 'BAD_PARAMETER'],
        ['GET /api/showtimes/{showtime}/events', 'HEAD ends', () => ask('HEAD', `${at}/events`, { agent: false }), 200,
            a => a.type === 'text/event-stream'],

        ['GET /ws/showtimes/{showtime}', 'a socket', async () => {
            const one = await socket(`/ws/showtimes/${show}`)
            const first = await one.queue.next()
            one.socket.close()
            return { ...one, first }
        }, 101, a => a.first.type === 'seats' && !a.headers['sec-websocket-extensions']],
        ['GET /ws/showtimes/{showtime}', 'unknown', () => socket('/ws/showtimes/999'), 404, 'UNKNOWN_SHOWTIME'],
        ['GET /ws/showtimes/{showtime}', 'no handshake', () => get(`/ws/showtimes/${show}`), 400, 'BAD_REQUEST'],
        ['GET /ws/showtimes/{showtime}', 'HEAD', () => ask('HEAD', `/ws/showtimes/${show}`), 400],
        ['GET /ws/showtimes/{showtime}', 'another version', () => socket(`/ws/showtimes/${show}`, {}, { protocolVersion: 8 }), 426,
            a => a.json.code === 'WEBSOCKET' && a.headers['sec-websocket-version'] === '13'],

        ['GET /api/tickets/keys', 'public keys', () => get('/api/tickets/keys'), 200, a => /^[0-9a-f]{64}$/.test(a.json.keys[0][1])],
    ]
}
