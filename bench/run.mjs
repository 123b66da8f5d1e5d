#!/usr/bin/env node
// bench - what this machine can do, what Marquee makes of it, and the ratio of the two.
//
// Environment: BUILD (build/release), SECONDS for each measurement (8), ROUNDS (3), CLIENTS (64),
// INFLIGHT (16). The measurements of a round follow one another, so that both sides of a ratio meet the same
// machine; what is reported is the median of the rounds. Writes build/bench/report.json and report.svg.
import { spawn, execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { drawReport } from './plot.mjs';

const run = promisify(execFile);
const build = process.env.BUILD ?? 'build/release';
const seconds = whole('SECONDS', 8);
const rounds = whole('ROUNDS', 3);
const clients = whole('CLIENTS', 64);
const inflight = whole('INFLIGHT', 16);
const out = 'build/bench';

// The goals of the project on two cores; a ratio that misses one is marked, not an error.
const goals = {
  hot_echo: { text: 'hot / echo', at_least: 0.6 },
  uniform_echo: { text: 'uniform / echo', at_least: 0.6 },
  purchase_hot: { text: 'purchase / hot, per command', at_least: 0.6 },
  lone_append: { text: 'lone p50 / synced append p50', at_most: 2.5 },
};
const P999_GOAL_US = 25000;

function whole(name, otherwise) {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isInteger(value) || value < 1) {
    console.error(`bench: ${name} must be a whole number, not ${process.env[name]}`);
    process.exit(2);
  }
  return value;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

// A server on a fresh directory; it ends when `work` has ended.
async function withServer(words, work) {
  const directory = await mkdtemp(path.join(out, 'data-'));
  const server = spawn(path.join(build, 'marqueed'), [
    '--set', `site/directory=${directory}/site`,
    '--set', 'broker/clients=tcp://127.0.0.1:*',
    '--set', 'broker/bridges=tcp://127.0.0.1:*',
    '--set', 'broker/events=tcp://127.0.0.1:*',
    ...words,
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => server.once('exit', (code, signal) => resolve(signal ?? code)));
  try {
    const endpoint = await ready(server, ended);
    const result = await work(endpoint);
    result.server_mib = await memory(server.pid);
    return result;
  } finally {
    server.kill('SIGTERM');
    const timer = setTimeout(() => server.kill('SIGKILL'), 20000);
    await ended;
    clearTimeout(timer);
    await rm(directory, { recursive: true, force: true });
  }
}

async function ready(server, ended) {
  const lines = createInterface({ input: server.stdout });
  let timer;
  const line = await Promise.race([
    new Promise((resolve) => lines.once('line', resolve)),
    ended.then((how) => { throw new Error(`marqueed ended before it was ready: ${how}`); }),
    new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('marqueed is not ready after 30 s')), 30000);
    }),
  ]);
  clearTimeout(timer);
  return line.match(/clients=(\S+)/)[1];
}

// The most memory a process had, in MiB.
async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(status.match(/VmHWM:\s+(\d+)/)[1]) / 1024);
}

// marquee-load says with exit code 1 that the server broke its word: its numbers still count.
async function load(endpoint, words) {
  const { stdout } = await run(path.join(build, 'marquee-load'),
    ['--json', '--endpoint', endpoint, '--seconds', String(seconds), ...words])
    .catch((error) => (error.code === 1 && error.stdout ? error : Promise.reject(error)));
  return JSON.parse(stdout);
}

const full = ['--clients', String(clients), '--inflight', String(inflight)];

async function measureRound(number) {
  const round = {};
  const step = async (name, work) => {
    round[name] = await work();
    const { commands_per_s: rate, p50_us: p50, p999_us: p999 } = round[name];
    console.error(`  round ${number} ${name.padEnd(9)}` + (rate === undefined
      ? `${round[name].synced_append_per_s.toFixed(0)} appends/s`
      : `${rate.toFixed(0)} commands/s, p50 ${p50} us, p99.9 ${p999} us`));
  };
  const scenario = (name, words, server = []) =>
    step(name, () => withServer(server, (endpoint) => load(endpoint, words)));
  await step('append', async () =>
    JSON.parse((await run(path.join(build, 'bench-append'), [out, String(Math.min(seconds, 4))])).stdout));
  await scenario('lone', ['--scenario', 'hot', '--clients', '1', '--inflight', '1']);
  await scenario('echo', ['--scenario', 'echo', ...full], ['--echo']);
  await scenario('hot', ['--scenario', 'hot', ...full]);
  await scenario('uniform', ['--scenario', 'uniform', ...full]);
  await scenario('purchase', ['--scenario', 'purchase', ...full]);
  await scenario('rush', ['--scenario', 'rush', ...full]);
  const half = Math.max(1, Math.floor(round.hot.commands_per_s / 2));
  await scenario('half', ['--scenario', 'hot', ...full, '--rate', String(half)]);
  return round;
}

