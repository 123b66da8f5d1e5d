/* handlers - the handler of each route. */
#include "clients/bridge/handlers.h"

route_handler_fn *const route_handlers[ROUTES] = {
#define R(id, method, path, who, lane, operation, handler, query, body, success, summary)          \
    handle_##handler,
    ROUTE_TABLE(R)
#undef R
};
