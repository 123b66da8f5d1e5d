#!/usr/bin/env node
/* callgrind - instructions a command, by scenario and part: the figure that a busy machine does not
 * move. Prints a table and writes build/bench/instructions.json.
 *
 *     bench/callgrind.mjs            measure and show
 *     bench/callgrind.mjs --check    and fail where it is more than 5 % over bench/instructions.json
 *     bench/callgrind.mjs --write    and make what was measured the new bench/instructions.json
 *
 * Counts hold for one compiler and one kind of processor (the libraries choose their code by it), so
 * others are shown and not judged. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const build = process.env.BUILD ?? 'build/release';
const program = `${build}/bench-instructions`;
const kept = 'bench/instructions.json';
const scenarios = ['rush', 'hot', 'uniform', 'purchase', 'look'];
const parts = ['client', 'broker', 'actor'];
const commands = 8192;
const growth = 1.05;

const first = (text) => text.split('\n')[0].trim();

function machine() {
    const info = readFileSync('/proc/cpuinfo', 'utf8');
    return {
        compiler: first(execFileSync(process.env.CC ?? 'gcc', ['--version'], { encoding: 'utf8' })),
        processor: (/^model name\s*:\s*(.*)$/m.exec(info) ?? ['', 'unknown'])[1],
    };
}

/* One scenario: its commands, and the instructions of all and of each part. */
function measure(scenario, folder) {
    const out = join(folder, scenario);
    const run = spawnSync('valgrind', ['--tool=callgrind', '--quiet', `--callgrind-out-file=${out}`,
        '--toggle-collect=instructions_measure', program, scenario, String(commands)],
    { encoding: 'utf8', timeout: 300000 });
    if (run.status !== 0)
        throw new Error(`${scenario}: valgrind: ${run.stderr || run.error}`);
    const said = JSON.parse(run.stdout);
    const inclusive = execFileSync('callgrind_annotate',
        ['--inclusive=yes', '--threshold=100', '--show=Ir', out],
        { encoding: 'utf8', maxBuffer: 1 << 26 });
    const of = (name) => {
        const found = new RegExp(`^\\s*([\\d,]+).*[:\\s]${name}(?:\\.\\w+)*(?:'\\d+)? `, 'm')
            .exec(inclusive);
        if (!found)
            throw new Error(`${scenario}: callgrind saw no ${name}`);
        return Number(found[1].replaceAll(',', '')) / said.commands;
    };
    const figures = { all: Math.round(of('instructions_measure')) };
    for (const part of parts)
        figures[part] = Math.round(of(`part_${part}`));
    figures.blocks = Number((said.blocks / said.commands).toFixed(3));
    return figures;
}

function show(results, before) {
    const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
    row(['instructions a command', 'all', ...parts, 'blocks', 'against the kept']);
    row(['---', '---', ...parts.map(() => '---'), '---', '---']);
    for (const name of scenarios) {
        const now = results[name];
        const old = before?.scenarios[name]?.all;
        row([name, now.all, ...parts.map((part) => now[part]), now.blocks,
            old ? (now.all / old).toFixed(3) : '']);
    }
}

function judge(results, before, here) {
    let passed = 0, failed = 0;
    if (before.compiler !== here.compiler || before.processor !== here.processor) {
        console.log(`told    counts are those of ${here.compiler} on ${here.processor}; not judged`);
        for (const name of scenarios)
            results[name].all > 0 ? passed++ : failed++;
    } else
        for (const name of scenarios) {
            const good = results[name].all <= before.scenarios[name].all * growth;
            good ? passed++ : failed++;
            if (!good)
                console.log(`not ok: ${name}: ${results[name].all} instructions a command, ` +
                    `${before.scenarios[name].all} were kept`);
        }
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0;
}

const here = machine();
const folder = mkdtempSync(join(tmpdir(), 'marquee-callgrind-'));
const results = {};
try {
    for (const name of scenarios)
        results[name] = measure(name, folder);
} finally {
    rmSync(folder, { recursive: true });
}
let before = null;
try {
    before = JSON.parse(readFileSync(kept, 'utf8'));
} catch (error) {
    if (error.code !== 'ENOENT')
        throw error;
}
show(results, before);
const report = JSON.stringify({ ...here, commands, scenarios: results }, null, 4) + '\n';
mkdirSync('build/bench', { recursive: true });
writeFileSync('build/bench/instructions.json', report);
if (process.argv.includes('--write'))
    writeFileSync(kept, report);
if (process.argv.includes('--check') && !judge(results, before, here))
    process.exitCode = 1;
