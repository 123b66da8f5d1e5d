// plot - the report as one SVG picture, written by hand: bars of rates, bars of times, ratios.

export const WIDTH = 860;
export const LABEL = 190;
export const BAR = 520;
export const STEP = 26;

export const escape = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
export const text = (x, y, words, more = '') => `<text x="${x}" y="${y}" ${more}>${escape(words)}</text>`;

export const thousands = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',');
export const micros = (us) => (us >= 10000 ? `${(us / 1000).toFixed(1)} ms` : `${us.toFixed(us < 1000 ? 1 : 0)} us`);

// Bars of one panel; times are drawn on a logarithmic scale, since they span decades.
export function panel(y, title, rows, show, logarithmic) {
  const most = Math.max(...rows.map((row) => row.value));
  const least = Math.min(...rows.map((row) => row.value)) / 2;
  const length = (value) => (logarithmic
    ? BAR * Math.log(value / least) / Math.log(most / least) : BAR * value / most);
  const parts = [text(20, y, title, 'class="title"')];
  rows.forEach((row, i) => {
    const top = y + 12 + i * STEP;
    parts.push(text(LABEL - 8, top + 15, row.name, 'text-anchor="end"'));
    parts.push(`<rect x="${LABEL}" y="${top + 2}" width="${Math.max(1, length(row.value)).toFixed(1)}" ` +
      `height="${STEP - 8}" rx="2" class="${row.kind}"/>`);
    parts.push(text(LABEL + Math.max(1, length(row.value)) + 6, top + 15, show(row.value)));
  });
  return { svg: parts.join('\n'), end: y + 12 + rows.length * STEP };
}

// Ratios against their goals: the mark is the goal.
function ratioPanel(y, ratios, goals) {
  const parts = [text(20, y, 'Ratios and goals (the mark)', 'class="title"')];
  Object.entries(ratios).forEach(([name, value], i) => {
    const goal = goals[name];
    const bound = goal.at_least ?? goal.at_most;
    const good = goal.at_least !== undefined ? value >= bound : value <= bound;
    const scale = BAR / Math.max(value, bound, goal.at_least !== undefined ? 1 : bound * 1.4);
    const top = y + 12 + i * STEP;
    parts.push(text(LABEL - 8, top + 15, goal.text, 'text-anchor="end"'));
    parts.push(`<rect x="${LABEL}" y="${top + 2}" width="${(value * scale).toFixed(1)}" height="${STEP - 8}" ` +
      `rx="2" class="${good ? 'good' : 'bad'}"/>`);
    parts.push(`<line x1="${LABEL + bound * scale}" x2="${LABEL + bound * scale}" y1="${top - 1}" ` +
      `y2="${top + STEP - 3}" class="mark"/>`);
    parts.push(text(LABEL + Math.max(value, bound) * scale + 6, top + 15,
      `${value.toFixed(2)} (${goal.at_least !== undefined ? 'at least' : 'at most'} ${bound})`));
  });
  return { svg: parts.join('\n'), end: y + 12 + Object.keys(ratios).length * STEP };
}

export function drawReport(report, goals) {
  const of = Object.fromEntries(report.scenarios.map((s) => [s.name, s]));
  const rates = panel(66, `Commands a second, ${report.clients} clients x ${report.inflight} in flight`, [
    { name: 'echo (the limit)', value: report.limits.echo_per_s, kind: 'limit' },
    ...['hot', 'uniform', 'rush', 'purchase'].map((name) =>
      ({ name, value: of[name].commands_per_s, kind: 'bar' })),
  ], (value) => thousands(value), false);
  const times = panel(rates.end + 40, 'Time to the answer, logarithmic', [
    { name: 'synced append p50 (limit)', value: report.limits.synced_append_p50_us, kind: 'limit' },
    { name: 'one alone, p50', value: of.lone.p50_us, kind: 'bar' },
    { name: 'half of the peak, p50', value: of.half.p50_us, kind: 'bar' },
    { name: 'half of the peak, p99', value: of.half.p99_us, kind: 'bar' },
    { name: 'half of the peak, p99.9', value: of.half.p999_us, kind: 'bar' },
    { name: 'hot, p50', value: of.hot.p50_us, kind: 'bar' },
    { name: 'hot, p99.9', value: of.hot.p999_us, kind: 'bar' },
  ], micros, true);
  const ratios = ratioPanel(times.end + 40, report.ratios, goals);
  const height = ratios.end + 24;
  const { machine } = report;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.limit { fill: #8c959f } .bar { fill: #2f6fb3 } .good { fill: #2e8b57 } .bad { fill: #c0392b }
.mark { stroke: #24292f; stroke-width: 2 }
</style>
<rect width="100%" height="100%" fill="#ffffff"/>
${text(20, 28, 'Marquee, measured', 'class="title" style="font-size:17px"')}
${text(LABEL, 28, `${machine.cpu}, ${machine.cores} cores, ${report.rounds} rounds of ${report.seconds} s`)}
${rates.svg}
${times.svg}
${ratios.svg}
</svg>
`;
}
