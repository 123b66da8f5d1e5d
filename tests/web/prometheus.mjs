// prometheus - the text format 0.0.4, read strictly: names, escapes, one group a name below its HELP and
// TYPE, no series twice, histograms whole.
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABELS = String.raw`\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\}`
const SAMPLE = new RegExp(`^(${NAME})(?:${LABELS})? (\\+Inf|-Inf|NaN|-?[0-9.]+(?:e[-+]?[0-9]+)?)$`)
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped']

// { name: { type, help, samples: [{ name, labels, value }] } }, or an error that says which line.
export function parse(text) {
    const families = {}, series = new Set()
    let open
    if (!text.endsWith('\n'))
        throw new Error('the last line has no end')
    const lines = text.slice(0, -1).split('\n')
    for (const [at, line] of lines.entries()) {
        const wrong = why => new Error(`line ${at + 1}: ${why}: ${line}`)
        const help = line.match(new RegExp(`^# HELP (${NAME}) (.+)$`))
        const type = line.match(new RegExp(`^# TYPE (${NAME}) (\\w+)$`))
        if (help) {
            if (families[help[1]])
                throw wrong('a name comes twice')
            open = families[help[1]] = { help: help[2], samples: [] }
        } else if (type) {
            if (!open || families[type[1]] !== open || open.type || !TYPES.includes(type[2]))
                throw wrong('TYPE is not behind its HELP')
            open.type = type[2]
        } else {
            const sample = line.match(SAMPLE)
            if (!sample)
                throw wrong('no sample')
            const [, name, words = '', said] = sample
            const family = families[name] ?? families[name.replace(/_(bucket|sum|count)$/, '')]
            if (!family?.type || family !== open)
                throw wrong('a sample that is not below its TYPE')
            const pairs = [...words.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, value])
            const labels = Object.fromEntries(pairs)
            if (Object.keys(labels).length !== pairs.length)
                throw wrong('a label comes twice')
            const key = `${name} ${JSON.stringify(pairs.sort())}`
            if (series.has(key))
                throw wrong('a series comes twice')
            series.add(key)
            const value = said === '+Inf' ? Infinity : Number(said)
            if (family.type === 'counter' && !(value >= 0))
                throw wrong('a counter below zero')
            family.samples.push({ name, labels, value })
        }
    }
    for (const [name, family] of Object.entries(families))
        if (family.type === 'histogram')
            histogram(name, family.samples)
    return families
}

// Buckets of one set of labels: ascending bounds, cumulative, the last is +Inf and the count.
function histogram(name, samples) {
    const groups = new Map()
    for (const { name: sample, labels: { le, ...labels }, value } of samples) {
        const key = JSON.stringify(labels)
        const group = groups.get(key) ?? groups.set(key, { buckets: [] }).get(key)
        if (sample === `${name}_bucket`)
            group.buckets.push([le === '+Inf' ? Infinity : Number(le), value])
        else
            group[sample.slice(name.length + 1)] = value
    }
    for (const [key, { buckets, sum, count }] of groups) {
        const good = buckets.length > 1 && buckets.at(-1)[0] === Infinity && buckets.at(-1)[1] === count && sum >= 0 &&
            buckets.every(([bound, value], at) => !at || (bound > buckets[at - 1][0] && value >= buckets[at - 1][1]))
        if (!good)
            throw new Error(`${name} ${key}: not a histogram`)
    }
}
