/* options - the command line of marquee-load, in one table. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H
#include "clients/load/load.h"
#include <stdio.h>

/* Fill `options` from the command line, with defaults. 0; 1 when help was asked for and printed;
 * -1 with a sentence on stderr. */
int options_read(load_options_t *options, int count, char **words);
const char *options_scenario_name(load_scenario_t scenario);
#endif
