// text - what pages say, in the reader's language: messages, times, money, numbers.
//
// All words are in messages/*.js, under the same names in each language (a test compares them). Times are shown
// in the cinema's zone, whatever the reader's is.
import en from '../messages/en.js'
import zh from '../messages/zh.js'

const messages = { zh, en }
export const languages = Object.keys(messages)
const stored = () => {
    try {
        return localStorage.getItem('language')
    } catch {
        return null // storage is forbidden
    }
}
const wished = () => stored() ?? (/^zh\b/i.test(navigator.language ?? '') ? 'zh' : 'en')
export let language = languages.includes(wished()) ? wished() : 'en'
const locale = () => (language === 'zh' ? 'zh-CN' : 'en-GB')
document.documentElement.lang = locale()

export function speak(other) {
    language = other
    document.documentElement.lang = locale()
    try {
        localStorage.setItem('language', other)
    } catch {
        // then only this page speaks it
    }
    dispatchEvent(new Event('language'))
}

// t('seats.chosen', { count: 2 }): a message is a text with {names}, or texts by plural of `count`.
export function t(name, values = {}) {
    let message = messages[language][name] ?? messages.en[name]
    if (message === undefined)
        return name
    if (typeof message === 'object')
        message = message[new Intl.PluralRules(locale()).select(values.count)] ?? message.other
    return message.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole)
}
export const known = name => messages.en[name] !== undefined

// Names of films and zones are told in both languages, as '夜潮 Night Tide': the reader's comes first.
export function bilingual(name) {
    const both = /^(.*\p{Script=Han}[^\p{Script=Han}]*?) ([^\p{Script=Han}]+)$/u.exec(name)
    if (!both)
        return { name, other: '' }
    return language === 'zh' ? { name: both[1], other: both[2] } : { name: both[2], other: both[1] }
}

const formats = new Map()
function format(kind, options) {
    const key = JSON.stringify([language, kind, options])
    if (!formats.has(key))
        formats.set(key, new Intl[kind](locale(), options))
    return formats.get(key)
}
const when = (ms, zone, options) => format('DateTimeFormat', { timeZone: zone, ...options }).format(ms)

export const money = fen => format('NumberFormat', {
    style: 'currency', currency: 'CNY', currencyDisplay: 'narrowSymbol', minimumFractionDigits: fen % 100 ? 2 : 0, maximumFractionDigits: 2,
}).format(fen / 100)
export const number = value => format('NumberFormat', {}).format(value)
export const percent = part => format('NumberFormat', { style: 'percent', maximumFractionDigits: 0 }).format(part)
export const time = (ms, zone) => when(ms, zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
export const date = (ms, zone) => when(ms, zone, { weekday: 'short', day: 'numeric', month: 'short' })
export const dateLong = (ms, zone) => when(ms, zone, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
export const dateTime = (ms, zone) => when(ms, zone, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
export const weekday = (ms, zone) => when(ms, zone, { weekday: 'short' })
export const dayMonth = (ms, zone) => when(ms, zone, { day: 'numeric', month: 'short' })

// The calendar day of a time, as 2026-11-25.
export const day = (ms, zone) => new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms)

// 4:07 until something ends; rounded up, so that it is never said to be over while it is not.
export function clock(ms) {
    const seconds = Math.max(0, Math.ceil(ms / 1000))
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
// About how long, in words.
export function about(ms) {
    const minutes = Math.round(ms / 60000)
    return minutes < 1 ? t('about.moment') : minutes < 60 ? t('about.minutes', { count: minutes }) : t('about.hours', { count: Math.round(minutes / 60) })
}
