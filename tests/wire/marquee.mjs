// A small client of Marquee, written from docs/protocol.md alone: one connection, calls by promise,
// several commands in one frame, events.
import { randomBytes } from 'node:crypto';
import { Dealer, Subscriber } from 'zeromq';
import { encode, decode } from '@msgpack/msgpack';

const MAGIC = 0x514d;
const PREFIX = 4;
const HEADER = 32;
export const KIND = { command: 1, reply: 2, event: 3 };
// Section 15: the operations this client uses.
export const OPERATION = {
  hello: 1, 'broker.status': 2, stats: 4,
  'showtime.open': 10, 'showtime.get': 11, 'showtime.list': 12,
  'seats.get': 13, 'seats.lock': 14, 'seats.best': 15, 'seats.extend': 16, 'seats.release': 17,
  'seats.block': 18, 'seats.unblock': 19,
  'order.create': 20, 'order.get': 21, 'order.cancel': 22, 'order.list': 25,
  'payment.begin': 30, 'payment.settle': 31,
  'ticket.get': 40, 'ticket.redeem': 41,
  'seats.changed': 60,
};

// Numbers of 64 bits come as bigint only where they need to.
const number = (big) => (big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big);

export function makeRecord({ kind = KIND.command, operation, key = 0, request, moment = 0, body,
                             magic = MAGIC, version = 1 }) {
  const packed = body === undefined ? Buffer.alloc(0)
    : Buffer.isBuffer(body) ? body : Buffer.from(encode(body));
  const record = Buffer.alloc(PREFIX + HEADER);
  record.writeUInt32LE(HEADER + packed.length, 0);
  record.writeUInt16LE(magic, PREFIX);
  record.writeUInt8(version, PREFIX + 2);
  record.writeUInt8(kind, PREFIX + 3);
  record.writeUInt16LE(operation, PREFIX + 4);
  record.writeBigUInt64LE(BigInt(key), PREFIX + 8);
  record.writeBigUInt64LE(BigInt(request), PREFIX + 16);
  record.writeBigInt64LE(BigInt(moment), PREFIX + 24);
  return Buffer.concat([record, packed]);
}

export function readRecords(frame) {
  const records = [];
  for (let at = 0; at < frame.length;) {
    const size = frame.readUInt32LE(at);
    const header = frame.subarray(at + PREFIX, at + PREFIX + HEADER);
    if (header.readUInt16LE(0) !== MAGIC || header.readUInt8(2) !== 1)
      throw new Error('a record of another protocol');
    const body = frame.subarray(at + PREFIX + HEADER, at + PREFIX + size);
    records.push({
      kind: header.readUInt8(3),
      operation: header.readUInt16LE(4),
      status: header.readUInt16LE(6),
      key: number(header.readBigUInt64LE(8)),
      request: number(header.readBigUInt64LE(16)),
      moment: number(header.readBigInt64LE(24)),
      body: body.length ? decode(body) : {},
      bytes: Buffer.from(body),
    });
    at += PREFIX + size;
  }
  return records;
}

export class Client {
  #socket = new Dealer({ linger: 0, sendHighWaterMark: 10000 });
  #waiting = new Map();
  #request = 0;
  #skew = 0;

  constructor(endpoint, identity = randomBytes(16)) {
    this.identity = identity;
    this.#socket.connect(endpoint);
    this.#receive();
  }

  async #receive() {
    try {
      for await (const [frame] of this.#socket) {
        for (const record of readRecords(frame)) {
          const waiting = this.#waiting.get(record.request);
          this.#waiting.delete(record.request);
          waiting?.(record);
        }
      }
    } catch (error) {
      if (!this.#socket.closed) throw error;
    }
  }

  next() {
    return ++this.#request;
  }

  deadline(ms = 5000) {
    return Date.now() + this.#skew + ms;
  }

  // Send bytes as one frame; the answers to these requests, each within 5 s.
  async exchange(bytes, requests) {
    const answers = requests.map((request) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(request);
        reject(new Error(`no answer to request ${request}`));
      }, 5000);
      this.#waiting.set(request, (record) => {
        clearTimeout(timer);
        resolve(record);
      });
    }));
    await this.#socket.send(bytes);
    return Promise.all(answers);
  }

  make(name, key, body) {
    const request = this.next();
    const bytes = makeRecord({ operation: OPERATION[name], key, request, moment: this.deadline(), body });
    return { request, bytes };
  }

  async call(name, key, body) {
    const { request, bytes } = this.make(name, key, body);
    return (await this.exchange(bytes, [request]))[0];
  }

  // Several commands in one frame.
  async batch(calls) {
    const made = calls.map(([name, key, body]) => this.make(name, key, body));
    return this.exchange(Buffer.concat(made.map((m) => m.bytes)), made.map((m) => m.request));
  }

  async hello() {
    const request = this.next();
    const bytes = makeRecord({ operation: OPERATION.hello, request, body: { client: this.identity } });
    const [answer] = await this.exchange(bytes, [request]);
    if (answer.status === 0) this.#skew = answer.body.now_ms - Date.now();
    return answer;
  }

  close() {
    this.#socket.close();
  }
}

// Events of one showtime, in order of arrival.
export class Follower {
  #socket = new Subscriber();

  constructor(endpoint, showtime) {
    this.topic = Buffer.alloc(9);
    this.topic.write('S');
    this.topic.writeBigUInt64BE(BigInt(showtime), 1);
    this.#socket.receiveTimeout = 5000;
    this.#socket.connect(endpoint);
    this.#socket.subscribe(this.topic);
  }

  async next() {
    const [frame] = await this.#socket.receive();
    if (!frame.subarray(0, 9).equals(this.topic)) throw new Error('an event of another topic');
    return readRecords(frame.subarray(9));
  }

  close() {
    this.#socket.close();
  }
}
