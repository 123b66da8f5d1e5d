// rows - the form of a table of requests, and what holds of every answer.
//
// A row: [route, what is asked, () => answer, status, more]; `more` is the problem's code, or a
// judge of the answer. Rows run in order; a row may stand on what the ones above it did.
import { check } from './check.mjs'

export const covered = new Map() // route -> statuses that were seen

// RFC 9457, with our stable code.
export function isProblem({ type, json, status }) {
    return type === 'application/problem+json' && typeof json?.title === 'string' &&
        json.status === status && typeof json.code === 'string' &&
        json.type === `urn:marquee:problem:${json.code}`
}

export function common(what, answer) {
    const { headers, status } = answer
    check(`${what}: safe headers`, headers['x-content-type-options'] === 'nosniff' &&
        /default-src 'none'/.test(headers['content-security-policy']) && 'cache-control' in headers &&
        'date' in headers && 'x-request-id' in headers, headers)
    if (status >= 400 && answer.method !== 'HEAD')
        check(`${what}: a problem`, isProblem(answer) && answer.json.instance === headers['x-request-id'],
            answer.type, answer.text)
    if (status === 401)
        check(`${what}: says how`, headers['www-authenticate'] === 'Bearer')
    if (status === 503 || status === 429)
        check(`${what}: says when`, Number(headers['retry-after']) >= 1)
}

export async function run(rows) {
    for (const [route, what, go, status, more] of rows) {
        const answer = await go()
        const name = `${route}, ${what}`
        const good = answer.status === status && (more === undefined ||
            (typeof more === 'string' ? answer.json?.code === more : more(answer)))
        check(name, good, answer.status, answer.text)
        if (answer.headers && status !== 101)
            common(name, answer)
        covered.set(route, (covered.get(route) ?? new Set()).add(status))
    }
}
