// Buys a ticket, from hello to the door, by docs/protocol.md alone; and checks that repeats are
// harmless and bad input is named. Usage: node buy.mjs CLIENTS-ENDPOINT EVENTS-ENDPOINT
import assert from 'node:assert/strict';
import { Client, Follower, KIND, OPERATION, makeRecord } from './marquee.mjs';

const [clients, events] = process.argv.slice(2);
if (!clients || !events) {
  console.error('usage: node buy.mjs CLIENTS-ENDPOINT EVENTS-ENDPOINT');
  process.exit(2);
}

let passed = 0;
let failed = 0;
async function check(what, test) {
  try {
    await test();
    passed++;
    console.log(`ok ${passed + failed} - ${what}`);
  } catch (error) {
    failed++;
    console.log(`not ok ${passed + failed} - ${what}`);
    console.log(`# ${String(error.message).replaceAll('\n', '\n# ')}`);
  }
}
const refused = (answer, name) => assert.equal(answer.body.error, name);
function fine(answer) {
  assert.equal(answer.status, 0, `refused: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const showtime = Date.now() * 1000 + Math.floor(Math.random() * 1000);
const user = 4711;
const client = new Client(clients);
const follower = new Follower(events, showtime);
const bought = {};

const hall = {
  title: 'The Long Evening', hall: 'Hall 1', format: '2D',
  starts_ms: Date.now() + 3600_000, ends_ms: Date.now() + 3 * 3600_000,
  opens_ms: Date.now() - 60_000, closes_ms: Date.now() + 3600_000,
  zones: [['a', 'Stalls', 4500], ['b', 'Circle', 6000]],
  rows: [['A', 'ss.ssss', 'aa.aaaa'], ['B', 'sssswxs', 'bbbbbbb']],
};

// Before hello.
await check('a command before hello is refused', async () => {
  refused(await client.call('showtime.get', showtime), 'HELLO_FIRST');
});
await check('hello tells the number of partitions, the role and the clock', async () => {
  const body = fine(await client.hello());
  assert.ok(body.partitions >= 1);
  assert.equal(typeof body.role, 'string');
  assert.equal(body.version, 1);
  assert.ok(Math.abs(body.now_ms - Date.now()) < 60_000);
  assert.ok(body.busy_retry_ms >= 1);
});

// The purchase.
await check('an unknown showtime is refused', async () => {
  refused(await client.call('showtime.get', showtime), 'UNKNOWN_SHOWTIME');
});
await check('a showtime is put on sale', async () => {
  assert.equal(fine(await client.call('showtime.open', showtime, hall)).seats, 13);
});
await check('the seat map is as opened', async () => {
  const body = fine(await client.call('seats.get', showtime));
  assert.deepEqual(body.seats.map((seat) => seat[0]), Array.from({ length: 13 }, (_, i) => i + 1));
  assert.deepEqual(body.seats.filter((seat) => seat[3] !== 0).map((seat) => [seat[0], seat[3]]), [[12, 3]]);
  bought.number = body.number;
});
await check('two seats are locked, and followers hear of it', async () => {
  // A new subscription takes a moment to reach the server: events before it are in the map.
  await new Promise((resolve) => setTimeout(resolve, 300));
  bought.command = client.make('seats.lock', showtime, { user, seats: [4, 3] });
  const [answer] = await client.exchange(bought.command.bytes, [bought.command.request]);
  const body = fine(answer);
  assert.ok(body.lock >= 1 && body.until_ms > Date.now());
  bought.lock = body.lock;
  bought.answer = answer;
  const [event] = await follower.next();
  assert.equal(event.kind, KIND.event);
  assert.equal(event.operation, OPERATION['seats.changed']);
  assert.equal(event.key, showtime);
  assert.equal(event.body.from, bought.number + 1);
  assert.ok(event.body.number >= event.body.from);
  bought.after = event.body.number;
  assert.deepEqual([...event.body.changes].sort((a, b) => a[0] - b[0]), [[3, 1], [4, 1]]);
});
await check('a repeat gets the same answer, byte for byte, and changes nothing', async () => {
  const [again] = await client.exchange(bought.command.bytes, [bought.command.request]);
  assert.equal(again.status, bought.answer.status);
  assert.equal(again.moment, bought.answer.moment);
  assert.ok(again.bytes.equals(bought.answer.bytes));
  assert.equal(fine(await client.call('seats.get', showtime)).number, bought.after);
});
await check('a repeat over another connection of the same client too', async () => {
  const other = new Client(clients, client.identity);
  fine(await other.hello());
  const [again] = await other.exchange(bought.command.bytes, [bought.command.request]);
  other.close();
  assert.ok(again.bytes.equals(bought.answer.bytes));
});
await check('the same request id for something else is refused', async () => {
  const bytes = makeRecord({ operation: OPERATION['seats.lock'], key: showtime,
    request: bought.command.request, moment: client.deadline(), body: { user, seats: [7] } });
  refused((await client.exchange(bytes, [bought.command.request]))[0], 'REQUEST_REUSED');
});
await check('only what changed since a number is told', async () => {
  const body = fine(await client.call('seats.get', showtime, { since: bought.number }));
  assert.deepEqual([...body.changes].sort((a, b) => a[0] - b[0]), [[3, 1], [4, 1]]);
});
await check('a locked seat is refused by name', async () => {
  const answer = await client.call('seats.lock', showtime, { user: user + 1, seats: [4, 5] });
  refused(answer, 'SEAT_LOCKED');
  assert.equal(answer.body.seat, 4);
});
await check('an order freezes the price', async () => {
  const body = fine(await client.call('order.create', showtime, { user, lock: bought.lock }));
  assert.equal(body.amount, 2 * 4500);
  assert.match(body.order, /^[A-Z0-9_-]{1,32}$/i);
  bought.order = body.order;
});
await check('a payment is begun', async () => {
  const body = fine(await client.call('payment.begin', showtime,
    { user, order: bought.order, provider: 'sandbox' }));
  assert.equal(body.amount, 2 * 4500);
  bought.code = body.code;
});
const settle = (more) => client.call('payment.settle', showtime, { order: bought.order,
  provider: 'sandbox', outcome: 'succeeded', amount: 9000, txn: `wire-${showtime}`, code: bought.code, ...more });
await check('who does not have the code has not paid', async () => {
  refused(await settle({ code: 'guess' }), 'BAD_CODE');
});
await check('paying makes tickets', async () => {
  const body = fine(await settle());
  assert.equal(body.tickets.length, 2);
  bought.tickets = body.tickets.map((ticket) => ticket[0]);
  assert.deepEqual(body.tickets.map((ticket) => ticket[1]).sort(), [3, 4]);
});
await check('the order is paid and its seats are sold', async () => {
  assert.equal(fine(await client.call('order.get', showtime, { order: bought.order })).state, 'paid');
  const body = fine(await client.call('seats.get', showtime));
  assert.deepEqual(body.seats.filter((seat) => seat[3] === 2).map((seat) => seat[0]), [3, 4]);
});
await check('a ticket has a token', async () => {
  const body = fine(await client.call('ticket.get', showtime, { ticket: bought.tickets[0] }));
  assert.ok(body.token.length >= 1 && body.token.length <= 32);
  bought.token = body.token;
});
await check('the token opens the door once', async () => {
  const body = fine(await client.call('ticket.redeem', showtime, { token: bought.token, kiosk: 'door-1' }));
  assert.equal(body.ticket, bought.tickets[0]);
  assert.equal(body.title, hall.title);
  refused(await client.call('ticket.redeem', showtime, { token: bought.token, kiosk: 'door-2' }), 'ALREADY_REDEEMED');
});
await check('a token of nobody is refused', async () => {
  const forged = (bought.token[0] === 'A' ? 'B' : 'A') + bought.token.slice(1);
  const answer = await client.call('ticket.redeem', showtime, { token: forged, kiosk: 'door-1' });
  assert.ok(['BAD_TOKEN', 'UNKNOWN_TICKET'].includes(answer.body.error), answer.body.error);
});
await check('several commands in one frame are answered one by one', async () => {
  const answers = await client.batch([
    ['seats.lock', showtime, { user, seats: [7] }],
    ['seats.lock', showtime, { user, seats: [4] }],
    ['seats.get', showtime, {}],
  ]);
  assert.deepEqual(answers.map((answer) => answer.body.error), [undefined, 'SEAT_SOLD', undefined]);
  fine(await client.call('seats.release', showtime, { user, lock: answers[0].body.lock }));
});
await check('replies are numbered in the order things happened', async () => {
  const first = await client.call('seats.lock', showtime, { user, seats: [9, 10] });
  const second = await client.call('seats.release', showtime, { user, lock: fine(first).lock });
  assert.ok(second.moment > first.moment);
});

// Bad input: each is named, none changes anything.
const before = (await client.call('seats.get', showtime)).body.number;
const raw = async (what, name, fields) => check(`${what}: ${name}`, async () => {
  const request = client.next();
  const bytes = makeRecord({ operation: OPERATION['seats.lock'], key: showtime, request,
    moment: client.deadline(), body: { user, seats: [1] }, ...fields });
  refused((await client.exchange(bytes, [request]))[0], name);
});
await raw('an operation that is none', 'UNKNOWN_OPERATION', { operation: 63 });
await raw('another version', 'BAD_VERSION', { version: 2 });
await raw('a kind that clients do not send', 'BAD_KIND', { kind: KIND.event });
await raw('a body that is no map', 'BAD_BODY', { body: [1, 2] });
await raw('a body that is no msgpack', 'BAD_BODY', { body: Buffer.from([0xc1]) });
await raw('an array that announces four billion items', 'BAD_FIELD',
  { body: Buffer.from([0x81, 0xa5, 0x73, 0x65, 0x61, 0x74, 0x73, 0xdd, 0xff, 0xff, 0xff, 0xff]) });
await raw('a required field missing', 'MISSING_FIELD', { body: { user } });
await raw('a field that the operation lacks', 'UNKNOWN_FIELD', { body: { user, seats: [1], lucky: 1 } });
await raw('a number where a list belongs', 'BAD_FIELD', { body: { user, seats: 1 } });
await raw('a negative user', 'BAD_FIELD', { body: { user: -1, seats: [1] } });
await raw('a float', 'BAD_FIELD', { body: { user: 1.5, seats: [1] } });
await raw('a seat twice', 'BAD_FIELD', { body: { user, seats: [1, 1] } });
await raw('no seats', 'BAD_FIELD', { body: { user, seats: [] } });
await raw('a seat that is none', 'UNKNOWN_SEAT', { body: { user, seats: [99] } });
await raw('a blocked seat', 'SEAT_BLOCKED', { body: { user, seats: [12] } });
await raw('a wheelchair place not asked for', 'WHEELCHAIR_ONLY', { body: { user, seats: [11] } });
await raw('a deadline that has passed', 'EXPIRED', { moment: Date.now() - 60_000 });
await raw('a deadline too far ahead', 'BAD_DEADLINE', { moment: Date.now() + 3600_000 });
await raw('no deadline', 'BAD_DEADLINE', { moment: 0 });
await raw('a showtime that is none', 'UNKNOWN_SHOWTIME', { key: showtime + 1 });
await raw('an order id mistyped', 'BAD_ORDER_ID',
  { operation: OPERATION['order.get'], body: { order: `${bought.order}0` } });
await raw('a lock that never was', 'UNKNOWN_LOCK',
  { operation: OPERATION['seats.release'], body: { user, lock: 1_000_000 } });
await check('bytes that are no records: BAD_FRAME', async () => {
  const [answer] = await client.exchange(Buffer.from('GET / HTTP/1.1'), [0]);
  refused(answer, 'BAD_FRAME');
});
await check('none of it changed a seat', async () => {
  assert.equal(fine(await client.call('seats.get', showtime)).number, before);
});

client.close();
follower.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
