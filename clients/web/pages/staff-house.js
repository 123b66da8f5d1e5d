// staff-house - one showtime as the house sees it: its seats live, what was sold, its orders, its waiting room.
import { html, useEffect, useRef, useState } from '../lib/view.js'
import { bilingual, dateTime, money, number, percent, t } from '../lib/text.js'
import { get, write } from '../lib/api.js'
import { AVAILABLE, BLOCKED, hallOf, stateNames } from '../lib/hall.js'
import { Seats } from '../lib/live.js'
import { Loading, Notice, refusalText, useLoaded } from '../lib/page.js'
import { Bars } from '../lib/plot.js'
import { Legend, SeatView } from '../lib/seatview.js'
import { SeatList } from '../lib/seatlist.js'

const page = 100, orders_max = 500, settle_ms = 600, batch = 16
const none = new Set()

async function loadHall(id) {
    const [showtime, layout] = await Promise.all([get(`/api/showtimes/${id}`), get(`/api/showtimes/${id}/layout`)])
    return hallOf(showtime, layout)
}

async function loadMoney(id) {
    const [showtime, orders] = await Promise.all([get(`/api/showtimes/${id}`), loadOrders(id)])
    return { books: showtime.books, orders }
}
async function loadOrders(id) {
    const all = []
    for (let from = 0; all.length < orders_max;) {
        const { orders, next } = await get(`/api/showtimes/${id}/orders?from=${from}&limit=${page}`)
        all.push(...orders)
        if (!next || next <= from)
            break
        from = next
    }
    return all.map(([order, user, state, amount, seats]) => ({ order, user, state, amount, seats })).reverse()
}

// The states, live; `changed` after a moment of quiet.
function useHouse(id, changed) {
    const [states, setStates] = useState(null)
    const [connection, setConnection] = useState('live')
    const map = useRef(null), live = useRef(null), tell = useRef(changed)
    tell.current = changed
    useEffect(() => {
        let timer
        const seats = live.current = new Seats(id, {
            changed: (changes, first) => {
                map.current?.update(changes)
                setStates(Uint8Array.from(seats.states))
                clearTimeout(timer)
                if (!first)
                    timer = setTimeout(() => tell.current(), settle_ms)
            },
            connection: setConnection,
        })
        return () => {
            clearTimeout(timer)
            seats.end()
        }
    }, [])
    const attach = one => {
        map.current = one
        if (one && live.current?.states)
            one.update([...live.current.states].map((state, seat) => [seat, state]).slice(1))
    }
    return { states, connection, attach }
}

function Counts({ hall, states, books }) {
    const counts = [0, 0, 0, 0]
    for (let id = 1; states && id < states.length; id++)
        counts[states[id]]++
    const seats = hall.seats.length - 1
    return html`<dl class="counts-staff">${stateNames.map((name, state) => html`<div><dt>${t(`state.${name}`)}</dt><dd>${number(counts[state])}</dd></div>`)}
        <div><dt>${t('staff.sold_part')}</dt><dd>${percent(counts[2] / seats)}</dd></div>
        ${books && html`<div><dt>${t('staff.income')}</dt><dd>${money(books.live)}</dd></div>`}
        ${books && html`<div><dt>${t('refunds.title')}</dt><dd>${money(books.refunded + books.refunding)}</dd></div>`}</dl>`
}

function byZone(hall, states) {
    return hall.zones.map(zone => {
        const all = hall.seats.filter(seat => seat?.zone === zone)
        const count = state => all.filter(seat => states?.[seat.id] === state).length
        return {
            name: bilingual(zone.name).name, text: `${count(2)} / ${all.length}`, full: all.length,
            parts: [{ value: count(2), kind: 'taken' }, { value: count(1), kind: 'held' }, { value: count(3), kind: 'blocked' }],
        }
    })
}

