// gateway - the payment providers, on loopback: what marquee-cashier asks is verified by the
// providers' own libraries, what is answered is signed as they do.
//
// An order is one charge, however often it is asked for; a refund number pays back once. `faults` can
// lose an answer after the work was done, hide a payment from queries, or refuse to close.
import http from 'node:http'
import { createSign, randomBytes } from 'node:crypto'
import { AlipaySdk } from 'alipay-sdk'
import wechatpay from 'wechatpay-axios-plugin'
import { bare } from './keys.mjs'
const { Rsa, Aes, Formatter, Hash, Transformer } = wechatpay

const beijing = (form, ms = Date.now()) => {
    const text = new Date(ms + 8 * 3600e3).toISOString()
    if (form === 'rfc') return text.slice(0, 19) + '+08:00'
    return form === 'plain' ? text.slice(0, 19).replace('T', ' ') : text.slice(0, 19).replace(/\D/g, '')
}
const yuan = fen => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
const fenOf = text => Math.round(Number(text) * 100)

export class Gateway {
    orders = new Map()
    faults = { loseCreate: new Set(), hidden: new Set() }
    seen = []          // every call: provider, call, order
    unverified = []    // requests whose signature was not good
    platform = 0       // which of WeChat's platform keys signs
    constructor(keys) {
        this.keys = keys
        this.sdk = new AlipaySdk({
            appId: keys.ali.app_id, keyType: 'PKCS8', privateKey: bare(keys.alipay.privateKey),
            alipayPublicKey: bare(keys.app.publicKey),
        })
        // As a merchant would check what we answer.
        this.merchantSdk = new AlipaySdk({
            appId: keys.ali.app_id, keyType: 'PKCS8', privateKey: bare(keys.app.privateKey),
            alipayPublicKey: bare(keys.alipay.publicKey),
        })
    }
    async listen() {
        this.server = http.createServer((request, response) => {
            const parts = []
            request.on('data', part => parts.push(part))
            request.on('end', () => this.take(request, response, Buffer.concat(parts).toString()))
        })
        await new Promise(done => this.server.listen(0, '127.0.0.1', done))
        this.port = this.server.address().port
        this.base = `http://127.0.0.1:${this.port}`
    }
    close() {
        this.server.closeAllConnections()
        this.server.close()
    }
    take(request, response, body) {
        try {
            if (request.url.startsWith('/v3/')) this.wx3(request, response, body)
            else if (request.url.startsWith('/gateway.do')) this.alipay(request, response, body)
            else if (request.url.startsWith('/bill/')) response.end(this.bills?.get(request.url) ?? '')
            else this.wx2(request, response, body)
        } catch (fault) {
            this.unverified.push(`${request.method} ${request.url}: ${fault.stack}`)
            response.writeHead(500).end()
        }
    }
    // Make, or find again.
    open(provider, no, total, more = {}) {
        let order = this.orders.get(no)
        this.seen.push({ provider, call: 'create', no })
        if (!order) {
            order = { provider, no, total, state: 'NOTPAY', refunds: new Map(), charges: 0, ...more }
            this.orders.set(no, order)
        }
        return order
    }
    pay(no, total) {
        const order = this.orders.get(no)
        if (order.state !== 'NOTPAY') throw new Error(`${no} is ${order.state}`)
        order.charges++
        order.state = 'SUCCESS'
        order.txn = `42000${Date.now()}${randomBytes(4).readUInt32BE()}`
        order.paidAt = Date.now()
        order.total = total ?? order.total
        return order
    }
    shown(order) {
        return this.faults.hidden.has(order.no) ? 'NOTPAY' : order.state
    }
    refund(no, number, amount) {
        const order = this.orders.get(no)
        if (!order.refunds.has(number))
            order.refunds.set(number, { number, amount, times: 0, id: `50300${randomBytes(6).readUIntBE(0, 6)}` })
        const refund = order.refunds.get(number)
        refund.times++
        return refund
    }

    /* ---------------------------------------------------------------- WeChat Pay, APIv3 */

