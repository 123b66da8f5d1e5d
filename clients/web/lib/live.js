// live - sockets that come back by themselves, and the seats of a showtime kept by numbered changes.
//
// The rules are those of docs/http.md, section "Live streams": a change that follows is applied, one that is
// known is dropped, and where something is missing the socket is asked for it. So a picture may be late,
// never wrong. Where no socket can be had, the map is polled.
import { get } from './api.js'

const poll_ms = 3000
const silent_max = 3 // sockets that failed before polling begins

// follow(path, { message, state }): path() names the socket anew each time. Returns an object to say and end.
export function follow(path, { message, state = () => {} }) {
    let socket, timer, failed = 0, ended = false
    const open = () => {
        socket = new WebSocket(new URL(path(), location.href.replace(/^http/, 'ws')))
        let heard = false
        socket.onmessage = ({ data }) => {
            if (!heard) {
                heard = true
                failed = 0
                state('live')
            }
            message(JSON.parse(data), socket)
        }
        socket.onopen = () => {
            failed = 0
            state('live')
        }
        socket.onclose = () => {
            if (ended)
                return
            failed++
            state(failed > silent_max ? 'lost' : 'away')
            // At random: all others have lost theirs, too.
            timer = setTimeout(open, Math.min(400 * 2 ** Math.min(failed, 4), 5000) * Math.random() + 150)
        }
    }
    open()
    return {
        say: what => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(what)),
        end: () => {
            ended = true
            clearTimeout(timer)
            socket.close()
        },
    }
}

// The states of the seats of one showtime: 0 available, 1 locked, 2 sold, 3 blocked, by seat number from 1 on.
export class Seats {
    constructor(showtime, { changed, connection = () => {} }) {
        this.showtime = showtime
        this.number = null
        this.states = null
        this.changed = changed
        this.connection = connection
        this.socket = follow(() => `/ws/showtimes/${showtime}${this.number === null ? '' : `?since=${this.number}`}`, {
            message: one => this.take(one),
            state: now => {
                connection(now)
                if (now === 'lost')
                    this.poll()
                else if (now === 'live')
                    clearTimeout(this.polling)
            },
        })
    }

    take(message) {
        if (message.type === 'seats') {
            const before = this.states
            this.states = Uint8Array.from(' ' + message.states, Number)
            this.number = message.number
            const all = []
            for (let id = 1; id < this.states.length; id++)
                if (!before || before[id] !== this.states[id])
                    all.push([id, this.states[id]])
            this.changed(all, !before)
        } else if (message.type === 'change' || message.type === 'changes') {
            if (this.number === null || message.number <= this.number)
                return
            if (message.from > this.number + 1) {
                this.socket.say({ since: this.number })
                return
            }
            this.number = message.number
            for (const [id, state] of message.changes)
                this.states[id] = state
            this.changed(message.changes, false)
        }
    }

    async poll() {
        clearTimeout(this.polling)
        try {
            const since = this.number === null ? '' : `&since=${this.number}`
            this.take(await get(`/api/showtimes/${this.showtime}/seats?format=compact${since}`))
            this.connection('polled')
        } catch {
            // the next poll, or the socket, may find it
        }
        this.polling = setTimeout(() => this.poll(), poll_ms)
    }

    end() {
        clearTimeout(this.polling)
        this.poll = () => {}
        this.socket.end()
    }
}
