// page - what all pages have around them: the head with ways to other pages and the language, a title, and
// how a refusal is told.
import { html, render, useEffect, useRef, useState } from './view.js'
import { known, language, languages, speak, t } from './text.js'
import { now } from './api.js'

// The places that the head leads to. A new corner of the site is a line here.
const places = [
    { path: '/', name: 'nav.programme' },
    { path: '/orders', name: 'nav.orders' },
]

const idle_ms = 5000

export const parameter = name => new URLSearchParams(location.search).get(name)
// Numbers of showtimes are digits; whatever else an address holds names nothing.
export const showtimeOf = () => (/^\d{1,16}$/.test(parameter('showtime') ?? '') ? parameter('showtime') : null)
export const orderOf = () => (/^[0-9A-Z]{22}$/.test(parameter('order') ?? '') ? parameter('order') : null)

function Brand() {
    return html`<a class="brand" href="/"><svg viewBox="0 0 32 32" aria-hidden="true"><rect x="2" y="7" width="28" height="18" rx="4" class="brand-box" />
        ${[6, 11, 16, 21, 26].map(x => html`<circle cx=${x} cy="11" r="1.4" class="brand-bulb" /><circle cx=${x} cy="21" r="1.4" class="brand-bulb" />`)}
        <path d="M9 16h14" class="brand-line" /></svg><span>${t('brand')}</span></a>`
}

function Languages() {
    return html`<div class="languages" role="group" aria-label=${t('nav.language')}>
        ${languages.map(one => html`<button type="button" class="plain" lang=${one} aria-pressed=${one === language} onClick=${() => speak(one)}>${one === 'zh' ? '中文' : 'English'}</button>`)}
    </div>`
}

// `bare`: for kiosks and staff, who go nowhere else.
export function Page({ title, bare = false, wide = false, children }) {
    useEffect(() => {
        document.title = title ? `${title} · ${t('brand')}` : t('brand')
    })
    return html`
        <a class="skip" href="#main">${t('nav.skip')}</a>
        <header class="top"><div class="top-in">
            <${Brand} />
            ${!bare && html`<nav aria-label=${t('nav.name')}>${places.map(({ path, name }) =>
                html`<a href=${path} aria-current=${location.pathname === path ? 'page' : undefined}>${t(name)}</a>`)}</nav>`}
            <${Languages} />
        </div></header>
        <main id="main" class=${wide ? 'wide' : ''} tabindex="-1">${children}</main>
        ${!bare && html`<footer><p>${t('footer.demo')}</p></footer>`}`
}

// Mount a page; it is made anew when the language changes.
export function start(Content) {
    const root = document.getElementById('app')
    function Root() {
        const [spoken, setSpoken] = useState(language)
        useEffect(() => {
            const changed = () => setSpoken(language)
            addEventListener('language', changed)
            return () => removeEventListener('language', changed)
        }, [])
        return html`<${Content} key=${spoken} />`
    }
    render(html`<${Root} />`, root)
    // For when there is no network. Tickets are kept at once, the rest when the page has long been there.
    const keep = () => setTimeout(() => navigator.serviceWorker.register('/sw.js').catch(() => {}), location.pathname === '/tickets' ? 0 : idle_ms)
    if ('serviceWorker' in navigator)
        addEventListener('load', keep)
}

// A refusal in the reader's words; `name` gives a seat its name.
export function refusalText(refusal, name = seat => seat) {
    const values = { ...refusal, seat: refusal.seat === undefined ? '' : name(refusal.seat), code: refusal.code }
    return known(`refusal.${refusal.code}`) ? t(`refusal.${refusal.code}`, values) : t('refusal.other', values)
}

// What has happened, said to ears as well.
export function Notice({ kind = 'info', children }) {
    return html`<div class=${`notice notice-${kind}`} role=${kind === 'bad' ? 'alert' : 'status'}>${children}</div>`
}

export function Loading() {
    return html`<p class="loading" role="status">${t('loading')}</p>`
}

// A page's data: load it, tell how it stands, and load it again on demand.
export function useLoaded(load, keys = []) {
    const [state, setState] = useState({ value: null, refusal: null })
    const reload = async () => {
        try {
            setState({ value: await load(), refusal: null })
        } catch (refusal) {
            setState(before => ({ value: before.value, refusal }))
        }
    }
    useEffect(() => {
        reload()
    }, keys)
    return { ...state, reload }
}

// The time that is left, by the server's clock, anew every quarter of a second; `over` is called once at its end.
export function useLeft(until_ms, over = () => {}) {
    const [left, setLeft] = useState(until_ms ? until_ms - now() : 0)
    const done = useRef(false)
    useEffect(() => {
        done.current = false
        if (!until_ms)
            return
        const look = () => {
            const rest = until_ms - now()
            setLeft(rest)
            if (rest <= 0 && !done.current) {
                done.current = true
                over()
            }
        }
        look()
        const timer = setInterval(look, 250)
        return () => clearInterval(timer)
    }, [until_ms])
    return Math.max(0, left)
}
