/* keys - certificates of clients in the server's key folder; see ctl.h. */
#include "broker/gate.h"
#include "clients/ctl/ctl.h"
#include <czmq.h>
#include <errno.h>
#include <string.h>

static const char *
key_directory(const ctl_t *ctl)
{
    return ctl_flag_text(ctl, CTL_FLAG_DIRECTORY, "data/keys");
}

static ctl_exit_t
key_new(ctl_t *ctl)
{
    const char *directory = key_directory(ctl), *name = ctl->arguments[0];
    const char *word = ctl->flags[CTL_FLAG_ROLE];
    role_t role = word ? role_named(word) & ROLES_KEYS : ROLE_NONE;
    if (role == ROLE_NONE)
        return ctl_say(CTL_USAGE,
                       "--role is one of bridge, kiosk, admin, cashier, sender, actor, load");
    if (gate_issue(directory, name, role))
        return ctl_say(errno == EEXIST ? CTL_REFUSED : CTL_FAULT, "%s in %s: %s", name, directory,
                       strerror(errno));
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.key", directory, name);
    json_t *said = json_pack("{s:s,s:s,s:s}", "name", name, "role", word, "secret", path);
    if (!ctl_print_json(ctl, said)) {
        printf("public   %s/clients/%s.pub\nsecret   %s\n", directory, name, path);
        ctl_hint(ctl, "The server reads the public one. Move the secret one to the client: "
                      "marquee --key FILE --endpoint tcp://SERVER:PORT status");
    }
    json_decref(said);
    return CTL_DONE;
}

/* The public part of every client's certificate, in order of name. */
static ctl_exit_t
key_list(ctl_t *ctl)
{
    char directory[1024];
    snprintf(directory, sizeof directory, "%s/clients", key_directory(ctl));
    zdir_t *folder = zdir_new(directory, "-");
    if (!folder)
        return ctl_say(CTL_FAULT, "%s cannot be read", directory);
    json_t *all = json_array();
    zlist_t *files = zdir_list(folder);
    for (zfile_t *file = zlist_first(files); file; file = zlist_next(files)) {
        const char *path = zfile_filename(file, NULL);
        size_t size = strlen(path);
        if (size < 4 || strcmp(path + size - 4, ".pub") != 0)
            continue;
        zcert_t *cert = zcert_load(path);
        const char *role = cert ? zcert_meta(cert, "role") : NULL;
        if (role && zcert_meta(cert, "name"))
            (void)json_array_append_new(all,
                                        json_pack("{s:s,s:s,s:s}", "name", zcert_meta(cert, "name"),
                                                  "role", role, "public", zcert_public_txt(cert)));
        zcert_destroy(&cert);
    }
    zlist_destroy(&files);
    zdir_destroy(&folder);
    size_t index;
    json_t *key;
    if (!ctl_print_json(ctl, all))
        json_array_foreach(all, index, key) printf("%-20s %-8s %s\n", ctl_text(key, "name"),
                                                   ctl_text(key, "role"), ctl_text(key, "public"));
    json_decref(all);
    return CTL_DONE;
}

const ctl_verb_t ctl_key_verbs[] = {
    { "keys", "new", "NAME", 1, 1, CTL_FLAG(ROLE) | CTL_FLAG(DIRECTORY), key_new,
      "make a client's certificate; run it where the server is" },
    { "keys", "list", "", 0, 0, CTL_FLAG(DIRECTORY), key_list, "who has one, and which role" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
