#!/usr/bin/env node
// peers - the same work at Marquee and at what people use for it today, in turn, with the same durability.
//
// Environment: BUILD (build/release), SECONDS for each measurement (4), ROUNDS (3), ONLY (postgres,redis,classic: some
// of the peers; Marquee is always there). Whatever is measured is driven by the same choices of seats on the same cores,
// and everyone's book of who was told to have which seat is compared with the seats in the end. A ratio is that of one
// round, and what is reported the median of the rounds. Writes peers.json, peers.md, peers.svg and report.html in
// build/bench.
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { client, wrk } from './peers/measure.mjs';
import { htmlOf, markdownOf, printReport, svgOf } from './peers/report.mjs';
import * as servers from './peers/servers.mjs';
import { summarize } from './peers/summary.mjs';

const run = promisify(execFile);
const build = process.env.BUILD ?? 'build/release';
const seconds = whole('SECONDS', 4);
const rounds = whole('ROUNDS', 3);
const out = 'build/bench';
const PEERS = ['postgres', 'redis', 'classic'];
const only = (process.env.ONLY ?? PEERS.join(',')).split(',');
if (!only.every((name) => PEERS.includes(name))) usage(`ONLY names some of ${PEERS.join(',')}, not ${process.env.ONLY}`);

const WARM_MS = 1000; // a runtime that compiles while it runs wants that much
const SHOWTIMES = { rush: 1, hot: 20, uniform: 2000 };
const SEATS = 300;
const PAIRS_EACH = 8;
const WRK_CONNECTIONS = 256;
// Showtimes that a second of purchases may use up, 150 purchases each; whoever sells out is an error.
const SOLD_PER_S = { postgres: 100, redis: 300, bridge: 200, classic: 40 };
// Connections, and commands in flight on each.
const WIDTHS = {
  marquee: [[1, 1], [64, 1], [64, 16], [200, 16]],
  postgres: [[1, 1], [16, 1], [64, 1], [128, 1], [16, 16], [64, 16]],
  redis: [[1, 1], [50, 1], [200, 1], [1, 16], [50, 16], [200, 16]],
  everysec: [[50, 16]],
  bridge: [[1, 1], [64, 1], [256, 1]],
  classic: [[1, 1], [64, 1], [256, 1]],
};
const PURCHASE_WIDTHS = {
  marquee: [[64, 16]], postgres: [[16, 1], [16, 16]], redis: [[50, 16], [200, 16]], bridge: [[256, 1]], classic: [[64, 1]],
};

function usage(what) {
  console.error(`bench-peers: ${what}`);
  process.exit(2);
}

function whole(name, otherwise) {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isInteger(value) || value < 1) usage(`${name} must be a whole number, not ${process.env[name]}`);
  return value;
}

let directory;
let directories = 0;
const fresh = () => path.join(directory, String(++directories));

async function using(server, work) {
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}

const soldOut = (peer) => SOLD_PER_S[peer] * (seconds + 1);
const showtimesOf = (peer, scenario) => SHOWTIMES[scenario] ?? soldOut(peer);

// A client of bench/peers; what a driven server is called.
const drive = (program, peer, server, scenario, [clients, inflight]) => client(path.join(build, `peers-${program}`),
  [server.endpoint, scenario, clients, inflight, showtimesOf(peer, scenario), seconds, WARM_MS].map(String), server.pids);

