/* oidc_login - see oidc_login.h for the contract. What holds between calls:
 * (1) A log-in waits for the document, for the keys, or for its own token call.
 * (2) While somebody waits for the document or the keys, the call for them is under way. */
#include "clients/bridge/oidc_login.h"
#include <assert.h>
#include <jansson.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { WAITS_DOCUMENT, WAITS_TOKEN, WAITS_KEYS } login_wait_t;

typedef struct login login_t;
struct login {
    oidc_provider_t *provider;
    login_t *next, **link;
    login_wait_t waits;
    oidc_words_t words;
    oidc_there_fn *there; /* of the way there, else NULL */
    oidc_back_fn *back;
    void *argument;
    char *query, *token, *access; /* query: as it came; the others once they are known */
    size_t query_size;
};

/* Something of the provider's that is kept. */
typedef struct {
    int64_t until_s, again_s; /* good until; not to be asked for before */
    bool under_way;
} kept_t;

struct oidc_provider {
    oidc_options_t options;
    fetch_t *fetch;
    login_t *logins;
    uint32_t count;
    kept_t document_kept, keys_kept;
    oidc_document_t document;
    oidc_keys_t keys;
};

static int64_t
oidc_now_s(const oidc_provider_t *self)
{
    return *self->options.now_s;
}

/* ------------------------------------------------------------------ log-ins */

