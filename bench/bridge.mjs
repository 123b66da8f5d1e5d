#!/usr/bin/env node
// bridge - what HTTP costs: seat maps and locks through the bridge beside the same bridge answering a constant.
//
// Environment: BUILD (build/release), SECONDS for each measurement (8), ROUNDS (3), CONNECTIONS (256). Every round
// measures the constant (GET /healthz), the map as JSON, packed, and compact, and locks of two seats (POST), each
// by wrk with one thread; server, bridge and wrk share the machine's cores. What is reported is the median of the
// rounds, and of the ratios to the constant of the same round. Writes build/bench/bridge.json.
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const build = process.env.BUILD ?? 'build/release';
const seconds = whole('SECONDS', 8);
const rounds = whole('ROUNDS', 3);
const connections = whole('CONNECTIONS', 256);
const out = 'build/bench';
const SHOWTIMES = 2000;
const SEATS = 300;
const PAIRS_EACH = 8; // of one buyer in a showtime: sale/cap, below
const goals = { map: 0.6, lock: 0.4 };

function whole(name, otherwise) {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isInteger(value) || value < 1) {
    console.error(`bench: ${name} must be a whole number, not ${process.env[name]}`);
    process.exit(2);
  }
  return value;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

// A program that says "ready ..." and ends when it is told to.
async function start(name, words) {
  const process_ = spawn(path.join(build, name), words.flatMap((word) => ['--set', word]),
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => process_.once('exit', resolve));
  const line = await Promise.race([
    new Promise((resolve) => createInterface({ input: process_.stdout }).once('line', resolve)),
    ended.then((code) => { throw new Error(`${name} ended before it was ready: ${code}`); }),
  ]);
  const field = (key) => line.match(new RegExp(`${key}=(\\S+)`))[1];
  return { pid: process_.pid, field, end: () => { process_.kill('SIGTERM'); return ended; } };
}

const TICKS_PER_SECOND = 100;
async function cpuSeconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(words[11]) + Number(words[12])) / TICKS_PER_SECOND;
}

// wrk's own words, and the script's for answers that are not 2xx.
async function wrk(url, words) {
  const { stdout } = await run('wrk',
    ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...words, url], { maxBuffer: 1 << 20 });
  const number = (pattern) => Number(stdout.match(pattern)?.[1] ?? 0);
  const time = (pattern) => {
    const [, value, unit] = stdout.match(pattern);
    return Number(value) * { us: 1, ms: 1000, s: 1e6 }[unit];
  };
  return {
    requests: number(/(\d+) requests in/), per_s: number(/Requests\/sec:\s+([\d.]+)/),
    p50_us: time(/50%\s+([\d.]+)(us|ms|s)/), p99_us: time(/99%\s+([\d.]+)(us|ms|s)/),
    refused: number(/Non-2xx or 3xx responses: (\d+)/),
  };
}

// Pair after pair through all showtimes, each buyer as many as one may hold.
const lockScript = (tokens, from) => `
local tokens = {${tokens.map((token) => `"Bearer ${token}"`).join(', ')}}
local headers = { ["Content-Type"] = "application/json" }
local n = ${from}
request = function()
  n = n + 1
  local showtime = n % ${SHOWTIMES} + 1
  local pair = math.floor(n / ${SHOWTIMES}) % ${SEATS / 2}
  headers["Authorization"] = tokens[math.floor(pair / ${PAIRS_EACH}) + 1]
  return wrk.format("POST", "/api/showtimes/" .. showtime .. "/locks", headers,
    '{"seats":[' .. 2 * pair + 1 .. ',' .. 2 * pair + 2 .. ']}')
end`;

