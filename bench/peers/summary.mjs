// summary - medians over the rounds, each peer's best, and the ratios that are asked for.

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

export const names = {
  marquee: 'Marquee', postgres: 'PostgreSQL', redis: 'Redis', everysec: 'Redis, everysec', bridge: 'Marquee, HTTP',
  classic: 'Express + SQLite',
};
export const scenarios = ['rush', 'hot', 'uniform', 'purchase'];

const key = ({ peer, scenario, clients, inflight }) => `${peer} ${scenario} ${clients} ${inflight}`;

// Of every number the median over the rounds, for each thing that was measured.
function medians(all) {
  const groups = new Map();
  for (const row of all.flatMap((round) => round.measured)) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return [...groups.values()].map((group) => {
    const row = {};
    for (const [name, value] of Object.entries(group[0]))
      row[name] = typeof value === 'number' ? median(group.map((one) => one[name])) : value;
    row.granted_per_s = RELEASED.includes(row.scenario) ? median(group.map((one) => grantedPerS(one))) : undefined;
    return row;
  });
}

// Every lock that was granted is released: half of what was accepted are locks.
const RELEASED = ['rush', 'hot', 'uniform'];
const grantedPerS = (row) => row.commands_per_s * row.accepted / Math.max(1, row.accepted + row.refused) / 2;

// The classes in which the peers meet: as much as each can carry of the 1,024 commands in flight that the goals are about;
// three times that, where a rush is little but refusals; one command on each of up to 64 connections; one alone.
const WIDE = 1024;
const classes = {
  wide: (row) => row.clients * row.inflight <= WIDE,
  flood: (row) => row.clients * row.inflight > WIDE,
  narrow: (row) => row.inflight === 1 && row.clients > 1 && row.clients <= 64,
  lone: (row) => row.inflight === 1 && row.clients === 1,
};

function best(rows, peer, scenario, kind) {
  const fit = rows.filter((row) => row.peer === peer && row.scenario === scenario && classes[kind](row));
  return fit.reduce((most, row) => (!most || row.commands_per_s > most.commands_per_s ? row : most), undefined);
}

// The goals, and the ratio that each is about.
const rate = (row) => row.commands_per_s;
const goals = [
  ...['rush', 'hot', 'uniform'].flatMap((scenario) => [
    { scenario, kind: 'wide', peer: 'redis', of: rate, at_least: 4 },
    { scenario, kind: 'wide', peer: 'postgres', of: rate, at_least: scenario === 'rush' ? 25 : 35 },
    { scenario, kind: 'wide', peer: 'classic', of: rate, at_least: 150 },
    { scenario, kind: 'narrow', peer: 'redis', of: rate, at_least: 1.3 },
    { scenario, kind: 'narrow', peer: 'postgres', of: rate, at_least: 5 },
    { scenario, kind: 'narrow', peer: 'classic', of: rate, at_least: 25 },
    { scenario, kind: 'lone', peer: 'redis', of: (row) => row.p50_us, at_most: 1.1, what: 'p50' },
    { scenario, kind: 'lone', peer: 'postgres', of: (row) => row.p50_us, at_most: 0.9, what: 'p50' },
  ]),
  { scenario: 'rush', kind: 'wide', peer: 'redis', of: grantedPerS, at_least: 4.5, what: 'granted locks' },
  { scenario: 'rush', kind: 'wide', peer: 'postgres', of: grantedPerS, at_least: 25, what: 'granted locks' },
  ...['rush', 'hot', 'uniform'].map((scenario) => ({ scenario, kind: 'flood', peer: 'redis', of: rate })),
  { scenario: 'rush', kind: 'flood', peer: 'redis', of: grantedPerS, what: 'granted locks' },
  { scenario: 'purchase', kind: 'wide', peer: 'redis', of: rate },
  { scenario: 'purchase', kind: 'wide', peer: 'postgres', of: rate },
  { scenario: 'purchase', kind: 'wide', peer: 'classic', of: rate },
  ...['rush', 'hot', 'uniform', 'purchase'].map((scenario) =>
    ({ scenario, kind: 'wide', side: 'bridge', peer: 'classic', of: rate })),
  { scenario: 'lock', kind: 'wide', side: 'bridge', peer: 'classic', of: rate, at_least: 5 },
  { scenario: 'map', kind: 'wide', side: 'bridge', peer: 'classic', of: rate },
];

