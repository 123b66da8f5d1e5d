// keys - a merchant's keys and those of the providers, new for every run, in files for the cashier.
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'

const pair = () => generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const bare = pem => pem.replace(/-----[^-]+-----|\s/g, '')
const secret = () => randomBytes(16).toString('hex')

// WeChat's platform certificate, with the serial that it is known by.
function certificate(folder, name, privateKey) {
    writeFileSync(`${folder}/${name}.key`, privateKey, { mode: 0o600 })
    execFileSync('openssl', ['req', '-x509', '-new', '-key', `${folder}/${name}.key`, '-days', '30',
        '-subj', '/C=CN/O=Tenpay.com/CN=Tenpay.com sign', '-out', `${folder}/${name}.pem`], { stdio: 'ignore' })
    const text = execFileSync('openssl', ['x509', '-in', `${folder}/${name}.pem`, '-noout', '-serial']).toString()
    return { serial: text.trim().split('=')[1], pem: execFileSync('cat', [`${folder}/${name}.pem`]).toString() }
}

export function makeKeys(folder) {
    const merchant = pair(), app = pair(), alipay = pair()
    const platforms = ['platform1', 'platform2'].map(name => {
        const keys = pair()
        return { ...keys, ...certificate(folder, name, keys.privateKey) }
    })
    const keys = {
        merchant, app, alipay, platforms, apiV3: secret(), apiV2: secret(),
        serial: '408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB',
        wxpay: { appid: 'wx2421b1c4370ec43b', mchid: '1900007291' },
        wxpay2: { appid: 'wxd930ea5d5a258f4f', mchid: '10000100' },
        ali: { app_id: '2019073166072302', seller_id: '2088531891668739' },
    }
    const put = (name, text) => writeFileSync(`${folder}/${name}`, text, { mode: 0o600 })
    put('merchant.pem', merchant.privateKey)
    put('api_v3', keys.apiV3 + '\n')
    put('api_v2', keys.apiV2 + '\n')
    put('app.pem', bare(app.privateKey)) // Alipay's tool writes it without PEM lines
    put('alipay.pem', alipay.publicKey)
    return keys
}
export { bare }
