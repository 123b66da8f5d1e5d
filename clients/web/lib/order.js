// order - an order as pages show it: loaded with its showtime, followed live, remembered for later.
import { useEffect, useRef, useState } from './view.js'
import { enter, get, mine } from './api.js'
import { dropLock, heldLock, keepOrder, keepTickets, keptOrder, tickets } from './keep.js'
import { follow } from './live.js'

export const ended = state => !['pending', 'offered'].includes(state)
export const hasTickets = state => ['paid', 'partly_refunded'].includes(state)

export async function loadOrder(id) {
    const order = await mine(`/api/orders/${id}`)
    const showtime = await get(`/api/showtimes/${order.showtime}`)
    keepOrder({
        order: id, showtime: String(order.showtime), title: showtime.title, hall: showtime.hall, starts_ms: showtime.starts_ms,
        ends_ms: showtime.ends_ms, zone: showtime.time_zone, seats: order.lines.map(line => `${line.row}${line.column}`),
        amount: order.amount, state: order.state,
    })
    if (ended(order.state) && heldLock(order.showtime)?.order === id)
        dropLock(order.showtime)
    return { order, showtime }
}

// Also when the socket is away: then it is asked for every few seconds.
export function useOrder(id) {
    const [state, setState] = useState({ value: null, refusal: null })
    const asked = useRef(0)
    const reload = async () => {
        const number = ++asked.current
        try {
            const value = await loadOrder(id)
            if (number === asked.current)
                setState({ value, refusal: null })
            return value
        } catch (refusal) {
            setState(before => ({ ...before, refusal }))
            return null
        }
    }
    useEffect(() => {
        if (!id)
            return
        let live, gone = false
        reload().then(found => {
            if (found && !gone)
                live = follow(() => `/ws/orders/${id}`, { message: ({ type }) => type === 'order' && reload() })
        })
        const timer = setInterval(reload, 15000)
        return () => {
            gone = true
            clearInterval(timer)
            live?.end()
        }
    }, [id])
    return { ...state, reload }
}

// The tickets of an order with their codes drawn, kept for when there is no network. A code is drawn once.
export async function loadTickets(id) {
    await enter()
    const { order } = await loadOrder(id)
    const all = [], drawn = new Map((tickets(id) ?? []).map(one => [one.token, one.qr]))
    for (const { seat } of order.lines) {
        const ticket = await mine(`/api/tickets/${id}-${seat}`).catch(refusal => ({ refusal }))
        if (ticket.refusal && ticket.refusal.code !== 'TICKET_VOID')
            throw ticket.refusal
        if (ticket.token)
            all.push({ ...ticket, zone: keptOrder(id).zone, qr: drawn.get(ticket.token) ?? await mine(`/api/tickets/${ticket.ticket}/qr.svg`) })
        else if (!ticket.refusal)
            all.push({ ...ticket, zone: keptOrder(id).zone, qr: null })
    }
    keepTickets(id, all)
    return all
}
