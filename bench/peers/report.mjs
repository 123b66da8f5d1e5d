// report - what the peers' bench found out: a table for the terminal, Markdown for the docs, pictures, a page.
import { BAR, LABEL, STEP, WIDTH, escape, micros, panel, text, thousands } from '../plot.mjs';
import { names, scenarios } from './summary.mjs';

const ratioText = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));
const goalText = ({ at_least: least, at_most: most }) =>
  (least !== undefined ? `at least ${least}` : most !== undefined ? `at most ${most}` : '');
const percent = (row) => `${((100 * row.refused) / Math.max(1, row.accepted + row.refused)).toFixed(1)} %`;
const width = (row) => `${row.clients} x ${row.inflight}`;
const optional = (value, show) => (value === undefined ? '' : show(value));

// The columns of every measurement.
const columns = [
  ['scenario', (row) => row.scenario], ['', (row) => names[row.peer]], ['in flight', width],
  ['commands/s', (row) => thousands(row.commands_per_s)],
  ['granted/s', (row) => optional(row.granted_per_s, thousands)], ['refused', percent],
  ['p50 us', (row) => thousands(row.p50_us)], ['p99 us', (row) => thousands(row.p99_us)],
  ['p99.9 us', (row) => optional(row.p999_us, thousands)],
  ['server us', (row) => row.cpu_us.toFixed(1)], ['client us', (row) => optional(row.client_cpu_us, (us) => us.toFixed(1))],
  ['device bytes', (row) => optional(row.device_bytes, thousands)], ['dirtied bytes', (row) => thousands(row.written_bytes)],
];
const LEFT = 2; // so many columns are words
const order = ['rush', 'hot', 'uniform', 'purchase', 'map', 'lock', 'constant', 'echo'];
const sorted = (rows) => [...rows].sort((a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario));
const cells = (row) => columns.map(([, show]) => show(row));

const head = ({ machine, seconds, rounds }) => `${machine.cpu}, ${machine.cores} cores, ${machine.memory_mib} MiB, ` +
  `${machine.kernel}, ${machine.file_system}; medians of ${rounds} round${rounds > 1 ? 's' : ''} of ${seconds} s`;

const limitWords = ({ limits }) => [
  ['broker echo, 64 x 16', `${thousands(limits.echo_per_s)}/s`],
  ['broker echo, alone, p50', micros(limits.echo_lone_p50_us)],
  ['synced append of 512 bytes', `${thousands(limits.synced_append_per_s)}/s`],
  ['synced append, p50', micros(limits.synced_append_p50_us)],
  ...(limits.constant_http_per_s ? [['constant over HTTP', `${thousands(limits.constant_http_per_s)}/s`]] : []),
];
const boundWords = ({ bounds }) => bounds.map((bound) => [bound.scenario, thousands(bound.storage),
  thousands(bound.processors), thousands(bound.echo), bound.binds, `${(100 * bound.share).toFixed(0)} %`]);
const boundHeads = ['Marquee', 'storage/s', 'processors/s', 'echo/s', 'binds', 'share reached'];
const ratioWords = ({ ratios }) => ratios.map((ratio) => [ratio.text, ratio.widths?.join(' to ') ?? '',
  ratioText(ratio.value), goalText(ratio), ratio.met ? '' : 'missed']);
const ratioHeads = ['ratio', 'in flight', 'measured', 'goal', ''];

function plain(heads, lines, left) {
  const widths = heads.map((name, i) => Math.max(name.length, ...lines.map((line) => line[i].length)));
  const line = (words) => words.map((word, i) => (i < left ? word.padEnd(widths[i]) : word.padStart(widths[i])))
    .join('  ').trimEnd();
  return [heads, ...lines].map(line).join('\n');
}

export function printReport(report) {
  console.log(`${head(report)}\n`);
  console.log(plain(columns.map(([name]) => name), sorted(report.rows).map(cells), LEFT));
  console.log(`\n${plain(['limit', ''], limitWords(report), 1)}`);
  console.log(`\n${plain(boundHeads, boundWords(report), 1)}`);
  console.log(`\n${plain(ratioHeads, ratioWords(report), 2)}`);
}

