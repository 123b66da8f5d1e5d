/* crowd - everybody who talks to the site: buyers, staff, kiosks, load, and the bank's cashier. One
 * call at a time each, retried with the same request id until it is answered or given up. */
#ifndef SIM_CROWD_H
#define SIM_CROWD_H
#include "broker/mp.h"
#include "broker/operation.h"
#include "tests/sim/judge.h"
#include "tests/sim/sim.h"

enum {
    PERSON_FRAME_MAX = 4096,
    PERSON_ORDERS = 6,
    PERSON_LOCKS = 4,
    CROWD_MAX = 24,
    CROWD_DESK_USER = 1000, /* added to who buys at a desk, and needs no waiting room */
    CROWD_USERS = 4096,     /* users modulo this are different, whether members or not */
    CROWD_SHOWTIMES = 64,
    CROWD_KNOWN = 64,
    CROWD_NONCES = 8,
    CROWD_REVOKED = 64,
    ORDER_TEXT = 24,
    TOKEN_TEXT = 40,
};

typedef struct {
    uint64_t showtime;
    uint32_t lock;
    int64_t until_ms;
    uint8_t count;
} held_t;

typedef struct {
    uint64_t showtime;
    uint32_t purchase;
    int64_t amount, until_ms;
    bool asked, offered; /* asked: payment begun */
    char order[ORDER_TEXT];
} bought_t;

/* An order that got around: staff refund it, kiosks see its tickets. */
typedef struct {
    uint64_t showtime;
    uint32_t purchase, line;
    uint16_t seat;
    char order[ORDER_TEXT], token[TOKEN_TEXT];
} known_t;

/* Codes of coupons that got around: of those that somebody has, and some that nobody has yet. */
enum { MEMBER_CODES = 48 };
typedef struct {
    char text[24];
    uint64_t member; /* 0: not known */
} known_code_t;
typedef struct {
    known_code_t codes[MEMBER_CODES];
    uint32_t next;
} member_codes_t;

/* Refresh tokens, of which some were used up since. */
enum { MEMBER_TOKENS = 24, MEMBER_LOGINS = 8 };
typedef struct {
    uint64_t member;
    char text[64];
} known_token_t;

typedef struct person person_t;
typedef struct act act_t;

struct person {
    uint32_t index, generation;
    role_t role;
    uint64_t user;
    uint8_t identity[16];
    uint64_t request; /* of the newest call */
    bool greeted, waiting, gone;
    int64_t skew_ms; /* the server's clock less the true one, as far as known */
    /* the call that waits */
    const act_t *act;
    call_t call;
    int64_t deadline_ms, sent_us;
    uint32_t attempts;
    uint8_t frame[PERSON_FRAME_MAX];
    size_t frame_size;
    /* what the person remembers */
    held_t held[PERSON_LOCKS];
    bought_t bought[PERSON_ORDERS];
    uint32_t held_next, bought_next;
};

/* Something that a person can do. `make` packs the body, fills person->call, and returns false when
 * there is nothing to do it with. `learn` (may be NULL) hears the first final answer. */
typedef bool act_make_fn(sim_t *sim, person_t *person, pack_t *pack);
typedef void act_learn_fn(sim_t *sim, person_t *person, status_t status, const void *body,
                          uint32_t size);
struct act {
    uint16_t operation;
    uint32_t roles;  /* who does it */
    uint32_t weight; /* how often, beside the others of the role */
    act_make_fn *make;
    act_learn_fn *learn;
    bool staff; /* a bridge does it for somebody at a desk */
};
extern const act_t acts[];
extern const uint32_t act_count;
const act_t *act_named(uint16_t operation);

struct crowd {
    person_t people[CROWD_MAX];
    uint32_t count;
    uint64_t showtimes[CROWD_SHOWTIMES]; /* that were ever opened or tried to */
    int64_t closes_ms[CROWD_SHOWTIMES];
    uint32_t showtime_count;
    known_t known[CROWD_KNOWN];
    uint64_t known_count;
    uint64_t nonces[CROWD_NONCES]; /* used lately */
    uint32_t nonce_next, once_count;
    member_codes_t codes;
    known_token_t tokens[MEMBER_TOKENS];
    uint64_t logins[MEMBER_LOGINS]; /* keys of login.key */
    uint32_t token_next;
    uint64_t revoked[CROWD_SHOWTIMES][CROWD_REVOKED]; /* the lists' first ones as read, hashed */
    bool calm;                                        /* nobody begins anything new */
};

void crowd_open(sim_t *sim);
void crowd_close(sim_t *sim);
/* Begin a call now, if the person waits for none. */
bool crowd_call(sim_t *sim, person_t *person, const act_t *act);
/* Bytes arrive at a connection. */
void crowd_receive(sim_t *sim, uint64_t name, const void *bytes, size_t size);
/* The faults' turn is over: finish what is begun and begin nothing. */
void crowd_heal(sim_t *sim);
/* Remember an order, or a ticket of it when there is a token. */
void crowd_know(sim_t *sim, const known_t *known);
/* Send a frame once, without waiting for an answer. */
void crowd_shout(sim_t *sim, person_t *person, const void *frame, size_t size);
/* A showtime of those that are on sale, mostly the newest; 0: none yet. */
uint64_t crowd_showtime(sim_t *sim);
/* Who speaks for the bank. */
person_t *crowd_cashier(sim_t *sim);
/* Unix ms as the person thinks the server has it. */
int64_t person_clock(const sim_t *sim, const person_t *person);
#endif
