// showtime - choosing seats: the live map or the list, the best ones in a tap, and holding them.
import { html, useEffect, useMemo, useRef, useState } from '../lib/view.js'
import { bilingual, clock, dateLong, dateTime, money, t, time } from '../lib/text.js'
import { enter, get, now, write } from '../lib/api.js'
import { AVAILABLE, hallOf, judge, partner } from '../lib/hall.js'
import { dropLock, heldLock, keepLock, keepOrder, keepPass, pass } from '../lib/keep.js'
import { Seats } from '../lib/live.js'
import { Loading, Notice, Page, refusalText, showtimeOf, start, useLeft, useLoaded } from '../lib/page.js'
import { Poster } from '../lib/posters.js'
import { Legend, SeatView } from '../lib/seatview.js'
import { SeatList } from '../lib/seatlist.js'

const id = showtimeOf()
const taken = ['SEAT_LOCKED', 'SEAT_SOLD', 'SEAT_BLOCKED']
const none = new Set()

async function load() {
    const [showtime, layout] = await Promise.all([get(`/api/showtimes/${id}`), get(`/api/showtimes/${id}/layout`), enter()])
    // A room that opens with the sale is worth knowing of before; later it says so itself, when seats are asked for.
    const room = now() < showtime.opens_ms ? await get(`/api/showtimes/${id}/room`).catch(() => null) : null
    return { hall: hallOf(showtime, layout), room: room?.open ? room : null }
}

const add = (set, ...more) => new Set([...set, ...more])
const without = (set, ...less) => new Set([...set].filter(one => !less.includes(one)))
const names = (hall, ids) => [...ids].sort((a, b) => a - b).map(one => hall.seats[one].name).join(t('and'))

// The states of the seats, live, and the choice among them.
function useSeats(hall, told) {
    const [states, setStates] = useState(null)
    const [chosen, setChosen] = useState(none)
    const [connection, setConnection] = useState('live')
    const map = useRef(null), live = useRef(null), asking = useRef(none)
    const tell = useRef(told)
    tell.current = told
    useEffect(() => {
        const seats = live.current = new Seats(id, {
            changed: changes => {
                map.current?.update(changes)
                setStates(Uint8Array.from(seats.states))
            },
            connection: setConnection,
        })
        return () => seats.end()
    }, [])
    // Chosen, but somebody else was faster. Those that we are asking for ourselves are answered for there.
    useEffect(() => {
        const lost = [...chosen].filter(one => states && states[one] !== AVAILABLE && !asking.current.has(one))
        if (!lost.length)
            return
        setChosen(without(chosen, ...lost, ...lost.map(one => partner(hall, hall.seats[one])?.id)))
        lost.forEach(one => map.current?.flash(one))
        tell.current('warn', t('seats.lost', { seats: names(hall, lost), count: lost.length }))
    }, [states])
    const attach = one => {
        map.current = one
        if (one && live.current?.states)
            one.update([...live.current.states].map((state, seat) => [seat, state]).slice(1))
    }
    return { states, chosen, setChosen, connection, map, attach, asking }
}

function Head({ hall }) {
    const one = hall.showtime, { name, other } = bilingual(one.title)
    return html`<div class="head">
        <${Poster} title=${one.title} eager=${true} />
        <div><h1>${name}</h1>${other && html`<p class="quiet">${other}</p>`}
            <p class="head-when">${dateLong(one.starts_ms, one.time_zone)}${' · '}<b>${time(one.starts_ms, one.time_zone)}–${time(one.ends_ms, one.time_zone)}</b></p>
            <p>${one.hall}${one.format && !one.hall.includes(one.format) ? html` <span class="tag">${one.format}</span>` : ''}</p></div>
    </div>`
}

// The best seats together, in a tap.
function Best({ hall, busy, take, zone }) {
    const [wheelchair, setWheelchair] = useState(false)
    const chairs = hall.seats.some(seat => seat?.kind === 'w')
    const zoneName = zone && bilingual(hall.zones.find(one => one.letter === zone).name).name
    return html`<section class="best" aria-labelledby="best"><h2 id="best">${t('best.title')}</h2>
        <p class="quiet">${zone ? t('best.zone', { zone: zoneName }) : t('best.any')}</p>
        <div class="counts" role="group" aria-labelledby="best">${Array.from({ length: hall.showtime.rules.cap }, (_, i) => i + 1).map(count =>
            html`<button type="button" disabled=${busy} aria-label=${t('best.take', { count })} onClick=${() => take(count, wheelchair)}>${count}</button>`)}</div>
        ${chairs && html`<label class="check"><input type="checkbox" checked=${wheelchair} onChange=${event => setWheelchair(event.target.checked)} /> ${t('best.wheelchair')}</label>`}
    </section>`
}

