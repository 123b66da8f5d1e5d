// hall - a showtime's seats as pages speak of them, and the rules that a choice of them must keep.
//
// The rules are those of the box office (actors/layout.c), so that they can be explained before they are broken;
// the box office still decides.
export const AVAILABLE = 0, LOCKED = 1, SOLD = 2, BLOCKED = 3
export const stateNames = ['available', 'locked', 'sold', 'blocked']
export const kindNames = { s: 'standard', p: 'premium', c: 'couple', C: 'couple', w: 'wheelchair' }

// {showtime, rows, columns, zones, seats: [undefined, seat 1, ...]}; a seat has id, row and column (from 1), name,
// kind, zone and price.
export function hallOf(showtime, layout) {
    const zones = new Map(showtime.zones.map(([letter, name, price], index) => [letter, { letter, name, price, index }]))
    const seats = [undefined]
    for (const [id, row, column, told, letter] of layout.seats) {
        const rowName = showtime.rows[row - 1], before = seats[id - 1]
        // Two couple seats beside one another make a pair, from the left: the right one is C here.
        const kind = told === 'c' && before?.kind === 'c' && before.row === row && before.column === column - 1 ? 'C' : told
        seats[id] = { id, row, column, rowName, name: `${rowName}${column}`, kind, zone: zones.get(letter), price: zones.get(letter).price }
    }
    return { showtime, rows: showtime.rows, columns: showtime.columns, zones: [...zones.values()], seats }
}

export const partner = (hall, seat) =>
    seat.kind === 'c' ? hall.seats[seat.id + 1] : seat.kind === 'C' ? hall.seats[seat.id - 1] : null

const adjoin = (a, b) => a && b && a.row === b.row && a.column + 1 === b.column
const open = (seat, states) => states[seat.id] === AVAILABLE && (seat.kind === 's' || seat.kind === 'p')

// The seat that the choice would leave alone where another choice would not, or null.
export function loneSeat(hall, states, chosen) {
    const ids = [...chosen].sort((a, b) => a - b)
    for (let i = 0; i < ids.length;) {
        const seat = hall.seats[ids[i]]
        if (!open(seat, states)) {
            i++
            continue
        }
        let first = seat.id, last = seat.id
        while (adjoin(hall.seats[first - 1], hall.seats[first]) && open(hall.seats[first - 1], states))
            first--
        while (adjoin(hall.seats[last], hall.seats[last + 1]) && open(hall.seats[last + 1], states))
            last++
        let lone = null, next = first, taken = 0
        for (; i < ids.length && ids[i] <= last; i++, taken++) {
            if (!lone && ids[i] === next + 1)
                lone = next
            next = ids[i] + 1
        }
        if (!lone && next === last)
            lone = last
        if (lone && last - first !== taken)
            return hall.seats[lone]
    }
    return null
}

// What stands against holding these seats: {code, seat} as the box office would say, or null.
export function judge(hall, states, chosen) {
    const { cap, gap_rule } = hall.showtime.rules
    if (chosen.size > cap)
        return { code: 'TOO_MANY_SEATS', cap }
    for (const id of chosen) {
        const other = partner(hall, hall.seats[id])
        if (other && !chosen.has(other.id))
            return { code: 'COUPLE_SPLIT', seat: other }
    }
    const lone = gap_rule ? loneSeat(hall, states, chosen) : null
    return lone && { code: 'LONE_SEAT', seat: lone }
}