    wx3Signed(response, status, body) {
        const platform = this.keys.platforms[this.platform]
        const text = body === undefined ? '' : JSON.stringify(body)
        const time = String(Formatter.timestamp()), nonce = Formatter.nonce()
        response.writeHead(status, {
            'Content-Type': 'application/json', 'Wechatpay-Timestamp': time, 'Wechatpay-Nonce': nonce,
            'Wechatpay-Serial': platform.serial,
            'Wechatpay-Signature': Rsa.sign(Formatter.response(time, nonce, text), platform.privateKey),
        })
        response.end(text)
    }
    wx3Authentic(request, body) {
        const fields = Object.fromEntries([...request.headers.authorization.matchAll(/(\w+)="([^"]*)"/g)]
            .map(([, name, value]) => [name, value]))
        return request.headers.authorization.startsWith('WECHATPAY2-SHA256-RSA2048 ') &&
            fields.mchid === this.keys.wxpay.mchid && fields.serial_no === this.keys.serial &&
            Math.abs(Number(fields.timestamp) - Date.now() / 1000) < 300 &&
            Rsa.verify(Formatter.request(request.method, request.url, fields.timestamp, fields.nonce_str, body),
                fields.signature, this.keys.merchant.publicKey)
    }
    wx3Sealed(plain, aad, type) {
        const nonce = Formatter.nonce(12)
        return { algorithm: 'AEAD_AES_256_GCM', nonce, associated_data: aad, original_type: type,
            ciphertext: Aes.AesGcm.encrypt(plain, this.keys.apiV3, nonce, aad) }
    }
    wx3Transaction(order) {
        const state = this.shown(order)
        const base = { appid: this.keys.wxpay.appid, mchid: this.keys.wxpay.mchid, out_trade_no: order.no,
            trade_state: state, trade_state_desc: state, amount: { total: order.total, currency: 'CNY' } }
        if (state !== 'SUCCESS' && state !== 'REFUND') return base
        return { ...base, transaction_id: order.txn, trade_type: 'NATIVE', bank_type: 'OTHERS',
            success_time: beijing('rfc', order.paidAt), payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
            amount: { total: order.total, payer_total: order.total, currency: 'CNY', payer_currency: 'CNY' } }
    }
    wx3Refund(refund, order) {
        return { refund_id: refund.id, out_refund_no: refund.number, transaction_id: order.txn,
            out_trade_no: order.no, channel: 'ORIGINAL', user_received_account: '零钱', status: refund.times > 1 ? 'SUCCESS' : 'PROCESSING',
            create_time: beijing('rfc'), amount: { total: order.total, refund: refund.amount, currency: 'CNY' } }
    }
    wx3(request, response, body) {
        if (!this.wx3Authentic(request, body)) {
            this.unverified.push(`${request.method} ${request.url}`)
            return response.writeHead(401).end('{"code":"SIGN_ERROR","message":"签名错误"}')
        }
        const error = (status, code) =>
            response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ code, message: code }))
        const path = request.url.split('?')[0], json = body && JSON.parse(body)
        if (path === '/v3/certificates')
            return this.wx3Signed(response, 200, { data: this.keys.platforms.map(one => ({
                serial_no: one.serial, effective_time: beijing('rfc'), expire_time: beijing('rfc', Date.now() + 1e9),
                encrypt_certificate: this.wx3Sealed(one.pem, 'certificate') })) })
        let match
        if ((match = path.match(/^\/v3\/pay\/transactions\/(native|jsapi|h5)$/))) {
            const order = this.open('wxpay', json.out_trade_no, json.amount.total,
                { notify: json.notify_url, subject: json.description, expires: Date.parse(json.time_expire) })
            if (order.state !== 'NOTPAY') return error(400, 'ORDERPAID')
            if (this.faults.loseCreate.delete(order.no) || this.faults.loseCreate.delete('wxpay')) return response.destroy()
            return this.wx3Signed(response, 200, match[1] === 'native'
                ? { code_url: `weixin://wxpay/bizpayurl?pr=${order.no.slice(-9)}` }
                : match[1] === 'h5' ? { h5_url: `https://wx.tenpay.com/pay?prepay_id=${order.no}` }
                    : { prepay_id: `wx20${order.no}` })
        }
        if ((match = path.match(/^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)(\/close)?$/))) {
            const order = this.orders.get(match[1])
            this.seen.push({ provider: 'wxpay', call: match[2] ? 'close' : 'query', no: match[1] })
            if (!order) return error(404, 'ORDER_NOT_EXIST')
            if (!match[2]) return this.wx3Signed(response, 200, this.wx3Transaction(order))
            if (this.faults.hidden.has(order.no)) return error(500, 'SYSTEM_ERROR')
            if (order.state === 'SUCCESS') return error(400, 'ORDERPAID')
            order.state = 'CLOSED'
            return this.wx3Signed(response, 204)
        }
        if (path === '/v3/refund/domestic/refunds') {
            const order = [...this.orders.values()].find(one => one.txn === json.transaction_id)
            this.seen.push({ provider: 'wxpay', call: 'refund', no: order?.no })
            if (!order || json.amount.total !== order.total) return error(404, 'RESOURCE_NOT_EXISTS')
            return this.wx3Signed(response, 200, this.wx3Refund(this.refund(order.no, json.out_refund_no, json.amount.refund), order))
        }
        if ((match = path.match(/^\/v3\/refund\/domestic\/refunds\/(.+)$/))) {
            for (const order of this.orders.values()) {
                const refund = order.refunds.get(decodeURIComponent(match[1]))
                if (refund) {
                    refund.times++
                    return this.wx3Signed(response, 200, this.wx3Refund(refund, order))
                }
            }
            return error(404, 'RESOURCE_NOT_EXISTS')
        }
        return error(404, 'NOT_FOUND')
    }
    // A notification as it is sent; `bend` may change what is signed and sealed.
    wx3Notice(order, bend = {}) {
        const platform = this.keys.platforms[this.platform]
        const plain = { ...this.wx3Transaction({ ...order, state: order.state }), ...bend.plain }
        const body = JSON.stringify({ id: randomBytes(16).toString('hex'), create_time: beijing('rfc'),
            resource_type: 'encrypt-resource', event_type: bend.event ?? 'TRANSACTION.SUCCESS', summary: '支付成功',
            resource: this.wx3Sealed(JSON.stringify(plain), 'transaction', 'transaction') })
        const time = String(bend.time ?? Formatter.timestamp()), nonce = Formatter.nonce()
        return { path: '/api/wxpay/notify', body: bend.body ?? body, headers: {
            'Content-Type': 'application/json', 'Wechatpay-Timestamp': time, 'Wechatpay-Nonce': nonce,
            'Wechatpay-Serial': bend.serial ?? platform.serial, 'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
            'Wechatpay-Signature': bend.signature ??
                Rsa.sign(Formatter.response(time, nonce, body), platform.privateKey) } }
    }

    /* ---------------------------------------------------------------- WeChat Pay, APIv2 */

    wx2Signed(response, fields) {
        const all = { return_code: 'SUCCESS', return_msg: 'OK', appid: this.keys.wxpay2.appid,
            mch_id: this.keys.wxpay2.mchid, nonce_str: Formatter.nonce(), ...fields }
        all.sign = Hash.sign(Hash.ALGO_HMAC_SHA256, all, this.keys.apiV2)
        response.writeHead(200, { 'Content-Type': 'text/xml' }).end(Transformer.toXml(all))
    }
    wx2(request, response, body) {
        const asked = Transformer.toObject(body)
        const type = asked.sign_type ?? Hash.ALGO_MD5
        if (asked.sign !== Hash.sign(type, asked, this.keys.apiV2) || asked.mch_id !== this.keys.wxpay2.mchid) {
            this.unverified.push(`${request.url}: ${body}`)
            return response.end(Transformer.toXml({ return_code: 'FAIL', return_msg: '签名错误' }))
        }
        const good = fields => this.wx2Signed(response, { result_code: 'SUCCESS', ...fields })
        const error = code => this.wx2Signed(response, { result_code: 'FAIL', err_code: code, err_code_des: code })
        const order = this.orders.get(asked.out_trade_no)
        const call = request.url.split('/').pop()
        if (call === 'unifiedorder') {
            const made = this.open('wxpay2', asked.out_trade_no, Number(asked.total_fee), { notify: asked.notify_url, subject: asked.body })
            if (made.state !== 'NOTPAY') return error('ORDERPAID')
            if (this.faults.loseCreate.delete('wxpay2')) return response.destroy()
            return good({ trade_type: asked.trade_type, prepay_id: `wx20${made.no}`, code_url: `weixin://wxpay/bizpayurl?pr=${made.no.slice(-9)}` })
        }
        this.seen.push({ provider: 'wxpay2', call, no: asked.out_trade_no ?? asked.out_refund_no })
        if (call === 'orderquery') {
            if (!order) return error('ORDERNOTEXIST')
            const state = this.shown(order)
            return good({ out_trade_no: order.no, trade_state: state, total_fee: order.total, fee_type: 'CNY',
                ...(state === 'SUCCESS' ? { transaction_id: order.txn, time_end: beijing('digits', order.paidAt), openid: 'o' } : {}) })
        }
        if (call === 'closeorder') {
            if (!order) return error('ORDERNOTEXIST')
            if (this.faults.hidden.has(order.no)) return error('SYSTEMERROR')
            if (order.state === 'SUCCESS') return error('ORDERPAID')
            order.state = 'CLOSED'
            return good({})
        }
        if (call === 'refund') {
            const paid = [...this.orders.values()].find(one => one.txn === asked.transaction_id)
            if (!paid || Number(asked.total_fee) !== paid.total) return error('ORDERNOTEXIST')
            const refund = this.refund(paid.no, asked.out_refund_no, Number(asked.refund_fee))
            return good({ transaction_id: paid.txn, out_trade_no: paid.no, out_refund_no: refund.number, refund_id: refund.id, refund_fee: refund.amount, total_fee: paid.total })
        }
        if (call === 'refundquery')
            for (const one of this.orders.values()) {
                const refund = one.refunds.get(asked.out_refund_no)
                if (refund)
                    return good({ out_trade_no: one.no, transaction_id: one.txn, total_fee: one.total, refund_count: 1,
                        out_refund_no_0: refund.number, refund_id_0: refund.id, refund_fee_0: refund.amount, refund_status_0: 'SUCCESS' })
            }
        return error(call === 'refundquery' ? 'REFUNDNOTEXIST' : 'NOTSUPPORTED')
    }
    wx2Notice(order, bend = {}) {
        const all = { return_code: 'SUCCESS', result_code: 'SUCCESS', appid: this.keys.wxpay2.appid, mch_id: this.keys.wxpay2.mchid,
            nonce_str: Formatter.nonce(), openid: 'oUpF8', is_subscribe: 'N', trade_type: 'NATIVE', bank_type: 'OTHERS',
            total_fee: order.total, fee_type: 'CNY', cash_fee: order.total, transaction_id: order.txn, out_trade_no: order.no,
            time_end: beijing('digits', order.paidAt), ...bend.plain }
        all.sign = bend.signature ?? Hash.sign(Hash.ALGO_HMAC_SHA256, all, this.keys.apiV2)
        return { path: '/api/wxpay/notify', body: bend.body ?? Transformer.toXml(all), headers: { 'Content-Type': 'text/xml' } }
    }

    /* ---------------------------------------------------------------- Alipay */

    alipaySigned(response, method, node) {
        const name = `${method.replaceAll('.', '_')}_response`
        const text = JSON.stringify(node).replaceAll('/', '\\/')
        const sign = createSign('RSA-SHA256').update(text, 'utf8').sign(this.keys.alipay.privateKey, 'base64')
        const raw = `{"${name}":${text},"sign":"${sign.replaceAll('/', '\\/')}"}`
        this.merchantSdk.checkResponseSign(raw, name, sign, '') // throws when a merchant would not believe it
        response.writeHead(200, { 'Content-Type': 'application/json;charset=utf-8' }).end(raw)
    }
    alipayVerified(params) {
        return params.app_id === this.keys.ali.app_id && params.sign_type === 'RSA2' &&
            this.sdk.checkNotifySignV2(params)
    }
    alipay(request, response, body) {
        const params = Object.fromEntries(new URLSearchParams(body))
        if (!this.alipayVerified(params)) {
            this.unverified.push(`${params.method}: ${body}`)
            return response.end('{"error_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature"}}')
        }
        const asked = JSON.parse(params.biz_content)
        const good = node => this.alipaySigned(response, params.method, { code: '10000', msg: 'Success', ...node })
        const error = word => this.alipaySigned(response, params.method, { code: '40004', msg: 'Business Failed', sub_code: word, sub_msg: word })
        const order = this.orders.get(asked.out_trade_no)
        const call = params.method.split('.').pop()
        if (params.method === 'alipay.trade.precreate') {
            const made = this.open('alipay', asked.out_trade_no, fenOf(asked.total_amount), { notify: params.notify_url, subject: asked.subject, scanned: false })
            if (made.state !== 'NOTPAY') return error('ACQ.TRADE_HAS_SUCCESS')
            if (this.faults.loseCreate.delete('alipay')) return response.destroy()
            return good({ out_trade_no: made.no, qr_code: `https://qr.alipay.com/bax0${made.no.slice(-9)}` })
        }
        this.seen.push({ provider: 'alipay', call: params.method, no: asked.out_trade_no })
        // Until it was scanned the trade does not exist.
        const exists = order && (order.state !== 'NOTPAY' || order.scanned)
        if (params.method === 'alipay.trade.query') {
            if (!exists || this.faults.hidden.has(order.no)) return error('ACQ.TRADE_NOT_EXIST')
            const status = { NOTPAY: 'WAIT_BUYER_PAY', SUCCESS: 'TRADE_SUCCESS', CLOSED: 'TRADE_CLOSED' }[order.state]
            return good({ out_trade_no: order.no, trade_no: order.txn ?? '2019', trade_status: status, total_amount: yuan(order.total),
                ...(order.state === 'SUCCESS' ? { send_pay_date: beijing('plain', order.paidAt) } : {}) })
        }
        if (params.method === 'alipay.trade.close') {
            if (!exists || this.faults.hidden.has(order.no)) return error('ACQ.TRADE_NOT_EXIST')
            if (order.state === 'SUCCESS') return error('ACQ.TRADE_STATUS_ERROR')
            order.state = 'CLOSED'
            return good({ out_trade_no: order.no, trade_no: '2019' })
        }
        if (params.method === 'alipay.trade.refund') {
            if (!order?.txn) return error('ACQ.TRADE_NOT_EXIST')
            const refund = this.refund(order.no, asked.out_request_no, fenOf(asked.refund_amount))
            return good({ out_trade_no: order.no, trade_no: order.txn, fund_change: refund.times > 1 ? 'N' : 'Y', refund_fee: yuan(refund.amount) })
        }
        if (params.method === 'alipay.trade.fastpay.refund.query') {
            const refund = order?.refunds.get(asked.out_request_no)
            return good(refund ? { out_trade_no: order.no, trade_no: order.txn, out_request_no: refund.number,
                refund_amount: yuan(refund.amount), total_amount: yuan(order.total), refund_status: 'REFUND_SUCCESS' } : {})
        }
        return error(`ACQ.UNKNOWN_${call}`)
    }
    alipayNotice(order, bend = {}) {
        const params = { notify_time: beijing('plain'), notify_type: 'trade_status_sync', notify_id: randomBytes(17).toString('hex'),
            charset: 'utf-8', version: '1.0', app_id: this.keys.ali.app_id, auth_app_id: this.keys.ali.app_id,
            trade_no: order.txn, out_trade_no: order.no, buyer_id: '2088102534368455', seller_id: this.keys.ali.seller_id,
            trade_status: 'TRADE_SUCCESS', total_amount: yuan(order.total), receipt_amount: yuan(order.total), subject: order.subject ?? '票',
            gmt_payment: beijing('plain', order.paidAt), fund_bill_list: `[{"amount":"${yuan(order.total)}","fundChannel":"ALIPAYACCOUNT"}]`,
            ...bend.plain }
        const text = Object.keys(params).sort().map(name => `${name}=${params[name]}`).join('&')
        const sign = bend.signature ?? createSign('RSA-SHA256').update(text, 'utf8').sign(this.keys.alipay.privateKey, 'base64')
        const form = new URLSearchParams({ ...params, sign, sign_type: bend.type ?? 'RSA2' }).toString()
        return { path: '/api/alipay/notify', body: bend.body ?? form, headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' } }
    }

    // The day's bill, as WeChat Pay writes it; `bend` may change its lines.
    wx3Bill(provider, bend = lines => lines) {
        const head = '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,' +
            '应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,' +
            '订单金额,申请退款金额,费率备注'
        const line = (order, refund) => [beijing('plain', order.paidAt), 'wx1', '19', '0', '', order.txn, order.no, 'o', 'NATIVE',
            refund ? 'REFUND' : 'SUCCESS', 'OTHERS', 'CNY', refund ? '0.00' : yuan(order.total), '0.00', refund?.id ?? '0',
            refund?.number ?? '0', refund ? yuan(refund.amount) : '0.00', '0.00', '', refund ? 'SUCCESS' : '', '票，一,二', '', '0.00000', '0.60%',
            refund ? '0.00' : yuan(order.total), refund ? yuan(refund.amount) : '0.00', ''].map(one => '`' + one).join(',')
        const paid = [...this.orders.values()].filter(one => one.provider === provider && one.txn)
        const lines = paid.flatMap(one => [line(one), ...[...one.refunds.values()].map(refund => line(one, refund))])
        return '\ufeff' + [head, ...bend(lines), '总交易单数,应结订单总金额', `\`${lines.length},\`0.00`].join('\r\n') + '\r\n'
    }

    notice(order, bend) {
        return { wxpay: () => this.wx3Notice(order, bend), wxpay2: () => this.wx2Notice(order, bend),
            alipay: () => this.alipayNotice(order, bend) }[order.provider]()
    }
}
