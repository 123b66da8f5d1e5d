// tickets - those of one order, each with its code: to be shown at the door, printed, and looked at again
// without a network.
import { html, useEffect, useState } from '../lib/view.js'
import { bilingual, dateLong, dateTime, money, t, time } from '../lib/text.js'
import { tickets } from '../lib/keep.js'
import { loadTickets } from '../lib/order.js'
import { Loading, Notice, Page, orderOf, refusalText, start } from '../lib/page.js'
import { Poster } from '../lib/posters.js'

const id = orderOf()
const renew_ms = 4000 // so soon it shows that a ticket was used
const picture = svg => `data:image/svg+xml,${encodeURIComponent(svg)}`

function Ticket({ ticket }) {
    const { name, other } = bilingual(ticket.title)
    const used = ticket.state === 'redeemed'
    return html`<article class=${`ticket ticket-${ticket.state}`} aria-label=${t('ticket.of', { seat: `${ticket.row}${ticket.column}` })}>
        <div class="ticket-film"><${Poster} title=${ticket.title} eager=${true} /><div>
            <h2>${name}</h2>${other && html`<p class="quiet">${other}</p>`}
            <p>${dateLong(ticket.starts_ms, ticket.zone)}</p>
            <p class="ticket-time">${time(ticket.starts_ms, ticket.zone)}<small>–${time(ticket.ends_ms, ticket.zone)}</small></p></div></div>
        <dl><div><dt>${t('ticket.hall')}</dt><dd>${ticket.hall}</dd></div><div><dt>${t('ticket.row')}</dt><dd>${ticket.row}</dd></div>
            <div><dt>${t('ticket.seat')}</dt><dd>${ticket.column}</dd></div><div><dt>${t('ticket.price')}</dt><dd>${money(ticket.price)}</dd></div></dl>
        <div class="ticket-code">
            ${ticket.qr && html`<img src=${picture(ticket.qr)} width="300" height="300" alt=${t('ticket.code')} />`}
            <p>${used ? t('ticket.redeemed', { when: dateTime(ticket.redeemed_ms, ticket.zone), kiosk: ticket.kiosk }) : ticket.state === 'issued' ? t('ticket.show') : t('ticket.void')}</p>
            ${ticket.token && html`<p class="quiet"><code>${ticket.token}</code></p>`}
        </div>
    </article>`
}

function Tickets() {
    const [all, setAll] = useState(id ? tickets(id) : null)
    const [refusal, setRefusal] = useState(null)
    const [fresh, setFresh] = useState(false)
    useEffect(() => {
        if (!id)
            return
        const load = () => loadTickets(id).then(value => {
            setAll(value)
            setFresh(true)
            setRefusal(null)
        }, fault => {
            setFresh(false)
            setRefusal(fault)
        })
        load()
        const timer = setInterval(() => document.visibilityState === 'visible' && load(), renew_ms)
        return () => clearInterval(timer)
    }, [])
    return html`<${Page} title=${t('tickets.title')}>
        <div class="title"><h1>${t('tickets.title')}</h1>${all?.length ? html`<button type="button" class="plain no-print" onClick=${() => print()}>${t('ticket.print')}</button>` : ''}</div>
        ${!all && !refusal && id && html`<${Loading} />`}
        ${refusal && all && html`<${Notice} kind="warn">${t('tickets.offline')}</>`}
        ${(refusal || !id) && !all && html`<${Notice} kind="bad">${refusal ? refusalText(refusal) : t('refusal.UNKNOWN_ORDER')}</>`}
        ${all && !all.length && fresh && html`<p>${t('tickets.none')}</p>`}
        <div class="tickets">${(all ?? []).map(ticket => html`<${Ticket} key=${ticket.ticket} ticket=${ticket} />`)}</div>
        ${all && html`<p class="no-print"><a href=${`/order?order=${id}`}>${t('tickets.order')}</a></p>`}
    </>`
}
start(Tickets)
