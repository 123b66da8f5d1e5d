/* ali - Alipay's gateway, RSA2: by public key, or by certificates. */
#ifndef ALI_H
#define ALI_H
#include "clients/cashier/params.h"
#include "clients/cashier/provider.h"
#include "clients/cashier/seal.h"

typedef struct {
    char gateway[128]; /* https://openapi.alipay.com/gateway.do */
    char app_id[33], seller_id[33], notify_url[256], return_url[256];
    char app_cert_sn[SEAL_HEX_ROOM], root_cert_sn[SEAL_SNS_ROOM]; /* "" in public-key mode */
    char alipay_cert_sn[SEAL_HEX_ROOM]; /* of `alipay_key`'s certificate; "" in public-key mode */
    EVP_PKEY *key;                      /* the application's */
    EVP_PKEY *alipay_key;               /* Alipay's own, not the application's */
} ali_t;

extern const driver_t ali_driver;

/* Sign a request's parameters: without `sign`, with `sign_type`, none that is empty. */
bool ali_sign(EVP_PKEY *key, params_t *params, char to[SEAL_SIGNATURE_ROOM]);
/* Is a notification's signature good? By all but sign and sign_type; empty values count, or, by an
 * older text, do not. */
bool ali_verify(EVP_PKEY *key, params_t *params);
/* The signed bytes of an answer: the value of its member `name`, as it came. False: it is not there
 * once, or the answer is no object. `sign` is the signature's text. */
bool ali_cut(text_t body, const char *name, text_t *node, text_t *sign);
void ali_end(ali_t *self);
#endif
