/* oidc_login - log-ins at one provider under way: what has to be asked of it is asked, on the loop.
 *
 * The provider's document and keys are kept for an hour, and asked for once however many wait. A
 * token under a key that is not known makes the keys be asked for again, at most once a minute:
 * providers change them at any time, and strangers may name any key. */
#ifndef OIDC_LOGIN_H
#define OIDC_LOGIN_H
#include "clients/bridge/oidc.h"
#include "clients/fetch.h"

enum {
    OIDC_LOGINS_MAX = 256, /* under way at once */
    OIDC_FETCHES_MAX = 32, /* calls at once */
    OIDC_FETCH_MS = 8000,
    OIDC_KEEP_S = 3600,      /* document and keys */
    OIDC_KEYS_AGAIN_S = 60,  /* between two looks for newer keys */
    OIDC_FAILED_AGAIN_S = 5, /* after one that failed */
};

typedef struct oidc_provider oidc_provider_t;

typedef struct {
    oidc_client_t client;    /* good; its texts outlive the provider */
    const char *authorities; /* certificates to trust, NULL: the system's */
    const int64_t *now_s;    /* read when it is needed */
} oidc_options_t;

/* NULL: no memory. */
oidc_provider_t *oidc_provider_new(struct event_base *base, const oidc_options_t *options);
/* What is under way is given up without its callback. */
void oidc_provider_destroy(oidc_provider_t **self_p);

/* The way there: where to send the browser, or why not. */
typedef void oidc_there_fn(void *argument, oidc_fault_t fault, const char *url);
/* The way back: who it is, or why nobody. */
typedef void oidc_back_fn(void *argument, oidc_fault_t fault, const oidc_person_t *person);

/* Both copy what they are given. The callback comes once, maybe before they return. */
void oidc_go(oidc_provider_t *self, const oidc_words_t *words, oidc_there_fn *done, void *argument);
void oidc_come_back(oidc_provider_t *self, const oidc_words_t *words, http_text_t query,
                    oidc_back_fn *done, void *argument);
#endif
