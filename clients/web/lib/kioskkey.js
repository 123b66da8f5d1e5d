// kioskkey - a kiosk's name and key in the browser, and what they sign. The key can be used here and never read:
// not by a page, nor by who steals the profile's exported data.
import { now } from './api.js'

const database = 'kiosk', store = 'key'
const bytes = text => new TextEncoder().encode(text)
const hex = buffer => [...new Uint8Array(buffer)].map(byte => byte.toString(16).padStart(2, '0')).join('')

function ask(mode, what) {
    return new Promise((done, failed) => {
        const opening = indexedDB.open(database, 1)
        opening.onupgradeneeded = () => opening.result.createObjectStore(store)
        opening.onerror = () => failed(opening.error)
        opening.onsuccess = () => {
            const request = what(opening.result.transaction(store, mode).objectStore(store))
            request.onsuccess = () => {
                done(request.result ?? null)
                opening.result.close()
            }
            request.onerror = () => failed(request.error)
        }
    })
}

// {name, key}, or null where no kiosk is enrolled.
export const enrolled = () => ask('readonly', all => all.get('own'))
export const forget = () => ask('readwrite', all => all.delete('own'))
export async function enrol(name, text) {
    const raw = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), letter => letter.charCodeAt(0))
    const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    raw.fill(0)
    await ask('readwrite', all => all.put({ name, key }, 'own'))
    return enrolled()
}

// What goes with a request: {timestamp, nonce, signature}.
export async function sign({ key }, method, path, body) {
    const timestamp = Math.round(now()), nonce = hex(crypto.getRandomValues(new Uint8Array(16)))
    const digest = hex(await crypto.subtle.digest('SHA-256', bytes(body)))
    const signature = hex(await crypto.subtle.sign('HMAC', key, bytes([method, path, timestamp, nonce, digest].join('\n'))))
    return { timestamp, nonce, signature }
}
