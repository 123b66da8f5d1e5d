#!/usr/bin/env node
// server - the usual design, as a peer: Express, JSON, SQLite with every commit synced.
//
//     server.mjs DIRECTORY
//
// Opens the showtimes that PUT /setup asks for, and answers Marquee's routes for locks, releases, orders,
// payments, tickets and seat maps. A buyer's bearer token is the buyer's number with an HMAC, as POST
// /api/session gives it. Prints "ready http=ADDRESS" and ends on SIGTERM.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import path from 'node:path';
import Database from 'better-sqlite3';
import express from 'express';

const SEATS = 300;
const COLUMNS = 20;
const PRICE = 4500;
const LOCK_MS = 3600 * 1000;

const db = new Database(path.join(process.argv[2], 'classic.db'));
// A journal written ahead and synced with every commit: the fastest way that loses nothing.
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.pragma('cache_size = -262144');
db.exec(`
  CREATE TABLE seats (showtime INTEGER, seat INTEGER, state INTEGER NOT NULL DEFAULT 0, lock INTEGER, owner INTEGER,
    until_ms INTEGER, PRIMARY KEY (showtime, seat)) WITHOUT ROWID;
  CREATE TABLE locks (lock INTEGER PRIMARY KEY AUTOINCREMENT, showtime INTEGER NOT NULL, owner INTEGER NOT NULL,
    one INTEGER NOT NULL, two INTEGER NOT NULL);
  CREATE TABLE orders (number INTEGER PRIMARY KEY AUTOINCREMENT, lock INTEGER NOT NULL UNIQUE, owner INTEGER NOT NULL,
    amount INTEGER NOT NULL, state TEXT NOT NULL);
  CREATE TABLE tickets (number INTEGER PRIMARY KEY AUTOINCREMENT, order_number INTEGER NOT NULL, showtime INTEGER NOT NULL,
    seat INTEGER NOT NULL, owner INTEGER NOT NULL, token TEXT NOT NULL);
`);

const sql = {
  open: db.prepare('INSERT OR IGNORE INTO seats (showtime, seat) VALUES (?, ?)'),
  map: db.prepare('SELECT seat, state, until_ms FROM seats WHERE showtime = ? ORDER BY seat'),
  free: db.prepare(`SELECT count(*) FROM seats WHERE showtime = ? AND seat IN (?, ?)
    AND (state = 0 OR state = 1 AND until_ms <= ?)`).pluck(),
  addLock: db.prepare('INSERT INTO locks (showtime, owner, one, two) VALUES (?, ?, ?, ?)'),
  take: db.prepare(`UPDATE seats SET state = 1, lock = ?, owner = ?, until_ms = ? WHERE showtime = ? AND seat IN (?, ?)`),
  lock: db.prepare('SELECT * FROM locks WHERE lock = ? AND showtime = ?'),
  dropLock: db.prepare('DELETE FROM locks WHERE lock = ?'),
  give: db.prepare(`UPDATE seats SET state = 0, lock = NULL, owner = NULL, until_ms = NULL
    WHERE showtime = ? AND seat IN (?, ?) AND lock = ? AND state = 1`),
  held: db.prepare(`SELECT count(*) FROM seats WHERE showtime = ? AND seat IN (?, ?) AND lock = ? AND state = 1
    AND until_ms > ?`).pluck(),
  addOrder: db.prepare(`INSERT INTO orders (lock, owner, amount, state) VALUES (?, ?, ?, 'open') ON CONFLICT DO NOTHING`),
  order: db.prepare('SELECT * FROM orders WHERE number = ?'),
  lockOfOrder: db.prepare('SELECT * FROM locks WHERE lock = ?'),
  endOrder: db.prepare('UPDATE orders SET state = ? WHERE number = ?'),
  sell: db.prepare('UPDATE seats SET state = 2 WHERE showtime = ? AND seat IN (?, ?)'),
  addTicket: db.prepare('INSERT INTO tickets (order_number, showtime, seat, owner, token) VALUES (?, ?, ?, ?, ?)'),
  ticket: db.prepare('SELECT * FROM tickets WHERE number = ? AND owner = ?'),
};

const SEATS_TAKEN = { status: 409, code: 'SEATS_TAKEN' };
const refuse = (status, code) => ({ refused: { status, code } });

