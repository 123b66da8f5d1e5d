/* report - what a run found out, as a table for people or as one JSON object. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H
#include "clients/load/histogram.h"
#include "clients/load/load.h"
#include "clients/load/worker.h"

typedef struct {
    const load_options_t *options;
    histogram_t histogram;
    uint64_t by_status[WORKER_STATUS_MAX];
    uint64_t in_time;     /* of the accepted: answered before their deadline */
    uint64_t turned_away; /* of the refused, in a storm: not begun */
    uint64_t held_back;   /* in a storm: due, but all buyers waited for answers */
    uint64_t accepted, refused, malformed, unanswered, oversold, lost;
    double seconds; /* that were measured */
    double commands_per_entry, syncs_per_s;
} report_t;

/* 0, or -1 when it could not be written. */
int report_print(const report_t *report);
#endif
