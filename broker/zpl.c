/* zpl - see zpl.h for the contract. */
#include "broker/zpl.h"
#include <czmq.h>

const char *
zpl_word(char **rest)
{
    const char *word;
    do
        word = strsep(rest, " ");
    while (word && !*word);
    return word;
}

bool
zpl_words_begin(const char *text, const char *const *beginnings)
{
    char words[ZPL_TEXT_MAX];
    snprintf(words, sizeof words, "%s", text);
    char *rest = words;
    for (const char *word; (word = zpl_word(&rest));) {
        const char *const *one = beginnings;
        while (*one && strncmp(word, *one, strlen(*one)) != 0)
            one++;
        if (!*one)
            return false;
    }
    return true;
}

static int
zpl_value(zpl_t *self, size_t key, const char *value, char *reason, size_t room)
{
    size_t size = strlen(value);
    if (size < ZPL_TEXT_MAX)
        memcpy(self->text[key], value, size + 1);
    if (self->keys[key].type == ZPL_TEXT) {
        if ((int64_t)size < self->keys[key].min || (int64_t)size > self->keys[key].max) {
            snprintf(reason, room, "%s: the value must have %" PRId64 " to %" PRId64 " bytes",
                     self->keys[key].path, self->keys[key].min, self->keys[key].max);
            return -1;
        }
        return 0;
    }
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || end == value || *end || number < self->keys[key].min ||
        number > self->keys[key].max) {
        snprintf(reason, room, "%s: \"%.40s\" is not a number from %" PRId64 " to %" PRId64,
                 self->keys[key].path, value, self->keys[key].min, self->keys[key].max);
        return -1;
    }
    self->number[key] = number;
    return 0;
}

static size_t
zpl_named(const zpl_t *self, const char *path)
{
    for (size_t key = 0; key < self->count; key++)
        if (streq(self->keys[key].path, path))
            return key;
    return self->count;
}

void
zpl_defaults(zpl_t *self)
{
    char reason[ZPL_ERROR_MAX];
    assert(self->count <= ZPL_KEYS_MAX);
    for (size_t key = 0; key < self->count; key++) {
        int rc = zpl_value(self, key, self->keys[key].standard, reason, sizeof reason);
        assert(rc == 0);
    }
}

/* zconfig keeps no line numbers: find the key again. ZPL indents four spaces a level. Returns 0
 * when it is not found. */
static int
zpl_line(const char *path, const char *section, const char *key)
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
zpl_section(zpl_t *self, zconfig_t *section, const char *path, char *error)
{
    char name[256], reason[ZPL_ERROR_MAX / 2];
    zconfig_t *item = zconfig_child(section);
    if (!item) {
        snprintf(error, ZPL_ERROR_MAX, "%s:%d: section \"%s\" has no keys", path,
                 zpl_line(path, zconfig_name(section), NULL), zconfig_name(section));
        return -1;
    }
    for (; item; item = zconfig_next(item)) {
        snprintf(name, sizeof name, "%s/%s", zconfig_name(section), zconfig_name(item));
        size_t key = zpl_named(self, name);
        const char *value = zconfig_value(item);
        int line = zpl_line(path, zconfig_name(section), zconfig_name(item));
        if (key < self->count && self->line[key]) {
            snprintf(error, ZPL_ERROR_MAX, "%s:%d: \"%.100s\" is given twice", path, line, name);
            return -1;
        }
        if (key == self->count || zconfig_child(item)) {
            snprintf(error, ZPL_ERROR_MAX, "%s:%d: there is no key \"%.100s\"", path, line, name);
            return -1;
        }
        if (zpl_value(self, key, value ? value : "", reason, sizeof reason) != 0) {
            snprintf(error, ZPL_ERROR_MAX, "%s:%d: %s", path, line, reason);
            return -1;
        }
        self->line[key] = line;
    }
    return 0;
}

/* What is wrong with the form of a line: a section at the margin, or a key and its value four
 * spaces in. zconfig would find it too, but says so on stdout only. */
static const char *
zpl_line_wrong(const char *line)
{
    size_t indent = strspn(line, " ");
    const char *word = line + indent;
    size_t name = 0; /* letters, and digits behind the first */
    if (strspn(word, "abcdefghijklmnopqrstuvwxyz_"))
        name = strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789");
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
zpl_form(const char *path, char *error)
{
    FILE *file = fopen(path, "r");
    char line[2048];
    const char *wrong = NULL;
    if (!file) {
        snprintf(error, ZPL_ERROR_MAX, "%.400s: %s", path, strerror(errno));
        return -1;
    }
    for (int number = 1; !wrong && fgets(line, sizeof line, file); number++) {
        wrong = zpl_line_wrong(line);
        if (wrong)
            snprintf(error, ZPL_ERROR_MAX, "%.400s:%d: %s", path, number, wrong);
    }
    fclose(file);
    return wrong ? -1 : 0;
}

int
zpl_load(zpl_t *self, const char *path, char *error)
{
    snprintf(self->file, sizeof self->file, "%s", path);
    if (!zsys_file_exists(path)) {
        snprintf(error, ZPL_ERROR_MAX, "%.400s: no such file", path);
        return -1;
    }
    if (zpl_form(path, error) != 0)
        return -1;
    zconfig_t *root = zconfig_load(path);
    if (!root) {
        snprintf(error, ZPL_ERROR_MAX, "%.400s: not a ZPL file", path);
        return -1;
    }
    int rc = 0;
    for (zconfig_t *section = zconfig_child(root); section && rc == 0;
         section = zconfig_next(section))
        rc = zpl_section(self, section, path, error);
    zconfig_destroy(&root);
    return rc;
}

int
zpl_set(zpl_t *self, const char *assignment, char *error)
{
    const char *equals = strchr(assignment, '=');
    char path[64];
    if (!equals || (size_t)(equals - assignment) >= sizeof path) {
        snprintf(error, ZPL_ERROR_MAX, "\"%.100s\" is not section/key=value", assignment);
        return -1;
    }
    memcpy(path, assignment, (size_t)(equals - assignment));
    path[equals - assignment] = '\0';
    size_t key = zpl_named(self, path);
    if (key == self->count) {
        snprintf(error, ZPL_ERROR_MAX, "there is no key \"%s\"", path);
        return -1;
    }
    return zpl_value(self, key, equals + 1, error, ZPL_ERROR_MAX);
}

int
zpl_check(const zpl_t *self, char *error)
{
    for (size_t key = 0; key < self->count; key++) {
        const char *wrong = self->wrong(self, key);
        if (wrong && self->line[key])
            snprintf(error, ZPL_ERROR_MAX, "%.200s:%d: %s: \"%.100s\": %s", self->file,
                     self->line[key], self->keys[key].path, self->text[key], wrong);
        else if (wrong)
            snprintf(error, ZPL_ERROR_MAX, "%s: \"%.100s\": %s", self->keys[key].path,
                     self->text[key], wrong);
        if (wrong)
            return -1;
    }
    return 0;
}

void
zpl_help(const zpl_t *self)
{
    for (size_t key = 0; key < self->count; key++)
        printf("  %-24s %s (default: %s)\n", self->keys[key].path, self->keys[key].help,
               *self->keys[key].standard ? self->keys[key].standard : "none");
}
