// kiosk - the gate: scan, let in once, say why not, begin anew by itself. Its requests are signed by a key that
// staff have enrolled.
import { html, useEffect, useRef, useState } from '../lib/view.js'
import { bilingual, dateTime, known, t, time } from '../lib/text.js'
import { get, plain, setClock } from '../lib/api.js'
import { enrol, enrolled, forget, sign } from '../lib/kioskkey.js'
import { follow } from '../lib/live.js'
import { Loading, Notice, Page, refusalText, start } from '../lib/page.js'
import { camera, isToken, wedge } from '../lib/scanner.js'

const welcome_ms = 8000, refused_ms = 12000, same_ms = 3000, clock_ms = 300000
// What is signed carries the time, by the server's clock: asked for anew every few minutes.
let asked_ms = -Infinity
async function clock() {
    if (performance.now() - asked_ms < clock_ms)
        return
    await setClock()
    asked_ms = performance.now()
}

// From the token's first bytes: the showtime, whose zone times are shown in.
async function zoneOf(token) {
    const raw = atob(token.slice(0, 12).replaceAll('-', '+').replaceAll('_', '/'))
    let number = 0n
    for (let i = 0; i < 8; i++)
        number = number * 256n + BigInt(raw.charCodeAt(i))
    if (number < 1n || number > BigInt(Number.MAX_SAFE_INTEGER))
        return undefined
    return get(`/api/showtimes/${number}`).then(one => one.time_zone, () => undefined)
}

function Enrol({ done }) {
    const [refusal, setRefusal] = useState(null)
    const submit = async event => {
        event.preventDefault()
        const form = new FormData(event.target)
        const name = form.get('name').trim()
        try {
            const { key } = await plain('POST', '/api/kiosks', { kiosk: name }, { Authorization: `Bearer ${form.get('key').trim()}` })
            done(await enrol(name, key))
        } catch (fault) {
            setRefusal(fault)
        }
    }
    return html`<form class="enrol" onSubmit=${submit}><h1>${t('kiosk.enrol')}</h1><p>${t('kiosk.enrol_what')}</p>
        ${refusal && html`<${Notice} kind="bad">${refusalText(refusal)}</>`}
        <label>${t('kiosk.name')} <input name="name" required maxlength="15" pattern="[A-Za-z0-9_\\-]+" placeholder="lobby-1" autocomplete="off" /></label>
        <label>${t('kiosk.key')} <input name="key" type="password" required autocomplete="off" /></label>
        <button class="main">${t('kiosk.enrol')}</button></form>`
}

// Whoever stands before it must not be able to take it out of service.
function Leave({ leave, back }) {
    const [refusal, setRefusal] = useState(null)
    const submit = async event => {
        event.preventDefault()
        try {
            await plain('GET', '/api/kiosks', undefined, { Authorization: `Bearer ${new FormData(event.target).get('key').trim()}` })
            leave()
        } catch (fault) {
            setRefusal(fault)
        }
    }
    return html`<form class="enrol" onSubmit=${submit}><h1>${t('kiosk.leave')}</h1><p>${t('kiosk.leave_what')}</p>
        ${refusal && html`<${Notice} kind="bad">${refusalText(refusal)}</>`}
        <label>${t('kiosk.key')} <input name="key" type="password" required autocomplete="off" /></label>
        <button class="main">${t('kiosk.leave')}</button><button type="button" onClick=${back}>${t('kiosk.back')}</button></form>`
}

function Camera({ found }) {
    const video = useRef()
    const [fault, setFault] = useState(null)
    useEffect(() => {
        let end = () => {}, gone = false
        camera(video.current, found).then(stop => {
            end = stop
            if (gone)
                stop()
        }, setFault)
        return () => {
            gone = true
            end()
        }
    }, [])
    return html`<div class="camera"><video ref=${video} muted playsinline aria-label=${t('kiosk.camera')}></video>
        ${fault && html`<${Notice} kind="warn">${t('kiosk.no_camera')}</>`}</div>`
}

// The sheet that is printed; on screen it is out of sight.
function Sheet({ seat, zone }) {
    const { name, other } = bilingual(seat.title)
    return html`<section class="sheet" aria-hidden="true"><h2>${name}</h2><p>${other}</p><p>${dateTime(seat.starts_ms, zone)}</p><p>${seat.hall}</p>
        <p class="sheet-seat">${t('seat.name', { row: seat.row, number: seat.column })}</p><p><small>${seat.ticket}</small></p></section>`
}

function Result({ result, print }) {
    if (result.seat) {
        const { seat, zone } = result, { name } = bilingual(seat.title)
        return html`<div class="verdict verdict-in" role="alert"><svg viewBox="0 0 48 48" aria-hidden="true"><path d="M10 25l10 10 18-22" /></svg>
            <h1>${t('kiosk.welcome')}</h1><p class="verdict-seat">${seat.hall}<br />${t('seat.name', { row: seat.row, number: seat.column })}</p>
            <p>${name} · ${time(seat.starts_ms, zone)}</p>
            <button type="button" onClick=${print}>${t('kiosk.print')}</button></div>
            <${Sheet} seat=${seat} zone=${zone} />`
    }
    const { refusal, zone } = result
    const twice = refusal.code === 'ALREADY_REDEEMED'
    return html`<div class="verdict verdict-out" role="alert"><svg viewBox="0 0 48 48" aria-hidden="true"><path d="M13 13l22 22M35 13L13 35" /></svg>
        <h1>${known(`kiosk.${refusal.code}`) ? t(`kiosk.${refusal.code}`) : refusalText(refusal)}</h1>
        ${twice && html`<p class="verdict-seat">${t('kiosk.when_where', { when: dateTime(refusal.redeemed_ms, zone), kiosk: refusal.kiosk })}</p>`}
        <p>${t('kiosk.help')}</p></div>`
}

