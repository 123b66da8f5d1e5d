/* status - see status.h for the contract. */
#include "broker/status.h"

const char *
status_name(status_t status)
{
    switch (status) {
#define X(code, name, text)                                                                        \
    case code:                                                                                     \
        return #name;
        STATUS_TABLE(X)
#undef X
    default:
        return "UNKNOWN_STATUS";
    }
}

const char *
status_text(status_t status)
{
    switch (status) {
#define X(code, name, text)                                                                        \
    case code:                                                                                     \
        return text;
        STATUS_TABLE(X)
#undef X
    default:
        return "";
    }
}
