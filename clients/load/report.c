/* report - see report.h for the contract. */
#include "clients/load/report.h"
#include "broker/status.h"
#include "clients/load/options.h"
#include <jansson.h>
#include <stdio.h>

static const struct {
    const char *name;
    uint32_t per_mille;
} report_quantiles[] = {
    { "p50_us", 500 }, { "p90_us", 900 }, { "p99_us", 990 }, { "p999_us", 999 }
};
enum { REPORT_QUANTILES = sizeof report_quantiles / sizeof report_quantiles[0] };

static double
report_us(uint64_t ns)
{
    return (double)(ns / 100) / 10.0;
}

static double
report_rate(const report_t *report)
{
    return report->seconds > 0 ? (double)(report->accepted + report->refused) / report->seconds
                               : 0.0;
}

static json_t *
report_json_statuses(const report_t *report)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < WORKER_STATUS_MAX; i++)
        if (report->by_status[i])
            json_object_set_new(object, status_name((status_t)i),
                                json_integer((json_int_t)report->by_status[i]));
    return object;
}

static int
report_print_json(const report_t *report)
{
    const load_options_t *options = report->options;
    json_t *object = json_object();
    json_object_set_new(object, "scenario", json_string(options_scenario_name(options->scenario)));
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        { "clients", options->clients },    { "inflight", options->inflight },
        { "pack", options->pack },          { "threads", options->threads },
        { "rate", options->rate },          { "accepted", report->accepted },
        { "in_time", report->in_time },     { "turned_away", report->turned_away },
        { "held_back", report->held_back }, { "refused", report->refused },
        { "malformed", report->malformed }, { "oversold", report->oversold },
        { "lost", report->lost },           { "unanswered", report->unanswered },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_object_set_new(object, numbers[i].name, json_integer((json_int_t)numbers[i].value));
    json_object_set_new(object, "seconds", json_real(report->seconds));
    json_object_set_new(object, "commands_per_s", json_real(report_rate(report)));
    json_object_set_new(
        object, "in_time_per_s",
        json_real(report->seconds > 0 ? (double)report->in_time / report->seconds : 0));
    json_object_set_new(object, "by_status", report_json_statuses(report));
    for (size_t i = 0; i < REPORT_QUANTILES; i++)
        json_object_set_new(
            object, report_quantiles[i].name,
            json_real(report_us(histogram_at(&report->histogram, report_quantiles[i].per_mille))));
    json_object_set_new(object, "max_us", json_real(report_us(report->histogram.max_ns)));
    json_object_set_new(object, "commands_per_entry", json_real(report->commands_per_entry));
    json_object_set_new(object, "syncs_per_s", json_real(report->syncs_per_s));
    int result = json_dumpf(object, stdout, JSON_REAL_PRECISION(8));
    json_decref(object);
    return result == 0 && putchar('\n') != EOF && fflush(stdout) == 0 ? 0 : -1;
}

static int
report_print_table(const report_t *report)
{
    const load_options_t *options = report->options;
    printf("%s: %u clients, %u in flight each, %u a message",
           options_scenario_name(options->scenario), options->clients, options->inflight,
           options->pack);
    if (options->rate)
        printf(", %llu/s intended", (unsigned long long)options->rate);
    printf("\n  commands  %12.0f /s over %.2f s\n  accepted  %12llu\n  in time   %12llu\n"
           "  refused   %12llu\n",
           report_rate(report), report->seconds, (unsigned long long)report->accepted,
           (unsigned long long)report->in_time, (unsigned long long)report->refused);
    for (uint32_t i = 0; i < WORKER_STATUS_MAX; i++)
        if (report->by_status[i])
            printf("    %12llu  %s\n", (unsigned long long)report->by_status[i],
                   status_name((status_t)i));
    for (size_t i = 0; i < REPORT_QUANTILES; i++)
        printf("  %-9s %12.1f\n", report_quantiles[i].name,
               report_us(histogram_at(&report->histogram, report_quantiles[i].per_mille)));
    printf("  %-9s %12.1f\n", "max_us", report_us(report->histogram.max_ns));
    printf("  journal   %12.1f commands an entry, %.0f syncs a second\n",
           report->commands_per_entry, report->syncs_per_s);
    printf("  oversold  %12llu\n  lost      %12llu\n", (unsigned long long)report->oversold,
           (unsigned long long)report->lost);
    if (report->unanswered || report->malformed)
        printf("  unanswered %11llu\n  malformed %12llu\n", (unsigned long long)report->unanswered,
               (unsigned long long)report->malformed);
    return fflush(stdout) == 0 ? 0 : -1;
}

int
report_print(const report_t *report)
{
    return report->options->json ? report_print_json(report) : report_print_table(report);
}
