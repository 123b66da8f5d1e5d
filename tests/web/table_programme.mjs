// table_programme - cinemas, films, halls and showtimes: set by staff, published, bought, cancelled.
import { events, socket } from './sockets.mjs'
import { nobody, staff } from './people.mjs'

const cinema = 41, hour = 3600e3
const first = Math.ceil(Date.now() / 86400e3) * 86400e3 + 34 * hour // in two days, 10:00 UTC
const rows = ['A', 'B', 'C'].map(name => [name, 'ssssssss', 'aaaaaaaa'])
const zones = [['a', 'everywhere', 4500]]
const opening = Array(7).fill([600, 1500])

export async function programmeFixture() {
    const at = `/api/cinemas/${cinema}`
    await staff.ask('PUT', at, { name: 'Lux', time_zone: 'Europe/Berlin', opening, cleaning: 20 })
    await staff.ask('PUT', `${at}/movies/1`, { title: 'Dune', minutes: 120 })
    await staff.ask('PUT', `${at}/halls/1`, { hall: 'One', zones, rows })
    return { cinema, movie: 1, hall_number: 1 }
}

export const programmeRows = ({ guest }) => {
    const at = `/api/cinemas/${cinema}`
    const C = '/api/cinemas/{cinema}'
    const wish = (starts_ms, more = {}) => [more.id ?? 0, more.hall ?? 1, more.movie ?? 1, starts_ms, 0, '2D']
    const save = (...showtimes) => () => staff.ask('POST', `${at}/programme`, { showtimes })
    const check = (...showtimes) => () => staff.ask('POST', '/api/scheduling/conflict-check', { cinema, showtimes })
    const step = (verb, ids, more = {}) => () => staff.ask('POST', `${at}/programme/${verb}`, { ids: ids(), ...more })
    const window = `from_ms=${first - 24 * hour}&until_ms=${first + 48 * hour}`
    const list = more => () => staff.ask('GET', `${at}/programme?${window}${more}`)
    // Steps at the box office end a moment after they are answered.
    const listed = (state, count) => async () => {
        for (let tries = 0; ; tries++) {
            const answer = await list(`&state=${state}`)()
            if (answer.json.total === count || tries > 200)
                return answer
        }
    }
    let one, two, version, stream, lock
    return [
        ['GET /api/cinemas', 'all', () => nobody.ask('GET', '/api/cinemas'), 200,
            a => a.json.cinemas.some(each => each.cinema === cinema && each.time_zone === 'Europe/Berlin')],
        [`GET ${C}`, 'one', () => nobody.ask('GET', at), 200, a => (version = a.json.version) >= 3 && a.json.offsets === true && a.json.opening.length === 7],
        [`GET ${C}`, 'unknown', () => nobody.ask('GET', '/api/cinemas/999'), 404, 'UNKNOWN_CINEMA'],
        [`PUT ${C}`, 'a guest', () => guest.ask('PUT', at, {}), 403, 'STAFF_ONLY'],
        [`PUT ${C}`, 'no such zone', () => staff.ask('PUT', at, { name: 'Lux', time_zone: 'Mars/Olympus', opening, cleaning: 20 }), 400, 'BAD_JSON'],
        [`PUT ${C}`, 'hours that end before they start', () => staff.ask('PUT', at,
            { name: 'Lux', time_zone: 'Europe/Berlin', opening: Array(7).fill([900, 600]), cleaning: 20 }), 400, 'BAD_FIELD'],
        [`PUT ${C}`, 'again', () => staff.ask('PUT', at, { name: 'Lux', time_zone: 'Europe/Berlin', opening, cleaning: 20 }), 200, a => a.json.version === version + 1],
        [`GET ${C}/movies`, 'one', () => nobody.ask('GET', `${at}/movies?from=0&limit=5`), 200, a => a.json.total === 1 && a.json.movies[0][1] === 'Dune'],
        [`GET ${C}/movies/{movie}`, 'it', () => nobody.ask('GET', `${at}/movies/1`), 200, a => a.json.minutes === 120],
        [`GET ${C}/movies/{movie}`, 'unknown', () => nobody.ask('GET', `${at}/movies/9`), 404, 'UNKNOWN_MOVIE'],
        [`PUT ${C}/movies/{movie}`, 'another', () => staff.ask('PUT', `${at}/movies/2`, { title: 'Old', minutes: 90, released: 20000, ended: 20001 }), 200],
        [`PUT ${C}/movies/{movie}`, 'ends before it starts', () => staff.ask('PUT', `${at}/movies/2`, { title: 'Old', minutes: 90, released: 9, ended: 8 }), 422, 'BAD_TIMES'],
        [`DELETE ${C}/movies/{movie}`, 'withdrawn', () => staff.ask('DELETE', `${at}/movies/2`), 200],
        [`GET ${C}/prices`, 'none yet', () => nobody.ask('GET', `${at}/prices`), 200, a => a.json.card.length === 0],
        [`PUT ${C}/prices`, 'a card', () => staff.ask('PUT', `${at}/prices`, { card: [['', 0, 1440, 0, '', 'child', 2500]] }), 200],
        [`PUT ${C}/prices`, 'for dogs', () => staff.ask('PUT', `${at}/prices`, { card: [['', 0, 1440, 0, '', 'dog', 2500]] }), 400,
            a => a.json.code === 'BAD_FIELD' && a.json.index === 0],
        [`GET ${C}/prices`, 'it', () => nobody.ask('GET', `${at}/prices`), 200, a => a.json.card[0][6] === 2500],
        [`GET ${C}/halls`, 'one', () => nobody.ask('GET', `${at}/halls`), 200, a => a.json.halls[0][2] === 24],
        [`GET ${C}/halls/{hall_number}`, 'it', () => nobody.ask('GET', `${at}/halls/1?version=1`), 200, a => a.json.rows.length === 3],
        [`GET ${C}/halls/{hall_number}`, 'unknown', () => nobody.ask('GET', `${at}/halls/2`), 404, 'UNKNOWN_HALL'],
        [`PUT ${C}/halls/{hall_number}`, 'the same', () => staff.ask('PUT', `${at}/halls/1`, { hall: 'One', zones, rows }), 200],
        [`PUT ${C}/halls/{hall_number}`, 'no hall', () => staff.ask('PUT', `${at}/halls/1`, { hall: 'One', zones, rows: [['A', 's?', 'aa']] }), 422, 'BAD_LAYOUT'],

        ['GET /ws/schedule', 'without a cinema', () => socket('/ws/schedule'), 400, 'BAD_PARAMETER'],
        ['GET /ws/schedule', 'unknown', () => socket('/ws/schedule?cinema=999'), 404, 'UNKNOWN_CINEMA'],
        ['GET /ws/schedule', 'followed', async () => {
            stream = await socket(`/ws/schedule?cinema=${cinema}`)
            return { ...stream, first: await stream.queue.next() }
        }, 101, a => a.first.type === 'schedule' && a.first.cinema === cinema && (version = a.first.version)],
        [`GET ${C}/events`, 'followed', async () => {
            const sse = await events(`${at}/events`)
            const told = await sse.queue.next()
            sse.end()
            return { ...sse, first: told }
        }, 200, a => a.first.version === version],

        ['POST /api/scheduling/conflict-check', 'nothing speaks against it', check(wish(first)), 200, a => a.json.good && a.json.total === 0],
        ['POST /api/scheduling/conflict-check', 'two at once', check(wish(first), wish(first + hour)), 200,
            a => !a.json.good && a.json.conflicts[0][1] === 'overlap' && a.json.conflicts[0][4] === 'Dune'],
        ['POST /api/scheduling/conflict-check', 'a withdrawn film, at night', check(wish(first - 8 * hour, { movie: 2 })), 200,
            a => ['withdrawn', 'after_run', 'closed'].every(kind => a.json.conflicts.some(each => each[1] === kind && each[2] === 'refused'))],
        ['POST /api/scheduling/conflict-check', 'nowhere', () => staff.ask('POST', '/api/scheduling/conflict-check', { showtimes: [wish(first)] }), 400, 'BAD_PARAMETER'],
        ['POST /api/scheduling/conflict-check', 'a guest', () => guest.ask('POST', '/api/scheduling/conflict-check', { cinema, showtimes: [] }), 403, 'STAFF_ONLY'],
        [`POST ${C}/programme`, 'two drafts', save(wish(first), wish(first + 3 * hour)), 200, a => {
            one = a.json.first
            two = one + 1
            return a.json.count === 2 && one > 0
        }],
        [`POST ${C}/programme`, 'pushed', async () => ({ status: 200, json: await stream.queue.next() }), 200, a => a.json.version === version + 1],
        [`POST ${C}/programme`, 'in the way of one', save(wish(first + hour)), 409, a => a.json.code === 'CONFLICT' && a.json.conflicts[0][3] === one],
        [`POST ${C}/programme`, 'of no film', save(wish(first + 6 * hour, { movie: 7 })), 404, a => a.json.code === 'UNKNOWN_MOVIE' && a.json.index === 0],
        [`POST ${C}/programme`, 'not four words', () => staff.ask('POST', `${at}/programme`, { showtimes: [[1, 2, 3, 4]] }), 400, 'BAD_FIELD'],
        [`POST ${C}/programme`, 'too many', () => staff.ask('POST', `${at}/programme`, { showtimes: Array(513).fill(wish(first)) }), 400, 'BAD_FIELD'],
        [`GET ${C}/programme`, 'drafts', list('&state=draft'), 200, a => a.json.total === 2 && a.json.showtimes[0][0] === one],
        [`GET ${C}/programme`, 'of a hall', list('&hall_number=2'), 200, a => a.json.total === 0],
        [`GET ${C}/programme`, 'without an end', () => staff.ask('GET', `${at}/programme?from_ms=1`), 400, 'MISSING_FIELD'],
        [`GET ${C}/programme`, 'a guest', () => guest.ask('GET', `${at}/programme?${window}`), 403, 'STAFF_ONLY'],
        ['POST /api/showtimes/{showtime}/locks', 'of a draft', () => guest.ask('POST', `/api/showtimes/${one}/locks`, { count: 2 }), 404, 'UNKNOWN_SHOWTIME'],
        [`POST ${C}/programme/publish`, 'both', step('publish', () => [one, two]), 200],
        [`GET ${C}/programme`, 'published', listed('published', 2), 200, a => a.json.total === 2],
        [`POST ${C}/programme/publish`, 'twice', step('publish', () => [one]), 409, a => a.json.code === 'SHOW_STATE' && a.json.state === 'published'],
        ['POST /api/showtimes/{showtime}/locks', 'of a published showtime', () => guest.ask('POST', `/api/showtimes/${one}/locks`, { count: 2 }), 201,
            a => (lock = a.json).seats.length === 2],
        ['POST /api/showtimes/{showtime}/locks/{lock}/order', 'for a dog', () => guest.ask('POST',
            `/api/showtimes/${one}/locks/${lock.lock}/order`, { audiences: [[lock.seats[0], 'dog']] }), 400, 'BAD_FIELD'],
        ['POST /api/showtimes/{showtime}/locks/{lock}/order', 'for a child and an adult', () => guest.ask('POST',
            `/api/showtimes/${one}/locks/${lock.lock}/order`, { audiences: [[lock.seats[0], 'child']] }), 201, a => a.json.amount === 7000],
        ['GET /api/showtimes', 'of the cinema', async () => {
            for (let tries = 0; ; tries++) { // the list is as old as a second
                const answer = await nobody.ask('GET', `/api/showtimes?cinema=${cinema}&movie=1&format=2D&date=${new Date(first).toISOString().slice(0, 10)}`)
                if (answer.json.total === 2 || tries > 1000)
                    return answer
            }
        }, 200, a => a.json.total === 2 && a.json.showtimes[0].showtime === one],
        ['GET /api/showtimes', 'of another film', () => nobody.ask('GET', `/api/showtimes?cinema=${cinema}&movie=2`), 200, a => a.json.total === 0],
        ['GET /api/showtimes', 'of no date', () => nobody.ask('GET', '/api/showtimes?date=2026-02-30'), 400, 'BAD_PARAMETER'],
        [`POST ${C}/programme/delete`, 'what is sold', step('delete', () => [one]), 200],
        [`GET ${C}/programme`, 'it has tickets', listed('published', 2), 200, a => a.json.showtimes[0][9] === 'HAS_TICKETS'],
        [`POST ${C}/programme/close`, 'one', step('close', () => [two]), 200],
        [`GET ${C}/programme`, 'closed', listed('closed', 1), 200, a => a.json.showtimes[0][0] === two],
        [`POST ${C}/programme/cancel`, 'both', step('cancel', () => [one, two], { reason: 'the projector is broken' }), 200],
        [`GET ${C}/programme`, 'cancelled', listed('cancelled', 2), 200, a => a.json.total === 2],
        ['POST /api/showtimes/{showtime}/locks', 'of a cancelled one', () => guest.ask('POST', `/api/showtimes/${one}/locks`, { count: 2 }), 409, 'SHOWTIME_CANCELLED'],
        [`POST ${C}/programme`, 'a draft more', save(wish(first)), 200, a => (one = a.json.first)],
        [`POST ${C}/programme/delete`, 'it', step('delete', () => [one]), 200, () => {
            stream.socket.close()
            return true
        }],
    ]
}
