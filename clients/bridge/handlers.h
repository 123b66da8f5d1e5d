/* handlers - one for each name in the table of routes. */
#ifndef HANDLERS_H
#define HANDLERS_H
#include "clients/bridge/bridge.h"

#define HANDLER_TABLE(X)                                                                           \
    X(health)                                                                                      \
    X(ready)                                                                                       \
    X(metrics)                                                                                     \
    X(openapi)                                                                                     \
    X(session_get)                                                                                 \
    X(session_post)                                                                                \
    X(session_delete)                                                                              \
    X(showtimes)                                                                                   \
    X(showtime)                                                                                    \
    X(operation)                                                                                   \
    X(layout)                                                                                      \
    X(seats)                                                                                       \
    X(seats_stream)                                                                                \
    X(lock)                                                                                        \
    X(lock_place)                                                                                  \
    X(order_stream)                                                                                \
    X(pay)                                                                                         \
    X(sandbox)                                                                                     \
    X(ticket_keys)                                                                                 \
    X(ticket_qr)                                                                                   \
    X(ticket_print)                                                                                \
    X(kiosk_redeem)                                                                                \
    X(kiosk_stream)                                                                                \
    X(kiosk_list)                                                                                  \
    X(kiosk_enrol)                                                                                 \
    X(kiosk_tell)                                                                                  \
    X(kiosk_revoke)                                                                                \
    X(queue_join)                                                                                  \
    X(queue_stream)                                                                                \
    X(cinemas)                                                                                     \
    X(cinema_set)                                                                                  \
    X(schedule_stream)

#define X(name) route_handler_fn handle_##name;
HANDLER_TABLE(X)
#undef X
#endif
