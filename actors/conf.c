/* conf - see conf.h for the contract. */
#include "actors/conf.h"
#include "broker/operation.h"
#include <czmq.h>

typedef enum { CONF_TEXT, CONF_NUMBER } conf_type_t;

static const struct {
    const char *path;
    conf_type_t type;
    const char *standard;
    int64_t min, max;
    const char *help;
} keys[CONF_KEYS] = {
#define K(id, path_, type_, standard_, min_, max_, help_)                                          \
    { .path = (path_),                                                                             \
      .type = CONF_##type_,                                                                        \
      .standard = (standard_),                                                                     \
      .min = (min_),                                                                               \
      .max = (max_),                                                                               \
      .help = (help_) },
    CONF_TABLE(K)
#undef K
};

static int
conf_value(conf_t *self, conf_key_t key, const char *value, char *reason, size_t room)
{
    size_t size = strlen(value);
    if (size < CONF_TEXT_MAX)
        memcpy(self->text[key], value, size + 1);
    if (keys[key].type == CONF_TEXT) {
        if ((int64_t)size < keys[key].min || (int64_t)size > keys[key].max) {
            snprintf(reason, room, "%s: the value must have %" PRId64 " to %" PRId64 " bytes",
                     keys[key].path, keys[key].min, keys[key].max);
            return -1;
        }
        return 0;
    }
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || end == value || *end || number < keys[key].min || number > keys[key].max) {
        snprintf(reason, room, "%s: \"%.40s\" is not a number from %" PRId64 " to %" PRId64,
                 keys[key].path, value, keys[key].min, keys[key].max);
        return -1;
    }
    self->number[key] = number;
    return 0;
}

static conf_key_t
conf_named(const char *path)
{
    for (conf_key_t key = 0; key < CONF_KEYS; key++)
        if (streq(keys[key].path, path))
            return key;
    return CONF_KEYS;
}

void
conf_defaults(conf_t *self)
{
    char reason[CONF_ERROR_MAX];
    for (conf_key_t key = 0; key < CONF_KEYS; key++) {
        int rc = conf_value(self, key, keys[key].standard, reason, sizeof reason);
        assert(rc == 0);
    }
}

/* zconfig keeps no line numbers: find the key again. ZPL indents four spaces a level. Returns 0
 * when it is not found. */
static int
conf_line(const char *path, const char *section, const char *key)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    char line[2048];
    bool inside = false;
    int found = 0;
    for (int number = 1; !found && fgets(line, sizeof line, file); number++) {
        const char *word = line + strspn(line, " \t");
        size_t size = strcspn(word, " \t=\r\n#");
        if (size == 0)
            continue;
        if (word == line)
            inside = strlen(section) == size && strncmp(word, section, size) == 0;
        if (inside && (key ? word != line && strlen(key) == size && strncmp(word, key, size) == 0
                           : word == line))
            found = number;
    }
    fclose(file);
    return found;
}

static int
conf_section(conf_t *self, zconfig_t *section, const char *path, char *error)
{
    char name[256], reason[CONF_ERROR_MAX / 2];
    zconfig_t *item = zconfig_child(section);
    if (!item) {
        snprintf(error, CONF_ERROR_MAX, "%s:%d: section \"%s\" has no keys", path,
                 conf_line(path, zconfig_name(section), NULL), zconfig_name(section));
        return -1;
    }
    for (; item; item = zconfig_next(item)) {
        snprintf(name, sizeof name, "%s/%s", zconfig_name(section), zconfig_name(item));
        conf_key_t key = conf_named(name);
        const char *value = zconfig_value(item);
        int line = conf_line(path, zconfig_name(section), zconfig_name(item));
        if (key < CONF_KEYS && self->line[key]) {
            snprintf(error, CONF_ERROR_MAX, "%s:%d: \"%.100s\" is given twice", path, line, name);
            return -1;
        }
        if (key == CONF_KEYS || zconfig_child(item)) {
            snprintf(error, CONF_ERROR_MAX, "%s:%d: there is no key \"%.100s\"", path, line, name);
            return -1;
        }
        if (conf_value(self, key, value ? value : "", reason, sizeof reason) != 0) {
            snprintf(error, CONF_ERROR_MAX, "%s:%d: %s", path, line, reason);
            return -1;
        }
        self->line[key] = line;
    }
    return 0;
}

/* What is wrong with the form of a line: a section at the margin, or a key and its value four
 * spaces in. zconfig would find it too, but says so on stdout only. */
static const char *
conf_line_wrong(const char *line)
{
    size_t indent = strspn(line, " ");
    const char *word = line + indent;
    size_t name = strspn(word, "abcdefghijklmnopqrstuvwxyz_");
    const char *rest = word + name + strspn(word + name, " ");
    if (*word == '#' || *word == '\r' || *word == '\n' || *word == '\0')
        return NULL;
    if (indent != 0 && indent != 4)
        return "a section begins at the margin, a key four spaces in";
    if (name == 0)
        return "not a section, a key or a comment";
    if (indent == 0 && strchr("#\r\n", *rest) == NULL)
        return "a section has no value";
    if (indent == 4 && *rest != '=')
        return "a key needs = and a value";
    return NULL;
}