// Every command is a function that either refuses or has changed all it should, in one transaction.
const commands = {
  setup: db.transaction((showtimes) => {
    for (let showtime = 1; showtime <= showtimes; showtime++)
      for (let seat = 1; seat <= SEATS; seat++) sql.open.run(showtime, seat);
  }),
  lock: db.transaction((owner, showtime, [one, two], now) => {
    if (sql.free.get(showtime, one, two, now) !== 2) return { refused: SEATS_TAKEN };
    const lock = Number(sql.addLock.run(showtime, owner, one, two).lastInsertRowid);
    sql.take.run(lock, owner, now + LOCK_MS, showtime, one, two);
    return { lock, until_ms: now + LOCK_MS, seats: [one, two] };
  }),
  release: db.transaction((owner, showtime, number) => {
    const lock = sql.lock.get(number, showtime);
    if (!lock) return refuse(404, 'UNKNOWN_LOCK');
    if (lock.owner !== owner) return refuse(403, 'NOT_YOURS');
    if (sql.give.run(showtime, lock.one, lock.two, number).changes !== 2) return refuse(409, 'LOCK_ENDED');
    sql.dropLock.run(number);
    return {};
  }),
  order: db.transaction((owner, showtime, number, now) => {
    const lock = sql.lock.get(number, showtime);
    if (!lock || lock.owner !== owner) return refuse(404, 'UNKNOWN_LOCK');
    if (sql.held.get(showtime, lock.one, lock.two, number, now) !== 2) return refuse(409, 'LOCK_ENDED');
    const made = sql.addOrder.run(number, owner, 2 * PRICE);
    if (made.changes === 0) return refuse(409, 'LOCK_ORDERED');
    return { order: Number(made.lastInsertRowid), amount: 2 * PRICE };
  }),
  pay: db.transaction((owner, number, amount, now) => {
    const order = sql.order.get(number);
    if (!order || order.owner !== owner) return refuse(404, 'UNKNOWN_ORDER');
    if (order.state !== 'open') return refuse(409, 'PAID_TWICE');
    if (order.amount !== amount) return refuse(409, 'AMOUNT_MISMATCH');
    const lock = sql.lockOfOrder.get(order.lock);
    if (sql.held.get(lock.showtime, lock.one, lock.two, order.lock, now) !== 2) {
      sql.endOrder.run('late', number);
      return refuse(409, 'LATE_REFUNDED');
    }
    sql.sell.run(lock.showtime, lock.one, lock.two);
    sql.endOrder.run('paid', number);
    const tickets = [lock.one, lock.two].map((seat) => {
      const token = randomBytes(16).toString('base64url');
      return [Number(sql.addTicket.run(number, lock.showtime, seat, owner, token).lastInsertRowid), seat, token];
    });
    return { state: 'paid', tickets };
  }),
};
// A writer that begins as a reader could be refused later on: begin as what it is.
const run = (name, ...words) => commands[name].immediate(...words);

const secret = randomBytes(32);
const sign = (buyer) => createHmac('sha256', secret).update(String(buyer)).digest();
let buyers = 0;

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json({ limit: '64kb' }));

const problem = (response, { status, code }) => response.status(status).json({ status, code });
const send = (response, status, result) => (result.refused
  ? problem(response, result.refused) : status === 204 ? response.status(204).end() : response.status(status).json(result));
const number = (text) => (/^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0);

function buyer(request, response, next) {
  const [, name, digest] = request.get('authorization')?.match(/^Bearer (\d+)\.([\w-]+)$/) ?? [];
  const given = Buffer.from(digest ?? '', 'base64url');
  if (given.length !== 32 || !timingSafeEqual(given, sign(name)))
    return problem(response, { status: 401, code: 'UNAUTHORIZED' });
  request.buyer = Number(name);
  return next();
}

app.put('/setup', (request, response) => {
  run('setup', request.body.showtimes);
  response.status(204).end();
});
app.post('/api/session', (request, response) => {
  const name = ++buyers;
  response.status(201).json({ token: `${name}.${sign(name).toString('base64url')}` });
});
app.get('/api/showtimes/:showtime/seats', (request, response) => {
  const now = Date.now();
  const seats = sql.map.all(number(request.params.showtime)).map(({ seat, state, until_ms: until }) => ({
    id: seat, row: Math.floor((seat - 1) / COLUMNS) + 1, col: (seat - 1) % COLUMNS + 1,
    status: state === 2 ? 'sold' : state === 1 && until > now ? 'locked' : 'available',
  }));
  response.json(seats);
});
app.post('/api/showtimes/:showtime/locks', buyer, (request, response) => {
  const seats = request.body?.seats;
  const good = Array.isArray(seats) && seats.length === 2 && seats[0] !== seats[1] &&
    seats.every((seat) => Number.isInteger(seat) && seat >= 1 && seat <= SEATS);
  if (!good) return problem(response, { status: 400, code: 'BAD_JSON' });
  return send(response, 201, run('lock', request.buyer, number(request.params.showtime), seats, Date.now()));
});
app.delete('/api/showtimes/:showtime/locks/:lock', buyer, (request, response) =>
  send(response, 204, run('release', request.buyer, number(request.params.showtime), number(request.params.lock))));
app.post('/api/showtimes/:showtime/locks/:lock/order', buyer, (request, response) =>
  send(response, 201, run('order', request.buyer, number(request.params.showtime), number(request.params.lock), Date.now())));
app.post('/api/pay', buyer, (request, response) => {
  const { order, amount } = request.body ?? {};
  if (!Number.isInteger(order) || !Number.isInteger(amount)) return problem(response, { status: 400, code: 'BAD_JSON' });
  return send(response, 200, run('pay', request.buyer, order, amount, Date.now()));
});
app.get('/api/tickets/:ticket', buyer, (request, response) => {
  const ticket = sql.ticket.get(number(request.params.ticket), request.buyer);
  return send(response, 200, ticket ?? refuse(404, 'UNKNOWN_TICKET'));
});
app.use((error, request, response, next) => { // eslint-disable-line no-unused-vars
  problem(response, { status: error.status ?? 500, code: error.status ? 'BAD_REQUEST' : 'FAULT' });
  if (!error.status) console.error(error);
});

const server = app.listen(0, '127.0.0.1', () => console.log(`ready http=127.0.0.1:${server.address().port}`));
server.keepAliveTimeout = 75000; // as the bridge has it
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  db.close();
});