async function measureRound(number, at, bridge, server, state) {
  const round = {};
  const step = async (name, where, words = []) => {
    const before = await Promise.all([cpuSeconds(bridge.pid), cpuSeconds(server.pid)]);
    const result = await wrk(`${at}${where}`, words);
    const after = await Promise.all([cpuSeconds(bridge.pid), cpuSeconds(server.pid)]);
    const each = (i) => (1e6 * (after[i] - before[i])) / Math.max(1, result.requests);
    round[name] = { ...result, bridge_cpu_us: each(0), server_cpu_us: each(1) };
    console.error(`  round ${number} ${name.padEnd(9)} ${result.per_s.toFixed(0)} requests/s, ` +
      `p50 ${result.p50_us} us, p99 ${result.p99_us} us`);
  };
  await step('constant', '/healthz');
  await step('map', '/api/showtimes/1/seats');
  await step('packed', '/api/showtimes/1/seats', ['-H', 'Accept-Encoding: gzip']);
  await step('compact', '/api/showtimes/1/seats?format=compact');
  const script = path.join(out, 'lock.lua');
  await writeFile(script, lockScript(state.tokens, state.locks));
  await step('lock', '', ['-s', script]);
  state.locks += Math.ceil(round.lock.requests / SHOWTIMES) * SHOWTIMES;
  return round;
}

await mkdir(out, { recursive: true });
const directory = await mkdtemp(path.join(out, 'data-'));
const server = await start('marqueed', [`site/directory=${directory}/site`, 'broker/clients=tcp://127.0.0.1:*',
  'broker/bridges=tcp://127.0.0.1:*', 'broker/events=tcp://127.0.0.1:*', 'sale/cap=16']);
const bridge = await start('marquee-bridge', [`site/endpoint=${server.field('bridges')}`,
  `site/events=${server.field('events')}`, 'http/listen=127.0.0.1:0', `session/directory=${directory}/bridge`,
  'log/level=error', 'limits/read_rate=1000000', 'limits/sale_rate=1000000', 'limits/user_rate=1000000']);
const all = [];
try {
  await run(path.join(build, 'bench-fill'), [server.field('clients'), String(SHOWTIMES), '0']);
  const at = `http://127.0.0.1:${bridge.field('http')}`;
  const state = { locks: 0, tokens: [] };
  for (let buyer = 0; buyer < SEATS / 2 / PAIRS_EACH; buyer++)
    state.tokens.push((await (await fetch(`${at}/api/session`, { method: 'POST' })).json()).token);
  for (let number = 1; number <= rounds; number++)
    all.push(await measureRound(number, at, bridge, server, state));
} finally {
  await bridge.end();
  await server.end();
  await rm(directory, { recursive: true, force: true });
}

const rows = Object.keys(all[0]).map((name) => {
  const middle = (pick) => median(all.map(pick));
  const figure = (key) => middle((round) => round[name][key]);
  return { name, per_s: figure('per_s'), p50_us: figure('p50_us'), p99_us: figure('p99_us'),
    bridge_cpu_us: figure('bridge_cpu_us'), server_cpu_us: figure('server_cpu_us'),
    refused_percent: middle((round) => (100 * round[name].refused) / Math.max(1, round[name].requests)),
    of_constant: middle((round) => round[name].per_s / round.constant.per_s) };
});
await writeFile(path.join(out, 'bridge.json'),
  `${JSON.stringify({ cpu: os.cpus()[0]?.model, cores: os.cpus().length, seconds, rounds, connections, rows }, null, 2)}\n`);
const cell = (value, width) => String(value).padStart(width);
console.log(`\nthrough the bridge, ${connections} connections, one request each at a time`);
console.log('           requests/s    p50 us    p99 us   bridge us   server us   not 2xx   of constant');
for (const row of rows) {
  const goal = goals[row.name];
  console.log(row.name.padEnd(9) + cell(row.per_s.toFixed(0), 12) + cell(row.p50_us.toFixed(0), 10) +
    cell(row.p99_us.toFixed(0), 10) + cell(row.bridge_cpu_us.toFixed(1), 12) + cell(row.server_cpu_us.toFixed(1), 12) +
    cell(`${row.refused_percent.toFixed(1)} %`, 10) + cell(row.of_constant.toFixed(2), 14) +
    (goal ? `   goal >= ${goal}${row.of_constant >= goal ? '' : '   missed'}` : ''));
}
console.log(`\n${out}/bridge.json`);