// One way to measure each: what it is called, and a measurement on a server of its own or on one that was cleared.
const ways = {
  async marquee(scenario, widths, note) {
    for (const [clients, inflight] of widths)
      await using(await servers.startMarquee(build, fresh(), scenario === 'echo' ? ['--echo'] : []), async (server) =>
        note([clients, inflight], await client(path.join(build, 'marquee-load'), ['--json', '--marks',
          '--endpoint', server.endpoint, '--scenario', scenario, '--clients', String(clients), '--inflight', String(inflight),
          '--seconds', String(seconds), '--warm-ms', String(WARM_MS)], server.pids)));
  },
  async postgres(scenario, widths, note) {
    await using(await servers.startPostgres(fresh(), 'bench/peers/postgres.sql'), async (server) => {
      const delayed = { ...server,
        endpoint: `${server.endpoint} options='-c commit_delay=${servers.commitDelay[scenario]}'` };
      for (const width of widths) note(width, await drive('postgres', 'postgres', delayed, scenario, width));
    });
  },
  redis: (scenario, widths, note) => redisWays('always', scenario, widths, note),
  everysec: (scenario, widths, note) => redisWays('everysec', scenario, widths, note),
  async bridge(scenario, widths, note) {
    for (const width of widths)
      await using(await servers.startBridge(build, fresh(), showtimesOf('bridge', scenario)),
        async (server) => note(width, await drive('http', 'bridge', server, scenario, width)));
  },
  async classic(scenario, widths, note) {
    for (const width of widths)
      await using(await servers.startClassic(fresh(), showtimesOf('classic', scenario)),
        async (server) => note(width, await drive('http', 'classic', server, scenario, width)));
  },
};

async function redisWays(appendfsync, scenario, widths, note) {
  for (const width of widths)
    await using(await servers.startRedis(fresh(), 'bench/peers/redis.lua', appendfsync),
      async (server) => note(width, await drive('redis', 'redis', server, scenario, width)));
}

// Locks by wrk: each pair is asked for once, so a seat with two holders would be a lock told to more than there are seats
// locked.
async function wrkLocks(server) {
  const at = `http://127.0.0.1:${server.port}`;
  const tokens = [];
  for (let buyer = 0; buyer < Math.ceil(SEATS / 2 / PAIRS_EACH); buyer++)
    tokens.push((await (await fetch(`${at}/api/session`, { method: 'POST' })).json()).token);
  const result = await wrk(at, ['-s', 'bench/peers/lock.lua'], server.pids, { connections: WRK_CONNECTIONS, seconds,
    script: [SHOWTIMES.uniform, PAIRS_EACH, ...tokens].map(String) });
  let locked = 0;
  for (let showtime = 1; showtime <= SHOWTIMES.uniform; showtime++) {
    const seats = await (await fetch(`${at}/api/showtimes/${showtime}/seats`)).json();
    locked += seats.filter((seat) => seat.status === 'locked').length;
  }
  return { ...result, oversold: Math.max(0, 2 * result.accepted - locked), lost: 0 };
}

async function wrkRound(peer, note) {
  const started = () => (peer === 'bridge' ? servers.startBridge(build, fresh(), SHOWTIMES.uniform)
    : servers.startClassic(fresh(), SHOWTIMES.uniform));
  const how = { connections: WRK_CONNECTIONS, seconds };
  await using(await started(), async (server) => {
    const at = `http://127.0.0.1:${server.port}`;
    if (peer === 'bridge') note('constant', await wrk(`${at}/healthz`, [], server.pids, how));
    note('map', await wrk(`${at}/api/showtimes/1/seats`, [], server.pids, how));
    note('lock', await wrkLocks(server));
  });
}

