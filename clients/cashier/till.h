/* till - the providers that a configuration names, with their keys read from its files. */
#ifndef TILL_H
#define TILL_H
#include "broker/zpl.h"
#include "clients/cashier/ali.h"
#include "clients/cashier/wx2.h"
#include "clients/cashier/wx3.h"

typedef struct {
    const driver_t *driver; /* NULL: there is no such provider here */
    const void *settings;
} till_place_t;

typedef struct {
    wx3_t wx3;
    wx2_t wx2;
    ali_t ali;
    bool has_wx3, has_wx2, has_ali;
    bool fetches; /* WeChat's platform certificates, having no public key of theirs */
} till_t;

/* 0, or -1 with the reason; never with what is in a file. */
int till_open(till_t *self, const zpl_t *conf, char *error, size_t room);
void till_close(till_t *self);
till_place_t till_find(const till_t *self, const char *provider);
/* A callback at this route, "wxpay" or "alipay": WeChat's two interfaces are told apart by the
 * signature in the head. */
till_place_t till_route(const till_t *self, const char *route, text_t head);
#endif
