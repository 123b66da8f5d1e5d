// seatview - the map as a component: it follows states, a choice and a zone that stands out, and has its own
// buttons for coming closer.
import { html, useEffect, useRef, useState } from './view.js'
import { bilingual, money, t } from './text.js'
import { SeatMap, sign } from './seatmap.js'
import { words } from './seatlist.js'

// `attach(map)` is given the map to be fed with changes, and null when it goes.
export function SeatView({ hall, attach, chosen, mine, zone, pick, describe }) {
    const box = useRef(), map = useRef(), picked = useRef(pick)
    const [over, setOver] = useState(null)
    picked.current = pick
    useEffect(() => {
        map.current = new SeatMap(box.current, hall, { pick: seat => picked.current(seat), look: setOver, screen: t('map.screen') })
        attach(map.current)
        return () => {
            attach(null)
            map.current.end()
        }
    }, [hall])
    useEffect(() => map.current.choose(chosen, mine), [hall, chosen, mine])
    useEffect(() => map.current.highlight(zone ?? null), [hall, zone])
    return html`<div class="map-frame">
        <div class="map-box" ref=${box} style=${{ aspectRatio: `${(hall.columns + 3) * 30} / ${hall.rows.length * 30 + 60}` }}></div>
        <div class="map-below"><p class="map-over" aria-hidden="true">${over ? words(over, describe.states?.[over.id] ?? 0, describe.mine.has(over.id)) : t('map.hint')}</p>
        <div class="map-tools" role="group" aria-label=${t('map.zoom')}>
            <button type="button" class="plain" aria-label=${t('map.larger')} onClick=${() => map.current.larger()}>+</button>
            <button type="button" class="plain" aria-label=${t('map.smaller')} onClick=${() => map.current.smaller()}>−</button>
        </div></div>
    </div>`
}

export function Sign({ state, zone = 0 }) {
    const { d } = sign({ locked: 1, sold: 2, blocked: 3 }[state] ?? state)
    return html`<svg class="sign" viewBox=${state === 'couple' ? '0 0 56 22' : '0 0 22 22'} aria-hidden="true">
        <path d=${d} class=${`seat zone-${zone} seat-${{ wheelchair: 'available', couple: 'available', premium: 'available' }[state] ?? state}`} />
        ${state === 'premium' && html`<path d="M5 21h12" class="seat-more zone-3" />`}</svg>`
}

// Zones with their prices, which stand out when pressed, and what the signs mean.
export function Legend({ hall, zone, setZone }) {
    const kinds = new Set(hall.seats.slice(1).map(seat => seat.kind))
    const prices = letter => hall.zones.find(one => one.letter === letter)
    return html`<div class="legend">
        <ul class="zones" aria-label=${t('map.zones')}>${hall.zones.map(({ letter, name, price, index }) => html`<li>
            <button type="button" class=${`zone zone-${index % 6}`} aria-pressed=${zone === letter} onClick=${() => setZone(zone === letter ? null : letter)}>
                <i></i><span>${bilingual(name).name}</span><b>${money(prices(letter).price)}</b></button></li>`)}</ul>
        <ul class="signs" aria-label=${t('map.signs')}>
            ${['available', 'mine', 'locked', 'sold', 'blocked'].map(state => html`<li><${Sign} state=${state} />${t(`state.${state}`)}</li>`)}
            ${kinds.has('p') && html`<li><${Sign} state="premium" />${t('kind.premium')}</li>`}
            ${kinds.has('c') && html`<li><${Sign} state="couple" />${t('kind.couple')}</li>`}
            ${kinds.has('w') && html`<li><${Sign} state="wheelchair" />${t('kind.wheelchair')}</li>`}
        </ul>
    </div>`
}
