// files - static pages: types, entity tags, ranges, what was packed beforehand, and what must not be had.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { check, equal, finish } from './check.mjs'
import { ask } from './http.mjs'

const css = readFileSync(`${process.env.WEB_PAGES}/app.css`, 'utf8')

const home = await ask('GET', '/')
equal('a folder is its index', [home.status, home.headers['content-type'], home.text],
    [200, 'text/html; charset=utf-8', '<!doctype html><title>home</title>'])
check('a page has a policy', /default-src 'self'/.test(home.headers['content-security-policy']) &&
    /frame-ancestors 'none'/.test(home.headers['content-security-policy']) &&
    !/unsafe-inline/.test(home.headers['content-security-policy']), home.headers)
equal('nosniff', home.headers['x-content-type-options'], 'nosniff')
equal('asked for again each time', home.headers['cache-control'], 'no-cache')
equal('so is one below', (await ask('GET', '/sub/')).text, '<!doctype html><title>sub</title>')
equal('a name without ending is a page', (await ask('GET', '/about?x=1')).text, '<!doctype html><title>about</title>')
equal('also below', (await ask('GET', '/sub/more')).text, '<!doctype html><title>more</title>')
const head = await ask('HEAD', '/')
equal('HEAD has the size and no body', [head.status, head.headers['content-length'], head.text], [200, String(home.text.length), ''])
equal('an entity tag', (await ask('GET', '/', { headers: { 'if-none-match': home.headers.etag } })).status, 304)
equal('another one', (await ask('GET', '/', { headers: { 'if-none-match': '"x"' } })).status, 200)
equal('a name with its mark never changes', (await ask('GET', '/app.0123abcd.js')).headers['cache-control'], 'public, max-age=31536000, immutable')
equal('an empty file', [(await ask('GET', '/empty.txt')).status, (await ask('GET', '/empty.txt')).text], [200, ''])

const packed = await ask('GET', '/app.css', { headers: { 'accept-encoding': 'gzip' } })
equal('what was packed is sent packed', [packed.headers['content-encoding'], gunzipSync(packed.bytes).toString() === css], ['gzip', true])
check('and says that it depends', /Accept-Encoding/i.test(packed.headers.vary), packed.headers)
const plain = await ask('GET', '/app.css')
equal('or as it is', [plain.headers['content-encoding'], plain.text === css], [undefined, true])
check('with another tag', plain.headers.etag !== packed.headers.etag)

for (const [range, status, from, to] of [
    ['bytes=0-9', 206, 0, 10], ['bytes=100-', 206, 100, css.length], ['bytes=-5', 206, css.length - 5, css.length],
    [`bytes=5-${css.length + 100}`, 206, 5, css.length], ['bytes=0-0', 206, 0, 1],
    ['bytes=9-5', 200, 0, css.length], ['bytes=0-1,4-5', 200, 0, css.length], ['lines=0-1', 200, 0, css.length], ['bytes=x', 200, 0, css.length],
]) {
    const part = await ask('GET', '/app.css', { headers: { range } })
    equal(`${range}: status and bytes`, [part.status, part.text === css.slice(from, to)], [status, true])
    if (status === 206)
        equal(`${range}: says which`, part.headers['content-range'], `bytes ${from}-${to - 1}/${css.length}`)
}
const beyond = await ask('GET', '/app.css', { headers: { range: `bytes=${css.length}-` } })
equal('a range behind the end', [beyond.status, beyond.headers['content-range'], beyond.json.code], [416, `bytes */${css.length}`, 'RANGE'])
equal('if-range of another', (await ask('GET', '/app.css', { headers: { range: 'bytes=0-1', 'if-range': '"x"' } })).status, 200)
equal('if-range of this', (await ask('GET', '/app.css', { headers: { range: 'bytes=0-1', 'if-range': plain.headers.etag } })).status, 206)

for (const path of ['/.hidden.txt', '/link.txt', '/README', '/nothing.txt', '/nothing', '/sub', '/about/', '/.about', '/app.css/', '/sub//index.html/x', '//etc/passwd', '/app.css%00', '/%2e%2e/x'])
    check(`${path} is not had`, [400, 404].includes((await ask('GET', path)).status), (await ask('GET', path)).status)
equal('a page is not posted to', (await ask('POST', '/', { body: {} })).status, 404)
equal('routes come first', (await ask('GET', '/healthz')).text, 'ok\n')
await finish()
