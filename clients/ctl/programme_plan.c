/* programme_plan - see programme_plan.h for the contract. */
#include "clients/ctl/programme_plan.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLAN_PATH_MAX = 1024, PLAN_SECONDS_MAX = 3600 };

/* Beside this program, where a build and an installation have it; else where PATH says. */
static void
plan_path(char path[PLAN_PATH_MAX])
{
    static const char name[] = "marquee-plan";
    ssize_t size = readlink("/proc/self/exe", path, PLAN_PATH_MAX - sizeof name);
    char *slash = size > 0 ? memrchr(path, '/', (size_t)size) : NULL;
    if (slash)
        memcpy(slash + 1, name, sizeof name);
    if (!slash || access(path, X_OK) != 0)
        memcpy(path, name, sizeof name);
}

static int
plan_spawn(const ctl_t *ctl, int in, int out, const char *seconds, pid_t *child)
{
    char path[PLAN_PATH_MAX];
    posix_spawn_file_actions_t actions;
    plan_path(path);
    char flag[] = "--seconds", greedy[] = "--greedy", number[24];
    snprintf(number, sizeof number, "%s", seconds);
    char *const words[] = { path, flag, number, ctl->flags[CTL_FLAG_GREEDY] ? greedy : NULL, NULL };
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    int fault = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (!fault)
        fault = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (!fault)
        fault = posix_spawnp(child, path, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return fault;
}

/* Files instead of pipes: neither side can wait for the other for ever. */
static ctl_exit_t
plan_run(ctl_t *ctl, const json_t *problem, FILE *in, FILE *out, const char *seconds)
{
    pid_t child;
    int state;
    if (json_dumpf(problem, in, JSON_COMPACT) != 0 || fflush(in) != 0 ||
        lseek(fileno(in), 0, SEEK_SET) != 0)
        return ctl_say(CTL_FAULT, "the problem cannot be written: %s", strerror(errno));
    int fault = plan_spawn(ctl, fileno(in), fileno(out), seconds, &child);
    if (fault)
        return ctl_say(CTL_FAULT, "marquee-plan cannot be started: %s", strerror(fault));
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR)
            return ctl_say(CTL_FAULT, "marquee-plan: %s", strerror(errno));
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return CTL_DONE;
    return ctl_say(CTL_FAULT, "marquee-plan has not planned it");
}

ctl_exit_t
programme_plan(ctl_t *ctl, json_t *problem, json_t **plan)
{
    json_error_t error;
    uint64_t seconds;
    FILE *in = tmpfile(), *out = tmpfile();
    char number[24];
    *plan = NULL;
    ctl_exit_t outcome = CTL_DONE;
    if (!ctl_flag_u64(ctl, CTL_FLAG_SECONDS, 30, &seconds))
        outcome = CTL_USAGE;
    else if (seconds == 0 || seconds > PLAN_SECONDS_MAX)
        outcome = ctl_say(CTL_USAGE, "--seconds is 1 to %d", PLAN_SECONDS_MAX);
    else if (!in || !out || !problem)
        outcome = ctl_say(CTL_FAULT, "no file for the plan: %s", strerror(errno));
    snprintf(number, sizeof number, "%" PRIu64, seconds);
    if (outcome == CTL_DONE)
        outcome = plan_run(ctl, problem, in, out, number);
    if (outcome == CTL_DONE) {
        rewind(out);
        *plan = json_loadf(out, JSON_REJECT_DUPLICATES, &error);
        if (!json_is_object(*plan))
            outcome = ctl_say(CTL_FAULT, "marquee-plan: line %d: %s", error.line, error.text);
    }
    if (in)
        (void)fclose(in);
    if (out)
        (void)fclose(out);
    json_decref(problem);
    return outcome;
}
