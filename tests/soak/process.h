/* process - what a process takes of the machine, by /proc. */
#ifndef PROCESS_H
#define PROCESS_H
#include <stdint.h>

/* Resident memory in KiB, 0: there is no such process. */
uint64_t process_rss_kb(int pid);
/* Processor time so far, ns. */
int64_t process_cpu_ns(int pid);
/* The same of all processes of the machine. */
int64_t process_machine_ns(void);
#endif
