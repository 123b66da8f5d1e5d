/* gate - who may come in over TCP: CURVE keys and their roles.
 *
 * A folder holds one public certificate (czmq zcert file) a client, with metadata "role" and
 * "name". The ZAP handler (zauth) lets exactly these keys in; the role of a connection is looked up
 * by the key that ZAP put on its messages. The server's own key pair is DIRECTORY/server.key. */
#ifndef GATE_H
#define GATE_H
#include "broker/operation.h"
#include <czmq.h>

typedef struct gate gate_t;

enum { GATE_KEY_ROOM = 40 + 1 }; /* Z85 of 32 bytes, with its NUL */

/* A client's certificate as the file has it: its public key, and its role, ROLE_NONE when it names
 * none. False when the file is not a certificate. */
bool gate_certificate(const char *path, char public_key[GATE_KEY_ROOM], role_t *role);

/* Start the ZAP handler for `directory` (made when absent) and load or make the server's key pair.
 * Only one gate may live in a process: ZAP has one address. NULL with the reason logged. */
gate_t *gate_new(const char *directory);
void gate_destroy(gate_t **self_p);
/* Make a server socket demand CURVE. Call before it binds. */
void gate_guard(gate_t *self, zsock_t *socket);
/* The role of a client's public key (Z85 text), ROLE_NONE when it has none. Sees keys that were
 * added or removed since, at most a second late. */
role_t gate_role(gate_t *self, const char *public_key);
/* Write a fresh key pair for a client: DIRECTORY/clients/NAME.pub for the server, and
 * DIRECTORY/NAME.key, which is secret and belongs to the client. The server's public key goes into
 * it as metadata "server". 0, or -1 with errno: EEXIST when the name is taken. */
int gate_issue(const char *directory, const char *name, role_t role);
#endif
