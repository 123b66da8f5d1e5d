/* ledger - the load client's own book of who was told to have which seat.
 *
 * Written from acknowledged answers only, by all threads; compared with the server's seat maps in
 * the end. A holder leaves the book when its release is sent, not when it is answered: from then on
 * somebody else may rightly be told to have the seat. */
#ifndef LEDGER_H
#define LEDGER_H
#include <stdbool.h>
#include <stdint.h>

typedef struct ledger ledger_t;

/* NULL when memory is short. */
ledger_t *ledger_new(void);
void ledger_destroy(ledger_t **self_p);
/* Make room for showtimes 0 .. count - 1; false when memory is short. Only the main thread calls
 * it, before it publishes the count. */
bool ledger_grow(ledger_t *self, uint32_t count);
uint32_t ledger_count(const ledger_t *self);
/* A pair of seats was acknowledged to `owner` (never 0) as locked; as sold; is being released. */
void ledger_locked(ledger_t *self, uint32_t showtime, uint32_t pair, uint32_t owner);
void ledger_sold(ledger_t *self, uint32_t showtime, uint32_t pair, uint32_t owner);
void ledger_released(ledger_t *self, uint32_t showtime, uint32_t pair, uint32_t owner);
/* Compare one seat (1 ..) with the state the server shows in the end: 0 available, 1 locked,
 * 2 sold, 3 blocked. */
void ledger_compare(ledger_t *self, uint32_t showtime, uint32_t seat, uint64_t state);
/* Was any seat of the showtime ever acknowledged? */
bool ledger_touched(const ledger_t *self, uint32_t showtime);
/* Seats acknowledged to two holders at once, or held by the book and free on the map. */
uint64_t ledger_oversold(const ledger_t *self);
/* Seats acknowledged as sold that are not sold in the end. */
uint64_t ledger_lost(const ledger_t *self);
#endif
