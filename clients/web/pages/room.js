// room - the waiting room of a showtime: the place, how long it may take, and the door when it opens. The place is
// the guest's, so a page that is loaded again finds it again.
import { html, useEffect, useRef, useState } from '../lib/view.js'
import { about, bilingual, clock, dateTime, number, t } from '../lib/text.js'
import { enter, get, now, write } from '../lib/api.js'
import { keepPass } from '../lib/keep.js'
import { follow } from '../lib/live.js'
import { Loading, Notice, Page, refusalText, showtimeOf, start, useLeft, useLoaded } from '../lib/page.js'
import { Poster } from '../lib/posters.js'

const id = showtimeOf()
const over = ['NO_QUEUE', 'QUEUE_CLOSED']

function Early({ opens_ms }) {
    const left = useLeft(opens_ms)
    return html`<p class="countdown" role="timer"><b>${clock(left)}</b> <span>${t('room.early_left')}</span></p><p>${t('room.early')}</p>`
}

function Waiting({ place }) {
    return html`<h2>${t('room.place')}</h2><p class="place">${number(place.place)}</p>
        <p>${place.ahead ? t('room.ahead', { count: place.ahead }) : t('room.next')}</p>
        <p>${t('room.wait', { about: about(place.wait_ms) })}</p>`
}

function Inside({ place }) {
    const left = useLeft(place.until_ms)
    const go = useRef()
    useEffect(() => go.current?.focus(), [])
    return html`<h2>${t('room.inside')}</h2>
        <p class="countdown" role="timer"><b>${clock(left)}</b> <span>${t('room.inside_left')}</span></p>
        <p><a class="button main" ref=${go} href=${`/showtime?showtime=${id}`}>${t('room.seats')}</a></p>`
}

function usePlace() {
    const [place, setPlace] = useState(null)
    const [refusal, setRefusal] = useState(null)
    const [joined, setJoined] = useState(0)
    useEffect(() => {
        if (!id)
            return
        let live, gone = false
        // Most messages say only the place and how many are ahead: the wait shrinks with those.
        const take = next => setPlace(before => {
            keepPass(id, next.state === 'inside' ? next.pass : null)
            const wait_ms = next.wait_ms ?? (before?.ahead ? before.wait_ms * next.ahead / before.ahead : before?.wait_ms ?? 0)
            return { ...next, wait_ms, opens_ms: next.state === 'early' ? now() + wait_ms : 0 }
        })
        write('POST', `/api/showtimes/${id}/queue`).then(first => {
            if (gone)
                return
            setRefusal(null)
            take(first)
            live = follow(() => `/ws/showtimes/${id}/queue`, {
                message: one => {
                    if (one.state === 'none')
                        setRefusal(one)
                    else if (one.type === 'queue')
                        take(one)
                },
            })
        }, setRefusal)
        return () => {
            gone = true
            live?.end()
        }
    }, [joined])
    return { place, refusal, again: () => setJoined(joined + 1), setPlace, setRefusal }
}

function Room() {
    const { value: showtime } = useLoaded(id ? async () => (await Promise.all([get(`/api/showtimes/${id}`), enter()]))[0] : async () => null)
    const { place, refusal, again, setPlace, setRefusal } = usePlace()
    const leave = async () => {
        try {
            await write('DELETE', `/api/showtimes/${id}/queue`)
            keepPass(id, null)
            setPlace({ state: 'done', end: 'left' })
        } catch (fault) {
            setRefusal(fault)
        }
    }
    const state = place?.state
    return html`<${Page} title=${t('room.title')}>
        <h1>${t('room.title')}</h1>
        ${showtime && html`<div class="head"><${Poster} title=${showtime.title} eager=${true} /><div><h2>${bilingual(showtime.title).name}</h2>
            <p>${dateTime(showtime.starts_ms, showtime.time_zone)} · ${showtime.hall}</p></div></div>`}
        ${!place && !refusal && id && html`<${Loading} />`}
        ${!id && html`<${Notice} kind="bad">${t('refusal.UNKNOWN_SHOWTIME')}</>`}
        ${refusal && (over.includes(refusal.code)
            ? html`<${Notice} kind="good">${t('room.none')} <a href=${`/showtime?showtime=${id}`}>${t('room.seats')}</a></>`
            : html`<${Notice} kind="bad">${refusalText(refusal)}</>`)}
        ${place && !refusal && html`<section class="waiting" aria-live="polite" aria-label=${t('room.title')}>
            ${state === 'early' && html`<${Early} opens_ms=${place.opens_ms} />`}
            ${state === 'waiting' && html`<${Waiting} place=${place} />`}
            ${state === 'inside' && html`<${Inside} place=${place} />`}
            ${state === 'done' && html`<p>${t(`room.done.${place.end}`)}</p>`}
            ${state === 'done' ? html`<button type="button" onClick=${again}>${t('room.again')}</button>`
                : html`<p class="quiet">${t('room.keep')}</p><div class="bar"><button type="button" class="plain" onClick=${leave}>${t('room.leave')}</button></div>`}
        </section>`}
    </>`
}
start(Room)
