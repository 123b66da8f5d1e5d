// plot - bars that a manager reads at a glance: drawn as SVG, and told as a table to screen readers.
import { html } from './view.js'

const row = 30, left = 150, width = 560, right = 90

// lines: [{ name, parts: [{ value, kind }], text, href }], `most` is the full length; kinds: {kind: its word}.
export function Bars({ title, lines, most, kinds, pick }) {
    const full = Math.max(1, most ?? Math.max(...lines.map(line => line.parts.reduce((sum, part) => sum + part.value, 0))))
    const height = lines.length * row + 6
    return html`<figure class="plot"><figcaption><h2>${title}</h2>
            <ul class="plot-kinds" aria-hidden="true">${Object.entries(kinds).map(([kind, word]) => html`<li><i class=${`bar-${kind}`}></i>${word}</li>`)}</ul></figcaption>
        <svg viewBox=${`0 0 ${left + width + right} ${height}`} aria-hidden="true">${lines.map((line, index) => {
            let x = left
            const y = index * row + 4
            return html`<g class=${line.id === undefined ? '' : 'plot-line'} onClick=${() => pick?.(line.id)}>
                <rect x="0" y=${y - 4} width=${left + width + right} height=${row} class="plot-back" data-on=${line.on || undefined} />
                <text x=${left - 10} y=${y + 15} text-anchor="end">${line.name}</text>
                <rect x=${left} y=${y} width=${width} height="21" rx="3" class="bar-none" />
                ${line.parts.map(({ value, kind }) => {
                    const at = x, long = width * value / full
                    x += long
                    return long > 0 && html`<rect x=${at} y=${y} width=${long} height="21" rx="3" class=${`bar-${kind}`} />`
                })}
                <text x=${left + width + 8} y=${y + 15}>${line.text}</text></g>`
        })}</svg>
        <table class="hidden"><caption>${title}</caption><thead><tr><td></td>${Object.values(kinds).map(word => html`<th scope="col">${word}</th>`)}</tr></thead>
            <tbody>${lines.map(line => html`<tr><th scope="row">${line.name}</th>${Object.keys(kinds).map(kind =>
                html`<td>${line.parts.find(part => part.kind === kind)?.value ?? 0}</td>`)}</tr>`)}</tbody></table>
    </figure>`
}
