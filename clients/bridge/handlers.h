/* handlers - one for each name in the table of routes. */
#ifndef HANDLERS_H
#define HANDLERS_H
#include "clients/bridge/bridge.h"

#define R(id, method, path, who, lane, operation, handler, query, body, success, summary)          \
    route_handler_fn handle_##handler;
ROUTE_TABLE(R)
#undef R
#endif
