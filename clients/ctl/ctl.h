/* ctl - what the commands of `marquee` share: arguments, the connection, and how things are said.
 *
 * Data goes to stdout, talk to stderr. A command returns one of the exits below; whoever finds a
 * refusal or fault says it, at once and once. Replies are handled as JSON values: none is large,
 * and what `--json` prints is then what the server said. */
#ifndef CTL_H
#define CTL_H
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/marquee.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { CTL_DONE, CTL_REFUSED, CTL_USAGE, CTL_FAULT } ctl_exit_t;

/* F(id, flag, value or NULL, help); the first ones go with every command. */
#define CTL_FLAG_TABLE(F)                                                                          \
    F(ENDPOINT, "endpoint", "ENDPOINT", "server, or MARQUEE_ENDPOINT; tcp://127.0.0.1:5570")       \
    F(EVENTS, "events", "ENDPOINT", "its events, or MARQUEE_EVENTS; the next port")                \
    F(KEY, "key", "FILE", "CURVE certificate as made by `keys new`, or MARQUEE_KEY")               \
    F(TIMEOUT, "timeout-ms", "MS", "how long to try; 5000")                                        \
    F(JSON, "json", NULL, "print what the server says, as JSON")                                   \
    F(COLOUR, "colour", "WHEN", "always, never or auto (on a terminal); auto")                     \
    F(HELP, "help", NULL, "say how it is used")                                                    \
    F(VERSION, "version", NULL, "say which version this is")                                       \
    F(USER, "user", "N", "the buyer; 1")                                                           \
    F(TTL, "ttl-ms", "MS", "how long to hold the seats")                                           \
    F(ZONE, "zone", "LETTER", "only seats of this price zone")                                     \
    F(WHEELCHAIR, "wheelchair", NULL, "wheelchair places are wanted")                              \
    F(REASON, "reason", "TEXT", "why, for people")                                                 \
    F(DAY, "day", "DAY", "today, tomorrow or YYYY-MM-DD")                                          \
    F(LIMIT, "limit", "N", "at most this many")                                                    \
    F(PROVIDER, "provider", "NAME", "payment provider; sandbox")                                   \
    F(OUTCOME, "outcome", "WORD", "succeeded, failed or closed; succeeded")                        \
    F(AMOUNT, "amount", "FEN", "another amount than the order's")                                  \
    F(TXN, "txn", "TEXT", "the provider's transaction number; made up")                            \
    F(CODE, "code", "CODE", "payment code, as `orders create` printed it")                         \
    F(NO, "no", NULL, "decline the offer")                                                         \
    F(SEATS, "seats", "LIST", "only these seats of the order: 55,56 or F7,F8")                     \
    F(WAIT, "wait", NULL, "wait until the money is back")                                          \
    F(QR, "qr", "KIND", "draw the code: terminal, svg or png")                                     \
    F(OUT, "out", "FILE", "where the drawing goes; stdout")                                        \
    F(PIXELS, "pixels", "N", "width of the drawing; 300")                                          \
    F(OFFLINE, "offline", NULL, "the signed payload for gates without a network")                  \
    F(KIOSK, "kiosk", "NAME", "where the ticket is shown")                                         \
    F(STEP, "step", "WORD", "begin, done, failed or reprint; begin")                               \
    F(ROLE, "role", "ROLE", "what the key's holder may do; see marquee(1)")                        \
    F(DIRECTORY, "directory", "DIR",                                                               \
      "where keys are kept; data/keys, of staff and kiosks data/bridge")                           \
    F(ON, "on", "KEY", "the shard key: a showtime, a member, or a partition")                      \
    F(MARKDOWN, "markdown", NULL, "the tables of docs/protocol.md")                                \
    F(COUNT, "count", "N", "end after this many")                                                  \
    F(BRIDGE, "bridge", "URL", "the bridge, too: http://HOST[:PORT]")                              \
    F(FROM, "from", "DAY", "first day of the week; today")                                         \
    F(DAYS, "days", "N", "how many days; 7")                                                       \
    F(DATA, "data", "DIR", "the server's data directory; data")                                    \
    F(REBUILD, "rebuild", NULL, "also make the state anew from the journal, and compare")          \
    F(PASS, "pass-ms", "MS", "how long one who was let in may buy; 600000")                        \
    F(SHARE, "share", "PERCENT", "of those let in, how many are of lane 1; 0")                     \
    F(OPENS, "opens-ms", "UNIX-MS", "when the places are drawn; when the sale opens")              \
    F(LANE, "lane", "N", "0, or 1 for priority; 0")                                                \
    F(SITE_KEY, "site-key", "HEX", "the site's public key, to check signatures with")              \
    F(BILL, "bill", "FILE", "the provider's bill of that day, as CSV in UTF-8")                    \
    F(DATE, "date", "DAY", "the day of the bill, YYYY-MM-DD in Beijing")                           \
    F(ROOM, "room", "FILE", "what `queue show --json` said; nothing is asked then")                \
    F(HOURS, "hours", "N", "how long old keys, or a refusal, stay; 25")                            \
    F(CINEMAS, "cinemas", "LIST", "those that a cinema_admin runs: 7,12")                          \
    F(CINEMA, "cinema", "N", "which cinema is meant")                                              \
    F(WEEK, "week", "DAY", "seven days from this one on: today, tomorrow or YYYY-MM-DD")           \
    F(TO, "to", "DAY", "the first day that is copied to; tomorrow")                                \
    F(FORMAT, "format", "WORD", "2D, 3D, IMAX, ...")                                               \
    F(CSV, "csv", NULL, "as CSV instead of JSON")                                                  \
    F(EXPLAIN, "explain", NULL, "print the plan with its reasons, and what was left out")          \
    F(SECONDS, "seconds", "N", "how long to look for a better plan; 30")                           \
    F(GREEDY, "greedy", NULL, "the first plan that comes to mind")                                 \
    F(RULES, "rules", "FILE",                                                                      \
      "weights of the score, holidays, rules of the plan: docs/planning.md")                       \
    F(COUPON, "coupon", "CODE", "a coupon of the buyer, who is a member")                          \
    F(MINIMUM, "minimum", "FEN", "what an order must come to; 0")                                  \
    F(PER_MEMBER, "per-member", "N", "how many of the batch one member may have; 1")