function Lines({ hall, seats }) {
    return html`<ul class="lines">${[...seats].sort((a, b) => a - b).map(one => hall.seats[one]).map(seat =>
        html`<li><span><b>${seat.name}</b> ${bilingual(seat.zone.name).name}</span><span>${money(seat.price)}</span></li>`)}
        <li class="lines-sum"><span>${t('sum')}</span><b>${money([...seats].reduce((sum, one) => sum + hall.seats[one].price, 0))}</b></li></ul>`
}

// What was chosen, what stands against it, and the button that holds it.
function Choice({ hall, chosen, objection, busy, hold, clear }) {
    if (!chosen.size)
        return html`<section class="choice"><h2>${t('choice.title')}</h2><p class="quiet">${t('choice.none', { cap: hall.showtime.rules.cap })}</p>
            ${hall.showtime.rules.gap_rule && html`<p class="quiet">${t('choice.rule')}</p>`}</section>`
    const chair = [...chosen].some(one => hall.seats[one].kind === 'w')
    return html`<section class="choice"><h2>${t('choice.title')}</h2><${Lines} hall=${hall} seats=${chosen} />
        ${chair && html`<p class="quiet">${t('choice.wheelchair')}</p>`}
        <div aria-live="polite">${objection && html`<p class="objection">${t(`before.${objection.code}`, { seat: objection.seat?.name, cap: objection.cap })}</p>`}</div>
        <div class="bar"><button type="button" class="main" disabled=${busy || Boolean(objection)} onClick=${hold}>${t('choice.hold', { count: chosen.size })}</button>
            <button type="button" class="plain" disabled=${busy} onClick=${clear}>${t('choice.clear')}</button></div></section>`
}

function Held({ hall, held, busy, pay, extend, release, over }) {
    const left = useLeft(held.until_ms, over)
    const spent = useRef(null)
    useEffect(() => spent.current?.focus(), [])
    return html`<section class="choice held"><h2 tabindex="-1" ref=${spent}>${t('held.title')}</h2>
        <p class="countdown" role="timer" aria-label=${t('held.left')}><b>${clock(left)}</b> <span>${t('held.left')}</span></p>
        <${Lines} hall=${hall} seats=${held.seats} />
        <p class="quiet">${t('held.what')}</p>
        <div class="bar"><button type="button" class="main" disabled=${busy} onClick=${pay}>${held.order ? t('held.resume') : t('held.pay')}</button>
            ${!held.order && html`<button type="button" class="plain" disabled=${busy} onClick=${extend}>${t('held.extend')}</button>
            <button type="button" class="plain" disabled=${busy} onClick=${release}>${t('held.release')}</button>`}</div></section>`
}