static int
conf_form(const char *path, char *error)
{
    FILE *file = fopen(path, "r");
    char line[2048];
    const char *wrong = NULL;
    if (!file) {
        snprintf(error, CONF_ERROR_MAX, "%.400s: %s", path, strerror(errno));
        return -1;
    }
    for (int number = 1; !wrong && fgets(line, sizeof line, file); number++) {
        wrong = conf_line_wrong(line);
        if (wrong)
            snprintf(error, CONF_ERROR_MAX, "%.400s:%d: %s", path, number, wrong);
    }
    fclose(file);
    return wrong ? -1 : 0;
}

int
conf_load(conf_t *self, const char *path, char *error)
{
    snprintf(self->file, sizeof self->file, "%s", path);
    if (!zsys_file_exists(path)) {
        snprintf(error, CONF_ERROR_MAX, "%.400s: no such file", path);
        return -1;
    }
    if (conf_form(path, error) != 0)
        return -1;
    zconfig_t *root = zconfig_load(path);
    if (!root) {
        snprintf(error, CONF_ERROR_MAX, "%.400s: not a ZPL file", path);
        return -1;
    }
    int rc = 0;
    for (zconfig_t *section = zconfig_child(root); section && rc == 0;
         section = zconfig_next(section))
        rc = conf_section(self, section, path, error);
    zconfig_destroy(&root);
    return rc;
}

int
conf_set(conf_t *self, const char *assignment, char *error)
{
    const char *equals = strchr(assignment, '=');
    char path[64];
    if (!equals || (size_t)(equals - assignment) >= sizeof path) {
        snprintf(error, CONF_ERROR_MAX, "\"%.100s\" is not section/key=value", assignment);
        return -1;
    }
    memcpy(path, assignment, (size_t)(equals - assignment));
    path[equals - assignment] = '\0';
    conf_key_t key = conf_named(path);
    if (key == CONF_KEYS) {
        snprintf(error, CONF_ERROR_MAX, "there is no key \"%s\"", path);
        return -1;
    }
    return conf_value(self, key, equals + 1, error, CONF_ERROR_MAX);
}

/* Without keys nothing but this machine may reach an endpoint. */
static bool
conf_local(const char *endpoints)
{
    char list[CONF_TEXT_MAX];
    snprintf(list, sizeof list, "%s", endpoints);
    char *rest = list;
    for (char *one = strsep(&rest, " "); one; one = strsep(&rest, " ")) {
        if (*one && strncmp(one, "ipc://", 6) != 0 && strncmp(one, "inproc://", 9) != 0 &&
            strncmp(one, "tcp://127.", 10) != 0 && strncmp(one, "tcp://localhost:", 16) != 0 &&
            strncmp(one, "tcp://[::1]:", 12) != 0)
            return false;
    }
    return true;
}

/* What is wrong with a value beside its type and bounds; NULL: nothing. */
static const char *
conf_wrong(const conf_t *self, conf_key_t key)
{
    const char *text = self->text[key];
    switch ((int)key) {
    case CONF_broker_clients:
    case CONF_broker_events:
        return conf_local(text) ? NULL
                                : "keyless, so it must be loopback or ipc; secure_clients and "
                                  "secure_events are for other machines";
    case CONF_broker_role:
        return role_named(text) & (ROLES_KEYS & ~(uint32_t)ROLE_ACTOR) ? NULL : "no such role";
    case CONF_broker_secure_events:
        return !*text == !*self->text[CONF_broker_secure_clients]
                   ? NULL
                   : "secure_clients and secure_events belong together";
    case CONF_store_journal:
        return streq(text, "archive") || streq(text, "drop") ? NULL : "archive or drop";
    case CONF_sale_ceiling_ms:
        return self->number[key] >= self->number[CONF_sale_lock_ms] ? NULL : "below sale/lock_ms";
    default:
        return NULL;
    }
}

int
conf_check(const conf_t *self, char *error)
{
    for (conf_key_t key = 0; key < CONF_KEYS; key++) {
        const char *wrong = conf_wrong(self, key);
        if (wrong && self->line[key])
            snprintf(error, CONF_ERROR_MAX, "%.200s:%d: %s: \"%.100s\": %s", self->file,
                     self->line[key], keys[key].path, self->text[key], wrong);
        else if (wrong)
            snprintf(error, CONF_ERROR_MAX, "%s: \"%.100s\": %s", keys[key].path, self->text[key],
                     wrong);
        if (wrong)
            return -1;
    }
    return 0;
}

void
conf_help(void)
{
    for (conf_key_t key = 0; key < CONF_KEYS; key++)
        printf("  %-24s %s (default: %s)\n", keys[key].path, keys[key].help,
               *keys[key].standard ? keys[key].standard : "none");
}
