/* main - `marquee NOUN VERB [ARGUMENTS] [--flags]`: read the line, find the row, run it. */
#include "clients/ctl/ctl.h"
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAIN_ARGUMENTS_MAX = 64, MAIN_TIMEOUT_MS = 5000 };

static const ctl_verb_t *const main_verbs[] = {
    ctl_status_verbs,  ctl_showtime_verbs,  ctl_seat_verbs,   ctl_order_verbs,
    ctl_payment_verbs, ctl_ticket_verbs,    ctl_queue_verbs,  ctl_watch_verbs,
    ctl_key_verbs,     ctl_desk_verbs,      ctl_demo_verbs,   ctl_offline_verbs,
    ctl_generic_verbs, ctl_programme_verbs, ctl_cinema_verbs, ctl_member_verbs,
};
enum { MAIN_LISTS = sizeof main_verbs / sizeof main_verbs[0] };

static const struct {
    const char *name, *value, *help;
} main_flags[CTL_FLAGS] = {
#define F(id, flag, value, help) { flag, value, help },
    CTL_FLAG_TABLE(F)
#undef F
};
/* These go with every command. */
#define MAIN_COMMON ((CTL_FLAG(VERSION) << 1) - 1)

static void
main_print_flags(FILE *to, uint64_t flags)
{
    for (int i = 0; i < CTL_FLAGS; i++) {
        char name[40];
        if (!(flags >> i & 1))
            continue;
        snprintf(name, sizeof name, "--%s%s%s", main_flags[i].name, main_flags[i].value ? " " : "",
                 main_flags[i].value ? main_flags[i].value : "");
        fprintf(to, "  %-22s %s\n", name, main_flags[i].help);
    }
}

static void
main_print_verb(FILE *to, const ctl_verb_t *verb)
{
    char line[64];
    snprintf(line, sizeof line, "%s%s%s%s%s", verb->noun, verb->verb ? " " : "",
             verb->verb ? verb->verb : "", *verb->arguments ? " " : "", verb->arguments);
    fprintf(to, "  %-36s %s\n", line, verb->help);
}

/* Help about everything, or about one noun. */
static void
main_help(FILE *to, const char *noun)
{
    fputs("marquee NOUN VERB [ARGUMENTS] [--flags]\n\n", to);
    for (size_t i = 0; i < MAIN_LISTS; i++)
        for (const ctl_verb_t *verb = main_verbs[i]; verb->noun; verb++)
            if (!noun || strcmp(noun, verb->noun) == 0)
                main_print_verb(to, verb);
    fputs("\nflags of every command:\n", to);
    main_print_flags(to, MAIN_COMMON);
    fputs("\n`marquee NOUN VERB --help` says more.\n"
          "exit: 0 done, 1 refused, 2 used in a wrong way, 3 something is broken\n",
          to);
}

static void
main_help_verb(FILE *to, const ctl_verb_t *verb)
{
    fputs("marquee\n", to);
    main_print_verb(to, verb);
    if (verb->flags) {
        fputs("\nflags:\n", to);
        main_print_flags(to, verb->flags);
    }
    fputs("\nflags of every command:\n", to);
    main_print_flags(to, MAIN_COMMON);
}

static const ctl_verb_t *
main_find(const char *noun, const char *verb, bool *known_noun)
{
    *known_noun = false;
    for (size_t i = 0; i < MAIN_LISTS; i++) {
        for (const ctl_verb_t *row = main_verbs[i]; row->noun; row++) {
            if (!noun || strcmp(row->noun, noun) != 0)
                continue;
            *known_noun = true;
            if (!row->verb || (verb && strcmp(row->verb, verb) == 0))
                return row;
        }
    }
    return NULL;
}

