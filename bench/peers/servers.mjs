// servers - start and end what is measured: each on a directory of its own, on loopback, by its process id.
import { execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const READY_MS = 60000;
const END_MS = 30000;
const POSTGRES = '/usr/lib/postgresql/15/bin';

// What is set beside the defaults, and named in the report. Durability is the default's: fsync and synchronous_commit.
// No checkpoint falls into a run, and a group of commits is made where commit_delay says so.
export const postgresSettings = {
  synchronous_commit: 'on', fsync: 'on', full_page_writes: 'on', shared_buffers: '1GB', max_connections: '200',
  max_wal_size: '8GB', min_wal_size: '2GB', wal_buffers: '64MB', wal_compression: 'lz4', checkpoint_timeout: '30min',
  jit: 'off', huge_pages: 'off', work_mem: '16MB',
};
// Microseconds a commit waits for others, where five are under way: no gain where all want the same rows.
export const commitDelay = { rush: 0, hot: 100, uniform: 100, purchase: 100 };
// No rewrite of the log falls into a run; nothing is written beside the log.
export const redisSettings = { appendonly: 'yes', save: '', 'auto-aof-rewrite-min-size': '8gb', 'io-threads': '1' };
// Over HTTP: the few buyers of wrk's locks hold as much as one may, and one address is no limit to many.
export const saleSettings = { 'sale/cap': '16' };
export const bridgeSettings = { 'log/level': 'error', 'limits/read_rate': '1000000', 'limits/sale_rate': '1000000',
  'limits/user_rate': '1000000' };

const pairs = (settings, form) => Object.entries(settings).flatMap(([name, value]) => form(name, value));

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// None outlives the bench, however that ends.
const living = new Set();
process.on('exit', () => living.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

// A process that can be told to end, and is ended after a while.
function begin(program, words, options = {}) {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  living.add(child);
  let said = '';
  child.stderr.on('data', (data) => { said = (said + data).slice(-2000); });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? code));
  }).finally(() => living.delete(child));
  return {
    child, ended, said: () => said,
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function orFail(name, server, wanted) {
  let timer;
  try {
    return await Promise.race([
      wanted,
      server.ended.then((how) => { throw new Error(`${name} ended before it was ready: ${how}\n${server.said()}`); }),
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${name} is not ready after ${READY_MS / 1000} s`)), READY_MS);
      }),
    ]);
  } catch (error) {
    await server.end('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const firstLine = (server) => new Promise((resolve) => {
  createInterface({ input: server.child.stdout }).once('line', resolve);
});

// Asked again and again until it is there.
async function accepts(port, alive) {
  while (alive()) {
    const there = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('connect', () => { socket.destroy(); resolve(true); });
      socket.once('error', () => resolve(false));
    });
    if (there) return;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

// How a server ends and where it is; `directory` is taken away with it.
const handle = (servers, directory, fields, signal = 'SIGTERM') => ({
  pids: servers.map((server) => server.child.pid),
  ...fields,
  async end() {
    for (const server of [...servers].reverse()) await server.end(signal);
    await rm(directory, { recursive: true, force: true });
  },
});

const words = (settings) => pairs(settings, (name, value) => ['--set', `${name}=${value}`]);
const field = (line, name) => line.match(new RegExp(`${name}=(\\S+)`))[1];

async function startMarqueed(build, directory, more = []) {
  const server = begin(path.join(build, 'marqueed'), [...words({
    'site/directory': `${directory}/site`, 'broker/clients': 'tcp://127.0.0.1:*', 'broker/bridges': 'tcp://127.0.0.1:*',
    'broker/events': 'tcp://127.0.0.1:*' }), ...more]);
  return { server, line: await orFail('marqueed', server, firstLine(server)) };
}

export async function startMarquee(build, directory, more) {
  await mkdir(directory);
  const { server, line } = await startMarqueed(build, directory, more);
  return handle([server], directory, { endpoint: field(line, 'clients') });
}

// With `showtimes` on sale, and a bridge in front.
export async function startBridge(build, directory, showtimes) {
  await mkdir(directory);
  const { server, line } = await startMarqueed(build, directory, words(saleSettings));
  try {
    await run(path.join(build, 'bench-fill'), [field(line, 'clients'), String(showtimes), '0']);
    const bridge = begin(path.join(build, 'marquee-bridge'), words({
      'site/endpoint': field(line, 'bridges'), 'site/events': field(line, 'events'), 'http/listen': '127.0.0.1:0',
      'session/directory': `${directory}/bridge`, ...bridgeSettings }));
    const port = Number(field(await orFail('marquee-bridge', bridge, firstLine(bridge)), 'http').split(':').pop());
    return handle([server, bridge], directory, { port, endpoint: `bridge:${port}` });
  } catch (error) {
    await server.end();
    throw error;
  }
}

// PostgreSQL refuses to be root: then it runs as the user that its package made.
async function postgresUser() {
  if (process.getuid() !== 0) return {};
  const id = async (flag) => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

export async function startPostgres(directory, schema) {
  await mkdir(directory);
  const user = await postgresUser();
  if (user.uid !== undefined) await chown(directory, user.uid, user.gid);
  await chmod(path.dirname(directory), 0o711);
  const data = path.resolve(directory, 'data');
  const options = { cwd: '/', ...user };
  await run(`${POSTGRES}/initdb`, ['-D', data, '-U', 'cinema', '-A', 'trust', '-E', 'UTF8', '--locale=C',
    '--no-instructions'], options);
  const port = await freePort();
  const server = begin(`${POSTGRES}/postgres`, ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '',
    ...pairs(postgresSettings, (name, value) => ['-c', `${name}=${value}`])], options);
  await orFail('postgres', server, accepts(port, () => server.child.exitCode === null));
  const conninfo = `host=127.0.0.1 port=${port} user=cinema dbname=postgres`;
  const began = handle([server], directory, { endpoint: conninfo }, 'SIGINT');
  try {
    // What accepts a connection may still be starting up.
    for (let tries = 0; ; tries++) {
      try {
        await run(`${POSTGRES}/psql`, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-f', path.resolve(schema), conninfo]);
        return began;
      } catch (error) {
        if (tries === 50 || !/starting up/.test(error.stderr)) throw error;
        await new Promise((resolve) => { setTimeout(resolve, 100); });
      }
    }
  } catch (error) {
    await began.end();
    throw error;
  }
}

// redis-server is a name of this program, and a package of its own only for its service.
export const redisProgram = { file: '/usr/bin/redis-check-rdb', argv0: 'redis-server' };

export async function startRedis(directory, functions, appendfsync) {
  await mkdir(directory);
  const port = await freePort();
  const server = begin(redisProgram.file, ['--port', String(port), '--bind', '127.0.0.1', '--dir', path.resolve(directory),
    '--appendfsync', appendfsync, ...pairs(redisSettings, (name, value) => [`--${name}`, value])],
  { argv0: redisProgram.argv0 });
  server.child.stdout.resume();
  await orFail('redis-server', server, accepts(port, () => server.child.exitCode === null));
  const began = handle([server], directory, { endpoint: String(port) });
  try {
    const { stdout } = await withInput('redis-cli', ['-p', String(port), '-x', 'FUNCTION', 'LOAD'], await readFile(functions));
    if (stdout.trim() !== 'cinema') throw new Error(`redis refuses its functions: ${stdout}`);
    return began;
  } catch (error) {
    await began.end();
    throw error;
  }
}

function withInput(program, words_, input) {
  const promise = run(program, words_);
  promise.child.stdin.end(input);
  return promise;
}

export async function startClassic(directory, showtimes) {
  await mkdir(directory);
  const server = begin(process.execPath, ['bench/peers/classic/server.mjs', directory],
    { env: { ...process.env, NODE_ENV: 'production' } });
  const port = Number(field(await orFail('the classic server', server, firstLine(server)), 'http').split(':').pop());
  const began = handle([server], directory, { port, endpoint: `classic:${port}` });
  const answer = await fetch(`http://127.0.0.1:${port}/setup`, { method: 'PUT',
    headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ showtimes }) });
  if (!answer.ok) {
    await began.end();
    throw new Error(`the classic server cannot set up: ${answer.status}`);
  }
  return began;
}

export async function versions() {
  const number = async (file) => (await run(file, ['--version'])).stdout.match(/\d+\.[\d.]+/)[0];
  const module = async (name) =>
    JSON.parse(await readFile(`bench/peers/classic/node_modules/${name}/package.json`, 'utf8')).version;
  const [postgres, redis, express, sqlite] = await Promise.all([number(`${POSTGRES}/postgres`), number(redisProgram.file),
    module('express'), module('better-sqlite3')]);
  return {
    postgres: `PostgreSQL ${postgres}`, redis: `Redis ${redis}`,
    classic: `Node ${process.versions.node}, Express ${express}, better-sqlite3 ${sqlite}`,
  };
}