typedef enum {
#define F(id, flag, value, help) CTL_FLAG_##id,
    CTL_FLAG_TABLE(F)
#undef F
        CTL_FLAGS
} ctl_flag_t;
_Static_assert(CTL_FLAGS <= 64, "a flag is a bit");
#define CTL_FLAG(id) (UINT64_C(1) << CTL_FLAG_##id)

typedef struct {
    marquee_t *marquee;           /* made by ctl_connect() */
    const char *flags[CTL_FLAGS]; /* value, "" for a flag without one, NULL when not given */
    char *const *arguments;
    int argument_count;
    bool json, colour;
    uint64_t zone_of; /* the showtime whose time zone is shown */
    uint32_t timeout_ms;
} ctl_t;

typedef ctl_exit_t ctl_run_fn(ctl_t *ctl);
typedef struct {
    const char *noun, *verb, *arguments;
    int least, most; /* arguments; most -1: any number */
    uint64_t flags;
    ctl_run_fn *run;
    const char *help;
} ctl_verb_t;

/* One list for each file of commands, ended by a row without noun. */
extern const ctl_verb_t ctl_status_verbs[], ctl_showtime_verbs[], ctl_seat_verbs[],
    ctl_order_verbs[], ctl_payment_verbs[], ctl_ticket_verbs[], ctl_key_verbs[],
    ctl_generic_verbs[], ctl_watch_verbs[], ctl_demo_verbs[], ctl_offline_verbs[],
    ctl_queue_verbs[], ctl_desk_verbs[], ctl_programme_verbs[], ctl_cinema_verbs[],
    ctl_member_verbs[];
ctl_run_fn queue_verify;      /* queue_verify.c, for queue.c */
ctl_run_fn payment_reconcile; /* reconcile.c, for payments.c */

/* --- talk (talk.c) --------------------------------------------------------------------------- */