const medianRatio = (all, one, other, of) => median(all.flatMap((round) => {
  const find = (wanted) => round.measured.find((row) => key(row) === key(wanted));
  return find(one) && find(other) ? [of(find(one)) / of(find(other))] : [];
}));

const met = ({ value, at_least: least, at_most: most }) =>
  (least === undefined || value >= least) && (most === undefined || value <= most);

function ratiosOf(all, rows) {
  const peers = goals.flatMap(({ scenario, kind, side = 'marquee', peer, of, what = 'commands', ...goal }) => {
    const ours = best(rows, side, scenario, kind);
    const theirs = best(rows, peer, scenario, kind);
    if (!ours || !theirs) return [];
    return [{ text: `${scenario}, ${kind}, ${what}: ${names[side]} / ${names[peer]}`,
      value: medianRatio(all, ours, theirs, of), ...goal,
      widths: [ours, theirs].map((row) => `${row.clients} x ${row.inflight}`) }];
  });
  return [...peers, ...ownRatios(all, rows)].map((ratio) => ({ ...ratio, met: met(ratio) }));
}

// Against the machine's limits rather than against a peer.
function ownRatios(all, rows) {
  const ratios = [];
  const constant = best(rows, 'bridge', 'constant', 'wide');
  const map = best(rows, 'bridge', 'map', 'wide');
  if (constant && map)
    ratios.push({ text: 'seat map / constant, HTTP', value: medianRatio(all, map, constant, rate), at_least: 0.6 });
  const lone = all.map((round) => {
    const p50 = (scenario) => round.measured.find((row) => row.peer === 'marquee' && row.scenario === scenario &&
      row.clients === 1).p50_us;
    return p50('hot') / (p50('echo') + round.append.synced_append_p50_us);
  });
  ratios.push({ text: 'lone p50 / (synced append + echo)', value: median(lone), at_most: 1.15 });
  for (const scenario of ['rush', 'hot', 'uniform']) {
    const row = best(rows, 'marquee', scenario, 'wide');
    ratios.push({ text: `${scenario}: p99 / p50`, value: row.p99_us / row.p50_us, at_most: 2 });
    ratios.push({ text: `${scenario}: p99.9 / p50`, value: row.p999_us / row.p50_us, at_most: 4 });
  }
  return ratios;
}

// What each scenario could reach: the storage's synced appends with as many commands in each as there were, the processors
// with what a command took of them on both sides, the broker's echo.
function boundsOf(rows, limits, cores) {
  return scenarios.flatMap((scenario) => {
    const row = best(rows, 'marquee', scenario, 'wide');
    if (!row) return [];
    const bounds = {
      storage: limits.synced_append_per_s * row.commands_per_entry,
      processors: (cores * 1e6) / (row.cpu_us + row.client_cpu_us),
      echo: limits.echo_per_s,
    };
    const binds = Object.keys(bounds).reduce((least, name) => (bounds[name] < bounds[least] ? name : least));
    return [{ scenario, ...bounds, binds, share: row.commands_per_s / bounds[binds] }];
  });
}

export function summarize(all, cores) {
  const rows = medians(all);
  const echo = (clients) => rows.find((row) => row.scenario === 'echo' && row.clients === clients);
  const limits = {
    echo_per_s: echo(64).commands_per_s, echo_lone_p50_us: echo(1).p50_us,
    synced_append_per_s: median(all.map((round) => round.append.synced_append_per_s)),
    synced_append_p50_us: median(all.map((round) => round.append.synced_append_p50_us)),
    constant_http_per_s: best(rows, 'bridge', 'constant', 'wide')?.commands_per_s,
  };
  const table = Object.fromEntries(Object.keys(classes).map((kind) => [kind, Object.fromEntries([...scenarios, 'lock', 'map']
    .map((scenario) => [scenario, Object.keys(names).flatMap((peer) => best(rows, peer, scenario, kind) ?? [])]))]));
  return { limits, best: table, rows, ratios: ratiosOf(all, rows), bounds: boundsOf(rows, limits, cores) };
}
