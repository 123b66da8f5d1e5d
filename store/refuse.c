/* refuse - see refuse.h for the contract. */
#include "store/refuse.h"
#include "store/journal.h"
#include "store/state.h"
#include <stdarg.h>
#include <stdio.h>

_Static_assert((int)REFUSE_MAX == (int)JOURNAL_ERROR_MAX, "one size of sentence");
_Static_assert((int)REFUSE_MAX == (int)STATE_ERROR_MAX, "one size of sentence");

int
refuse(char *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error, REFUSE_MAX, format, arguments);
    va_end(arguments);
    return -1;
}
