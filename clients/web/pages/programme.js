// programme - what is on: a day's films, each with its showtimes and how full they are.
import { html, useEffect, useMemo, useState } from '../lib/view.js'
import { bilingual, dayMonth, day, t, time, weekday, withDays } from '../lib/text.js'
import { enter, now, showtimes } from '../lib/api.js'
import { Loading, Notice, Page, parameter, refusalText, start, useLoaded } from '../lib/page.js'
import { Poster } from '../lib/posters.js'

const days_ahead = 9, day_ms = 86400000, begun_ms = 10 * 60000, renew_ms = 30000

async function load() {
    const from = Date.now() - begun_ms
    const [all] = await Promise.all([showtimes(from, from + days_ahead * day_ms), enter()])
    return withDays(all.filter(one => one.starts_ms > now() - begun_ms))
}

// How full a showtime is, in a word and a bar.
function fullness({ free, seats }) {
    return free === 0 ? 'full' : free <= seats * 0.15 ? 'few' : free <= seats * 0.5 ? 'some' : 'plenty'
}

function Showtime({ one }) {
    const how = fullness(one)
    return html`<li><a class=${`show show-${how}`} href=${`/showtime?showtime=${one.showtime}`}>
        <b>${time(one.starts_ms, one.time_zone)}</b>
        <span class="show-hall">${one.hall}</span>
        <span class="show-free">${how === 'full' ? t('free.full') : t(`free.${how}`, { count: one.free })}</span>
    </a></li>`
}

function Film({ title, all, eager }) {
    const { name, other } = bilingual(title)
    return html`<article class="film">
        <${Poster} title=${title} eager=${eager} />
        <div class="film-in">
            <h2>${name}</h2>${other && html`<p class="quiet film-other">${other}</p>`}
            <ul class="shows">${all.map(one => html`<${Showtime} key=${one.showtime} one=${one} />`)}</ul>
        </div>
    </article>`
}

function Programme() {
    const { value, refusal, reload } = useLoaded(load)
    const [chosen, setChosen] = useState(parameter('day'))
    const zone = value?.[0]?.time_zone
    const days = useMemo(() => [...new Map((value ?? []).map(one => [one.day, one.starts_ms]))], [value])
    useEffect(() => {
        const timer = setInterval(() => document.visibilityState === 'visible' && reload(), renew_ms)
        return () => clearInterval(timer)
    }, [])
    const shown = days.some(([one]) => one === chosen) ? chosen : days[0]?.[0]
    const choose = one => {
        setChosen(one)
        history.replaceState(null, '', `?day=${one}`)
    }
    const films = new Map()
    for (const one of value ?? [])
        if (one.day === shown)
            films.set(one.title, [...(films.get(one.title) ?? []), one])
    const today = zone && day(now(), zone), tomorrow = zone && day(now() + day_ms, zone)
    return html`<${Page} title=${t('programme.title')}>
        <h1>${t('programme.title')}</h1>
        ${refusal && html`<${Notice} kind="bad">${refusalText(refusal)}</>`}
        <nav class="days" aria-label=${t('programme.days')}>${value ? days.map(([one, ms]) =>
            html`<button type="button" class="day" aria-pressed=${one === shown} onClick=${() => choose(one)}>
                <span>${one === today ? t('today') : one === tomorrow ? t('tomorrow') : weekday(ms, zone)}</span> <b>${dayMonth(ms, zone)}</b></button>`) : null}</nav>
        ${!value && !refusal && html`<${Loading} />`}
        ${value && !value.length && html`<p>${t('programme.none')}</p>`}
        <div class="films">${[...films].map(([title, all], index) => html`<${Film} key=${title} title=${title} all=${all} eager=${index < 2} />`)}</div>
    </>`
}
start(Programme)