/* A sentence on stderr, without its line end; the exit comes back, to return it. */
ctl_exit_t ctl_say(ctl_exit_t outcome, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A hint on stderr, for people only. */
void ctl_hint(const ctl_t *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* With --json, print the value as one line and say true. */
bool ctl_print_json(const ctl_t *ctl, const json_t *value);
/* SGR codes where colour is wanted, else nothing. */
const char *ctl_sgr(const ctl_t *ctl, const char *code);
enum { CTL_TIME_ROOM = 48, CTL_MONEY_ROOM = 32 };
/* 19:30, 19:30:00, 19:30:00 CST, Monday 2026-11-23 (CST), Mon 2026-11-23 19:30 CST, and
 * 2026-11-23 19:30:00 CST, in this terminal's time zone. */
typedef enum {
    CTL_TIME_CLOCK,
    CTL_TIME_NOW,
    CTL_TIME_UNTIL,
    CTL_TIME_DAY,
    CTL_TIME_SHOW,
    CTL_TIME_EXACT,
} ctl_time_t;
/* Show times from here on in a time zone (IANA name); "" leaves the terminal's. */
void ctl_zone(const char *name);
const char *ctl_time(char text[CTL_TIME_ROOM], int64_t unix_ms, ctl_time_t form);
const char *ctl_money(char text[CTL_MONEY_ROOM], int64_t fen);
/* Columns that a UTF-8 text takes in a terminal; print it padded to `columns`. */
int ctl_columns(const char *text);
void ctl_print_padded(const char *text, int columns);
/* Fields of a reply; 0, "" or an empty list when it is not there. */
int64_t ctl_number(const json_t *object, const char *field);
const char *ctl_text(const json_t *object, const char *field);

/* --- numbers from the command line (talk.c) ----------------------------------------------------
 */

bool ctl_parse_u64(const char *text, uint64_t *value);
/* An argument or flag as a number; false after having said what is wrong. */
bool ctl_argument_u64(const ctl_t *ctl, int index, const char *what, uint64_t *value);
bool ctl_flag_u64(const ctl_t *ctl, ctl_flag_t flag, uint64_t otherwise, uint64_t *value);
const char *ctl_flag_text(const ctl_t *ctl, ctl_flag_t flag, const char *otherwise);

/* --- the server (ask.c) ------------------------------------------------------------------------
 */

ctl_exit_t ctl_connect(ctl_t *ctl);
/* Call an operation with the fields of an object (taken; NULL: none). CTL_DONE with *reply, which
 * the caller owns; otherwise it has been said, and *reply is NULL. */
ctl_exit_t ctl_ask(ctl_t *ctl, operation_code_t code, uint64_t key, json_t *fields, json_t **reply);
/* The same, but the status comes back too and no refusal is said: for who expects one. */
ctl_exit_t ctl_try(ctl_t *ctl, operation_code_t code, uint64_t key, json_t *fields, json_t **reply,
                   status_t *status);
/* Partitions of the site, 0 after having said why they are not known. */
uint32_t ctl_partitions(ctl_t *ctl);
/* The same with those of the programme and of the members, whose numbers follow. */
uint32_t ctl_partitions_all(ctl_t *ctl);

/* Parts of names: SHOWTIME/LOCK, the showtime inside an order id, ticket id or token. False after
 * having said what is wrong. */
bool ctl_lock_argument(const ctl_t *ctl, int index, uint64_t *showtime, uint64_t *lock);
bool ctl_order_argument(const ctl_t *ctl, int index, uint64_t *showtime);

/* --- a hall with its seats (hall.c) --------------------------------------------------------------
 */

enum { HALL_LABEL_ROOM = 16 };

typedef struct {
    uint32_t id;
    char row[8];
    uint32_t line, column; /* which row, from 0; the column, from 1 */
    uint32_t state;        /* 0 available, 1 locked, 2 sold, 3 blocked */
    char kind, zone;       /* kind 'C': the right half of a couple seat */
    bool marked;
} hall_seat_t;

typedef struct {
    json_t *showtime; /* what showtime.get says */
    uint64_t number;  /* of the last change that is in here */
    hall_seat_t *seats;
    uint32_t seat_count, column_first, column_last;
} hall_t;

ctl_exit_t hall_load(ctl_t *ctl, uint64_t showtime, hall_t *hall);
void hall_free(hall_t *hall);
/* A seat by its id or its name, like F7; NULL when there is none. */
hall_seat_t *hall_find(const hall_t *hall, const char *name);
hall_seat_t *hall_seat(const hall_t *hall, uint64_t id);
const char *hall_label(const hall_t *hall, uint64_t id, char label[HALL_LABEL_ROOM]);
/* The seats named by arguments from `first` on, or by a text with commas, as a list of ids; NULL
 * after having said which is unknown. */
json_t *hall_arguments(const hall_t *hall, const ctl_t *ctl, int first);
json_t *hall_list(const hall_t *hall, const char *names);
/* Names of a list of ids, "F7 F8", in memory that the caller frees. */
char *hall_labels(const hall_t *hall, const json_t *ids);
/* Draw it; seats that are marked stand out. (map.c) */
void hall_draw(const ctl_t *ctl, const hall_t *hall);
#endif