const markdownTable = (heads, lines) =>
  [heads, heads.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');

const settingWords = ({ settings, versions }) => [
  ['Marquee, ZeroMQ', versions.marquee, settings.marquee], ['Marquee, HTTP', versions.marquee, settings.bridge],
  ['PostgreSQL', versions.postgres, settings.postgres], ['Redis', versions.redis, settings.redis],
  ['Express + SQLite', versions.classic, settings.classic],
].map(([name, version, set]) => [name, version, Object.entries(set).map(([what, value]) =>
  `${what} = ${typeof value === 'object' ? JSON.stringify(value).replaceAll('"', '') : value || '""'}`).join(', ') || 'nothing']);
const settingHeads = ['', 'version', 'set beside the defaults'];

export function markdownOf(report) {
  const again = `make bench-peers SECONDS=${report.seconds} ROUNDS=${report.rounds}`;
  return `${report.date}; ${head(report)}; \`${again}\`.\n\n` +
    `${markdownTable(ratioHeads, ratioWords(report))}\n\n` +
    `${markdownTable(columns.map(([name]) => name), sorted(report.rows).map(cells))}\n\n` +
    `${markdownTable(['limit', ''], limitWords(report))}\n\n${markdownTable(boundHeads, boundWords(report))}\n\n` +
    `${markdownTable(settingHeads, settingWords(report))}\n`;
}

const kindOf = (peer) => (peer === 'marquee' || peer === 'bridge' ? 'bar' : peer === 'everysec' ? 'less' : 'limit');

// Bars of everyone's best in a scenario, with how many times that Marquee's is.
function ratePanel(y, report, kind, scenario, title) {
  const rows = report.best[kind][scenario];
  const ours = rows.find((row) => row.peer === 'marquee')?.commands_per_s ?? rows[0].commands_per_s;
  const shows = new Map(rows.map((row) => [row.commands_per_s, row]));
  return panel(y, title, rows.map((row) => ({ name: names[row.peer], value: row.commands_per_s, kind: kindOf(row.peer) })),
    (value) => {
      const row = shows.get(value);
      const times = value === ours ? '' : `, x ${ratioText(ours / value)}`;
      return `${thousands(value)}/s (${width(row)})${times}`;
    }, false);
}

// Time to the answer: a line from p50 over p99 to p99.9, on a logarithmic scale that all share.
function timePanel(y, title, rows) {
  const times = rows.flatMap((row) => [row.p50_us, row.p999_us ?? row.p99_us]);
  const least = Math.min(...times) / 1.5;
  const most = Math.max(...times) * 1.1;
  const at = (us) => (LABEL + (BAR * Math.log(us / least)) / Math.log(most / least)).toFixed(1);
  const parts = [text(20, y, title, 'class="title"')];
  const bottom = y + 12 + rows.length * STEP;
  for (let us = 10 ** Math.ceil(Math.log10(least)); us < most; us *= 10) {
    parts.push(`<line x1="${at(us)}" x2="${at(us)}" y1="${y + 12}" y2="${bottom}" class="grid"/>`);
    parts.push(text(at(us), bottom + 14, micros(us), 'text-anchor="middle" class="small"'));
  }
  rows.forEach((row, i) => {
    const middle = y + 12 + i * STEP + STEP / 2;
    const last = row.p999_us ?? row.p99_us;
    parts.push(text(LABEL - 8, middle + 4, names[row.peer], 'text-anchor="end"'));
    parts.push(`<line x1="${at(row.p50_us)}" x2="${at(last)}" y1="${middle}" y2="${middle}" class="span"/>`);
    for (const [us, size] of [[row.p50_us, 6], [row.p99_us, 4.5], [last, 3]])
      parts.push(`<circle cx="${at(us)}" cy="${middle}" r="${size}" class="${kindOf(row.peer)}"/>`);
    parts.push(text(LABEL + BAR + 14, middle + 4, `${micros(row.p50_us)}, ${micros(row.p99_us)}`, 'class="small"'));
  });
  return { svg: parts.join('\n'), end: bottom + 20 };
}

const costPanel = (y, title, rows, of, show) => panel(y, title,
  rows.map((row) => ({ name: names[row.peer], value: Math.max(of(row), 1e-9), kind: kindOf(row.peer) })), show, false);

export function svgOf(report) {
  const parts = [];
  let y = 76;
  const add = ({ svg, end }) => { parts.push(svg); y = end + 40; };
  for (const scenario of scenarios)
    if (report.best.wide[scenario].length)
      add(ratePanel(y, report, 'wide', scenario, `${scenario}: commands a second, each at its best`));
  for (const [kind, title] of [['narrow', 'one command in flight on each of up to 64 connections'], ['lone', 'one alone']])
    add(ratePanel(y, report, kind, 'hot', `hot: commands a second, ${title}`));
  for (const scenario of ['map', 'lock'])
    if (report.best.wide[scenario].length)
      add(ratePanel(y, report, 'wide', scenario, `${scenario} over HTTP, wrk: requests a second`));
  add(timePanel(y, 'hot, one alone: p50, p99, p99.9 (small), logarithmic', report.best.lone.hot));
  for (const scenario of ['rush', 'hot', 'uniform'])
    add(timePanel(y, `${scenario}, each at its best: p50, p99, p99.9 (small), logarithmic`, report.best.wide[scenario]));
  add(costPanel(y, 'hot: processor time of the server, microseconds a command', report.best.wide.hot, (row) => row.cpu_us,
    (value) => `${value.toFixed(1)} us`));
  if (report.best.wide.hot.every((row) => row.device_bytes !== undefined))
    add(costPanel(y, 'hot: bytes written to the device a command', report.best.wide.hot, (row) => row.device_bytes, thousands));
  const room = WIDTH + 160;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${room}" height="${y}" viewBox="0 0 ${room} ${y}">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 } .small { font-size: 11px }
.limit { fill: #8c959f } .less { fill: #c9ced4 } .bar { fill: #2f6fb3 }
.grid { stroke: #e3e6ea } .span { stroke: #8c959f; stroke-width: 2 }
</style>
<rect width="100%" height="100%" fill="#ffffff"/>
${text(20, 28, 'Marquee and its peers', 'class="title" style="font-size:17px"')}
${text(20, 44, `${head(report)}; x: how many times that Marquee's is`, 'class="small"')}
${parts.join('\n')}
</svg>
`;
}

const htmlTable = (heads, lines, left) => `<table><tr>${heads.map((name) => `<th>${escape(name)}</th>`).join('')}</tr>\n${
  lines.map((line) => `<tr>${line.map((word, i) => `<td${i < left ? '' : ' class="n"'}>${escape(word)}</td>`).join('')}</tr>`)
    .join('\n')}\n</table>`;

export function htmlOf(report, svg) {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Marquee and its peers</title>
<style>
body { font: 14px system-ui, sans-serif; color: #24292f; margin: 2rem; max-width: 70rem }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .2rem .6rem; border-bottom: 1px solid #e3e6ea; text-align: left }
.n { text-align: right; font-variant-numeric: tabular-nums }
</style></head><body>
<h1>Marquee and its peers</h1>
<p>${escape(`${report.date}; ${head(report)}. To repeat: make bench-peers SECONDS=${report.seconds} ROUNDS=${report.rounds}`)}</p>
<h2>Ratios</h2>
${htmlTable(ratioHeads, ratioWords(report), 2)}
<h2>In pictures</h2>
${svg}
<h2>Limits</h2>
${htmlTable(['limit', ''], limitWords(report), 1)}
${htmlTable(boundHeads, boundWords(report), 1)}
<h2>All measurements</h2>
${htmlTable(columns.map(([name]) => name), sorted(report.rows).map(cells), LEFT)}
<h2>Versions and settings</h2>
${htmlTable(settingHeads, settingWords(report), 3)}
</body></html>
`;
}
