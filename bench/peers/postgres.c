/* postgres - PostgreSQL as a peer: libpq in pipeline mode, one prepared statement a command. What
 * holds: every command is followed by a sync message of its own, so it is a transaction of its own,
 * and its answer is whole once that sync's result was read. */
#include "bench/peers/peer.h"
#include <endian.h>
#include <postgresql/libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POSTGRES_WORDS_MAX = 5, POSTGRES_BINARY = 1 };

/* Object identifiers of types, as src/include/catalog/pg_type.dat has them. */
enum { POSTGRES_INT8 = 20, POSTGRES_INT4 = 23 };

typedef struct {
    const char *text;
    int count;
    Oid types[POSTGRES_WORDS_MAX];
} postgres_statement_t;

static const postgres_statement_t statements[PEER_STEPS] = {
    [PEER_LOCK] = { "SELECT seats_lock($1, $2, $3, $4, $5)",
                    5,
                    { POSTGRES_INT8, POSTGRES_INT4, POSTGRES_INT4, POSTGRES_INT8, POSTGRES_INT4 } },
    [PEER_RELEASE] = { "SELECT seats_release($1, $2, $3, $4, $5)",
                       5,
                       { POSTGRES_INT8, POSTGRES_INT4, POSTGRES_INT4, POSTGRES_INT8,
                         POSTGRES_INT8 } },
    [PEER_ORDER] = { "SELECT number, amount FROM order_create($1, $2, $3, $4, $5)",
                     5,
                     { POSTGRES_INT8, POSTGRES_INT4, POSTGRES_INT4, POSTGRES_INT8,
                       POSTGRES_INT8 } },
    [PEER_PAY] = { "SELECT order_pay($1, $2)", 2, { POSTGRES_INT8, POSTGRES_INT8 } },
    [PEER_TICKET] = { "SELECT number, showtime, seat, token FROM tickets "
                      "WHERE number = $1 AND owner = $2",
                      2,
                      { POSTGRES_INT8, POSTGRES_INT8 } },
};
static const char *const statement_names[PEER_STEPS] = { [PEER_LOCK] = "lock",
                                                         [PEER_RELEASE] = "release",
                                                         [PEER_ORDER] = "order",
                                                         [PEER_PAY] = "pay",
                                                         [PEER_TICKET] = "ticket" };

struct peer {
    PGconn *connection;
    peer_answer_t answer; /* of the command whose sync has not come yet */
    char error[PEER_ERROR_MAX];
};

const char *const peer_name = "postgres";

static int
postgres_fail(peer_t *self)
{
    snprintf(self->error, sizeof self->error, "%s", PQerrorMessage(self->connection));
    return -1;
}

const char *
peer_error(const peer_t *self)
{
    return self->error;
}

/* Carry out what needs no answer; outside of the pipeline. */
static int
postgres_do(peer_t *self, const char *text)
{
    PGresult *result = PQexec(self->connection, text);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : postgres_fail(self);
}

static int
postgres_prepare(peer_t *self)
{
    for (size_t i = 0; i < PEER_STEPS; i++) {
        PGresult *result = PQprepare(self->connection, statement_names[i], statements[i].text,
                                     statements[i].count, statements[i].types);
        bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
        if (!good)
            return postgres_fail(self);
    }
    return 0;
}

peer_t *
peer_new(const char *endpoint, char error[PEER_ERROR_MAX])
{
    peer_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->connection = PQconnectdb(endpoint);
    if (PQstatus(self->connection) != CONNECTION_OK || postgres_prepare(self) ||
        PQsetnonblocking(self->connection, 1) || !PQenterPipelineMode(self->connection)) {
        snprintf(error, PEER_ERROR_MAX, "%s", PQerrorMessage(self->connection));
        peer_destroy(&self);
    }
    return self;
}

void
peer_destroy(peer_t **self_p)
{
    if (!*self_p)
        return;
    PQfinish((*self_p)->connection);
    free(*self_p);
    *self_p = NULL;
}

/* A checkpoint after the setup makes runs alike: none begins with the pages of what was set up. */
int
peer_setup(peer_t *self, uint32_t count)
{
    char insert[256];
    snprintf(insert, sizeof insert,
             "INSERT INTO seats (showtime, seat, price) SELECT s, n, %d "
             "FROM generate_series(0, %u) s, generate_series(1, %d) n",
             PEER_PRICE, count - 1, LOAD_SEATS);
    const char *steps[] = { "TRUNCATE seats, orders, tickets", insert,
                            "VACUUM (ANALYZE) seats, orders, tickets", "CHECKPOINT" };
    if (!PQexitPipelineMode(self->connection) || PQsetnonblocking(self->connection, 0))
        return postgres_fail(self);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (postgres_do(self, steps[i]))
            return -1;
    if (PQsetnonblocking(self->connection, 1) || !PQenterPipelineMode(self->connection))
        return postgres_fail(self);
    return 0;
}

