// orders - what this browser's guest has bought, the newest first. The browser remembers which; the server tells
// how each stands.
import { html, useEffect, useState } from '../lib/view.js'
import { bilingual, dateTime, money, t } from '../lib/text.js'
import { mine } from '../lib/api.js'
import { keepOrder, orders } from '../lib/keep.js'
import { hasTickets } from '../lib/order.js'
import { Page, start } from '../lib/page.js'
import { Poster } from '../lib/posters.js'

const asked_max = 20 // orders whose state is asked for

function Line({ one }) {
    const { name, other } = bilingual(one.title)
    return html`<li class="past"><${Poster} title=${one.title} eager=${true} />
        <div><h2><a href=${`/order?order=${one.order}`}>${name}</a></h2>${other && html`<p class="quiet">${other}</p>`}
            <p>${dateTime(one.starts_ms, one.zone)} · ${one.hall}</p>
            <p>${one.seats.join(t('and'))} · ${money(one.amount)}</p>
            <p><span class=${`tag tag-${one.state}`}>${t(`order.state.${one.state}`)}</span>
                ${hasTickets(one.state) && html` <a href=${`/tickets?order=${one.order}`}>${t('orders.tickets')}</a>`}</p></div></li>`
}

function Orders() {
    const [all, setAll] = useState(orders())
    useEffect(() => {
        (async () => {
            for (const { order } of all.slice(0, asked_max)) {
                // An order of an earlier guest of this browser is not told: it stays as it was known.
                const now = await mine(`/api/orders/${order}`).catch(() => null)
                if (now)
                    keepOrder({ order, state: now.state })
            }
            const states = new Map(orders().map(one => [one.order, one.state]))
            setAll(all.map(one => ({ ...one, state: states.get(one.order) ?? one.state })))
        })()
    }, [])
    return html`<${Page} title=${t('orders.title')}>
        <h1>${t('orders.title')}</h1>
        ${all.length ? html`<ul class="pasts">${all.map(one => html`<${Line} key=${one.order} one=${one} />`)}</ul>`
            : html`<p class="empty">${t('orders.none')} <a href="/">${t('orders.go')}</a></p>`}
        <p class="quiet">${t('orders.here')}</p>
    </>`
}
start(Orders)
