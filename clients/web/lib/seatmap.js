// seatmap - a hall drawn as SVG: one path a seat, whose shape and colour both tell its state.
//
// It is not made anew when something changes: a change of a seat touches that seat's path alone, and moving about
// is one transform, so a thousand seats stay light. It is for eyes and pointers; seatlist.js does all of it by
// keyboard and for screen readers.
import { AVAILABLE, LOCKED, SOLD, BLOCKED } from './hall.js'

const cell = 30, side = 22, top = 46
const ns = 'http://www.w3.org/2000/svg'
const zoom_max = 4, large_px = 52, touch_px = 24, drag_px = 6, step = 1.5

// Shapes in a box of 22: the outline of a chair by kind, and what is cut out of it by state.
const outline = {
    one: 'M1 8a7 7 0 0 1 7-7h6a7 7 0 0 1 7 7v10a3 3 0 0 1-3 3H4a3 3 0 0 1-3-3z',
    left: 'M1 8a7 7 0 0 1 7-7h18v20H4a3 3 0 0 1-3-3z',
    right: 'M-4 1h18a7 7 0 0 1 7 7v10a3 3 0 0 1-3 3H-4z',
}
const cut = {
    [LOCKED]: 'M7 10v6h8v-6zM8.500 10V8.500a2.500 2.500 0 0 1 5 0V10h-1.500V8.500a1 1 0 0 0-2 0V10z',
    [SOLD]: 'M6.100 7.500l3.500 3.500-3.500 3.500 1.400 1.400 3.500-3.500 3.500 3.500 1.400-1.400-3.500-3.500 3.500-3.500-1.400-1.400-3.500 3.500-3.500-3.500z',
    [BLOCKED]: 'M5.500 10h11v2.400h-11z',
    mine: 'M9.600 16.200 5 11.600l1.700-1.700 2.900 2.900 5.900-5.900 1.700 1.700z',
}
const wheels = 'M10 4.500a1.300 1.300 0 1 0 .01 0zM9.300 7h1.800v3.400h3.200l1.700 3.600 1-.4.5 1.300-2.300 1-1.900-4h-4zM8.200 10.600a3.600 3.600 0 1 0 4.900 4.600h-1.400a2.300 2.300 0 1 1-3.500-3z'

const shape = seat => (seat.kind === 'c' ? outline.left : seat.kind === 'C' ? outline.right : outline.one)
const element = (name, attributes = {}) => {
    const one = document.createElementNS(ns, name)
    for (const [key, value] of Object.entries(attributes))
        one.setAttribute(key, value)
    return one
}

// The same signs for a legend.
export function sign(state, kind = 's') {
    const body = state === 'wheelchair' ? outline.one + wheels : outline.one + (cut[state] ?? '')
    return { d: state === 'couple' ? `${outline.left}M30 1h18a7 7 0 0 1 7 7v10a3 3 0 0 1-3 3H30z` : body, kind }
}

export class SeatMap {
    // pick(seat) is called for a tap or click, look(seat or null) for what the pointer is over.
    constructor(box, hall, { pick, look = () => {}, screen }) {
        Object.assign(this, { box, hall, pick, look })
        this.chosen = new Set()
        this.mine = new Set()
        this.states = []
        this.paths = []
        this.pointers = new Map()
        this.view = { k: 1, x: 0, y: 0 }
        this.draw(screen)
        this.listen()
        this.resize = new ResizeObserver(() => this.fit())
        this.resize.observe(box)
    }