// The check of seats with two holders is worth nothing if it cannot fail: a store that grants whatever is asked for must
// be noticed.
async function proveCheck() {
  const functions = path.join(directory, 'broken.lua');
  const good = await readFile('bench/peers/redis.lua', 'utf8');
  const broken = good.replace(/^local function free\(.*$/m, '$& if true then return true end');
  if (broken === good) throw new Error('the functions of redis cannot be broken');
  await writeFile(functions, broken);
  await using(await servers.startRedis(fresh(), functions, 'always'), async (server) => {
    const { oversold } = await client(path.join(build, 'peers-redis'),
      [server.endpoint, 'rush', '16', '4', '1', '1', '0'], server.pids);
    if (!(oversold > 0)) throw new Error('a store that sells seats twice is not noticed');
    console.error(`  a store that grants everything is noticed: ${oversold} seats had two holders`);
  });
}

async function measureRound(number) {
  const measured = [];
  const told = (peer, scenario, result) => {
    measured.push({ peer, scenario, ...result });
    console.error(`  round ${number} ${scenario.padEnd(9)}${peer.padEnd(9)}${`${result.clients} x ${result.inflight}`.padStart(9)}` +
      `  ${result.commands_per_s.toFixed(0).padStart(8)} /s, p50 ${result.p50_us} us, p99 ${result.p99_us} us`);
  };
  const peers = ['marquee', ...only.flatMap((name) => (name === 'redis' ? ['redis', 'everysec'] : [name]))]
    .flatMap((name) => (name === 'classic' ? ['bridge', 'classic'] : [name]));
  const append = JSON.parse((await run(path.join(build, 'bench-append'), [out, String(Math.min(seconds, 4))])).stdout);
  await ways.marquee('echo', [[1, 1], [64, 16]], (width, result) => told('marquee', 'echo', result));
  for (const scenario of [...Object.keys(SHOWTIMES), 'purchase'])
    for (const peer of peers) {
      const widths = (scenario === 'purchase' ? PURCHASE_WIDTHS : WIDTHS)[peer] ?? [];
      await ways[peer](scenario, widths, (width, result) => told(peer, scenario, result));
    }
  if (only.includes('classic'))
    for (const peer of ['bridge', 'classic'])
      await wrkRound(peer, (scenario, result) => told(peer, scenario, result));
  return { append, measured };
}

async function describe() {
  const versions = await servers.versions();
  const text = async (file, words) => (await run(file, words).catch(() => ({ stdout: 'unknown' }))).stdout.trim();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, memory_mib: Math.round(os.totalmem() / 2 ** 20),
      kernel: `${os.type()} ${os.release()}`, file_system: await text('findmnt', ['-n', '-o', 'FSTYPE', '-T', out]),
    },
    versions: { marquee: await text('git', ['rev-parse', '--short', 'HEAD']), ...versions },
    settings: {
      marquee: {}, postgres: { ...servers.postgresSettings, commit_delay: servers.commitDelay },
      redis: { appendfsync: 'always', ...servers.redisSettings }, classic: { journal_mode: 'WAL', synchronous: 'FULL' },
      bridge: { ...servers.saleSettings, ...servers.bridgeSettings },
    },
    seconds, rounds, only,
  };
}

await mkdir(out, { recursive: true });
directory = await mkdtemp(path.join(out, 'peers-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 })); // interrupted, too
const about = await describe();
if (only.includes('redis')) await proveCheck();
const all = [];
for (let number = 1; number <= rounds; number++) all.push(await measureRound(number));
const report = { ...about, ...summarize(all, os.cpus().length) };
await writeFile(path.join(out, 'peers.json'), `${JSON.stringify({ ...report, all }, null, 2)}\n`);
const svg = svgOf(report);
await writeFile(path.join(out, 'peers.svg'), svg);
await writeFile(path.join(out, 'report.html'), htmlOf(report, svg));
await writeFile(path.join(out, 'peers.md'), markdownOf(report));
printReport(report);
console.log(`\n${['peers.json', 'peers.md', 'peers.svg', 'report.html'].map((name) => `${out}/${name}`).join(', ')}`);
const broken = all.flatMap((round) => round.measured).filter((row) => row.oversold || row.lost || row.unanswered);
if (broken.length) {
  console.log('A STORE BROKE ITS WORD:');
  for (const row of broken)
    console.log(`  ${row.peer} ${row.scenario} ${row.clients} x ${row.inflight}: oversold ${row.oversold}, lost ${row.lost}, ` +
      `unanswered ${row.unanswered ?? 0}`);
  process.exitCode = 1;
}
