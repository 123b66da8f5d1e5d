// openapi - the document is valid OpenAPI 3.1, and tells of every answer that was seen.
import { readFileSync } from 'node:fs'
import { Validator } from '@seriousme/openapi-schema-validator'
import { check, finish } from './check.mjs'
import { ask } from './http.mjs'

const document = (await ask('GET', '/openapi.json')).json
const validator = new Validator()
const verdict = await validator.validate(structuredClone(document))
check('the document is valid', verdict.valid && validator.version === '3.1', verdict.errors)

const ids = Object.values(document.paths).flatMap(route => Object.values(route)).map(one => one.operationId)
check('every operation has a name of its own', new Set(ids).size === ids.length)
for (const [path, route] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(route)) {
        const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort().join()
        const said = operation.parameters.filter(one => one.in === 'path').map(one => one.name).sort().join()
        check(`${method} ${path}: its parameters`, said === wanted, said)
    }

// The most literal path that fits.
const patterns = Object.keys(document.paths).sort((a, b) => a.split('{').length - b.split('{').length)
    .map(path => [new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`), path])
const seen = new Map()
for (const line of readFileSync(`${process.env.WEB_WORK}/seen`, 'utf8').trim().split('\n')) {
    const { method, path, status, type } = JSON.parse(line)
    const [, template] = patterns.find(([pattern]) => pattern.test(path.split('?')[0])) ?? []
    const operation = template && document.paths[template][(method === 'HEAD' ? 'GET' : method).toLowerCase()]
    if (operation)
        seen.set(`${method} ${template} ${status} ${type}`, { operation, status, type: type.split(';')[0] })
}
for (const [what, { operation, status, type }] of seen) {
    let told = operation.responses[status] ?? (status >= 400 ? operation.responses.default : undefined)
    if (told?.$ref)
        told = told.$ref.slice(2).split('/').reduce((at, name) => at[name], document)
    check(`${what} is documented`, told && (!type || told.content?.[type]), told)
}
check('many answers were seen', seen.size > 150, seen.size)
await finish()
