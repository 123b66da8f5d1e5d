/* metrics - what an operator sees; see also bridge.h for metrics_count(). */
#ifndef METRICS_H
#define METRICS_H
#include "clients/bridge/bridge.h"

/* Ask broker and partitions how they are; what they say is shown by the next scrape. */
void metrics_look(bridge_t *bridge);
void metrics_forget(bridge_t *bridge);
#endif
