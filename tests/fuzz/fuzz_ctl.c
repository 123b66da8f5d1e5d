/* fuzz_ctl - the commands of `marquee`: what is typed, the JSON files it names, and what a hostile
 * server answers. The network is here, as in fuzz_client: each command that is sent is answered
 * from the input at once. Input: a byte which command, one which flags, texts of arguments and
 * flags (a byte of length, the bytes), a file (two of length, the bytes); then answers, each a byte
 * of status, two of length, the bytes.
 *
 * No text of the input names a file: those are always the file of the input, or none. */
#include "clients/client.h"
#include "clients/ctl/ctl.h"
#include "tests/fuzz/commands.h"
#include "tests/fuzz/fuzz.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 4, TEXT_ROOM = 64, ANSWERS_MAX = 64, QUEUE_ROOM = 128 * 1024 };

static fuzz_input_t answers;
static uint32_t answered;
static uint8_t queue[QUEUE_ROOM];
static size_t queued;

/* --- the network ------------------------------------------------------------------------------ */

int
link_open(link_t *self, const marquee_options_t *options)
{
    static char commands;
    (void)options;
    *self = (link_t){ .commands = &commands, .fd = -1 };
    queued = 0;
    return 0;
}

void
link_close(link_t *self)
{
    *self = (link_t){ .fd = -1 };
}

static void
ctl_reply(const wire_header_t *asked, status_t status, const void *body, size_t size)
{
    wire_header_t header = *asked;
    header.kind = WIRE_REPLY;
    header.status = (uint16_t)status;
    header.moment = 1;
    if (queued + wire_size((uint32_t)size) <= sizeof queue)
        queued += wire_put(queue + queued, &header, body, (uint32_t)size);
}

/* Statuses at which the client only waits are left out: nothing here comes later. */
static void
ctl_answer(const wire_header_t *asked)
{
    static const uint8_t hello[] = "\x81\xaapartitions\x02";
    static const status_t statuses[] = { STATUS_OK, STATUS_OK, STATUS_OK, STATUS_SHOWTIME_EXISTS,
                                         STATUS_UNKNOWN_SHOWTIME };
    if (asked->operation == OP_HELLO) {
        ctl_reply(asked, STATUS_OK, hello, sizeof hello - 1);
        return;
    }
    if (answers.left == 0 || answered++ == ANSWERS_MAX) {
        ctl_reply(asked, STATUS_UNKNOWN_SHOWTIME, NULL, 0);
        return;
    }
    status_t status = statuses[fuzz_below(&answers, sizeof statuses / sizeof statuses[0])];
    size_t size = fuzz_take(&answers, 2);
    size = size < answers.left ? size : answers.left;
    ctl_reply(asked, status, answers.at, size);
    answers.at += size;
    answers.left -= size;
}

int
link_send(link_t *self, zmq_msg_t *message)
{
    size_t at = 0;
    wire_record_t record;
    (void)self;
    while (at < zmq_msg_size(message)) {
        FUZZ_HOLDS(wire_next(zmq_msg_data(message), zmq_msg_size(message), &at, &record) ==
                   STATUS_OK);
        FUZZ_HOLDS(record.body_size == 0 || mp_valid(record.body, record.body_size));
        ctl_answer(&record.header);
    }
    (void)zmq_msg_close(message);
    return 1;
}

int
link_receive(void *socket, zmq_msg_t *message)
{
    (void)socket;
    if (queued == 0)
        return 0;
    (void)zmq_msg_close(message);
    FUZZ_HOLDS(zmq_msg_init_size(message, queued) == 0);
    memcpy(zmq_msg_data(message), queue, queued);
    queued = 0;
    return 1;
}

bool
link_writable(const link_t *self)
{
    (void)self;
    return true;
}

int
link_wait(link_t *self, bool sending, long timeout_ms)
{
    (void)self, (void)sending, (void)timeout_ms;
    if (queued > 0)
        return 0;
    errno = ETIMEDOUT;
    return -1;
}

/* --- what is typed ---------------------------------------------------------------------------- */

typedef struct {
    char texts[ARGUMENTS_MAX + CTL_FLAGS][TEXT_ROOM];
    char *words[ARGUMENTS_MAX];
    char path[TEXT_ROOM + 64], at_path[TEXT_ROOM + 96];
    ctl_t ctl;
} fuzz_line_t;

static char *
ctl_take_text(char text[TEXT_ROOM], fuzz_input_t *input)
{
    size_t size = fuzz_below(input, TEXT_ROOM);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)fuzz_take(input, 1);
    text[size] = 0;
    return text;
}

static bool
ctl_takes_file(const ctl_verb_t *verb)
{
    return strcmp(verb->arguments, "FILE") == 0;
}

static void
ctl_type(fuzz_line_t *line, const ctl_verb_t *verb, fuzz_input_t *input)
{
    uint32_t choice = (uint32_t)fuzz_take(input, 1), most = (uint32_t)verb->least;
    uint64_t chosen = fuzz_take(input, 6) & verb->flags & ~COMMANDS_FLAGS_NEVER;
    if (verb->most < 0)
        most += fuzz_below(input, 2);
    line->ctl = (ctl_t){ .timeout_ms = 1000, .json = choice & 1, .colour = choice & 2 };
    for (uint32_t i = 0; i < most; i++) {
        line->words[i] = ctl_take_text(line->texts[i], input);
        char *at = strchr(line->words[i], '@');
        if (ctl_takes_file(verb))
            line->words[i] = line->path;
        else if (at) /* a list from a file: this one */
            *at = 0;
    }
    if (choice & 4 && strcmp(verb->noun, "call") == 0)
        line->words[most++] = line->at_path;
    for (int i = 0; i < CTL_FLAGS; i++)
        if (chosen >> i & 1)
            line->ctl.flags[i] = ctl_take_text(line->texts[ARGUMENTS_MAX + i], input);
    line->ctl.arguments = line->words;
    line->ctl.argument_count = (int)most;
}

static void
ctl_file(fuzz_input_t *input)
{
    size_t size = fuzz_take(input, 2);
    size = size < input->left ? size : input->left;
    (void)fuzz_file("file", input->at, size);
    input->at += size;
    input->left -= size;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fuzz_line_t line;
    static FILE *talk;
    static marquee_t *kept; /* one connection for all inputs: nothing stays in flight on it */
    fuzz_input_t input = { data, size };
    if (!talk) { /* what is said goes nowhere; fuzz_broken() writes to the descriptor */
        FUZZ_HOLDS((talk = fopen("/dev/null", "w")) != NULL);
        stdout = stderr = talk;
    }
    const ctl_verb_t *verb = commands_at((uint32_t)fuzz_take(&input, 1));
    if (!verb)
        return 0;
    FUZZ_HOLDS(setenv("TZ", "UTC", 1) == 0);
    snprintf(line.path, sizeof line.path, "%s/file", fuzz_folder());
    snprintf(line.at_path, sizeof line.at_path, "rows=@%s", line.path);
    ctl_type(&line, verb, &input);
    ctl_file(&input);
    answers = input;
    answered = 0;
    line.ctl.marquee = kept;
    ctl_exit_t outcome = verb->run(&line.ctl);
    FUZZ_HOLDS(outcome >= CTL_DONE && outcome <= CTL_FAULT);
    kept = line.ctl.marquee;
    FUZZ_HOLDS(!kept || marquee_in_flight(kept) == 0);
    return 0;
}