function Orders({ hall, orders, attempt, busy }) {
    const [open, setOpen] = useState(null)
    const shown = orders.filter(one => one.state !== 'cancelled')
    if (!orders.length)
        return html`<p class="quiet">${t('staff.no_orders')}</p>`
    const refund = (one, form) => attempt(async () => {
        const seats = new FormData(form).getAll('seat').map(Number), reason = new FormData(form).get('reason').trim()
        await write('POST', `/api/orders/${one.order}/refunds`, {
            ...(seats.length && seats.length < one.seats.length ? { tickets: seats } : {}), ...(reason ? { reason } : {}),
        })
        setOpen(null)
    })
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t('staff.orders')}><table class="orders-staff"><thead><tr><th scope="col">${t('order.number')}</th><th scope="col">${t('order.seat')}</th>
        <th scope="col">${t('order.price')}</th><th scope="col">${t('order.state')}</th><td></td></tr></thead><tbody>
        ${shown.map(one => html`<tr key=${one.order}><td><code>${one.order}</code></td><td>${one.seats.map(id => hall.seats[id]?.name ?? id).join(t('and'))}</td>
            <td class="right">${money(one.amount)}</td><td><span class=${`tag tag-${one.state}`}>${t(`order.state.${one.state}`)}</span></td>
            <td>${['paid', 'partly_refunded'].includes(one.state) && html`<button type="button" aria-expanded=${open === one.order} onClick=${() => setOpen(open === one.order ? null : one.order)}>${t('staff.refund')}</button>`}</td></tr>
            ${open === one.order && html`<tr><td colspan="5"><form class="refund" onSubmit=${event => {
                event.preventDefault()
                refund(one, event.target)
            }}>
                <fieldset><legend>${t('staff.refund_which')}</legend>${one.seats.map(id => html`<label class="check"><input type="checkbox" name="seat" value=${id} defaultChecked /> ${hall.seats[id]?.name ?? id}</label>`)}</fieldset>
                <label>${t('staff.reason')} <input name="reason" maxlength="60" /></label>
                <button class="main" disabled=${busy}>${t('staff.refund_do')}</button></form></td></tr>`}`)}
    </tbody></table></div>`
}

function Room({ id, attempt, busy }) {
    const { value, reload } = useLoaded(() => get(`/api/showtimes/${id}/room`).catch(refusal => {
        if (refusal.code === 'NO_QUEUE')
            return { open: false, lanes: [] }
        throw refusal
    }))
    const open = event => {
        event.preventDefault()
        const form = new FormData(event.target)
        attempt(async () => {
            await write('PUT', `/api/showtimes/${id}/room`, { capacity: Number(form.get('capacity')), rate: Number(form.get('rate')) })
            await reload()
        })
    }
    const close = () => attempt(async () => {
        await write('DELETE', `/api/showtimes/${id}/room`)
        await reload()
    })
    if (!value)
        return null
    const lane = value.lanes[0]
    return html`<section class="panel"><h2>${t('room.title')}</h2>
        ${value.open ? html`<p>${t('staff.room_now', { inside: value.inside, waiting: value.lanes.reduce((sum, one) => sum + one.waiting, 0), capacity: value.capacity, rate: value.rate })}</p>
            <button type="button" disabled=${busy} onClick=${close}>${t('staff.room_close')}</button>`
            : html`<form class="inline" onSubmit=${open}><label>${t('staff.capacity')} <input name="capacity" type="number" min="1" max="1000000" defaultValue="50" required /></label>
            <label>${t('staff.rate')} <input name="rate" type="number" min="1" max="60000" defaultValue="60" required /></label>
            <button disabled=${busy}>${t('staff.room_open')}</button></form>`}
        ${lane && html`<p class="quiet">${t('staff.room_past', { bought: lane.bought, left: lane.left, expired: lane.expired })}</p>`}</section>`
}

function Inside({ id, hall }) {
    const { value: money_, refusal, reload } = useLoaded(() => loadMoney(id))
    const [chosen, setChosen] = useState(none)
    const [zone, setZone] = useState(null)
    const [list, setList] = useState(false)
    const [busy, setBusy] = useState(false)
    const [message, setMessage] = useState(null)
    const { states, connection, attach } = useHouse(id, reload)
    const name = seat => hall.seats[seat]?.name ?? seat
    const attempt = async what => {
        setBusy(true)
        setMessage(null)
        try {
            await what()
            await reload()
            setMessage({ kind: 'good', text: t('staff.done') })
        } catch (fault) {
            setMessage({ kind: 'bad', text: refusalText(fault, name) })
        } finally {
            setBusy(false)
        }
    }
    const may = state => state === AVAILABLE || state === BLOCKED
    const pick = seat => {
        if (!chosen.has(seat.id) && !may(states?.[seat.id])) {
            setMessage({ kind: 'warn', text: t('staff.not_free', { seat: seat.name }) })
            return
        }
        setChosen(chosen.has(seat.id) ? new Set([...chosen].filter(one => one !== seat.id)) : new Set([...chosen, seat.id]))
    }
    const of = state => [...chosen].filter(one => states?.[one] === state).sort((a, b) => a - b)
    const change = (path, seats, more) => attempt(async () => {
        for (let i = 0; i < seats.length; i += batch)
            await write('POST', `/api/showtimes/${id}/${path}`, { seats: seats.slice(i, i + batch), ...more })
        setChosen(none)
    })
    const [reason, setReason] = useState('')
    const free = of(AVAILABLE), blocked = of(BLOCKED)
    const one = hall.showtime
    return html`<section class="panel"><h2>${bilingual(one.title).name} · ${dateTime(one.starts_ms, one.time_zone)} · ${one.hall}</h2>
            <${Counts} hall=${hall} states=${states} books=${money_?.books} />
            <div class="messages" aria-live="polite">${message && html`<${Notice} kind=${message.kind}>${message.text}</>`}</div>
            <div class="choosing"><div>
                <div class="switch" role="group" aria-label=${t('map.title')}>
                    <button type="button" aria-pressed=${!list} onClick=${() => setList(false)}>${t('map.map')}</button>
                    <button type="button" aria-pressed=${list} onClick=${() => setList(true)}>${t('map.list')}</button>
                    <span class=${`connection connection-${connection}`} role="status">${t(`connection.${connection}`)}</span></div>
                ${list ? html`<${SeatList} hall=${hall} states=${states} mine=${chosen} pick=${pick} free=${(seat, state, own) => own || may(state)} />`
                    : html`<${SeatView} hall=${hall} attach=${attach} chosen=${chosen} mine=${none} zone=${zone} pick=${pick} describe=${{ states, mine: chosen }} />`}
                <${Legend} hall=${hall} zone=${zone} setZone=${setZone} /></div>
            <div class="side"><section><h2>${t('staff.block_title')}</h2>
                <p class="quiet">${chosen.size ? [...chosen].map(name).join(t('and')) : t('staff.block_what')}</p>
                <label>${t('staff.reason')} <input value=${reason} maxlength="60" onInput=${event => setReason(event.target.value)} /></label>
                <div class="bar-staff"><button type="button" disabled=${busy || !free.length} onClick=${() => change('blocks', free, reason ? { reason } : {})}>${t('staff.block', { count: free.length })}</button>
                <button type="button" disabled=${busy || !blocked.length} onClick=${() => change('unblocks', blocked)}>${t('staff.unblock', { count: blocked.length })}</button></div></section></div></div>
        </section>
        <section class="panel"><${Bars} title=${t('staff.zones')} lines=${byZone(hall, states)} kinds=${{ taken: t('state.sold'), held: t('state.locked'), blocked: t('state.blocked') }} /></section>
        <section class="panel"><h2>${t('staff.orders')}</h2>
            ${refusal && html`<${Notice} kind="bad">${refusalText(refusal)}</>`}
            ${money_ && html`<${Orders} hall=${hall} orders=${money_.orders} attempt=${attempt} busy=${busy} />`}</section>
        <${Room} id=${id} attempt=${attempt} busy=${busy} />`
}

export function House({ id }) {
    const { value: hall, refusal } = useLoaded(() => loadHall(id))
    if (!hall)
        return refusal ? html`<${Notice} kind="bad">${refusalText(refusal)}</>` : html`<${Loading} />`
    return html`<${Inside} id=${id} hall=${hall} />`
}
