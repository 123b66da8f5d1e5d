// room - the waiting room: a place, live, kept over a reload; the door, and buying inside.
import { check, equal, finish } from '../web/check.mjs'
import { staff } from '../web/people.mjs'
import { accessible, clickSeat, open, person, shot, stateOf } from './browser.mjs'

const show = open()
equal('staff open a room', (await staff.ask('PUT', `/api/showtimes/${show}/room`, { capacity: 1, rate: 60000 })).status, 200)
const first = await person({ forgive: /status of 403/ }), second = await person({ language: 'zh' }), third = await person()

// Who does not know of the room is led to it when it is refused.
await first.go(`/showtime?showtime=${show}`)
await clickSeat(first.page, 1)
await clickSeat(first.page, 2)
await first.button('choice.hold', { count: 2 }).click()
await first.page.waitForURL(/\/room\?/)
await first.said('room.inside')
await second.go(`/room?showtime=${show}`)
await second.said('room.next')
await third.go(`/room?showtime=${show}`)
await third.said('room.ahead', { count: 1 })
await shot(second.page, 'room-waiting-zh')
await accessible(second.page, 'waiting room')
const place = () => third.page.locator('.place').innerText()
const before = await place()
await third.page.reload()
await third.said('room.ahead', { count: 1 })
equal('the place is kept over a reload', await place(), before)
await shot(first.page, 'room-inside')
await accessible(first.page, 'waiting room, inside')

await first.link('room.seats').click()
await clickSeat(first.page, 1)
await clickSeat(first.page, 2)
await first.button('choice.hold', { count: 2 }).click()
await first.said('held.title')
equal('who is inside may take seats', await stateOf(show, 1), 'locked')
await first.button('held.pay').click()
await first.button('order.pay', { amount: '¥70' }).click()
await first.button('sandbox.pay', { amount: '¥70' }).click()
await first.said('order.paid')

// Whoever has bought lets the next one in, who is told at once.
await second.said('room.inside')
await third.said('room.next')
await second.button('room.leave').click()
await second.said('room.done.left')
await third.said('room.inside')
equal('staff close the room', (await staff.ask('DELETE', `/api/showtimes/${show}/room`)).status, 204)
await third.said('room.none')
check('then seats can be chosen at once', await third.link('room.seats').isVisible())
await finish()