// Of each measurement the round in the middle, by what it is about; all rounds' values beside it.
function summary(all, name) {
  const by = name === 'lone' ? 'p50_us' : name === 'half' ? 'p999_us' : 'commands_per_s';
  const values = all.map((round) => round[name][by]);
  const middle = all[values.indexOf(median(values))][name];
  return { name, ...middle, [`rounds_${by}`]: values };
}

function makeReport(all) {
  const middle = (pick) => median(all.map(pick));
  return {
    machine: {
      cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length,
      memory_mib: Math.round(os.totalmem() / 2 ** 20), kernel: `${os.type()} ${os.release()}`,
    },
    seconds, rounds, clients, inflight,
    limits: {
      echo_per_s: middle((round) => round.echo.commands_per_s),
      synced_append_per_s: middle((round) => round.append.synced_append_per_s),
      synced_append_p50_us: middle((round) => round.append.synced_append_p50_us),
    },
    scenarios: ['lone', 'hot', 'uniform', 'rush', 'purchase', 'half', 'echo'].map((name) => summary(all, name)),
    ratios: {
      hot_echo: middle((round) => round.hot.commands_per_s / round.echo.commands_per_s),
      uniform_echo: middle((round) => round.uniform.commands_per_s / round.echo.commands_per_s),
      lone_append: middle((round) => round.lone.p50_us / round.append.synced_append_p50_us),
      purchase_hot: middle((round) => round.purchase.commands_per_s / round.hot.commands_per_s),
    },
  };
}

const met = (name, value) => (goals[name].at_least !== undefined
  ? value >= goals[name].at_least : value <= goals[name].at_most);
const goalText = (name) => (goals[name].at_least !== undefined
  ? `>= ${goals[name].at_least}` : `<= ${goals[name].at_most}`);

function printTable(report) {
  const { limits, scenarios, ratios } = report;
  const cell = (value, width) => String(value).padStart(width);
  console.log(`${report.machine.cpu}, ${report.machine.cores} cores, ${report.machine.memory_mib} MiB; ` +
    `${rounds} rounds of ${seconds} s, ${clients} clients x ${inflight} in flight`);
  console.log(`\nsynced appends of 512 bytes ${cell(limits.synced_append_per_s.toFixed(0), 10)} /s   ` +
    `p50 ${limits.synced_append_p50_us.toFixed(1)} us\n`);
  console.log('             commands/s   refused    p50 us    p99 us  p99.9 us    max us  an entry  syncs/s  MiB');
  for (const s of scenarios)
    console.log(s.name.padEnd(10) + cell(s.commands_per_s.toFixed(0), 13) +
      cell(`${(100 * s.refused / Math.max(1, s.accepted + s.refused)).toFixed(1)} %`, 10) +
      cell(s.p50_us, 10) + cell(s.p99_us, 10) + cell(s.p999_us, 10) + cell(s.max_us, 10) +
      cell(s.commands_per_entry.toFixed(1), 10) + cell(s.syncs_per_s.toFixed(0), 9) + cell(s.server_mib, 5));
  console.log('');
  for (const [name, value] of Object.entries(ratios))
    console.log(`${goals[name].text.padEnd(30)} ${value.toFixed(2).padStart(6)}   goal ${goalText(name)}` +
      (met(name, value) ? '' : '   missed'));
  const half = scenarios.find((s) => s.name === 'half');
  console.log(`${'p99.9 at half of hot, ms'.padEnd(30)} ${(half.p999_us / 1000).toFixed(2).padStart(6)}   ` +
    `goal <= ${P999_GOAL_US / 1000}` + (half.p999_us <= P999_GOAL_US ? '' : '   missed'));
}

await mkdir(out, { recursive: true });
const all = [];
for (let number = 1; number <= rounds; number++) all.push(await measureRound(number));
const report = makeReport(all);
await writeFile(path.join(out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
await writeFile(path.join(out, 'report.svg'), drawReport(report, goals));
printTable(report);
console.log(`\n${out}/report.json, ${out}/report.svg`);
const broken = all.flatMap((round) => Object.values(round)).filter((s) => s.oversold || s.lost || s.unanswered);
if (broken.length) {
  console.log(`THE SERVER BROKE ITS WORD: ${JSON.stringify(broken.map((s) => [s.scenario, s.oversold, s.lost, s.unanswered]))}`);
  process.exitCode = 1;
}
