// figures - numbers of GET /metrics. A state that no event tells of is asked for until it is there.
import { check } from './check.mjs'
import { ask } from './http.mjs'

export const read = (text, name) => Number(text.match(new RegExp(`^${name} (\\d+)`, 'm'))?.[1])

// The figure as soon as `good` holds of it; 100 looks, 30 ms apart, then it is a failure.
export async function figure(name, good) {
    let value
    for (let look = 0; look < 100; look++) {
        value = read((await ask('GET', '/metrics')).text, name)
        if (good(value))
            break
        await new Promise(yes => setTimeout(yes, 30))
    }
    check(`${name}: ${good}`, good(value), value)
    return value
}
