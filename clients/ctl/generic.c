/* generic - what comes from the tables alone: any operation called by name, and the tables printed.
 */
#include "actors/ids.h"
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- call --------------------------------------------------------------------------------------
 */

static json_t *
call_seats(const char *text)
{
    json_t *list = json_array();
    while (*text) {
        char *end;
        unsigned long id = strtoul(text, &end, 10);
        if (end == text || (*end && *end != ',')) {
            json_decref(list);
            return NULL;
        }
        (void)json_array_append_new(list, json_integer((json_int_t)id));
        text = end + (*end == ',');
    }
    return list;
}

/* A field's text as its type says; lists are JSON, or @FILE with JSON inside. NULL: malformed. */
static json_t *
call_value(field_type_t type, const char *text)
{
    uint64_t number;
    json_error_t error;
    switch (type) {
    case TYPE_UINT:
        return ctl_parse_u64(text, &number) && number <= INT64_MAX
                   ? json_integer((json_int_t)number)
                   : NULL;
    case TYPE_BOOL:
        if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
            return json_true();
        return strcmp(text, "false") == 0 || strcmp(text, "no") == 0 ? json_false() : NULL;
    case TYPE_STR:
        return json_string(text);
    case TYPE_SEATS:
        return call_seats(text);
    case TYPE_LIST:
        return text[0] == '@' ? json_load_file(text + 1, 0, &error) : json_loads(text, 0, &error);
    case TYPE_BIN:
    default:
        return NULL;
    }
}

static bool
call_field(json_t *fields, const char *argument)
{
    const char *equals = strchr(argument, '=');
    field_t field = equals ? field_named(argument, (size_t)(equals - argument)) : FIELDS;
    if (field == FIELDS) {
        ctl_say(CTL_USAGE,
                "'%s' is not FIELD=VALUE with a known field; see `marquee operations list`",
                argument);
        return false;
    }
    const field_info_t *info = field_info(field);
    json_t *value = call_value(info->type, equals + 1);
    if (!value) {
        ctl_say(CTL_USAGE, "%s cannot be '%s'", info->name, equals + 1);
        return false;
    }
    return json_object_set_new(fields, info->name, value) == 0;
}

/* The shard key is said, or is inside the order, ticket or token of the fields. */
static bool
call_key(const ctl_t *ctl, const operation_t *operation, const json_t *fields, uint64_t *key)
{
    *key = 0;
    if (ctl->flags[CTL_FLAG_ON])
        return ctl_flag_u64(ctl, CTL_FLAG_ON, 0, key);
    if (operation->key == KEY_NONE || operation->key == KEY_PARTITION ||
        ids_order_showtime(ctl_text(fields, "order"), key) ||
        ids_ticket_showtime(ctl_text(fields, "ticket"), key) ||
        ids_token_showtime(ctl_text(fields, "token"), key))
        return true;
    ctl_say(CTL_USAGE, "--on says which showtime, cinema or member is meant");
    return false;
}

static ctl_exit_t
generic_call(ctl_t *ctl)
{
    const operation_t *operation = operation_named(ctl->arguments[0]);
    uint64_t key;
    json_t *reply, *fields = json_object();
    if (!operation || operation->code == OP_HELLO) {
        json_decref(fields);
        return ctl_say(CTL_USAGE, "no operation '%s'; see `marquee operations list`",
                       ctl->arguments[0]);
    }
    for (int i = 1; i < ctl->argument_count; i++) {
        if (!call_field(fields, ctl->arguments[i])) {
            json_decref(fields);
            return CTL_USAGE;
        }
    }
    if (!call_key(ctl, operation, fields, &key)) {
        json_decref(fields);
        return CTL_USAGE;
    }
    ctl_exit_t outcome = ctl_ask(ctl, (operation_code_t)operation->code, key, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply)) {
        (void)json_dumpf(reply, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(reply);
    return CTL_DONE;
}

/* --- operations list ---------------------------------------------------------------------------
 */

static const char *const generic_types[] = { "uint", "str", "bin", "bool", "seats", "list" };
static const char *const generic_keys[KEY_KINDS] = {
    [KEY_NONE] = "none",       [KEY_SHOWTIME] = "showtime", [KEY_PARTITION] = "partition",
    [KEY_CASHIER] = "cashier", [KEY_CINEMA] = "cinema",     [KEY_SENDER] = "sender",
    [KEY_MEMBER] = "member",
};
static const char *const generic_modes[] = { "read", "write", "machine" };

static const struct {
    role_t role;
    const char *name;
} generic_roles[] = {
#define X(id, name, bit) { ROLE_##id, name },
    ROLE_TABLE(X)
#undef X
};
enum { GENERIC_ROLES = sizeof generic_roles / sizeof generic_roles[0] };

static const struct {
    uint16_t code;
    const char *name, *text;
} generic_statuses[] = {
#define X(code, name, text) { code, #name, text },
    STATUS_TABLE(X)
#undef X
};

static void
generic_print_roles(uint32_t roles)
{
    const char *comma = "";
    for (size_t i = 0; i < GENERIC_ROLES; i++) {
        if (!(roles & generic_roles[i].role))
            continue;
        printf("%s%s", comma, generic_roles[i].name);
        comma = ", ";
    }
}

/* Names of the fields of a mask; `mark` goes around each. */
static void
generic_print_fields(field_set_t mask, const char *mark)
{
    const char *comma = "";
    if (mask == ~UINT64_C(0)) {
        fputs("any", stdout);
        return;
    }
    for (field_t field = 0; field < FIELDS; field++) {
        if (!field_in(mask, field))
            continue;
        printf("%s%s%s%s", comma, mark, field_info(field)->name, mark);
        comma = ", ";
    }
}

static void
generic_markdown_operations(void)
{
    puts("### Operations\n\n| code | name | key | mode | required | optional | reply | roles | |\n"
         "|---|---|---|---|---|---|---|---|---|");
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
        const operation_t *operation = operation_of(code);
        if (!operation)
            continue;
        printf("| %u | `%s` | %s | %s | ", code, operation->name, generic_keys[operation->key],
               generic_modes[operation->mode]);
        generic_print_fields(operation->required, "`");
        fputs(" | ", stdout);
        generic_print_fields(operation->optional, "`");
        printf(" | %s | ", operation->reply);
        generic_print_roles(operation->roles);
        printf(" | %s |\n", operation->help);
    }
    fputs("\nEvery operation that is not of mode machine takes ", stdout);
    generic_print_fields(FIELDS_ALWAYS, "`");
    puts(" too.");
}

