// staff - the house, live: how full each showtime of a day is, one showtime's seats to block and unblock, its
// orders and refunds, its waiting room, and the kiosks.
import { html, useEffect, useMemo, useState } from '../lib/view.js'
import { bilingual, date, day, percent, t, time, withDays } from '../lib/text.js'
import { enter, now, showtimes, signIn } from '../lib/api.js'
import { Loading, Notice, Page, refusalText, start, useLoaded } from '../lib/page.js'
import { Day as DayPlot } from '../lib/plot.js'
import { House } from './staff-house.js'
import { Kiosks } from './staff-kiosks.js'

const day_ms = 86400000, back_days = 1, ahead_days = 8, renew_ms = 15000
const stored = () => {
    try {
        return sessionStorage.getItem('staff')
    } catch {
        return null
    }
}
// The key lives as long as the tab.
const store = key => {
    try {
        if (key)
            sessionStorage.setItem('staff', key)
        else
            sessionStorage.removeItem('staff')
    } catch {
        // then it lives as long as the page
    }
}

async function prove(key) {
    signIn(key)
    try {
        await enter()
        store(key)
    } catch (refusal) {
        signIn(null)
        store(null)
        throw refusal
    }
}

function LogIn({ done }) {
    const [refusal, setRefusal] = useState(null)
    const submit = async event => {
        event.preventDefault()
        try {
            await prove(new FormData(event.target).get('key').trim())
            done()
        } catch (fault) {
            setRefusal(fault)
        }
    }
    return html`<form class="login" onSubmit=${submit}><h1>${t('staff.login')}</h1><p>${t('staff.login_what')}</p>
        ${refusal && html`<${Notice} kind="bad">${refusalText(refusal)}</>`}
        <label>${t('kiosk.key')} <input name="key" type="password" required autocomplete="current-password" /></label>
        <button class="main">${t('staff.enter')}</button></form>`
}

const load = async () => withDays(await showtimes(Date.now() - back_days * day_ms, Date.now() + ahead_days * day_ms))

const taken = one => one.seats - one.free
function lanesOf(all) {
    const halls = new Map()
    for (const one of all)
        halls.set(one.hall, [...(halls.get(one.hall) ?? []), one])
    return [...halls].sort(([a], [b]) => a.localeCompare(b, 'zh', { numeric: true })).map(([hall, shows]) => ({
        name: hall.length > 11 ? `${hall.slice(0, 10)}…` : hall,
        blocks: shows.map(one => ({
            id: one.showtime, starts_ms: one.starts_ms, part: taken(one) / one.seats, more: `${percent(taken(one) / one.seats)} · ${taken(one)}/${one.seats}`,
            text: shorten(bilingual(one.title).name), title: `${time(one.starts_ms, one.time_zone)} ${bilingual(one.title).name}, ${one.hall}`,
        })),
    }))
}
// Han letters are twice as wide as others.
function shorten(text) {
    let width = 0
    return [...text].filter(letter => (width += /\p{Script=Han}/u.test(letter) ? 2 : 1) <= 15).join('')
}

function Day({ chosen, choose }) {
    const { value, refusal, reload } = useLoaded(load)
    const [shown, setShown] = useState(null)
    useEffect(() => {
        const timer = setInterval(() => document.visibilityState === 'visible' && reload(), renew_ms)
        return () => clearInterval(timer)
    }, [])
    const days = useMemo(() => [...new Map((value ?? []).map(one => [one.day, one.starts_ms]))], [value])
    if (!value)
        return refusal ? html`<${Notice} kind="bad">${refusalText(refusal)}</>` : html`<${Loading} />`
    const zone = value[0]?.time_zone
    const today = zone ? day(now(), zone) : ''
    const of = value.find(one => String(one.showtime) === chosen)
    const which = shown ?? (of && of.day) ?? (days.some(([one]) => one === today) ? today : days[0]?.[0])
    const all = value.filter(one => one.day === which)
    const sum = all.reduce((whole, one) => [whole[0] + taken(one), whole[1] + one.seats], [0, 0])
    return html`<section class="panel">
        <label class="pick">${t('staff.day')} <select value=${which} onChange=${event => setShown(event.target.value)}>
            ${days.map(([one, ms]) => html`<option value=${one}>${one === today ? `${t('today')} · ` : ''}${date(ms, zone)}</option>`)}</select></label>
        <label class="pick">${t('staff.showtime')} <select value=${chosen ?? ''} onChange=${event => choose(event.target.value || null)}>
            <option value="">${t('staff.choose')}</option>
            ${all.map(one => html`<option value=${String(one.showtime)}>${time(one.starts_ms, one.time_zone)} ${bilingual(one.title).name} · ${one.hall}</option>`)}</select></label>
        <p class="quiet">${t('staff.taken', { taken: sum[0], seats: sum[1], part: percent(sum[1] ? sum[0] / sum[1] : 0) })}</p>
        <${DayPlot} title=${t('staff.occupancy')} chosen=${chosen} pick=${id => choose(String(id))} words=${[t('staff.showtime'), t('staff.taken_part')]}
            hourOf=${ms => time(ms, zone).slice(0, 2)} lanes=${lanesOf(all)} />
    </section>`
}

function Desk({ leave }) {
    const [chosen, setChosen] = useState(() => /^#\d{1,16}$/.test(location.hash) ? location.hash.slice(1) : null)
    const choose = id => {
        history.replaceState(null, '', id ? `#${id}` : location.pathname)
        setChosen(id)
    }
    return html`<div class="title"><h1>${t('staff.title')}</h1><button type="button" class="plain" onClick=${leave}>${t('staff.leave')}</button></div>
        <${Day} chosen=${chosen} choose=${choose} />
        ${chosen && html`<${House} key=${chosen} id=${chosen} />`}
        <${Kiosks} />`
}

function Staff() {
    const [who, setWho] = useState(stored() ? 'asking' : 'nobody')
    useEffect(() => {
        if (who === 'asking')
            prove(stored()).then(() => setWho('staff'), () => setWho('nobody'))
    }, [])
    const leave = () => {
        signIn(null)
        store(null)
        setWho('nobody')
    }
    return html`<${Page} title=${t('staff.title')} bare=${true} wide=${true}>
        ${who === 'asking' ? html`<${Loading} />` : who === 'staff' ? html`<${Desk} leave=${leave} />` : html`<${LogIn} done=${() => setWho('staff')} />`}
    </>`
}
start(Staff)
