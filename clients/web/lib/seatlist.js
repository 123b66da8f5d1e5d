// seatlist - the seats of a hall row by row, as buttons with words: everything that the map does, by keyboard
// and for screen readers. Arrow keys go from seat to seat and from row to row; Tab leaves.
import { html, useLayoutEffect, useRef, useState } from './view.js'
import { bilingual, money, t } from './text.js'
import { AVAILABLE, kindNames, stateNames } from './hall.js'

export function words(seat, state, mine) {
    return [
        t('seat.name', { row: seat.rowName, number: seat.column }),
        seat.kind === 's' ? '' : t(`kind.${kindNames[seat.kind]}`),
        `${bilingual(seat.zone.name).name} ${money(seat.price)}`,
        mine ? t('state.mine') : t(`state.${stateNames[state]}`),
    ].filter(Boolean).join(t('comma'))
}

// `free(seat, state, mine)`: may it be pressed?
export function SeatList({ hall, states, mine, pick, free = (seat, state, own) => state === AVAILABLE || own }) {
    const rows = hall.rows.map((name, index) => ({ name, seats: hall.seats.filter(seat => seat?.row === index + 1) })).filter(row => row.seats.length)
    const [at, setAt] = useState(() => {
        const row = Math.min(rows.length - 1, Math.floor(rows.length * 2 / 3))
        return { row, column: hall.columns / 2 }
    })
    const body = useRef(), moved = useRef(false)
    const seats = rows[at.row].seats
    const near = seats.reduce((best, seat) => (Math.abs(seat.column - at.column) < Math.abs(best.column - at.column) ? seat : best))
    // Before anything is painted, so that the next key finds the focus.
    useLayoutEffect(() => {
        if (moved.current)
            body.current.querySelector('[tabindex="0"]')?.focus()
        moved.current = false
    }, [at])
    const go = (row, column) => {
        if (row < 0 || row >= rows.length)
            return
        moved.current = true
        setAt({ row, column })
    }
    const key = event => {
        const index = seats.indexOf(near)
        const to = {
            ArrowLeft: () => index > 0 && go(at.row, seats[index - 1].column),
            ArrowRight: () => index < seats.length - 1 && go(at.row, seats[index + 1].column),
            ArrowUp: () => go(at.row - 1, near.column),
            ArrowDown: () => go(at.row + 1, near.column),
            Home: () => go(at.row, seats[0].column),
            End: () => go(at.row, seats.at(-1).column),
        }[event.key]
        if (to) {
            event.preventDefault()
            to()
        }
    }
    const open = seats.filter(seat => states?.[seat.id] === AVAILABLE).length
    return html`<div class="list">
        <div class="list-row">
            <button type="button" class="plain" disabled=${at.row === 0} aria-label=${t('list.forward')} onClick=${() => setAt({ row: at.row - 1, column: near.column })}>‹</button>
            <label>${t('list.row')} <select value=${at.row} onChange=${event => setAt({ row: Number(event.target.value), column: near.column })}>
                ${rows.map((row, index) => html`<option value=${index}>${row.name}</option>`)}
            </select></label>
            <button type="button" class="plain" disabled=${at.row === rows.length - 1} aria-label=${t('list.back')} onClick=${() => setAt({ row: at.row + 1, column: near.column })}>›</button>
            <span class="quiet" aria-live="polite">${t('list.open', { count: open })}</span>
        </div>
        <p class="quiet">${t('list.keys')}</p>
        <div class="list-seats" role="group" aria-label=${t('list.seats', { row: rows[at.row].name })} ref=${body} onKeyDown=${key}>
            ${seats.map(seat => {
                const own = mine.has(seat.id), state = states?.[seat.id] ?? AVAILABLE, may = free(seat, state, own)
                return html`<button type="button" key=${seat.id} class=${`list-seat zone-${seat.zone.index % 6} ${own ? 'is-mine' : `is-${stateNames[state]}`}`}
                    tabindex=${seat === near ? 0 : -1} aria-pressed=${own} aria-disabled=${!may}
                    data-seat=${seat.id} onFocus=${() => seat !== near && setAt({ row: at.row, column: seat.column })}
                    onClick=${() => may && pick(seat)}>
                    <span class="hidden">${words(seat, state, own)}</span>
                    <b aria-hidden="true">${seat.column}</b><small aria-hidden="true">${own ? t('state.mine') : state === AVAILABLE ? money(seat.price) : t(`state.${stateNames[state]}`)}</small>
                </button>`
            })}
        </div>
    </div>`
}