    draw(screen) {
        const { hall } = this
        this.width = (hall.columns + 3) * cell
        this.height = hall.rows.length * cell + top + 14
        this.svg = element('svg', { viewBox: `0 0 ${this.width} ${this.height}`, class: 'map', 'aria-hidden': 'true', focusable: 'false' })
        const middle = this.width / 2, half = Math.min(this.width * 0.36, this.width / 2 - cell)
        this.svg.append(
            element('path', { d: `M${middle - half} 20Q${middle} 4 ${middle + half} 20L${middle + half + 14} 36Q${middle} 18 ${middle - half - 14} 36z`, class: 'map-light' }),
            element('path', { d: `M${middle - half} 20Q${middle} 4 ${middle + half} 20`, class: 'map-screen' }))
        const label = element('text', { x: middle, y: 38, class: 'map-label' })
        label.textContent = screen
        this.svg.append(label)
        hall.rows.forEach((name, index) => {
            if (!hall.seats.some(seat => seat?.row === index + 1))
                return
            for (const x of [cell / 2 + 3, this.width - cell / 2 - 3]) {
                const text = element('text', { x, y: top + index * cell + 16, class: 'map-row' })
                text.textContent = name
                this.svg.append(text)
            }
        })
        for (const seat of hall.seats.slice(1)) {
            const x = (seat.column + 0.5) * cell + (cell - side) / 2, y = top + (seat.row - 1) * cell
            const path = element('path', { transform: `translate(${x} ${y})`, d: shape(seat), class: 'seat', 'data-seat': seat.id })
            this.paths[seat.id] = path
            this.svg.append(path)
            if (seat.kind === 'p')
                this.svg.append(element('path', { d: `M${x + 5} ${y + 24.5}h12`, class: `seat-more zone-${seat.zone.index % 6}` }))
        }
        this.box.replaceChildren(this.svg)
    }

    // All or some states are told: [[id, state], ...].
    update(changes) {
        for (const [id, state] of changes) {
            this.states[id] = state
            this.paint(id)
        }
    }
    choose(chosen, mine = this.mine) {
        const before = new Set([...this.chosen, ...this.mine])
        this.chosen = new Set(chosen)
        this.mine = new Set(mine)
        for (const id of new Set([...before, ...this.chosen, ...this.mine]))
            this.paint(id)
    }
    paint(id) {
        const seat = this.hall.seats[id], path = this.paths[id]
        const mine = this.chosen.has(id) || this.mine.has(id)
        const state = mine ? 'mine' : this.states[id]
        const free = state === AVAILABLE || state === undefined
        path.setAttribute('d', shape(seat) + (free ? (seat.kind === 'w' ? wheels : '') : cut[state]))
        path.setAttribute('class', `seat zone-${seat.zone.index % 6} ${mine ? 'seat-mine' : free ? 'seat-available' : `seat-${['', 'locked', 'sold', 'blocked'][state]}`}`)
    }
    // Somebody else was faster, or this seat is what a message is about: show which.
    flash(id) {
        this.paths[id]?.animate?.([{ opacity: 1 }, { opacity: 0.15 }, { opacity: 1 }, { opacity: 0.15 }, { opacity: 1 }], 1400)
    }
    // Only one zone stands out, or all do.
    highlight(zone) {
        this.svg.classList.toggle('map-dimmed', zone !== null)
        for (const seat of this.hall.seats.slice(1))
            this.paths[seat.id].toggleAttribute('data-lit', seat.zone.letter === zone)
    }

    /* ---------------------------------------------------------------- moving about */

