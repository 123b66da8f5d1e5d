// staff-kiosks - the kiosks that are enrolled: what is said to them, and taking them back.
import { html, useState } from '../lib/view.js'
import { t } from '../lib/text.js'
import { get, write } from '../lib/api.js'
import { Notice, refusalText, useLoaded } from '../lib/page.js'

export function Kiosks() {
    const { value, refusal, reload } = useLoaded(() => get('/api/kiosks'))
    const [message, setMessage] = useState(null)
    const attempt = async what => {
        setMessage(null)
        try {
            await what()
            setMessage({ kind: 'good', text: t('staff.done') })
        } catch (fault) {
            setMessage({ kind: 'bad', text: refusalText(fault) })
        }
        await reload()
    }
    const say = event => {
        event.preventDefault()
        const { kiosk, text } = Object.fromEntries(new FormData(event.target))
        attempt(() => write('POST', `/api/kiosks/${kiosk}/commands`, text ? { command: 'message', text } : { command: 'clear' }))
    }
    const all = (value?.kiosks ?? []).filter(one => !one.revoked)
    return html`<section class="panel"><h2>${t('staff.kiosks')}</h2>
        ${refusal && html`<${Notice} kind="bad">${refusalText(refusal)}</>`}
        ${message && html`<${Notice} kind=${message.kind}>${message.text}</>`}
        ${value && !all.length && html`<p class="quiet">${t('staff.no_kiosks')} <a href="/kiosk">${t('kiosk.title')}</a></p>`}
        <ul class="kiosks">${all.map(({ kiosk }) => html`<li key=${kiosk}><b>${kiosk}</b>
            <form class="inline" onSubmit=${say}><input type="hidden" name="kiosk" value=${kiosk} /><label>${t('staff.say')} <input name="text" maxlength="80" /></label><button>${t('staff.tell')}</button></form>
            <button type="button" class="plain" onClick=${() => attempt(() => write('DELETE', `/api/kiosks/${kiosk}`))}>${t('staff.revoke')}</button></li>`)}</ul></section>`
}