static int
postgres_read_map(peer_t *self, const PGresult *result, uint8_t states[LOAD_SEATS])
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return postgres_fail(self);
    bool good = PQntuples(result) == LOAD_SEATS;
    for (int i = 0; good && i < LOAD_SEATS; i++)
        states[i] = (uint8_t)strtoul(PQgetvalue(result, i, 0), NULL, 10);
    if (good)
        return 0;
    snprintf(self->error, sizeof self->error, "a seat map is malformed");
    return -1;
}

int
peer_map(peer_t *self, uint32_t showtime, uint8_t states[LOAD_SEATS])
{
    char text[128];
    snprintf(text, sizeof text, "SELECT state FROM seats WHERE showtime = %u ORDER BY seat",
             showtime);
    if (!PQexitPipelineMode(self->connection) || PQsetnonblocking(self->connection, 0))
        return postgres_fail(self);
    PGresult *result = PQexec(self->connection, text);
    int done = postgres_read_map(self, result, states);
    PQclear(result);
    if (PQsetnonblocking(self->connection, 1) || !PQenterPipelineMode(self->connection))
        return postgres_fail(self);
    return done;
}

int
peer_descriptor(const peer_t *self)
{
    return PQsocket(self->connection);
}

/* The values of a command, in the order its statement has them. */
static void
postgres_values(const peer_command_t *command, uint64_t values[POSTGRES_WORDS_MAX])
{
    if (command->step == PEER_PAY) {
        values[0] = command->order;
        values[1] = (uint64_t)command->amount;
    } else if (command->step == PEER_TICKET) {
        values[0] = command->ticket;
        values[1] = command->user;
    } else {
        values[0] = command->showtime;
        values[1] = command->first;
        values[2] = command->second;
        values[3] = command->user;
        values[4] = command->step == PEER_LOCK ? PEER_LOCK_MS : command->lock;
    }
}

int
peer_send(peer_t *self, const peer_command_t *command)
{
    const postgres_statement_t *statement = &statements[command->step];
    uint64_t values[POSTGRES_WORDS_MAX] = { 0 };
    const char *words[POSTGRES_WORDS_MAX];
    int sizes[POSTGRES_WORDS_MAX], formats[POSTGRES_WORDS_MAX];
    postgres_values(command, values);
    for (int i = 0; i < statement->count; i++) {
        bool wide = statement->types[i] == POSTGRES_INT8;
        values[i] = htobe64(values[i]);
        words[i] = (const char *)&values[i] + (wide ? 0 : sizeof(uint32_t));
        sizes[i] = wide ? sizeof(uint64_t) : sizeof(uint32_t);
        formats[i] = POSTGRES_BINARY;
    }
    if (!PQsendQueryPrepared(self->connection, statement_names[command->step], statement->count,
                             words, sizes, formats, POSTGRES_BINARY) ||
        !PQpipelineSync(self->connection))
        return postgres_fail(self);
    return 0;
}

int
peer_flush(peer_t *self)
{
    int left = PQflush(self->connection);
    return left < 0 ? postgres_fail(self) : left;
}

int
peer_receive(peer_t *self)
{
    return PQconsumeInput(self->connection) ? 0 : postgres_fail(self);
}

static uint64_t
postgres_number(const PGresult *result, int column)
{
    if (PQntuples(result) < 1 || PQnfields(result) <= column ||
        PQgetlength(result, 0, column) != sizeof(uint64_t))
        return 0;
    uint64_t value;
    memcpy(&value, PQgetvalue(result, 0, column), sizeof value);
    return be64toh(value);
}

/* Two seats of which one was taken in between, or two who waited for each other: both are told no.
 */
static bool
postgres_refused(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && (strcmp(state, "MQ001") == 0 || strcmp(state, "40P01") == 0);
}

int
peer_take(peer_t *self, peer_answer_t *answer)
{
    while (!PQisBusy(self->connection)) {
        PGresult *result = PQgetResult(self->connection);
        if (!result) /* parts a command's result from its sync */
            continue;
        ExecStatusType status = PQresultStatus(result);
        bool fault = false;
        if (status == PGRES_TUPLES_OK) {
            self->answer.number = postgres_number(result, 0);
            self->answer.amount = (int64_t)postgres_number(result, 1);
        } else if (status != PGRES_PIPELINE_SYNC) {
            fault = !postgres_refused(result);
        }
        if (fault)
            snprintf(self->error, sizeof self->error, "%s", PQresultErrorMessage(result));
        PQclear(result);
        if (fault)
            return -1;
        if (status == PGRES_PIPELINE_SYNC) {
            *answer = self->answer;
            self->answer = (peer_answer_t){ 0 };
            return 1;
        }
    }
    return 0;
}