/* One flag of the line; *at moves over a value of its own. */
static bool
main_take_flag(ctl_t *ctl, char **words, int count, int *at, uint64_t *given)
{
    const char *name = words[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    for (int i = 0; i < CTL_FLAGS; i++) {
        if (strlen(main_flags[i].name) != size || strncmp(main_flags[i].name, name, size) != 0)
            continue;
        *given |= UINT64_C(1) << i;
        if (!main_flags[i].value && equals) {
            ctl_say(CTL_USAGE, "--%s takes no value", main_flags[i].name);
            return false;
        }
        ctl->flags[i] = equals ? equals + 1 : "";
        if (!main_flags[i].value || equals)
            return true;
        if (*at + 1 >= count) {
            ctl_say(CTL_USAGE, "--%s needs %s", main_flags[i].name, main_flags[i].value);
            return false;
        }
        ctl->flags[i] = words[++*at];
        return true;
    }
    ctl_say(CTL_USAGE, "there is no flag --%.*s", (int)size, name);
    return false;
}

/* Flags may stand anywhere; what is no flag goes to `rest`, and behind -- everything does. */
static bool
main_read_line(ctl_t *ctl, int count, char **words, char **rest, int *rest_count, uint64_t *given)
{
    bool flags = true;
    *rest_count = 0;
    for (int i = 1; i < count; i++) {
        if (flags && strcmp(words[i], "--") == 0) {
            flags = false;
        } else if (flags && strncmp(words[i], "--", 2) == 0) {
            if (!main_take_flag(ctl, words, count, &i, given))
                return false;
        } else if (*rest_count == MAIN_ARGUMENTS_MAX) {
            ctl_say(CTL_USAGE, "these are too many arguments");
            return false;
        } else {
            rest[(*rest_count)++] = words[i];
        }
    }
    return true;
}

static bool
main_settings(ctl_t *ctl)
{
    uint64_t timeout_ms;
    const char *colour = ctl_flag_text(ctl, CTL_FLAG_COLOUR, "auto");
    if (!ctl_flag_u64(ctl, CTL_FLAG_TIMEOUT, MAIN_TIMEOUT_MS, &timeout_ms))
        return false;
    if (timeout_ms == 0 || timeout_ms > MARQUEE_TIMEOUT_MAX_MS) {
        ctl_say(CTL_USAGE, "--timeout-ms is 1 to %d", MARQUEE_TIMEOUT_MAX_MS);
        return false;
    }
    ctl->timeout_ms = (uint32_t)timeout_ms;
    ctl->json = ctl->flags[CTL_FLAG_JSON] != NULL;
    /* https://no-color.org */
    const char *plain = getenv("NO_COLOR");
    ctl->colour = isatty(STDOUT_FILENO) && !(plain && *plain);
    if (strcmp(colour, "auto") != 0)
        ctl->colour = strcmp(colour, "always") == 0;
    if (ctl->colour || strcmp(colour, "auto") == 0 || strcmp(colour, "never") == 0)
        return true;
    ctl_say(CTL_USAGE, "--colour is always, never or auto, not '%s'", colour);
    return false;
}

/* Does the line fit the command? */
static bool
main_fits(const ctl_t *ctl, const ctl_verb_t *verb, uint64_t given)
{
    uint64_t foreign = given & ~(MAIN_COMMON | verb->flags);
    if (foreign) {
        ctl_say(CTL_USAGE, "%s%s%s does not take --%s", verb->noun, verb->verb ? " " : "",
                verb->verb ? verb->verb : "", main_flags[__builtin_ctzll(foreign)].name);
        return false;
    }
    if (ctl->argument_count >= verb->least && (verb->most < 0 || ctl->argument_count <= verb->most))
        return true;
    ctl_say(CTL_USAGE, "usage: marquee %s%s%s%s%s", verb->noun, verb->verb ? " " : "",
            verb->verb ? verb->verb : "", *verb->arguments ? " " : "", verb->arguments);
    return false;
}

static ctl_exit_t
main_run(ctl_t *ctl, char **rest, int rest_count, uint64_t given)
{
    bool known_noun;
    const char *noun = rest_count > 0 ? rest[0] : NULL;
    const ctl_verb_t *verb = main_find(noun, rest_count > 1 ? rest[1] : NULL, &known_noun);
    if (ctl->flags[CTL_FLAG_VERSION]) {
        printf("marquee %s\n", marquee_version());
        return CTL_DONE;
    }
    if (ctl->flags[CTL_FLAG_HELP] || !noun) {
        FILE *to = ctl->flags[CTL_FLAG_HELP] ? stdout : stderr;
        if (verb)
            main_help_verb(to, verb);
        else
            main_help(to, known_noun ? noun : NULL);
        return ctl->flags[CTL_FLAG_HELP] ? CTL_DONE : CTL_USAGE;
    }
    if (!verb) {
        if (!known_noun)
            return ctl_say(CTL_USAGE, "there is no '%s'; `marquee --help` lists what there is",
                           noun);
        main_help(stderr, noun);
        return CTL_USAGE;
    }
    int used = verb->verb ? 2 : 1;
    ctl->arguments = rest + used;
    ctl->argument_count = rest_count - used;
    return main_settings(ctl) && main_fits(ctl, verb, given) ? verb->run(ctl) : CTL_USAGE;
}

int
main(int count, char **words)
{
    ctl_t ctl = { .marquee = NULL };
    char *rest[MAIN_ARGUMENTS_MAX];
    int rest_count;
    uint64_t given = 0;
    (void)setlocale(LC_TIME, "C");
    ctl_exit_t outcome = CTL_USAGE;
    if (main_read_line(&ctl, count, words, rest, &rest_count, &given))
        outcome = main_run(&ctl, rest, rest_count, given);
    marquee_destroy(&ctl.marquee);
    if (fflush(stdout) != 0 && outcome == CTL_DONE)
        outcome = ctl_say(CTL_FAULT, "stdout cannot be written");
    return (int)outcome;
}
