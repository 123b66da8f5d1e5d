/* process - see process.h for the contract. */
#include "tests/soak/process.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint64_t
process_rss_kb(int pid)
{
    char path[64];
    uint64_t size = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%" SCNu64 " %" SCNu64, &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

int64_t
process_cpu_ns(int pid)
{
    char path[64], text[512];
    int64_t user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[got] = 0;
    const char *at = strrchr(text, ')'); /* the name may have anything in it */
    /* Behind it: the state, ten numbers, then user and system time. */
    if (!at || sscanf(at + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNd64 " %" SCNd64,
                      &user, &system) != 2)
        return 0;
    return (user + system) * (INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
}

int64_t
process_machine_ns(void)
{
    int64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0;
    FILE *file = fopen("/proc/stat", "r");
    if (!file)
        return 0;
    if (fscanf(file,
               "cpu %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
               " %" SCNd64 " %" SCNd64,
               &user, &nice, &system, &idle, &wait, &irq, &soft, &steal) != 8)
        user = nice = system = irq = soft = steal = 0;
    fclose(file);
    return (user + nice + system + irq + soft + steal) *
           (INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
}