static void
login_wipe(char **text)
{
    if (*text)
        sodium_memzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static void
login_free(login_t *self)
{
    *self->link = self->next;
    if (self->next)
        self->next->link = self->link;
    self->provider->count--;
    login_wipe(&self->token);
    login_wipe(&self->access);
    free(self->query);
    sodium_memzero(&self->words, sizeof self->words);
    free(self);
}

/* The callback comes last: it may begin another. */
static void
login_end(login_t *self, oidc_fault_t fault, const char *url, const oidc_person_t *person)
{
    oidc_there_fn *there = self->there;
    oidc_back_fn *back = self->back;
    void *argument = self->argument;
    login_free(self);
    if (there)
        there(argument, fault, url);
    else if (back)
        back(argument, fault, person);
}

static void
login_fail(login_t *self, oidc_fault_t fault)
{
    static const oidc_person_t nobody;
    login_end(self, fault, "", &nobody);
}

static login_t *
login_new(oidc_provider_t *provider, const oidc_words_t *words, void *argument)
{
    login_t *self = provider->count < OIDC_LOGINS_MAX ? calloc(1, sizeof *self) : NULL;
    if (!self)
        return NULL;
    self->provider = provider;
    self->next = provider->logins;
    self->link = &provider->logins;
    self->words = *words;
    self->argument = argument;
    if (self->next)
        self->next->link = &self->next;
    provider->logins = self;
    provider->count++;
    return self;
}

/* The first that waits for this, NULL when none does. */
static login_t *
oidc_waiting(oidc_provider_t *self, login_wait_t waits)
{
    login_t *login = self->logins;
    while (login && login->waits != waits)
        login = login->next;
    return login;
}

static int
oidc_get(oidc_provider_t *self, const char *url, fetch_done_fn *done)
{
    const fetch_request_t request = { .url = url,
                                      .headers = { "Accept: application/json" },
                                      .answer_max = OIDC_DOCUMENT_MAX,
                                      .timeout_ms = OIDC_FETCH_MS,
                                      .plain = fetch_url_plain(url) };
    return fetch_start(self->fetch, &request, done, self);
}

/* ------------------------------------------------------------------ keys, and the end */

static void login_judge(login_t *self);

static void
oidc_keys_came(void *argument, const fetch_answer_t *answer)
{
    oidc_provider_t *self = argument;
    oidc_keys_t keys;
    bool good = answer->status == 200 && oidc_keys_read(&keys, answer->body, answer->size);
    self->keys_kept.under_way = false;
    self->keys_kept.again_s = oidc_now_s(self) + (good ? OIDC_KEYS_AGAIN_S : OIDC_FAILED_AGAIN_S);
    if (good) {
        oidc_keys_forget(&self->keys);
        self->keys = keys;
        self->keys_kept.until_s = oidc_now_s(self) + OIDC_KEEP_S;
    }
    for (login_t *login; (login = oidc_waiting(self, WAITS_KEYS));) {
        login->waits = WAITS_TOKEN; /* it leaves the line, whatever comes of it */
        if (good)
            login_judge(login);
        else
            login_fail(login, answer->status == 200 ? OIDC_DOCUMENT : OIDC_AWAY);
    }
}

/* May keys be asked for now? They are on their way already, or they are not too young. */
static bool
oidc_keys_may(const oidc_provider_t *self)
{
    return self->keys_kept.under_way || oidc_now_s(self) >= self->keys_kept.again_s;
}

static void
login_wait_keys(login_t *self)
{
    oidc_provider_t *provider = self->provider;
    self->waits = WAITS_KEYS;
    if (provider->keys_kept.under_way)
        return;
    provider->keys_kept.under_way =
        oidc_get(provider, provider->document.keys, oidc_keys_came) == 0;
    if (!provider->keys_kept.under_way) {
        self->waits = WAITS_TOKEN;
        login_fail(self, OIDC_BUSY);
    }
}

static void
login_judge(login_t *self)
{
    oidc_person_t person;
    oidc_provider_t *provider = self->provider;
    oidc_fault_t fault = OIDC_UNKNOWN_KEY;
    bool fresh = oidc_now_s(provider) < provider->keys_kept.until_s;
    if (fresh)
        fault = oidc_token_read(&provider->keys, &provider->options.client, self->words.nonce,
                                (http_text_t){ self->token, strlen(self->token) }, self->access,
                                oidc_now_s(provider), &person);
    if (fault == OIDC_UNKNOWN_KEY && oidc_keys_may(provider))
        login_wait_keys(self);
    else if (fault == OIDC_GOOD)
        login_end(self, OIDC_GOOD, "", &person);
    else
        login_fail(self, fresh ? fault : OIDC_AWAY);
}

/* ------------------------------------------------------------------ the code becomes a token */

static bool
login_take(char **to, const json_t *value)
{
    const char *text = json_string_value(value);
    free(*to);
    *to = text ? strdup(text) : NULL;
    return *to != NULL;
}

static void
login_token_came(void *argument, const fetch_answer_t *answer)
{
    login_t *self = argument;
    json_error_t error;
    if (answer->status == 0 || answer->status >= 500 || answer->status == 429) {
        login_fail(self, OIDC_AWAY);
        return;
    }
    if (answer->status != 200) {
        login_fail(self, OIDC_CODE);
        return;
    }
    json_t *json = json_loadb(answer->body, answer->size, JSON_REJECT_DUPLICATES, &error);
    bool good = login_take(&self->token, json_object_get(json, "id_token"));
    (void)login_take(&self->access, json_object_get(json, "access_token"));
    json_decref(json);
    if (good)
        login_judge(self);
    else
        login_fail(self, OIDC_MALFORMED);
}

static void
login_exchange(login_t *self)
{
    oidc_provider_t *provider = self->provider;
    const oidc_client_t *client = &provider->options.client;
    char code[OIDC_CODE_MAX + 1], form[OIDC_REQUEST_ROOM], value[OIDC_REQUEST_ROOM];
    char authorization[OIDC_REQUEST_ROOM + 16];
    self->waits = WAITS_TOKEN;
    http_text_t query = { self->query, self->query_size };
    oidc_fault_t fault = oidc_callback(client, &provider->document, &self->words, query, code);
    if (fault != OIDC_GOOD) {
        login_fail(self, fault);
        return;
    }
    size_t size = oidc_exchange(client, &provider->document, &self->words, code, form, value);
    snprintf(authorization, sizeof authorization, "Authorization: %s", value);
    const fetch_request_t request = {
        .url = provider->document.token,
        .headers = { "Accept: application/json", "Content-Type: application/x-www-form-urlencoded",
                     *value ? authorization : NULL },
        .body = form,
        .body_size = size,
        .answer_max = OIDC_ANSWER_MAX,
        .timeout_ms = OIDC_FETCH_MS,
        .plain = fetch_url_plain(provider->document.token),
    };
    int rc = size ? fetch_start(provider->fetch, &request, login_token_came, self) : -1;
    sodium_memzero(form, sizeof form);
    sodium_memzero(value, sizeof value);
    sodium_memzero(authorization, sizeof authorization);
    if (rc != 0)
        login_fail(self, size ? OIDC_BUSY : OIDC_CODE);
}

/* ------------------------------------------------------------------ the document */

static void
login_with_document(login_t *self)
{
    char url[OIDC_REQUEST_ROOM];
    oidc_provider_t *provider = self->provider;
    if (!self->there) {
        login_exchange(self);
        return;
    }
    self->waits = WAITS_TOKEN;
    if (oidc_authorization(&provider->options.client, &provider->document, &self->words, url))
        login_end(self, OIDC_GOOD, url, NULL);
    else
        login_fail(self, OIDC_DOCUMENT);
}

static void
oidc_document_came(void *argument, const fetch_answer_t *answer)
{
    oidc_provider_t *self = argument;
    oidc_fault_t fault = OIDC_AWAY;
    oidc_document_t document;
    if (answer->status == 200)
        fault = oidc_document_read(&document, &self->options.client, answer->body, answer->size);
    self->document_kept.under_way = false;
    if (fault == OIDC_GOOD) {
        self->document = document;
        self->document_kept.until_s = oidc_now_s(self) + OIDC_KEEP_S;
    }
    for (login_t *login; (login = oidc_waiting(self, WAITS_DOCUMENT));) {
        login->waits = WAITS_TOKEN;
        if (fault == OIDC_GOOD)
            login_with_document(login);
        else
            login_fail(login, fault);
    }
}

static void
login_begin(login_t *self)
{
    char url[OIDC_URL_MAX + 1];
    oidc_provider_t *provider = self->provider;
    if (oidc_now_s(provider) < provider->document_kept.until_s) {
        login_with_document(self);
        return;
    }
    self->waits = WAITS_DOCUMENT;
    if (provider->document_kept.under_way)
        return;
    provider->document_kept.under_way = oidc_document_url(&provider->options.client, url) &&
                                        oidc_get(provider, url, oidc_document_came) == 0;
    if (!provider->document_kept.under_way)
        login_fail(self, OIDC_BUSY);
}

/* ------------------------------------------------------------------ from outside */

oidc_provider_t *
oidc_provider_new(struct event_base *base, const oidc_options_t *options)
{
    assert(!oidc_client_wrong(&options->client));
    oidc_provider_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->options = *options;
    self->fetch = fetch_new(base, OIDC_FETCHES_MAX, options->authorities);
    if (!self->fetch) {
        free(self);
        return NULL;
    }
    return self;
}

void
oidc_provider_destroy(oidc_provider_t **self_p)
{
    oidc_provider_t *self = *self_p;
    if (!self)
        return;
    fetch_destroy(&self->fetch);
    while (self->logins)
        login_free(self->logins);
    oidc_keys_forget(&self->keys);
    free(self);
    *self_p = NULL;
}

void
oidc_go(oidc_provider_t *self, const oidc_words_t *words, oidc_there_fn *done, void *argument)
{
    login_t *login = login_new(self, words, argument);
    if (!login) {
        done(argument, OIDC_BUSY, "");
        return;
    }
    login->there = done;
    login_begin(login);
}

void
oidc_come_back(oidc_provider_t *self, const oidc_words_t *words, http_text_t query,
               oidc_back_fn *done, void *argument)
{
    static const oidc_person_t nobody;
    login_t *login = login_new(self, words, argument);
    char *copy = login ? malloc(query.size + 1) : NULL;
    if (!copy) {
        if (login)
            login_free(login);
        done(argument, OIDC_BUSY, &nobody);
        return;
    }
    if (query.size)
        memcpy(copy, query.data, query.size);
    login->query = copy;
    login->query_size = query.size;
    login->back = done;
    login_begin(login);
}
