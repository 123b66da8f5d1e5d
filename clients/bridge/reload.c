/* reload - see reload.h for the contract. */
#include "clients/bridge/reload.h"
#include "actors/ids.h"
#include "clients/bridge/store.h"
#include "clients/bridge/tls.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
reload_ring(bridge_t *self, char *error, size_t room)
{
    const char *folder = self->conf.text[BRIDGE_CONF_session_directory];
    size_t size = 0;
    char *text = store_read(folder, "tokens", &size);
    if (!text && errno == ENOENT) { /* the first start: a key of our own */
        uint8_t key[TOKEN_KEY_SIZE];
        char line[128] = "first ";
        bridge_random(key, sizeof key);
        ids_base64_text(line + 6, key, sizeof key);
        size = strlen(line);
        line[size++] = '\n';
        if (store_write(folder, "tokens", line, size) == 0)
            text = store_read(folder, "tokens", &size);
    }
    if (!text) {
        snprintf(error, room, "%.200s/tokens: %s", folder, strerror(errno));
        return -1;
    }
    token_ring_t ring;
    char reason[96];
    int fault = token_ring_read(&ring, text, size, reason, sizeof reason);
    if (fault)
        snprintf(error, room, "%.200s/tokens: %s", folder, reason);
    else
        self->ring = ring;
    sodium_memzero(&ring, sizeof ring);
    sodium_memzero(text, size);
    free(text);
    return fault;
}

static int
reload_staff(bridge_t *self, char *error, size_t room)
{
    staff_ring_t *staff = staff_load(self->conf.text[BRIDGE_CONF_session_directory], error, room);
    if (!staff)
        return -1;
    staff_destroy(&self->staff);
    self->staff = staff;
    return 0;
}

/* What the file no longer says stays taken back until its time, or until the next start. */
static int
reload_revoked(bridge_t *self, char *error, size_t room)
{
    const char *folder = self->conf.text[BRIDGE_CONF_session_directory];
    size_t size = 0;
    char *text = store_read(folder, "revoked", &size), reason[96];
    int fault = text || errno == ENOENT ? 0 : -1;
    snprintf(reason, sizeof reason, "%s", strerror(errno));
    if (text)
        fault = revoked_read(self->revoked, text, size, self->now_ms / 1000, reason, sizeof reason);
    if (fault)
        snprintf(error, room, "%.200s/revoked: %s", folder, reason);
    free(text);
    return fault;
}

static int
reload_tls(bridge_t *self, char *error, size_t room)
{
    if (!*self->conf.text[BRIDGE_CONF_http_tls_listen])
        return 0;
    SSL_CTX *context =
        tls_context(self->conf.text[BRIDGE_CONF_http_certificate],
                    self->conf.text[BRIDGE_CONF_http_private_key],
                    self->conf.text[BRIDGE_CONF_http_ocsp], self->edge->tls, error, room);
    if (!context)
        return -1;
    SSL_CTX_free(self->edge->tls); /* connections keep theirs */
    self->edge->tls = context;
    return 0;
}

/* Opened anew, so that a log that was renamed away is written no longer. */
static int
reload_audit(bridge_t *self, char *error, size_t room)
{
    const char *folder = self->conf.text[BRIDGE_CONF_session_directory];
    int audit = store_append(folder, "audit.log");
    if (audit < 0) {
        snprintf(error, room, "%.200s/audit.log: %s", folder, strerror(errno));
        return -1;
    }
    if (self->audit > 0) {
        (void)fdatasync(self->audit);
        close(self->audit);
    }
    self->audit = audit;
    return 0;
}

static int (*const reloads[])(bridge_t *self, char *error, size_t room) = {
    reload_audit, reload_ring, reload_staff, reload_revoked, kiosk_load, reload_tls,
};
enum { RELOADS = sizeof reloads / sizeof reloads[0] };

int
reload_first(bridge_t *self, char *error, size_t room)
{
    for (size_t i = 0; i < RELOADS; i++)
        if (reloads[i](self, error, room) != 0)
            return -1;
    return 0;
}

void
reload_again(bridge_t *self)
{
    char error[ZPL_ERROR_MAX];
    bool good = true;
    for (size_t i = 0; i < RELOADS; i++)
        if (reloads[i](self, error, sizeof error) != 0) {
            log_say(self, "error", "kept as it was: %s", error);
            good = false;
        }
    if (good)
        log_say(self, "info", "keys and certificate were read again, the audit log opened anew");
}
