// keep - what a browser remembers of its guest: locks, orders, passes, and tickets for when there is no
// network. Everything is bounded, and a browser that stores nothing only forgets.
const orders_max = 100

function read(name, otherwise) {
    try {
        return JSON.parse(localStorage.getItem(name)) ?? otherwise
    } catch {
        return otherwise
    }
}
function put(name, value) {
    try {
        if (value === null)
            localStorage.removeItem(name)
        else
            localStorage.setItem(name, JSON.stringify(value))
    } catch {
        // full, or forbidden
    }
}

// {showtime, lock, until_ms, seats}
export const heldLock = showtime => read(`lock.${showtime}`, null)
export const keepLock = lock => put(`lock.${lock.showtime}`, lock)
export const dropLock = showtime => put(`lock.${showtime}`, null)

export const pass = showtime => read(`pass.${showtime}`, null)
export const keepPass = (showtime, text) => put(`pass.${showtime}`, text)

// [{order, showtime, title, hall, starts_ms, ends_ms, zone, seats, amount, state}], the newest first.
export const orders = () => read('orders', [])
export function keepOrder(order) {
    const all = orders(), at = all.findIndex(one => one.order === order.order)
    if (at < 0)
        all.unshift(order)
    else
        all[at] = { ...all[at], ...order }
    for (const { order: gone } of all.slice(orders_max))
        put(`tickets.${gone}`, null)
    put('orders', all.slice(0, orders_max))
}
export const keptOrder = order => orders().find(one => one.order === order) ?? null

// Of one order: [{...ticket, qr}], qr being an SVG.
export const tickets = order => read(`tickets.${order}`, null)
export const keepTickets = (order, all) => put(`tickets.${order}`, all)
