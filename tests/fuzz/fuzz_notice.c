/* fuzz_notice - what payment providers tell and answer: XML, forms and JSON, before and without a
 * signature. The first byte says which reader, the rest is read. */
#include "clients/cashier/ali.h"
#include "clients/cashier/wx2.h"
#include "clients/cashier/wx3.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

enum { NOTICE_BASE = 512 * 1024 };

static const moment_t notice_now = { .now_ms = 1790000000000, .nonce = "N" };

/* What is read and written again is the same. */
static void
notice_params(bool xml, text_t text)
{
    static params_t first, second;
    static char room[8 * PARAMS_BYTES];
    out_t out;
    if (!(xml ? params_read_xml(&first, "xml", text) : params_read_form(&first, text)))
        return;
    FUZZ_HOLDS(first.count > 0 && first.count <= PARAMS_MAX && !first.full);
    out_init(&out, room, sizeof room);
    if (xml)
        params_write_xml(&first, &out);
    else
        params_write_form(&first, &out);
    FUZZ_HOLDS(!out.overflow);
    text_t written = { room, out.size };
    if (written.size > PARAMS_BYTES || (!xml && written.size >= PARAMS_BYTES))
        return;
    FUZZ_HOLDS(xml ? params_read_xml(&second, "xml", written) : params_read_form(&second, written));
    FUZZ_HOLDS(first.count == second.count);
    for (uint32_t i = 0; i < first.count; i++)
        FUZZ_HOLDS(strcmp(first.list[i].value.data, second.list[i].value.data) == 0);
}

/* Nothing without a good signature is ever learnt of a payment. */
static void
notice_answers(const driver_t *driver, const void *settings, int status, text_t text)
{
    for (call_kind_t kind = CALL_CREATE; kind < CALLS; kind++) {
        charge_t charge = { .kind = kind, .order = "M0000002DT9B2N00000028", .amount = 1 };
        answer_t answer;
        const provider_bytes_t bytes = { .status = status, .head = { "", 0 }, .body = text };
        if (driver == &ali_driver && kind == CALL_KEYS)
            continue;
        driver->read(settings, &charge, &notice_now, &bytes, &answer);
        FUZZ_HOLDS(answer.kind != ANSWER_PAID && answer.kind != ANSWER_REFUNDED &&
                   answer.kind != ANSWER_OPENED);
    }
}

static void
notice_judged(const driver_t *driver, const void *settings, text_t text)
{
    notice_t notice;
    const provider_bytes_t bytes = { .body = text };
    FUZZ_HOLDS(driver->judge(settings, &notice_now, &bytes, &notice) != VERDICT_GOOD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ali_t ali;
    static wx2_t wx2 = { .appid = "wx1", .mchid = "1", .hmac = true };
    static wx3_t wx3;
    static const char pem[] =
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwXNI6sdlknHBnK8Fu2U6Cwor9qY747jP8KAfeBMeveEt1T"
        "qaHkLfaSD07trZLhGpfs8/AHqjhgSMO1O10YQWOrrJ4hjIWPKqxbgrYMkBQc+mwdiWp4W3ByCqxBRagCveCXRWCmuJ"
        "Yovl9H/bsDI0iGbpVtEOghJtfciisYSgxcLufUDTRkvwxjIBK1pCRjk33jJ5YTBWTHMRtMAOcFLNF6hdEYdX8SPsgH"
        "HeLZ5Lv2T/686w1xtgCHef/sd4uSfWmyzsalQdHG/e4IyYmrhx+O3VBoNDzE3nx23bFeV/RVNCG7cV6VhmYokJNHa/"
        "erIPkEmEFID6A5wQOXuxUkmJWwIDAQAB";
    if (!ali.alipay_key) {
        ali.alipay_key = seal_public_key(text_of(pem));
        memset(wx2.key, '1', 32);
        FUZZ_HOLDS(ali.alipay_key != NULL);
    }
    if (size < 1)
        return 0;
    text_t text = { (const char *)data + 1, size - 1 };
    fuzz_memory_begin();
    switch ((data[0] + 6 - '0' % 6) % 6) {
    case 0:
        notice_params(true, text);
        break;
    case 1:
        notice_params(false, text);
        break;
    case 2:
        notice_judged(&ali_driver, &ali, text);
        notice_answers(&ali_driver, &ali, 200, text);
        break;
    case 3:
        notice_judged(&wx2_driver, &wx2, text);
        notice_answers(&wx2_driver, &wx2, 200, text);
        break;
    case 4:
        notice_answers(&wx3_driver, &wx3, 200, text);
        notice_answers(&wx3_driver, &wx3, 400, text);
        break;
    default: {
        const provider_bytes_t bytes = { .status = 200, .head = { "", 0 }, .body = text };
        FUZZ_HOLDS(wx3_take_keys(&wx3, &notice_now, &bytes) == -1);
        notice_judged(&wx3_driver, &wx3, text);
    }
    }
    fuzz_memory_end(size, NOTICE_BASE);
    return 0;
}
