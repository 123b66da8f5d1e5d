// sockets - WebSockets by the npm package ws, and server-sent events, as queues of messages.
import http from 'node:http'
import WebSocket from 'ws'
import { host, port } from './http.mjs'
import { within } from './check.mjs'

// What comes is kept until somebody asks for it; what is asked for is waited for.
class Queue {
    messages = []
    waiting = []
    ended = null
    put(message) {
        const next = this.waiting.shift()
        next ? next.yes(message) : this.messages.push(message)
    }
    end(why) {
        this.ended ??= why
        for (const one of this.waiting.splice(0))
            one.no(new Error(`ended: ${JSON.stringify(why)}`))
    }
    next(what = 'a message', ms = 5000) {
        if (this.messages.length)
            return Promise.resolve(this.messages.shift())
        if (this.ended)
            return Promise.reject(new Error(`ended: ${JSON.stringify(this.ended)}`))
        return within(ms, what, new Promise((yes, no) => this.waiting.push({ yes, no })))
    }
    // The next one of which `good` is true.
    async until(good, what) {
        for (;;) {
            const message = await this.next(what)
            if (good(message))
                return message
        }
    }
}

// { status, queue, socket, closed }: status is 101, or that of the refusal with its text and json.
export function socket(path, headers = {}, more = {}) {
    const queue = new Queue()
    const ws = new WebSocket(`ws://${host}${path}`, { headers, perMessageDeflate: true, ...more })
    const closed = new Promise(yes => ws.on('close', (code, reason) => {
        queue.end({ code, reason: reason.toString() })
        yes(code)
    }))
    ws.on('message', (data, binary) => queue.put(binary ? data : JSON.parse(data)))
    return within(5000, path, new Promise((yes, no) => {
        let upgraded
        ws.on('upgrade', answer => { upgraded = answer.headers })
        ws.on('open', () => yes({ status: 101, queue, socket: ws, closed, headers: upgraded }))
        ws.on('error', no)
        ws.on('unexpected-response', (request, answer) => {
            const parts = []
            answer.on('data', part => parts.push(part))
            answer.on('end', () => {
                const text = Buffer.concat(parts).toString()
                const type = answer.headers['content-type']
                yes({ status: answer.statusCode, headers: answer.headers, type, text, json: JSON.parse(text) })
            })
        })
    }))
}

// Server-sent events: { status, queue of {id, data}, end() }.
export function events(path, headers = {}) {
    const queue = new Queue()
    return within(5000, path, new Promise((yes, no) => {
        const request = http.get({ host: '127.0.0.1', port, path, headers, agent: false }, answer => {
            let text = ''
            const type = answer.headers['content-type']
            answer.setEncoding('utf8')
            answer.on('data', part => {
                text += part
                if (answer.statusCode !== 200)
                    return
                for (let at; (at = text.indexOf('\n\n')) >= 0; text = text.slice(at + 2))
                    if (!text.startsWith(':'))
                        queue.put(event(text.slice(0, at)))
            })
            answer.on('close', () => {
                queue.end('closed')
                if (answer.statusCode !== 200)
                    yes({ status: answer.statusCode, headers: answer.headers, type, text, json: JSON.parse(text) })
            })
            if (answer.statusCode === 200)
                yes({ status: 200, headers: answer.headers, type, queue, end: () => request.destroy() })
        })
        request.on('error', fault => { queue.end(fault.message); no(fault) })
    }))
}
function event(text) {
    const lines = text.split('\n').map(line => line.match(/^(\w+): (.*)$/))
    const fields = Object.fromEntries(lines.map(([, name, value]) => [name, value]))
    return { id: fields.id, ...JSON.parse(fields.data) }
}
