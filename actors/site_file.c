/* site - see site.h for the contract. The file is ZPL, readable by its owner only. */
#include "actors/site.h"
#include "store/folder.h"
#include <czmq.h>
#include <sodium.h>

enum { SITE_PATH_MAX = 1024, SITE_SEED_SIZE = 32, SITE_PARTITIONS_MAX = 1024 };

static int
site_hex(zconfig_t *root, const char *key, uint8_t *to, size_t size)
{
    const char *text = zconfig_get(root, key, "");
    size_t got;
    return sodium_hex2bin(to, size, text, strlen(text), NULL, &got, NULL) == 0 && got == size ? 0
                                                                                              : -1;
}

static void
site_put_hex(zconfig_t *root, const char *key, const uint8_t *from, size_t size)
{
    char text[2 * 64 + 1];
    zconfig_put(root, key, sodium_bin2hex(text, sizeof text, from, size));
}

/* Written beside, synced, renamed, and the name synced: a site is whole or absent, and what is
 * acknowledged under its keys never outlives it. */
static int
site_write(zconfig_t *root, const char *directory, const char *path)
{
    char *text = zconfig_str_save(root);
    char fresh[SITE_PATH_MAX + 8];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good =
        fd >= 0 && text && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    zstr_free(&text);
    return good && rename(fresh, path) == 0 && folder_sync(directory) == 0 ? 0 : -1;
}

/* The roles that came after the first one, in the order of their numbers. */
static const struct {
    const char *name, *key;
    size_t of_site, of_map;
} site_roles[] = {
    { "programmes", "site/programmes", offsetof(site_t, programmes),
      offsetof(shard_map_t, programmes) },
    { "members", "site/members", offsetof(site_t, members), offsetof(shard_map_t, members) },
};
enum { SITE_ROLES = sizeof site_roles / sizeof site_roles[0] };

static uint32_t
site_wanted(const shard_map_t *wanted, size_t role)
{
    return *(const uint32_t *)(const void *)((const uint8_t *)wanted + site_roles[role].of_map);
}

static int
site_make(const char *directory, const char *path, const shard_map_t *wanted)
{
    uint8_t id[16], ticket_key[32], seed[SITE_SEED_SIZE];
    randombytes_buf(id, sizeof id);
    randombytes_buf(ticket_key, sizeof ticket_key);
    randombytes_buf(seed, sizeof seed);
    zconfig_t *root = zconfig_new("root", NULL);
    zconfig_putf(root, "site/partitions", "%u", wanted->partitions);
    for (size_t i = 0; i < SITE_ROLES; i++)
        zconfig_putf(root, site_roles[i].key, "%u", site_wanted(wanted, i));
    site_put_hex(root, "site/id", id, sizeof id);
    site_put_hex(root, "site/ticket_key", ticket_key, sizeof ticket_key);
    site_put_hex(root, "site/sign_seed", seed, sizeof seed);
    int rc = site_write(root, directory, path);
    zconfig_destroy(&root);
    return rc;
}

/* Sites were made before there was this or that role: such a one gets its partitions with the first
 * start, behind those that it has. */
static int
site_complete(const char *directory, const char *path, const shard_map_t *wanted)
{
    zconfig_t *root = zconfig_load(path);
    bool changed = false;
    int rc = 0;
    for (size_t i = 0; root && zconfig_get(root, "site/id", NULL) && i < SITE_ROLES; i++) {
        if (zconfig_get(root, site_roles[i].key, NULL) || site_wanted(wanted, i) == 0)
            continue;
        zconfig_putf(root, site_roles[i].key, "%u", site_wanted(wanted, i));
        changed = true;
    }
    if (changed)
        rc = site_write(root, directory, path);
    zconfig_destroy(&root);
    return rc;
}

/* A count that was fixed when the site was made; `wanted` 0 takes it as it is. False with the
 * reason in `error`. */
static bool
site_count_read(zconfig_t *root, const char *path, const char *what, uint32_t wanted,
                uint32_t *count, char *error)
{
    char key[32], *end;
    snprintf(key, sizeof key, "site/%s", what);
    const char *text = zconfig_get(root, key, "");
    unsigned long number = strtoul(text, &end, 10);
    if (end == text || *end || number < 1 || number > SITE_PARTITIONS_MAX) {
        snprintf(error, SITE_ERROR_MAX,
                 "%.400s: damaged: no number of %s; restore it from a backup", path, what);
        return false;
    }
    *count = (uint32_t)number;
    if (wanted == 0 || wanted == *count)
        return true;
    snprintf(error, SITE_ERROR_MAX,
             "%.300s: the site was made with %u %s, not %u; the number can't be changed", path,
             *count, what, wanted);
    return false;
}

static bool
site_read_roles(zconfig_t *root, site_t *site, const char *path, const shard_map_t *wanted,
                char *error)
{
    if (!site_count_read(root, path, "partitions", wanted->partitions, &site->partitions, error))
        return false;
    for (size_t i = 0; i < SITE_ROLES; i++) {
        uint32_t *count = (uint32_t *)(void *)((uint8_t *)site + site_roles[i].of_site);
        *count = 0;
        if (zconfig_get(root, site_roles[i].key, NULL) &&
            !site_count_read(root, path, site_roles[i].name, site_wanted(wanted, i), count, error))
            return false;
    }
    return true;
}

static int
site_read(site_t *site, const char *path, const shard_map_t *wanted, char *error)
{
    zconfig_t *root = zconfig_load(path);
    uint8_t seed[SITE_SEED_SIZE], public_key[crypto_sign_PUBLICKEYBYTES];
    int rc = -1;
    if (!root || site_hex(root, "site/id", site->id, sizeof site->id) != 0 ||
        site_hex(root, "site/ticket_key", site->ticket_key, sizeof site->ticket_key) != 0 ||
        site_hex(root, "site/sign_seed", seed, sizeof seed) != 0) {
        snprintf(error, SITE_ERROR_MAX, "%.400s: damaged; restore it from a backup", path);
        goto done;
    }
    if (!site_read_roles(root, site, path, wanted, error))
        goto done;
    rc = crypto_sign_seed_keypair(public_key, site->sign_secret, seed);
done:
    zconfig_destroy(&root);
    return rc;
}

int
site_load(site_t *site, const char *directory, const shard_map_t *wanted, char *error)
{
    char path[SITE_PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/site", directory) >= sizeof path) {
        snprintf(error, SITE_ERROR_MAX, "the directory's name is too long");
        return -1;
    }
    if (folder_make(directory, error) != 0)
        return -1;
    int rc = zsys_file_exists(path) ? site_complete(directory, path, wanted)
                                    : site_make(directory, path, wanted);
    if (rc != 0) {
        snprintf(error, SITE_ERROR_MAX, "%.400s: cannot be written: %.60s", path, strerror(errno));
        return -1;
    }
    return site_read(site, path, wanted, error);
}

int
site_find(site_t *site, const char *directory, char *error)
{
    char path[SITE_PATH_MAX];
    *site = (site_t){ 0 };
    if ((size_t)snprintf(path, sizeof path, "%s/site", directory) >= sizeof path ||
        !zsys_file_exists(path)) {
        snprintf(error, SITE_ERROR_MAX, "%.400s: there is no site here", directory);
        return -1;
    }
    return site_read(site, path, &(shard_map_t){ 0 }, error);
}
