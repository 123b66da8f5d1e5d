// order - checkout: what is bought, the time that is left, paying, and what became of it, live.
import { html, useEffect, useRef, useState } from '../lib/view.js'
import { bilingual, clock, dateLong, dateTime, money, t, time } from '../lib/text.js'
import { write } from '../lib/api.js'
import { keepOrder, keptOrder } from '../lib/keep.js'
import { hasTickets, useOrder } from '../lib/order.js'
import { Loading, Notice, Page, orderOf, refusalText, start, useLeft } from '../lib/page.js'
import { Poster } from '../lib/posters.js'

const id = orderOf()

function Film({ showtime }) {
    const { name, other } = bilingual(showtime.title)
    return html`<div class="head"><${Poster} title=${showtime.title} eager=${true} />
        <div><h2>${name}</h2>${other && html`<p class="quiet">${other}</p>`}
            <p>${dateLong(showtime.starts_ms, showtime.time_zone)} <b>${time(showtime.starts_ms, showtime.time_zone)}</b></p>
            <p>${showtime.hall}</p></div></div>`
}

// The price with its parts, as the server froze them.
function Price({ order, showtime }) {
    return html`<table class="price"><caption class="hidden">${t('order.price')}</caption>
        <thead class="hidden"><tr><th scope="col">${t('order.seat')}</th><th scope="col">${t('order.price')}</th></tr></thead>
        <tbody>${order.lines.map(line => html`<tr><th scope="row">${t('seat.name', { row: line.row, number: line.column })}
            ${line.ticket === 'void' && html` <span class="tag">${t('ticket.void')}</span>`}</th><td>${money(line.price)}</td></tr>`)}</tbody>
        <tfoot><tr><th scope="row">${t('sum')}</th><td>${money(order.amount)}</td></tr></tfoot></table>`
}

// The sandbox provider's own page, as it were: it does not know of our clock, so paying late can be tried.
function Sandbox({ order, code, busy, settle, away }) {
    const button = useRef()
    // Once it can be pressed.
    useEffect(() => {
        if (!busy)
            button.current?.focus()
    }, [busy])
    return html`<section class="sandbox" aria-labelledby="sandbox"><h2 id="sandbox">${t('sandbox.title')}</h2>
        <p>${t('sandbox.what')}</p><p class="quiet">${t('sandbox.code')} <code>${code}</code></p>
        <div class="bar"><button type="button" class="main" ref=${button} disabled=${busy} onClick=${settle}>${t('sandbox.pay', { amount: money(order.amount) })}</button>
            <button type="button" class="plain" disabled=${busy} onClick=${away}>${t('sandbox.away')}</button></div></section>`
}

function Pending({ order, busy, pay, cancel, reload }) {
    const left = useLeft(order.until_ms, reload)
    return html`<p class="countdown" role="timer" aria-label=${t('order.left')}><b>${clock(left)}</b> <span>${t('order.left')}</span></p>
        <p class="quiet">${t('order.late')}</p>
        <div class="bar"><button type="button" class="main" disabled=${busy || !left} onClick=${pay}>${t('order.pay', { amount: money(order.amount) })}</button>
            <button type="button" class="plain" disabled=${busy} onClick=${cancel}>${t('order.cancel')}</button></div>`
}

function Offered({ order, busy, accept, reload }) {
    const left = useLeft(order.until_ms, reload)
    const seats = order.lines.map(line => `${line.row}${line.column}`).join(t('and'))
    return html`<${Notice} kind="warn">${t('offer.what', { seats })}</>
        <p class="countdown" role="timer" aria-label=${t('offer.left')}><b>${clock(left)}</b> <span>${t('offer.left')}</span></p>
        <div class="bar"><button type="button" class="main" disabled=${busy} onClick=${() => accept(true)}>${t('offer.yes')}</button>
            <button type="button" class="plain" disabled=${busy} onClick=${() => accept(false)}>${t('offer.no')}</button></div>`
}

