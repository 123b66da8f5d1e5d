// people - who calls: guests with a bearer token, browsers with a cookie, staff, kiosks that sign.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { ask } from './http.mjs'

const bearer = token => ({ authorization: `Bearer ${token}` })

// Somebody with header fields of their own: ask(method, path, body, more fields).
function person(fields, more = {}) {
    return {
        fields,
        ask: (method, path, body, extra = {}) =>
            ask(method, path, { body, headers: { ...fields, ...extra } }),
        ...more,
    }
}
export const nobody = person({})

export async function guest() {
    const { json } = await ask('POST', '/api/session')
    return person(bearer(json.token), { user: json.user, token: json.token })
}
export const withToken = token => person(bearer(token), { token })
export const staff = withToken(process.env.WEB_STAFF)
export const desk = withToken(process.env.WEB_DESK)

// A browser: the cookie, and what its page knows; `fields` are what a form of its own page sends.
export async function browser() {
    const { json, headers } = await ask('GET', '/api/session')
    const cookie = headers['set-cookie'][0].split(';')[0]
    return person({ cookie, 'x-csrf-token': json.csrfToken },
        { cookie, csrf: json.csrfToken, user: json.user, setCookie: headers['set-cookie'][0] })
}

const hex = data => createHash('sha256').update(data).digest('hex')
export const nonce = () => randomBytes(12).toString('base64url')

export function sign(key, method, path, timestamp, nonceText, body) {
    return createHmac('sha256', Buffer.from(key, 'base64url'))
        .update([method, path, timestamp, nonceText, hex(body)].join('\n')).digest('hex')
}

// A kiosk that staff have enrolled.
export function kioskOf(name, key) {
    const path = '/api/kiosk/redeem'
    return {
        name, key,
        // The body of a redeem, signed; what is in `more` is put over it after signing.
        slip(token, { timestamp = Date.now(), nonce: once = nonce(), ...more } = {}) {
            const signature = sign(key, 'POST', path, timestamp, once, `${token}\n${name}`)
            return { qr_code_data: token, kiosk_id: name, timestamp, nonce: once, signature, ...more }
        },
        redeem(token, more) {
            return ask('POST', path, { body: this.slip(token, more) })
        },
        // X-Kiosk fields of another request.
        fields(method, path, body = '', { timestamp = Date.now(), nonce: once = nonce() } = {}) {
            return {
                'x-kiosk-id': name, 'x-kiosk-timestamp': String(timestamp), 'x-kiosk-nonce': once,
                'x-kiosk-signature': sign(key, method, path.split('?')[0], timestamp, once, body),
            }
        },
        ask(method, path, body) {
            const data = body === undefined ? '' : JSON.stringify(body)
            return ask(method, path, { body: body && data, headers: this.fields(method, path, data) })
        },
        // The target of its WebSocket.
        socket({ timestamp = Date.now(), nonce: once = nonce() } = {}) {
            const signature = sign(key, 'GET', '/ws/kiosk', timestamp, once, '')
            return `/ws/kiosk?kiosk_id=${name}&timestamp=${timestamp}&nonce=${once}&signature=${signature}`
        },
    }
}
export async function enrol(name) {
    const { json } = await staff.ask('POST', '/api/kiosks', { kiosk: name })
    return kioskOf(name, json.key)
}