function useKiosk(own, leave) {
    const [result, setResult] = useState(null)
    const [busy, setBusy] = useState(false)
    const [said, setSaid] = useState(null)
    const last = useRef({ text: '', at: 0 }), reset = useRef()
    const show = (next, ms) => {
        setResult(next)
        clearTimeout(reset.current)
        reset.current = setTimeout(() => setResult(null), ms)
    }
    const redeem = async text => {
        // A camera sees the same code again and again.
        if (busy || text === last.current.text && Date.now() - last.current.at < same_ms)
            return
        last.current = { text, at: Date.now() }
        if (!isToken(text)) {
            show({ refusal: { code: 'BAD_TOKEN' } }, refused_ms)
            return
        }
        setBusy(true)
        const zone = await zoneOf(text)
        try {
            await clock()
            const proof = await sign(own, 'POST', '/api/kiosk/redeem', `${text}\n${own.name}`)
            const seat = await plain('POST', '/api/kiosk/redeem', { qr_code_data: text, kiosk_id: own.name, ...proof }, { 'Idempotency-Key': crypto.randomUUID() })
            show({ seat, zone }, welcome_ms)
        } catch (refusal) {
            if (refusal.code === 'KIOSK_REFUSED')
                leave()
            show({ refusal, zone }, refused_ms)
        } finally {
            setBusy(false)
            last.current.at = Date.now()
        }
    }
    const step = async (ticket, word) => {
        const path = `/api/tickets/${ticket}/print`, body = { step: word }
        const { timestamp, nonce, signature } = await sign(own, 'POST', path, JSON.stringify(body))
        return plain('POST', path, body, { 'X-Kiosk-Id': own.name, 'X-Kiosk-Timestamp': String(timestamp), 'X-Kiosk-Nonce': nonce, 'X-Kiosk-Signature': signature })
    }
    // Of two kiosks one prints: the server says which.
    const paper = async () => {
        try {
            await step(result.seat.ticket, 'begin')
            print()
            await step(result.seat.ticket, 'done')
        } catch (refusal) {
            show({ refusal, zone: result.zone }, refused_ms)
        }
    }
    useEffect(() => {
        // Its address is signed, so each connection has a new one, made just before.
        let live, gone = false, next
        const renew = () => sign(own, 'GET', '/ws/kiosk', '').then(proof => {
            next = proof
        })
        clock().then(renew).then(() => {
            if (gone)
                return
            live = follow(() => {
                const query = new URLSearchParams({ kiosk_id: own.name, ...next })
                renew()
                return `/ws/kiosk?${query}`
            }, {
                message: ({ type, command, text }) => {
                    if (type !== 'command')
                        return
                    if (command === 'reload')
                        location.reload()
                    setSaid(command === 'clear' ? null : text ?? command)
                },
            })
        }, () => {})
        return () => {
            gone = true
            live?.end()
        }
    }, [])
    return { result, busy, redeem, paper, said }
}

function Gate({ own, leave }) {
    const { result, busy, redeem, paper, said } = useKiosk(own, leave)
    const [looking, setLooking] = useState(false)
    const [leaving, setLeaving] = useState(false)
    const scan = useRef(redeem)
    scan.current = redeem
    useEffect(() => wedge(text => scan.current(text)), [])
    const submit = event => {
        event.preventDefault()
        const field = event.target.elements.code
        scan.current(field.value.trim())
        field.value = ''
    }
    if (leaving)
        return html`<${Leave} leave=${leave} back=${() => setLeaving(false)} />`
    return html`<div class="gate">
        ${said && html`<${Notice} kind="warn">${said}</>`}
        <div class="gate-face" aria-busy=${busy}>${result ? html`<${Result} result=${result} print=${paper} />`
            : html`<svg class="gate-sign" viewBox="0 0 96 96" aria-hidden="true"><path d="M8 30V8h22M66 8h22v22M88 66v22H66M30 88H8V66" /><path d="M28 28h14v14H28zM54 28h14v14H54zM28 54h14v14H28zM56 56h4v4h-4zM64 64h4v4h-4z" /></svg>
                <h1>${t('kiosk.scan')}</h1><p>${t('kiosk.how')}</p>`}</div>
        ${looking && html`<${Camera} found=${text => scan.current(text)} />`}
        <form class="gate-type no-print" onSubmit=${submit}><label>${t('kiosk.type')} <input name="code" maxlength="64" autocomplete="off" autocapitalize="off" spellcheck=${false} /></label>
            <button>${t('kiosk.check')}</button>
            <button type="button" aria-pressed=${looking} onClick=${() => setLooking(!looking)}>${t('kiosk.camera')}</button></form>
        <p class="quiet no-print">${t('kiosk.this', { name: own.name })} <button type="button" class="plain" onClick=${() => setLeaving(true)}>${t('kiosk.leave')}</button></p>
    </div>`
}

function Kiosk() {
    const [own, setOwn] = useState(undefined)
    useEffect(() => {
        enrolled().then(setOwn, () => setOwn(null))
    }, [])
    const leave = async () => {
        await forget()
        setOwn(null)
    }
    return html`<${Page} title=${t('kiosk.title')} bare=${true}>
        ${own === undefined ? html`<${Loading} />` : own ? html`<${Gate} own=${own} leave=${leave} />` : html`<${Enrol} done=${setOwn} />`}
    </>`
}
start(Kiosk)
