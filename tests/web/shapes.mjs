// shapes - requests of a wrong shape, made for every route from the document: who asks, which
// method, how the body is written, which ids. None of them may change anything.
import { check } from './check.mjs'
import { common } from './rows.mjs'
import { ask } from './http.mjs'
import { guest as newGuest, nobody, staff } from './people.mjs'

const methods = ['get', 'post', 'put', 'patch', 'delete']

const badIds = {
    showtime: ['0', 'x', '01', '-1', '1.5', '18446744073709551616', '1%2F2', '%31%', '%ff', '1%00'],
    lock: ['0', 'x', '4294967296', '01', '-1'],
    order: ['x', 'M'.repeat(40), '%ff', 'M0000000000000000000000'],
    ticket: ['x', 'M'.repeat(60), '%ff', 'M0000000000000000000000-1'],
    place: ['x', '1', 'x-1', '1-', '0-1', '-1', '1-1-1', '9'.repeat(60)],
    kiosk: [],
    cinema: ['0', 'x', '01', '-1', '1.5', '9223372036854775808', '%ff'],
    movie: ['0', 'x', '4294967296', '01', '-1'],
    hall_number: ['0', 'x', '65', '01', '-1'],
}
const wrong = {
    string: [7, true, null, ['a'], {}],
    integer: ['1', -1, 1.5, null, true, 1e30],
    boolean: ['true', 1, null],
    array: [7, '1', {}, ['x'], [-1], [[1]], Array.from({ length: 17 }, (_, i) => i + 1)],
}

export async function shapes(document, fixture) {
    const guest = await newGuest()
    const fill = path => path.replace(/\{(\w+)\}/g, (_, name) => fixture[name])
    const refused = async (what, go, statuses, codes) => {
        const answer = await go()
        check(what, [statuses].flat().includes(answer.status) && (!codes || codes.includes(answer.json?.code)),
            answer.status, answer.text)
        if (answer.status >= 400)
            common(what, answer)
    }
    for (const [path, route] of Object.entries(document.paths)) {
        const allowed = methods.filter(one => route[one])
        const said = allowed.map(one => one.toUpperCase()).concat('OPTIONS', route.get ? 'HEAD' : []).sort().join(', ')
        const allow = answer => answer.headers.allow?.split(', ').sort().join(', ')
        for (const other of [...methods.filter(one => !route[one]), 'foo']) {
            const answer = await ask(other.toUpperCase(), fill(path), other === 'foo' ? { agent: false, method: 'PROPFIND' } : {})
            check(`${other} ${path}: 405`, answer.status === 405 && answer.json?.code === 'METHOD_NOT_ALLOWED' &&
                allow(answer) === said, answer.status, answer.headers.allow, said)
        }
        const options = await ask('OPTIONS', fill(path))
        check(`OPTIONS ${path}`, options.status === 204 && allow(options) === said, options.status, options.headers.allow)
        for (const method of allowed)
            await shape(method.toUpperCase(), path, route[method])
    }

    async function shape(method, path, operation) {
        const words = operation.security.flatMap(one => Object.keys(one))
        const forStaff = words.join() === 'bearer', gate = words.includes('kiosk')
        const who = forStaff || gate ? staff : guest
        const name = `${method} ${path}`
        const at = fill(path)
        if (words.includes('cookie') || forStaff)
            await refused(`${name}: nobody`, () => nobody.ask(method, at), 401, ['UNAUTHORIZED'])
        if (forStaff)
            await refused(`${name}: a guest`, () => guest.ask(method, at), 403, ['STAFF_ONLY'])
        if (gate)
            await refused(`${name}: a guest`, () => guest.ask(method, at), 403, ['KIOSK_REFUSED'])
        if (path.startsWith('/ws/'))
            return
        const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, one]) => one)
        for (const parameter of parameters)
            for (const id of badIds[parameter])
                await refused(`${name}: ${parameter} ${id}`,
                    () => who.ask(method, path.replace(/\{(\w+)\}/g, (_, one) => one === parameter ? id : fixture[one]),
                        method === 'GET' ? undefined : {}), [400, 404])
        if (operation.requestBody)
            await bodies(name, (body, fields) => who.ask(method, at, body, fields), operation)
    }

    async function bodies(name, send, operation) {
        const { properties, required = [] } = operation.requestBody.content['application/json'].schema
        for (const [body, why] of [['{', 'half'], ['[]', 'a list'], ['7', 'a number'], ['{"a":1,"a":2}', 'twice'],
            ['{"unknown":1}', 'unknown'], ['\xff\xfe', 'not UTF-8'], ['['.repeat(9000), 'deep'], [`{"x":${'['.repeat(9)}`, 'nested']])
            await refused(`${name}: a body that is ${why}`, () => send(Buffer.from(body, 'latin1')), 400, ['BAD_JSON'])
        for (const type of ['text/plain', 'application/jsonx', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', null])
            await refused(`${name}: a body of ${type}`, () => send('{}', { 'content-type': type }), 415, ['NOT_JSON'])
        await refused(`${name}: a large body`, () => send(`{"x":"${'x'.repeat(66000)}"}`), 413, ['BODY_TOO_LARGE'])
        if (required.length)
            await refused(`${name}: an empty body`, () => send('{}'), 400)
        for (const [field, { type, items }] of Object.entries(properties))
            for (const value of (type === 'array' && !items ? wrong.array.slice(0, -1) : wrong[type]) ?? check(`${name}: ${field} has a type`, false) ?? [])
                // What is in a list is judged by the operation, after whose it is.
                await refused(`${name}: ${field} ${JSON.stringify(value)}`, () => send({ [field]: value }), Array.isArray(value) ? [400, 403] : 400)
    }
}