    fit() {
        const { clientWidth: width, clientHeight: height } = this.box
        if (!width || !height)
            return
        this.scale = Math.min(width / this.width, height / this.height)
        // At the largest a seat is as wide as a finger, however wide the hall is.
        this.most = Math.max(zoom_max, large_px / (side * this.scale))
        this.svg.style.width = `${this.width * this.scale}px`
        this.svg.style.height = `${this.height * this.scale}px`
        this.move(this.view.k, this.view.x, this.view.y)
    }
    move(k, x, y) {
        const { clientWidth: width, clientHeight: height } = this.box
        k = Math.max(1, Math.min(this.most, k))
        // What is smaller than the box is in its middle, what is larger leaves no empty edge.
        const bound = (at, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at)))
        this.view = { k, x: bound(x, this.width * this.scale * k, width), y: bound(y, this.height * this.scale * k, height) }
        this.svg.style.transform = `translate(${this.view.x}px, ${this.view.y}px) scale(${k})`
        // Not enlarged, a finger that moves up or down scrolls the page.
        this.box.classList.toggle('map-large', k > 1.01)
    }
    // Enlarge around a point of the box, which stays where it is.
    zoom(factor, x = this.box.clientWidth / 2, y = this.box.clientHeight / 2) {
        const k = Math.max(1, Math.min(this.most, this.view.k * factor)), by = k / this.view.k
        this.move(k, x - (x - this.view.x) * by, y - (y - this.view.y) * by)
    }
    larger() {
        this.zoom(step)
    }
    smaller() {
        this.zoom(1 / step)
    }

    at(event) {
        const { left, top: above } = this.box.getBoundingClientRect()
        return { x: event.clientX - left, y: event.clientY - above }
    }
    seatAt({ x, y }) {
        const k = this.scale * this.view.k
        const column = Math.floor((x - this.view.x) / k / cell - 0.5), row = Math.floor(((y - this.view.y) / k - top + 4) / cell) + 1
        return this.hall.seats.find(seat => seat?.row === row && seat.column === column) ?? null
    }

    listen() {
        const { box, pointers } = this
        let moved = 0, gesture = null
        const spread = () => {
            const [a, b] = [...pointers.values()]
            return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, far: Math.hypot(a.x - b.x, a.y - b.y) || 1 }
        }
        this.onDown = event => {
            pointers.set(event.pointerId, this.at(event))
            if (pointers.size === 1)
                moved = 0
            gesture = pointers.size === 2 ? spread() : null
        }
        this.onMove = event => {
            const point = this.at(event), before = pointers.get(event.pointerId)
            if (!before) {
                this.look(this.seatAt(point))
                return
            }
            pointers.set(event.pointerId, point)
            moved += Math.hypot(point.x - before.x, point.y - before.y)
            if (moved > drag_px && !box.hasPointerCapture(event.pointerId))
                box.setPointerCapture(event.pointerId)
            if (pointers.size === 2 && gesture) {
                const next = spread()
                this.move(this.view.k, this.view.x + next.x - gesture.x, this.view.y + next.y - gesture.y)
                this.zoom(next.far / gesture.far, next.x, next.y)
                gesture = next
            } else if (pointers.size === 1 && moved > drag_px) {
                this.move(this.view.k, this.view.x + point.x - before.x, this.view.y + point.y - before.y)
            }
        }
        this.onUp = event => {
            const point = pointers.get(event.pointerId)
            pointers.delete(event.pointerId)
            gesture = null
            if (!point || event.type !== 'pointerup' || moved > drag_px || pointers.size || event.button > 0)
                return
            // Seats too small for a finger: come closer first.
            if (event.pointerType === 'touch' && side * this.scale * this.view.k < touch_px) {
                this.zoom((touch_px + 8) / (side * this.scale * this.view.k), point.x, point.y)
                return
            }
            const seat = this.seatAt(point)
            if (seat)
                this.pick(seat)
        }
        this.onWheel = event => {
            if (!event.ctrlKey)
                return
            event.preventDefault()
            const { x, y } = this.at(event)
            this.zoom(Math.exp(-event.deltaY / 200), x, y)
        }
        this.onLeave = () => this.look(null)
        box.addEventListener('pointerdown', this.onDown)
        box.addEventListener('pointermove', this.onMove)
        box.addEventListener('pointerup', this.onUp)
        box.addEventListener('pointercancel', this.onUp)
        box.addEventListener('pointerleave', this.onLeave)
        box.addEventListener('wheel', this.onWheel, { passive: false })
    }

    end() {
        this.resize.disconnect()
        const { box } = this
        box.removeEventListener('pointerdown', this.onDown)
        box.removeEventListener('pointermove', this.onMove)
        box.removeEventListener('pointerup', this.onUp)
        box.removeEventListener('pointercancel', this.onUp)
        box.removeEventListener('pointerleave', this.onLeave)
        box.removeEventListener('wheel', this.onWheel)
        box.replaceChildren()
    }
}
