// plot - bars that a manager reads at a glance: drawn as SVG, and told as a table to screen readers.
import { html } from './view.js'

const row = 30, left = 150, width = 560, right = 90

// lines: [{ name, parts: [{ value, kind }], full, text }], `full` being the whole length; kinds: {kind: its word}.
export function Bars({ title, lines, kinds }) {
    const height = lines.length * row + 6
    return html`<figure class="plot"><figcaption><h2>${title}</h2>
            <ul class="plot-kinds" aria-hidden="true">${Object.entries(kinds).map(([kind, word]) => html`<li><i class=${`bar-${kind}`}></i>${word}</li>`)}</ul></figcaption>
        <svg viewBox=${`0 0 ${left + width + right} ${height}`} aria-hidden="true">${lines.map((line, index) => {
            let x = left
            const y = index * row + 4
            return html`<g><text x=${left - 10} y=${y + 15} text-anchor="end">${line.name}</text>
                <rect x=${left} y=${y} width=${width} height="21" rx="3" class="bar-none" />
                ${line.parts.map(({ value, kind }) => {
                    const at = x, long = width * value / line.full
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

/* ---------------------------------------------------------------- a day, lane by lane */

const lane = 46, head = 26, name = 120, hour = 62, hour_ms = 3600000, break_ms = 15 * 60000, longest_ms = 2.3 * hour_ms, least = 24

// Lanes (halls) with blocks (showtimes) along the hours: [{ name, blocks: [{ id, starts_ms, part, text, title }] }]; the part of a
// block that is taken is filled. How long a block is, nobody told: until a little before the next one, at most.
export function Day({ title, lanes, hourOf, chosen, pick, words }) {
    const all = lanes.flatMap(one => one.blocks.map(block => block.starts_ms))
    const first = Math.floor(Math.min(...all) / hour_ms) * hour_ms
    const hours = Math.ceil((Math.max(...all) + longest_ms - first) / hour_ms)
    const x = ms => name + (ms - first) / hour_ms * hour
    const width = name + hours * hour, height = head + lanes.length * lane
    return html`<figure class="plot"><figcaption><h2>${title}</h2></figcaption>
        <div class="scroll" tabindex="0" role="region" aria-label=${title}><svg class="plot-day" viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} aria-hidden="true">
            ${Array.from({ length: hours + 1 }, (_, i) => html`<path d=${`M${name + i * hour} ${head - 6}V${height}`} class="plot-grid" />
                <text x=${name + i * hour} y="14" text-anchor="middle" class="plot-hour">${hourOf(first + i * hour_ms)}</text>`)}
            ${lanes.map((one, index) => {
                const y = head + index * lane
                return html`<text x="0" y=${y + 24}>${one.name}</text>${one.blocks.map((block, at) => {
                    const next = one.blocks[at + 1]?.starts_ms ?? Infinity
                    const long = Math.max(least, x(Math.min(block.starts_ms + longest_ms, next - break_ms)) - x(block.starts_ms))
                    return html`<g class="plot-line" onClick=${() => pick(block.id)}><title>${block.title}</title>
                        <rect x=${x(block.starts_ms)} y=${y + 2} width=${long} height=${lane - 8} rx="6" class="block" data-on=${String(block.id) === chosen || undefined} />
                        <rect x=${x(block.starts_ms)} y=${y + lane - 14} width=${long * block.part} height="8" rx="4" class="bar-taken" />
                        <text x=${x(block.starts_ms) + 7} y=${y + 16} class="block-text">${block.text}</text>
                        <text x=${x(block.starts_ms) + 7} y=${y + 29} class="block-part">${block.more}</text></g>`
                })}`
            })}</svg></div>
        <table class="hidden"><caption>${title}</caption><thead><tr>${words.map(word => html`<th scope="col">${word}</th>`)}</tr></thead>
            <tbody>${lanes.flatMap(one => one.blocks.map(block => html`<tr><th scope="row">${block.title}</th><td>${block.more}</td></tr>`))}</tbody></table>
    </figure>`
}