function Refunds({ order, zone }) {
    if (!order.refunds.length)
        return null
    return html`<h2>${t('refunds.title')}</h2><ul class="lines">${order.refunds.map(one => html`<li>
        <span>${t(`refund.${one.state}`)} · ${dateTime(one.ended_ms || one.asked_ms, zone)}</span><b>${money(one.amount)}</b></li>`)}</ul>`
}

function State({ order, showtime }) {
    const again = html`<p><a class="button" href=${`/showtime?showtime=${order.showtime}`}>${t('order.again')}</a></p>`
    if (hasTickets(order.state))
        return html`<${Notice} kind="good"><b>${t('order.paid')}</b> ${order.late ? t('order.paid_late') : t('order.enjoy')}</>
            <p><a class="button main" href=${`/tickets?order=${order.order}`}>${t('order.tickets', { count: order.lines.filter(line => line.ticket !== 'void').length })}</a></p>`
    if (order.state === 'refunded')
        return html`<${Notice}>${t('order.refunded')}</>${again}`
    if (order.state === 'cancelled')
        return html`<${Notice}>${t('order.cancelled')}</>${again}`
    if (order.state === 'expired')
        return html`<${Notice} kind="warn"><b>${t('order.expired')}</b> ${order.payment.paid ? t('order.expired_paid') : t('order.expired_what')}</>${again}`
    return null
}

function Order() {
    const { value, refusal, reload } = useOrder(id)
    const [busy, setBusy] = useState(false)
    const [message, setMessage] = useState(null)
    const [code, setCode] = useState(keptOrder(id)?.code ?? null)
    const [paying, setPaying] = useState(false)
    const attempt = async what => {
        setBusy(true)
        setMessage(null)
        try {
            await what()
        } catch (fault) {
            setMessage({ kind: /^LATE_/.test(fault.code) ? 'warn' : 'bad', text: refusalText(fault) })
        } finally {
            await reload()
            setBusy(false)
        }
    }
    const pay = () => attempt(async () => {
        const begun = await write('POST', '/api/pay', { order: id })
        keepOrder({ order: id, code: begun.code })
        setCode(begun.code)
        setPaying(true)
    })
    const settle = () => attempt(async () => {
        setPaying(false)
        await write('POST', '/api/sandbox/pay', { order: id, code })
    })
    const cancel = () => attempt(() => write('DELETE', `/api/orders/${id}`))
    const accept = yes => attempt(() => write('POST', `/api/orders/${id}/accept`, { yes }))
    const order = value?.order
    // Once a payment has begun, it may still end after the order has.
    const payable = order && (order.state === 'pending' || order.state === 'expired' && !order.payment.paid) && code && paying
    return html`<${Page} title=${t('order.title')}>
        <h1>${t('order.title')}</h1>
        ${!value && !refusal && id && html`<${Loading} />`}
        ${(refusal || !id) && !value && html`<${Notice} kind="bad">${refusal ? refusalText(refusal) : t('refusal.UNKNOWN_ORDER')}</>`}
        ${value && html`<div class="order"><section class="order-what">
                <${Film} showtime=${value.showtime} /><${Price} ...${value} /><p class="quiet order-id">${t('order.number')} <code>${order.order}</code></p>
            </section>
            <section class="order-how" aria-label=${t('order.state')}>
                <div aria-live="polite">${message && html`<${Notice} kind=${message.kind}>${message.text}</>`}<${State} ...${value} /></div>
                ${order.state === 'pending' && !payable && html`<${Pending} order=${order} busy=${busy} pay=${pay} cancel=${cancel} reload=${reload} />`}
                ${payable && html`<${Sandbox} order=${order} code=${code} busy=${busy} settle=${settle} away=${() => setPaying(false)} />`}
                ${order.state === 'offered' && html`<${Offered} order=${order} busy=${busy} accept=${accept} reload=${reload} />`}
                <${Refunds} order=${order} zone=${value.showtime.time_zone} />
            </section></div>`}
    </>`
}
start(Order)
