// api - what pages ask the bridge: JSON, the session with its CSRF token, repeats that happen once, and what
// time it is there.
const attempts_max = 4
const attempt_ms = 10000

export class Refusal extends Error {
    constructor(status, problem) {
        super(problem.title ?? `HTTP ${status}`)
        Object.assign(this, problem)
        this.status = status
        this.code = problem.code ?? (status === 0 ? 'NO_NETWORK' : 'INTERNAL')
    }
}

// The server's clock: its time when it answered, taken to be the middle of our waiting.
let ahead_ms = 0
export const now = () => Date.now() + ahead_ms

let session
let staff = null
export function signIn(key) {
    staff = key
    session = undefined
}
export const signedIn = () => staff !== null

const pause = ms => new Promise(done => setTimeout(done, ms))

async function once(method, path, body, fields, credentials = 'same-origin') {
    let answer
    try {
        answer = await fetch(path, {
            method, headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...fields },
            body: body === undefined ? undefined : JSON.stringify(body),
            credentials, cache: 'no-store', signal: AbortSignal.timeout(attempt_ms),
        })
    } catch (fault) {
        throw new Refusal(0, { title: String(fault) })
    }
    const text = await answer.text().catch(() => '')
    let json = null
    try {
        json = text ? JSON.parse(text) : null
    } catch {
        if (answer.ok && /json/.test(answer.headers.get('content-type')))
            throw new Refusal(502, { code: 'BAD_GATEWAY' })
    }
    if (!answer.ok)
        throw new Refusal(answer.status, { ...json, retry_s: Number(answer.headers.get('retry-after')) || 0 })
    return json ?? text
}

// Who I am. Staff prove themselves with each request, by their key; everybody else has a cookie.
export function enter() {
    session ??= (async () => {
        const before = Date.now()
        const who = await repeated(() => once('GET', '/api/session', undefined, proof()))
        ahead_ms = who.now_ms - (before + Date.now()) / 2
        return who
    })()
    session.catch(() => {
        session = undefined
    })
    return session
}

// What was never answered, or not now, is asked again after a moment. A write that is repeated carries the same
// key, and so happens once.
async function repeated(ask) {
    for (let attempt = 1; ; attempt++)
        try {
            return await ask()
        } catch (refusal) {
            if (!(refusal instanceof Refusal) || ![0, 429, 502, 503, 504].includes(refusal.status) || attempt === attempts_max)
                throw refusal
            await pause(Math.max(refusal.retry_s * 1000, 300 * 2 ** attempt) * (0.7 + 0.6 * Math.random()))
        }
}

export const get = (path, fields) => repeated(() => once('GET', path, undefined, { ...proof(), ...fields }))
const proof = () => (staff ? { Authorization: `Bearer ${staff}` } : {})

// What belongs to a session: enter first.
export async function mine(path) {
    await enter()
    return get(path)
}

export async function write(method, path, body, fields = {}) {
    const key = crypto.randomUUID()
    for (let entered = 0; ; entered++) {
        const who = await enter()
        try {
            return await repeated(() => once(method, path, body, {
                ...(staff ? proof() : { 'X-CSRF-Token': who.csrfToken }), 'Idempotency-Key': key, ...fields,
            }))
        } catch (refusal) {
            // The cookie ran out while the page was open: a new one, once.
            if (entered || staff || !['CSRF_TOKEN', 'UNAUTHORIZED'].includes(refusal.code))
                throw refusal
            session = undefined
        }
    }
}

// For pages that prove themselves by what they send, and not by a cookie that may be there.
export const plain = (method, path, body, fields) => repeated(() => once(method, path, body, fields, 'omit'))
export async function setClock() {
    const before = Date.now()
    const { now_ms } = await plain('GET', '/api/session')
    ahead_ms = now_ms - (before + Date.now()) / 2
}

// All showtimes of a stretch of time, by their start.
export async function showtimes(from_ms, until_ms) {
    const page = 500, pages_max = 20
    const all = []
    for (let i = 0; i < pages_max; i++) {
        const { total, showtimes } = await get(`/api/showtimes?from_ms=${from_ms}&until_ms=${until_ms}&limit=${page}&from=${all.length}`)
        all.push(...showtimes)
        if (!showtimes.length || all.length >= total)
            break
    }
    return all
}
