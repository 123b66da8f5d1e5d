/* hall_text - answers about a hall: its map, what changed, its layout; and the handlers that ask
 * for them. */
#ifndef HALL_TEXT_H
#define HALL_TEXT_H
#include "clients/bridge/hall.h"

/* Answer a call in its format from a hall that is ready. */
void hall_answer(hall_t *self, call_t *call);
#endif
