/* faults - what can go wrong in a simulation: each with a knob and a counter.
 *
 * A seed turns each fault off, or on at some strength, so that some seeds know only one kind of
 * trouble and some know all. What never happened in a run of many seeds fails the run. */
#ifndef FAULTS_H
#define FAULTS_H
#include "tests/unit/chance.h"

/* F(id, name, ppm, help): ppm is the knob at full strength, per occasion that the help names. */
#define FAULT_TABLE(F)                                                                             \
    F(NET_LOST, "message lost", 20000, "a message between client and broker")                      \
    F(NET_DOUBLED, "message doubled", 20000, "the same")                                           \
    F(NET_DELAYED, "message delayed", 20000, "the same, by up to a minute")                        \
    F(NET_REORDERED, "message overtaken", 50000, "the same, by those sent within 200 ms")          \
    F(TELL_LOST, "tell lost", 50000, "a message between two partitions")                           \
    F(TELL_DOUBLED, "tell doubled", 50000, "the same")                                             \
    F(TELL_DELAYED, "tell delayed", 20000, "the same, by up to a minute")                          \
    F(TELL_REORDERED, "tell overtaken", 100000, "the same, by those sent within 200 ms")           \
    F(EVENT_LOST, "event lost", 20000, "an event on its way to a watcher")                         \
    F(KILL_APPEND_BEFORE, "killed before an append", 100000, "a death")                            \
    F(KILL_APPEND_DURING, "killed during an append", 100000, "a death")                            \
    F(KILL_APPEND_AFTER, "killed after an append", 100000, "a death")                              \
    F(KILL_SYNC_BEFORE, "killed before a sync", 100000, "a death")                                 \
    F(KILL_SYNC_DURING, "killed during a sync", 100000, "a death")                                 \
    F(KILL_SYNC_AFTER, "killed after a sync", 100000, "a death")                                   \
    F(KILL_SAVE_BEFORE, "killed before a step of a checkpoint", 100000, "a death")                 \
    F(KILL_SAVE_DURING, "killed during a step of a checkpoint", 100000, "a death")                 \
    F(KILL_SAVE_AFTER, "killed after a step of a checkpoint", 100000, "a death")                   \
    F(KILL_NAMES, "killed around a change of names", 100000, "a death")                            \
    F(KILL_SEND_BEFORE, "killed before a send", 100000, "a death")                                 \
    F(KILL_SEND_AFTER, "killed after a send", 100000, "a death")                                   \
    F(KILL_OPENING, "killed while it recovers", 150000, "a start")                                 \
    F(KILL_IDLE, "killed at any time", 100000, "a death")                                          \
    F(STOP_CLEAN, "stopped in order and started again", 100000, "a death")                         \
    F(POWER_LOST, "power lost", 500000, "a death by kill")                                         \
    F(DISK_DROPPED, "unsynced write lost", 1000000, "an unsynced write when the power goes")       \
    F(DISK_TORN, "sector torn", 500000, "the last write when the power goes")                      \
    F(SYNC_EIO, "sync of the journal failed", 100000, "a death")                                   \
    F(SAVE_EIO, "sync of a checkpoint failed", 100000, "a death")                                  \
    F(WRITE_FULL, "journal's disk full", 30000, "room taken for a segment")                        \
    F(SAVE_FULL, "checkpoint's disk full", 300, "a write of a checkpoint")                         \
    F(CLOCK_FORWARD, "clock jumped forward", 100000, "a look at the clock every minute")           \
    F(CLOCK_BACK, "clock jumped back", 100000, "the same")                                         \
    F(CLOCK_DRIFT, "clock drifted", 1000000, "a process's birth")                                  \
    F(PAY_LATE, "provider told late", 150000, "a payment")                                         \
    F(PAY_AFTER_LOCK, "paid after the lock's end", 150000, "a payment")                            \
    F(PAY_AT_END, "paid at the lock's very end", 100000, "a payment")                              \
    F(PAY_TWICE, "provider told twice", 150000, "a payment")                                       \
    F(PAY_NEVER, "provider never told", 50000, "a payment")                                        \
    F(PAY_AGAIN, "paid once more", 50000, "a payment")                                             \
    F(PAY_OTHER, "another amount paid", 50000, "a payment")                                        \
    F(PAY_FAILED, "payment failed or was closed", 100000, "a payment")                             \
    F(REFUND_LATE, "refund answered late", 200000, "a refund asked for")                           \
    F(REFUND_TWICE, "refund answered twice", 100000, "the same")                                   \
    F(REFUND_NEVER, "refund not answered this time", 200000, "the same")                           \
    F(REFUND_FAILED, "refund failed", 100000, "the same")                                          \
    F(CLIENT_VANISHED, "client vanished", 5000, "a command sent")                                  \
    F(CLIENT_RETRIED, "client retried", 1000000, "a command without an answer")                    \
    F(CLIENT_REPEATED, "answered command repeated", 30000, "a command answered")                   \
    F(CLIENT_WRONG, "client sent nonsense", 20000, "a command made")                               \
    F(OVERLOAD, "load over the bounds", 100000, "a look at the crowd every minute")

typedef enum {
#define F(id, name, ppm, help) FAULT_##id,
    FAULT_TABLE(F)
#undef F
        FAULTS
} fault_t;

typedef struct {
    uint32_t ppm[FAULTS]; /* this seed's knobs */
    uint64_t fired[FAULTS];
    bool healed; /* no fault happens any more */
} faults_t;

/* Set the knobs of a seed. */
void faults_draw(faults_t *self, chance_t *chance);
/* Does it happen now? Counts it. */
bool fault_strikes(faults_t *self, chance_t *chance, fault_t fault);
/* One of `count` faults, by their knobs, not counted; FAULTS when all are off. */
fault_t fault_among(const faults_t *self, chance_t *chance, const fault_t *choice, uint32_t count);
const char *fault_name(fault_t fault);
const char *fault_help(fault_t fault);
#endif
