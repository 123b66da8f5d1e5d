// tokens - JSON web tokens by the npm package jose, under keys of the bridge's own file.
import { readFileSync } from 'node:fs'
import { SignJWT, jwtVerify } from 'jose'

export const ringFile = `${process.env.WEB_WORK}/bridge/tokens`
// [[kid, key]], the newest first.
export const ring = () => readFileSync(ringFile, 'utf8').trim().split('\n')
    .map(line => line.split(' ')).map(([kid, key]) => [kid, Buffer.from(key, 'base64url')])

const now = () => Math.floor(Date.now() / 1000)

// A token: times are said from now on; what is null is left out.
export function issue({ kid, key, alg = 'HS256', header = {}, sub = 'g77', iss = 'marquee', role = 'member', exp = 600, iat = 0, ...more } = {}) {
    const [first] = ring()
    const claims = { sub, iss, role, exp: exp === null ? null : now() + exp, iat: iat === null ? null : now() + iat, ...more }
    return new SignJWT(Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null)))
        .setProtectedHeader({ alg, typ: 'JWT', kid: kid ?? first[0], ...header }).sign(key ?? first[1])
}
export const verify = (token, key = ring()[0][1]) =>
    jwtVerify(token, key, { issuer: 'marquee', algorithms: ['HS256'] })
