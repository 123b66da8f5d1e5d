// staff - the house, live: how full each showtime of a day is, one showtime's seats to block and unblock, its
// orders and refunds, its waiting room, and the kiosks.
import { html, useEffect, useMemo, useState } from '../lib/view.js'
import { bilingual, date, day, dateTime, money, percent, t, time } from '../lib/text.js'
import { enter, now, showtimes, signIn } from '../lib/api.js'
import { Loading, Notice, Page, refusalText, start, useLoaded } from '../lib/page.js'
import { Bars } from '../lib/plot.js'
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

const load = () => showtimes(Date.now() - back_days * day_ms, Date.now() + ahead_days * day_ms)

function Day({ chosen, choose }) {
    const { value, refusal, reload } = useLoaded(load)
    const [shown, setShown] = useState(null)
    useEffect(() => {
        const timer = setInterval(() => document.visibilityState === 'visible' && reload(), renew_ms)
        return () => clearInterval(timer)
    }, [])
    const days = useMemo(() => [...new Map((value ?? []).map(one => [day(one.starts_ms, one.time_zone), one.starts_ms]))], [value])
    if (!value)
        return refusal ? html`<${Notice} kind="bad">${refusalText(refusal)}</>` : html`<${Loading} />`
    const zone = value[0]?.time_zone
    const today = zone ? day(now(), zone) : ''
    const which = shown ?? (days.some(([one]) => one === today) ? today : days[0]?.[0])
    const all = value.filter(one => day(one.starts_ms, one.time_zone) === which)
    const taken = one => one.seats - one.free
    const sum = all.reduce((whole, one) => [whole[0] + taken(one), whole[1] + one.seats], [0, 0])
    return html`<section class="panel">
        <label class="pick">${t('staff.day')} <select value=${which} onChange=${event => setShown(event.target.value)}>
            ${days.map(([one, ms]) => html`<option value=${one}>${one === today ? `${t('today')} · ` : ''}${date(ms, zone)}</option>`)}</select></label>
        <label class="pick">${t('staff.showtime')} <select value=${chosen ?? ''} onChange=${event => choose(event.target.value || null)}>
            <option value="">${t('staff.choose')}</option>
            ${all.map(one => html`<option value=${String(one.showtime)}>${time(one.starts_ms, one.time_zone)} ${bilingual(one.title).name} · ${one.hall}</option>`)}</select></label>
        <p class="quiet">${t('staff.taken', { taken: sum[0], seats: sum[1], part: percent(sum[1] ? sum[0] / sum[1] : 0) })}</p>
        <${Bars} title=${t('staff.occupancy')} most=${100} kinds=${{ taken: t('staff.taken_part') }} pick=${id => choose(String(id))} lines=${all.map(one => ({
            id: one.showtime, on: String(one.showtime) === chosen, name: `${time(one.starts_ms, one.time_zone)} ${bilingual(one.title).name}`.slice(0, 22),
            parts: [{ value: Math.round(100 * taken(one) / one.seats), kind: 'taken' }], text: `${taken(one)} / ${one.seats}`,
        }))} />
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
