// posters - the artwork of films that have one, by title, and a drawn stand-in for all others.
import { html } from './view.js'
import { bilingual } from './text.js'

const art = {
    长堤灯塔: '/art/lighthouse.svg', 近地轨道: '/art/orbit.svg', 兰州以北: '/art/noodle.svg', 纸上城: '/art/paper.svg',
    夜潮: '/art/tide.svg', 算盘先生: '/art/abacus.svg', 九号线: '/art/nine.svg', 花岗岩: '/art/granite.svg',
    滚滚侦探社: '/art/panda.svg', 梅雨季: '/art/plum.svg', 风筝与雷达: '/art/kite.svg', 无声马戏团: '/art/silent.svg',
}

export function Poster({ title, eager = false }) {
    const { name, other } = bilingual(title)
    const file = art[name] ?? art[other]
    if (file)
        return html`<img class="poster" src=${file} alt="" width="240" height="360" loading=${eager ? 'eager' : 'lazy'} fetchpriority=${eager ? 'high' : undefined} />`
    // A hue of its own for every title.
    let hue = 0
    for (const letter of title)
        hue = (hue * 31 + letter.codePointAt(0)) % 360
    return html`<svg class="poster" viewBox="0 0 240 360" aria-hidden="true">
        <rect width="240" height="360" fill=${`hsl(${hue} 35% 28%)`} /><circle cx="120" cy="150" r="70" fill=${`hsl(${(hue + 40) % 360} 50% 60%)`} />
        <path d="M0 260q60-30 120 0t120 0v100H0z" fill=${`hsl(${hue} 40% 18%)`} />
        <text x="120" y="168" text-anchor="middle" font-size="56" fill="#fff">${[...name][0]}</text></svg>`
}
