// sw - the pages without a network: the shell is kept when they are first opened, and whatever was fetched under a
// name that never changes. What the server tells is never kept here; tickets are kept by their page.
const version = 'VERSION'
const shell = [/* shell */]
const marked = /\.[0-9a-f]{12}\.\w+$/

addEventListener('install', event => {
    skipWaiting()
    event.waitUntil((async () => {
        const cache = await caches.open(version)
        // What the last version kept under the same name is the same.
        for (const path of shell) {
            const old = marked.test(path) && await caches.match(path)
            if (old)
                await cache.put(path, old)
            else
                await cache.add(new Request(path, { cache: marked.test(path) ? 'default' : 'no-cache' }))
        }
    })())
})

addEventListener('activate', event => {
    event.waitUntil((async () => {
        for (const name of await caches.keys())
            if (name !== version)
                await caches.delete(name)
        await clients.claim()
    })())
})

async function kept(request) {
    const cache = await caches.open(version)
    const old = await cache.match(request)
    if (old)
        return old
    const answer = await fetch(request)
    if (answer.ok)
        await cache.put(request, answer.clone())
    return answer
}

// A page comes from the network; without one, as it was kept, whatever is asked of it.
async function page(request) {
    try {
        return await fetch(request)
    } catch (fault) {
        const old = await caches.match(request, { ignoreSearch: true })
        if (old)
            return old
        throw fault
    }
}

addEventListener('fetch', event => {
    const { request } = event
    const url = new URL(request.url)
    if (request.method !== 'GET' || url.origin !== location.origin)
        return
    if (request.mode === 'navigate')
        event.respondWith(page(request))
    else if (marked.test(url.pathname))
        event.respondWith(kept(request))
})
