// build - put the pages into a folder as the bridge serves them: node clients/web/build.mjs FOLDER
//
// Nothing is bundled or rewritten but names: a file that others name gets the mark of its content into its
// own name, so that browsers may keep it for ever; whoever names it says the new name, and pages tell
// beforehand what their modules will import. Packages from npm are copied beside ours. What is text is
// packed, too.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const here = dirname(fileURLToPath(import.meta.url))
const to = process.argv[2]
const packages = {
    preact: 'preact/dist/preact.mjs',
    'preact/hooks': 'preact/hooks/dist/hooks.mjs',
    htm: 'htm/dist/htm.mjs',
    jsqr: 'jsqr/dist/jsQR.js',
}
const packed_from = 200 // bytes: less is not worth a file

// Ours by their path, as '/lib/api.js'; those of packages as '/npm/preact.js'.
const sources = new Map()
function gather(folder) {
    for (const name of readdirSync(folder).sort()) {
        const path = join(folder, name)
        if (name === 'node_modules' || name === 'build.mjs' || /^package(-lock)?\.json$/.test(name))
            continue
        if (statSync(path).isDirectory())
            gather(path)
        else
            sources.set('/' + relative(here, path), readFileSync(path))
    }
}
const packagePath = name => `/npm/${name.replace('/', '-')}.js`

const fail = what => {
    console.error(`build: ${what}`)
    process.exit(1)
}
const built = new Map() // path -> { name, bytes, imports }
const marked = path => !/\.html$/.test(path) && path !== '/sw.js' && path !== '/manifest.webmanifest'

// What a module imports, and every other file that a text names in quotes by its whole path.
const importing = /((?<![.\w])(?:from|import)\s*\(?\s*)(['"])([^'"]+)\2/g
const naming = /(['"])(\/[\w/.-]+\.(?:js|css|svg|webmanifest))\1/g

function resolve(specifier, from) {
    if (specifier.startsWith('.'))
        return posix.join(posix.dirname(from), specifier)
    return specifier.startsWith('/') ? specifier : packagePath(specifier)
}

function build(path, trail = []) {
    if (built.has(path))
        return built.get(path)
    if (trail.includes(path))
        fail(`${[...trail, path].join(' -> ')} is a circle`)
    if (!sources.has(path))
        fail(`${trail.at(-1)} names ${path}, which is not there`)
    const imports = new Set()
    let bytes = sources.get(path)
    const name = other => build(other, [...trail, path]).name
    if (/\.(js|html|css|webmanifest)$/.test(path)) {
        let text = bytes.toString().replace(/^\/\/# sourceMappingURL=.*$/m, '')
        if (path.endsWith('.js'))
            text = text.replace(importing, (whole, before, quote, specifier) => {
                const other = resolve(specifier, path)
                if (!before.includes('('))
                    imports.add(other)
                return `${before}${quote}${name(other)}${quote}`
            })
        if (!path.startsWith('/npm/'))
            text = text.replace(naming, (whole, quote, other) => sources.has(other) && other !== path ? quote + name(other) + quote : whole)
        bytes = Buffer.from(path.endsWith('.html') ? page(path, text) : text)
    }
    const mark = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
    const one = { name: marked(path) ? path.replace(/\.(\w+)$/, `.${mark}.$1`) : path, bytes, imports }
    built.set(path, one)
    return one
}

// Behind the page's own script: what it imports, directly or not, to be fetched at once.
function page(path, text) {
    const all = new Set()
    const add = one => {
        for (const other of built.get(one).imports)
            if (!all.has(other)) {
                all.add(other)
                add(other)
            }
    }
    for (const [one, { name }] of [...built])
        if (text.includes(`src="${name}"`))
            add(one)
    const links = [...all].map(one => `<link rel="modulepreload" href="${built.get(one).name}">`)
    return text.replace('</head>', links.join('') + '</head>')
}

gather(here)
for (const [name, file] of Object.entries(packages))
    sources.set(packagePath(name), readFileSync(join(here, 'node_modules', file)))
const worker = sources.get('/sw.js')
sources.delete('/sw.js')
for (const path of sources.keys())
    build(path)

// The service worker keeps the shell: pages, modules and styles; pictures come when they are looked at.
const shell = [...built.values()].map(one => one.name)
    .filter(name => !/\/(art|npm\/jsqr)/.test(name) && !/\/(staff|kiosk)/.test(name))
    .map(name => name.replace(/\/index\.html$/, '/').replace(/\.html$/, '')).sort()
const version = createHash('sha256').update([...built.values()].map(one => createHash('sha256').update(one.bytes).digest('hex')).join()).digest('hex').slice(0, 12)
built.set('/sw.js', {
    name: '/sw.js',
    bytes: Buffer.from(worker.toString().replace("'VERSION'", `'${version}'`).replace('[/* shell */]', JSON.stringify(shell))),
})

if (!to)
    fail('a folder is wanted')
// Into the folder itself, which a running bridge has open; pages last, when what they name is there.
const order = [...built.values()].sort((a, b) => marked(b.name) - marked(a.name))
const files = new Map()
for (const { name, bytes } of order) {
    files.set(join(to, name), bytes)
    if (bytes.length >= packed_from)
        files.set(join(to, `${name}.gz`), gzipSync(bytes, { level: 9 }))
}
for (const [path, bytes] of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.part`, bytes)
    renameSync(`${path}.part`, path)
}
function tidy(folder) {
    for (const name of readdirSync(folder)) {
        const path = join(folder, name)
        if (statSync(path).isDirectory())
            tidy(path)
        else if (!files.has(path))
            rmSync(path)
    }
}
tidy(normalize(to))
