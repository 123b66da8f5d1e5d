// measure - run a client against servers, and note what the servers' processes took meanwhile.
import { execFile, spawn } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TICKS_PER_SECOND = 100;

// Fields behind the name, which may hold blanks: the parent, and processor time with that of children that ended.
function stat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
  return { parent: fields[1], ticks: fields[11] + fields[12] + fields[13] + fields[14] };
}

// Bytes that a process, its threads and its children that ended made the device write. The kernel counts what becomes
// dirty by whole folios: where these are large (ext4 since Linux 6.16) a synced record of 100 bytes counts 256 KiB, and
// only what is written around the cache counts as it is. device() beside tells what was really written.
function written(pid) {
  const text = readFileSync(`/proc/${pid}/io`, 'utf8');
  const number = (name) => Number(text.match(new RegExp(`^${name}: (\\d+)`, 'm'))[1]);
  return number('write_bytes') - number('cancelled_write_bytes');
}

// Bytes written to the device of the servers' directories, by whomever: on a quiet machine, by them. Undefined where the
// file system has no device of its own.
const SECTOR = 512;
function device() {
  const { dev } = statSync('build/bench');
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  const line = readFileSync('/proc/diskstats', 'utf8').split('\n').map((words) => words.trim().split(/\s+/))
    .find((words) => Number(words[0]) === major && Number(words[1]) === minor);
  return line && SECTOR * Number(line[9]);
}

// Of processes and all their descendants. Whoever ends between two looks is counted by its parent.
function usage(pids) {
  const parents = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const pid = Number(name);
      const { parent } = stat(pid);
      parents.set(parent, [...(parents.get(parent) ?? []), pid]);
    } catch { /* it ended while we looked */ }
  }
  const sum = { cpu_us: 0, written: 0, device: device() };
  const rest = [...pids];
  while (rest.length) {
    const pid = rest.pop();
    try {
      sum.cpu_us += (1e6 * stat(pid).ticks) / TICKS_PER_SECOND;
      sum.written += written(pid);
      rest.push(...(parents.get(pid) ?? []));
    } catch (error) {
      if (pids.includes(pid)) throw error;
    }
  }
  return sum;
}

const between = (before, after, commands) => ({
  cpu_us: (after.cpu_us - before.cpu_us) / Math.max(1, commands),
  written_bytes: (after.written - before.written) / Math.max(1, commands),
  ...(before.device === undefined ? {} : { device_bytes: (after.device - before.device) / Math.max(1, commands) }),
});

// A client that says when measuring begins and ends, and prints one JSON object. Exit code 1 means that the server broke
// its word: its numbers still count.
export function client(program, words, pids) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const looks = [];
    let out = '';
    let said = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => {
      const text = String(data);
      for (const mark of text.match(/^measur(ing|ed)$/gm) ?? [])
        looks.push({ mark, server: usage(pids), client: usage([child.pid]) });
      said += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code > 1 || code === null || looks.length !== 2)
        return reject(new Error(`${path.basename(program)} ${words.join(' ')}: ${code}\n${said}`));
      const result = JSON.parse(out);
      const commands = result.accepted + result.refused;
      return resolve({ ...result, ...between(looks[0].server, looks[1].server, commands),
        client_cpu_us: between(looks[0].client, looks[1].client, commands).cpu_us });
    });
  });
}

// wrk with one thread; the numbers are its own. `script` is what a script of its words is told.
export async function wrk(url, words, pids, { connections, seconds, script = [] }) {
  const before = usage(pids);
  const { stdout } = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...words, url,
    ...(script.length ? ['--', ...script] : [])]);
  const after = usage(pids);
  const number = (pattern) => Number(stdout.match(pattern)?.[1] ?? 0);
  const time = (pattern) => {
    const [, value, unit] = stdout.match(pattern);
    return Number(value) * { us: 1, ms: 1000, s: 1e6 }[unit];
  };
  const requests = number(/(\d+) requests in/);
  const refused = number(/Non-2xx or 3xx responses: (\d+)/);
  return {
    clients: connections, inflight: 1, requests, refused, accepted: requests - refused,
    commands_per_s: number(/Requests\/sec:\s+([\d.]+)/), p50_us: time(/50%\s+([\d.]+)(us|ms|s)/),
    p90_us: time(/90%\s+([\d.]+)(us|ms|s)/), p99_us: time(/99%\s+([\d.]+)(us|ms|s)/),
    ...between(before, after, requests),
  };
}