static void
generic_markdown(void)
{
    generic_markdown_operations();
    puts("\n### Fields\n\n| name | type | least | most | |\n|---|---|---|---|---|");
    for (field_t field = 0; field < FIELDS; field++) {
        const field_info_t *info = field_info(field);
        printf("| `%s` | %s | %" PRIu64 " | %" PRIu64 " | %s |\n", info->name,
               generic_types[info->type], info->min, info->max, info->help);
    }
    puts("\n### Statuses\n\n| code | name | |\n|---|---|---|");
    for (size_t i = 0; i < sizeof generic_statuses / sizeof generic_statuses[0]; i++)
        printf("| %u | `%s` | %s |\n", generic_statuses[i].code, generic_statuses[i].name,
               generic_statuses[i].text);
    puts("\n### Roles\n\n| role | may call |\n|---|---|");
    for (size_t i = 0; i < GENERIC_ROLES; i++) {
        const char *comma = "";
        printf("| %s | ", generic_roles[i].name);
        for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
            const operation_t *operation = operation_of(code);
            if (!operation || !(operation->roles & generic_roles[i].role))
                continue;
            printf("%s`%s`", comma, operation->name);
            comma = ", ";
        }
        puts(" |");
    }
}

static json_t *
generic_field_names(field_set_t mask)
{
    json_t *names = json_array();
    for (field_t field = 0; mask != ~UINT64_C(0) && field < FIELDS; field++)
        if (field_in(mask, field))
            (void)json_array_append_new(names, json_string(field_info(field)->name));
    return names;
}

static void
generic_print(const ctl_t *ctl, const operation_t *operation)
{
    printf("%s%-16s%s %s\n", ctl_sgr(ctl, "\033[1m"), operation->name, ctl_sgr(ctl, "\033[0m"),
           operation->help);
    printf("    %s, key: %s, for: ", generic_modes[operation->mode], generic_keys[operation->key]);
    generic_print_roles(operation->roles);
    if (operation->required) {
        fputs("\n    takes: ", stdout);
        generic_print_fields(operation->required, "");
    }
    if (operation->optional) {
        fputs("\n    may take: ", stdout);
        generic_print_fields(operation->optional, "");
    }
    printf("\n    answers: %s\n", operation->reply);
}

static ctl_exit_t
generic_list(ctl_t *ctl)
{
    if (ctl->flags[CTL_FLAG_MARKDOWN]) {
        generic_markdown();
        return CTL_DONE;
    }
    json_t *all = json_array();
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
        const operation_t *operation = operation_of(code);
        if (!operation)
            continue;
        if (!ctl->json)
            generic_print(ctl, operation);
        (void)json_array_append_new(
            all, json_pack("{s:i,s:s,s:s,s:s,s:o,s:o,s:s,s:s}", "code", (int)code, "name",
                           operation->name, "key", generic_keys[operation->key], "mode",
                           generic_modes[operation->mode], "required",
                           generic_field_names(operation->required), "optional",
                           generic_field_names(operation->optional), "reply", operation->reply,
                           "help", operation->help));
    }
    (void)ctl_print_json(ctl, all);
    json_decref(all);
    return CTL_DONE;
}

const ctl_verb_t ctl_generic_verbs[] = {
    { "call", NULL, "OPERATION FIELD=VALUE...", 1, -1, CTL_FLAG(ON), generic_call,
      "call any operation; lists are 1,2,3, other lists JSON or @FILE" },
    { "operations", "list", "", 0, 0, CTL_FLAG(MARKDOWN), generic_list,
      "every operation with its fields" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
