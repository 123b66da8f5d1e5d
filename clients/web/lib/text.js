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

const plural = {}
// t('seats.chosen', { count: 2 }): a message is a text with {names}, or texts by plural of `count`.
export function t(name, values = {}) {
    let message = messages[language][name] ?? messages.en[name]
    if (message === undefined)
        return name
    if (typeof message === 'object')
        message = message[format('PluralRules', plural).select(values.count)] ?? message.other
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

// By language, kind and zone; each set of options is one object, so that it is found by itself.
const formats = new Map()
function format(kind, options, zone = '') {
    const key = `${language} ${kind} ${zone}`
    const all = formats.get(key) ?? formats.set(key, new Map()).get(key)
    if (!all.has(options))
        all.set(options, new Intl[kind](locale(), zone ? { timeZone: zone, ...options } : options))
    return all.get(options)
}
const shape = options => (ms, zone) => format('DateTimeFormat', options, zone).format(ms)

const yuan = { style: 'currency', currency: 'CNY', currencyDisplay: 'narrowSymbol', minimumFractionDigits: 0, maximumFractionDigits: 0 }
const fens = { ...yuan, minimumFractionDigits: 2, maximumFractionDigits: 2 }
const plain = {}, parts = { style: 'percent', maximumFractionDigits: 0 }
export const money = fen => format('NumberFormat', fen % 100 ? fens : yuan).format(fen / 100)
export const number = value => format('NumberFormat', plain).format(value)
export const percent = part => format('NumberFormat', parts).format(part)

const clockTime = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
export const time = shape(clockTime)
export const date = shape({ weekday: 'short', day: 'numeric', month: 'short' })
export const dateLong = shape({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
export const dateTime = shape({ weekday: 'short', day: 'numeric', month: 'short', ...clockTime })
export const weekday = shape({ weekday: 'short' })
export const dayMonth = shape({ day: 'numeric', month: 'short' })

// The calendar day of a time, as 2026-11-25.
const days = new Map() // making a format takes longer than using it
export function day(ms, zone) {
    if (!days.has(zone))
        days.set(zone, new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }))
    return days.get(zone).format(ms)
}

// Showtimes by their start, each with its day. A day is asked for again only when it may be over: with an hour and a half
// to spare, for nights on which clocks are put back or forth.
const minute_ms = 60000, spare_ms = 90 * minute_ms
export function withDays(all) {
    let known_day, from = Infinity, until = -Infinity, zone
    return all.map(one => {
        const ms = one.starts_ms
        if (ms < from || ms >= until || one.time_zone !== zone) {
            zone = one.time_zone
            known_day = day(ms, zone)
            const [hours, minutes] = time(ms, zone).split(':').map(Number)
            from = ms
            until = ms + (24 * 60 - hours * 60 - minutes) * minute_ms - spare_ms
        }
        return { ...one, day: known_day }
    })
}

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
