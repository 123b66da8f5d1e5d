// http - requests over Node's own client, and a note of every answer for the check of the document.
import http from 'node:http'
import { appendFileSync } from 'node:fs'
import { atEnd, within } from './check.mjs'

export const port = Number(process.env.WEB_PORT)
export const host = `127.0.0.1:${port}`
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 })
const seen = []

atEnd(() => {
    agent.destroy()
    appendFileSync(`${process.env.WEB_WORK}/seen`, seen.map(one => JSON.stringify(one) + '\n').join(''))
})

// One request: { status, headers, bytes, text, json }. `body` is sent as JSON when it is an object.
export function ask(method, path, { headers = {}, body, ...more } = {}) {
    const data = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
        ? body : JSON.stringify(body)
    const fields = { ...headers }
    if (data !== undefined && !('content-type' in fields))
        fields['content-type'] = 'application/json'
    if (fields['content-type'] === null)
        delete fields['content-type']
    if (data !== undefined)
        fields['content-length'] ??= Buffer.byteLength(data)
    return within(20000, `${method} ${path}`, new Promise((yes, no) => {
        const request = http.request(
            { host: '127.0.0.1', port, method, path, headers: fields, agent, ...more }, answer => {
                const parts = []
                answer.on('data', part => parts.push(part))
                answer.on('error', no)
                answer.on('end', () => yes(read(method, path, answer, Buffer.concat(parts))))
            })
        request.on('error', no)
        request.end(data)
    }))
}

function read(method, path, answer, bytes) {
    const type = answer.headers['content-type'] ?? ''
    const text = bytes.toString()
    let json
    if (bytes.length && /^application\/(problem\+)?json/.test(type) && !answer.headers['content-encoding'])
        json = JSON.parse(text)
    seen.push({ method, path, status: answer.statusCode, type })
    return { method, status: answer.statusCode, headers: answer.headers, bytes, text, json, type }
}