function Choosing({ hall, room }) {
    const one = hall.showtime
    const [message, setMessage] = useState(null)
    const [busy, setBusy] = useState(false)
    const [zone, setZone] = useState(null)
    const [list, setList] = useState(false)
    const [held, setHeld] = useState(() => {
        const lock = heldLock(id)
        return lock && lock.until_ms > now() ? lock : null
    })
    const tell = (kind, text) => setMessage({ kind, text })
    const { states, chosen, setChosen, connection, map, attach, asking } = useSeats(hall, tell)
    const name = seat => hall.seats[seat]?.name ?? seat
    const heldSeats = useMemo(() => new Set(held?.seats ?? []), [held])
    const mine = useMemo(() => add(heldSeats, ...chosen), [heldSeats, chosen])
    const objection = states && chosen.size ? judge(hall, states, chosen) : null
    const sale = now() < one.opens_ms ? 'early' : now() >= one.closes_ms ? 'over' : 'open'

    // A lock that is kept from before, but ended meanwhile, or is of another guest.
    useEffect(() => {
        if (held && states && !held.order && !held.seats.every(seat => states[seat] === 1 || states[seat] === AVAILABLE && held.fresh)) {
            dropLock(id)
            setHeld(null)
        }
    }, [Boolean(states)])

    const attempt = async what => {
        setBusy(true)
        setMessage(null)
        try {
            await what()
        } catch (refusal) {
            if (refusal.code === 'QUEUE_FIRST') {
                keepPass(id, null)
                location.href = `/room?showtime=${id}`
                return
            }
            if (taken.includes(refusal.code) && refusal.seat) {
                const gone = [refusal.seat, partner(hall, hall.seats[refusal.seat])?.id]
                map.current?.flash(refusal.seat)
                setChosen(before => without(before, ...gone))
                tell('warn', t('seats.lost', { seats: name(refusal.seat), count: 1 }))
            } else {
                if (['UNKNOWN_LOCK', 'LOCK_ENDED'].includes(refusal.code))
                    forget()
                tell('bad', refusalText(refusal, name))
            }
        } finally {
            asking.current = none
            setBusy(false)
        }
    }
    const forget = () => {
        dropLock(id)
        setHeld(null)
    }
    const keep = (lock, seats) => {
        const fresh = { ...lock, showtime: id, seats }
        keepLock(fresh)
        setChosen(none)
        setHeld({ ...fresh, fresh: true })
    }
    const passes = pass(id) ? { 'X-Queue-Pass': pass(id) } : {}
    const hold = () => attempt(async () => {
        asking.current = chosen
        const seats = [...chosen].sort((a, b) => a - b)
        const chair = seats.some(seat => hall.seats[seat].kind === 'w')
        keep(await write('POST', `/api/showtimes/${id}/locks`, { seats, ...(chair ? { wheelchair: true } : {}) }, passes), seats)
    })
    const best = (count, wheelchair) => attempt(async () => {
        const lock = await write('POST', `/api/showtimes/${id}/locks`, { count, ...(zone ? { zone } : {}), ...(wheelchair ? { wheelchair } : {}) }, passes)
        keep({ lock: lock.lock, until_ms: lock.until_ms }, lock.seats)
    })
    const pay = () => attempt(async () => {
        if (!held.order) {
            const made = await write('POST', `/api/showtimes/${id}/locks/${held.lock}/order`)
            keepLock({ ...held, order: made.order })
            keepOrder({
                order: made.order, showtime: id, title: one.title, hall: one.hall, starts_ms: one.starts_ms, ends_ms: one.ends_ms,
                zone: one.time_zone, seats: held.seats.map(name), amount: made.amount, state: 'pending',
            })
            location.href = `/order?order=${made.order}`
        } else
            location.href = `/order?order=${held.order}`
    })
    const extend = () => attempt(async () => {
        const { until_ms } = await write('PATCH', `/api/showtimes/${id}/locks/${held.lock}`, {})
        keepLock({ ...held, until_ms })
        setHeld({ ...held, until_ms })
        tell('info', t('held.extended'))
    })
    const release = () => attempt(async () => {
        await write('DELETE', `/api/showtimes/${id}/locks/${held.lock}`)
        forget()
        tell('info', t('held.released'))
    })
    const over = () => {
        forget()
        tell('warn', t('held.over'))
    }
    const pick = seat => {
        if (held || busy || sale !== 'open')
            return
        const other = partner(hall, seat), pair = other ? [seat.id, other.id] : [seat.id]
        if (chosen.has(seat.id)) {
            setChosen(without(chosen, ...pair))
            return
        }
        if (!pair.every(one => states?.[one] === AVAILABLE)) {
            tell('warn', t('seats.taken', { seat: seat.name }))
            return
        }
        setMessage(null)
        setChosen(add(chosen, ...pair))
    }

    return html`
        <${Head} hall=${hall} />
        ${room && !pass(id) && html`<${Notice} kind="warn">${t('room.open')} <a href=${`/room?showtime=${id}`}>${t('room.go')}</a></>`}
        ${sale !== 'open' && html`<${Notice} kind="warn">${t(`sale.${sale}`, { when: dateTime(one.opens_ms, one.time_zone) })}</>`}
        <div class="choosing">
            <section class="hall" aria-label=${t('map.title')}>
                <div class="switch" role="group" aria-label=${t('map.title')}>
                    <button type="button" aria-pressed=${!list} onClick=${() => setList(false)}>${t('map.map')}</button>
                    <button type="button" aria-pressed=${list} onClick=${() => setList(true)}>${t('map.list')}</button>
                    <span class=${`connection connection-${connection}`} role="status">${t(`connection.${connection}`)}</span>
                </div>
                ${list
                    ? html`<${SeatList} hall=${hall} states=${states} mine=${mine} pick=${pick} free=${(seat, state, own) => !held && (own || state === AVAILABLE)} />`
                    : html`<${SeatView} hall=${hall} attach=${attach} chosen=${chosen} mine=${heldSeats} zone=${zone} pick=${pick} describe=${{ states, mine }} />`}
                <${Legend} hall=${hall} zone=${zone} setZone=${setZone} />
            </section>
            <aside class="side">
                <div class="messages" aria-live="polite">${message && html`<${Notice} kind=${message.kind}>${message.text}</>`}</div>
                ${held
                    ? html`<${Held} hall=${hall} held=${held} busy=${busy} pay=${pay} extend=${extend} release=${release} over=${over} />`
                    : sale === 'open' && html`<${Best} hall=${hall} busy=${busy} take=${best} zone=${zone} />
                        <${Choice} hall=${hall} chosen=${chosen} objection=${objection} busy=${busy} hold=${hold} clear=${() => setChosen(none)} />`}
            </aside>
        </div>`
}

function Showtime() {
    const { value, refusal } = useLoaded(id ? load : async () => null)
    const title = value ? bilingual(value.hall.showtime.title).name : t('map.title')
    return html`<${Page} title=${title} wide=${true}>
        ${!value && !refusal && id && html`<${Loading} />`}
        ${(refusal || !id) && html`<h1>${t('map.title')}</h1><${Notice} kind="bad">${refusal ? refusalText(refusal) : t('refusal.UNKNOWN_SHOWTIME')}</>`}
        ${value && html`<${Choosing} ...${value} />`}
    </>`
}
start(Showtime)
