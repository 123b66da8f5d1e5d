/* gate - see gate.h for the contract. */
#include "broker/gate.h"
#include <assert.h>
#include <errno.h>
#include <sys/stat.h>

enum { GATE_KEYS_MAX = 4096, GATE_PATH_MAX = 1024 };
#define GATE_RESCAN_MS 1000

typedef struct {
    char public_key[GATE_KEY_ROOM];
    role_t role;
} gate_key_t;

struct gate {
    zactor_t *auth;
    zcert_t *server;
    char directory[GATE_PATH_MAX];
    gate_key_t *keys;
    size_t key_count;
    int64_t scanned_ms;
};

static zcert_t *
gate_server_key(const char *directory)
{
    char path[GATE_PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/server.key", directory);
    zcert_t *cert = zcert_load(path);
    if (cert)
        return cert;
    if (zsys_file_exists(path)) {
        zsys_error("%s: not a certificate", path);
        return NULL;
    }
    cert = zcert_new();
    if (!cert)
        return NULL;
    zcert_set_meta(cert, "name", "%s", "server");
    if (zcert_save_secret(cert, path) != 0 || chmod(path, 0600) != 0) {
        zsys_error("%s: cannot write: %s", path, strerror(errno));
        zcert_destroy(&cert);
    }
    return cert;
}

static int
gate_directory(const char *directory)
{
    if (strlen(directory) > GATE_PATH_MAX - 128)
        return -1;
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return -1;
    char clients[GATE_PATH_MAX + 16];
    snprintf(clients, sizeof clients, "%s/clients", directory);
    return mkdir(clients, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

bool
gate_certificate(const char *path, char public_key[GATE_KEY_ROOM], role_t *role)
{
    zcert_t *cert = zcert_load(path);
    if (!cert)
        return false;
    const char *name = zcert_meta(cert, "role");
    snprintf(public_key, GATE_KEY_ROOM, "%s", zcert_public_txt(cert));
    *role = name ? role_named(name) & ROLES_KEYS : ROLE_NONE;
    zcert_destroy(&cert);
    return true;
}

/* Read the folder anew: it is small, and this runs at most once a second and only when somebody
 * with a key says hello. */
static void
gate_scan(gate_t *self)
{
    char path[GATE_PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/clients", self->directory);
    self->key_count = 0;
    self->scanned_ms = zclock_mono();
    zdir_t *dir = zdir_new(path, "-");
    if (!dir)
        return;
    zlist_t *files = zdir_list(dir);
    for (zfile_t *file = zlist_first(files); file; file = zlist_next(files)) {
        if (self->key_count == GATE_KEYS_MAX)
            break;
        gate_key_t *key = &self->keys[self->key_count];
        self->key_count +=
            gate_certificate(zfile_filename(file, NULL), key->public_key, &key->role);
    }
    zlist_destroy(&files);
    zdir_destroy(&dir);
}

gate_t *
gate_new(const char *directory)
{
    if (gate_directory(directory) != 0) {
        zsys_error("%s: cannot make the folder of keys: %s", directory, strerror(errno));
        return NULL;
    }
    gate_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    snprintf(self->directory, sizeof self->directory, "%s", directory);
    self->keys = calloc(GATE_KEYS_MAX, sizeof *self->keys);
    self->server = gate_server_key(directory);
    self->auth = self->keys && self->server ? zactor_new(zauth, NULL) : NULL;
    if (!self->auth) {
        gate_destroy(&self);
        return NULL;
    }
    char clients[GATE_PATH_MAX + 16];
    snprintf(clients, sizeof clients, "%s/clients", self->directory);
    zstr_sendx(self->auth, "CURVE", clients, NULL);
    zsock_wait(self->auth);
    gate_scan(self);
    return self;
}

void
gate_destroy(gate_t **self_p)
{
    gate_t *self = *self_p;
    if (!self)
        return;
    zactor_destroy(&self->auth);
    zcert_destroy(&self->server);
    free(self->keys);
    free(self);
    *self_p = NULL;
}

void
gate_guard(gate_t *self, zsock_t *socket)
{
    zsock_set_zap_domain(socket, "marquee");
    zcert_apply(self->server, socket);
    zsock_set_curve_server(socket, 1);
}

role_t
gate_role(gate_t *self, const char *public_key)
{
    if (zclock_mono() - self->scanned_ms > GATE_RESCAN_MS)
        gate_scan(self);
    for (size_t i = 0; i < self->key_count; i++)
        if (strcmp(self->keys[i].public_key, public_key) == 0)
            return self->keys[i].role;
    return ROLE_NONE;
}

static bool
gate_name_good(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size < 64 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
               size &&
           strcmp(name, "server") != 0;
}

int
gate_issue(const char *directory, const char *name, role_t role)
{
    char public_path[GATE_PATH_MAX], secret_path[GATE_PATH_MAX];
    if (!gate_name_good(name)) {
        errno = EINVAL;
        return -1;
    }
    if (gate_directory(directory) != 0)
        return -1;
    snprintf(public_path, sizeof public_path, "%s/clients/%s.pub", directory, name);
    snprintf(secret_path, sizeof secret_path, "%s/%s.key", directory, name);
    if (zsys_file_exists(public_path) || zsys_file_exists(secret_path)) {
        errno = EEXIST;
        return -1;
    }
    zcert_t *server = gate_server_key(directory);
    zcert_t *cert = server ? zcert_new() : NULL;
    int result = -1;
    if (cert) {
        zcert_set_meta(cert, "name", "%s", name);
        zcert_set_meta(cert, "role", "%s", role_name(role));
        zcert_set_meta(cert, "server", "%s", zcert_public_txt(server));
        if (zcert_save_public(cert, public_path) == 0 && zcert_save_secret(cert, secret_path) == 0)
            result = chmod(secret_path, 0600);
    }
    zcert_destroy(&cert);
    zcert_destroy(&server);
    return result;
}
