/* fuzz_gate - a client's certificate, as the operator puts it into the folder of keys: its key is
 * whole, and its role is one that there is, or none. */
#include "broker/gate.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

enum { GATE_FILE_MAX = 4096, GATE_MEMORY = 1024 * 1024 }; /* as fuzz_conf: czmq reads the lines */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char public_key[GATE_KEY_ROOM];
    uint8_t bytes[32];
    role_t role = ROLE_NONE;
    if (size > GATE_FILE_MAX)
        return 0;
    const char *path = fuzz_file("one.pub", data, size);
    fuzz_memory_begin();
    if (gate_certificate(path, public_key, &role)) {
        FUZZ_HOLDS(strlen(public_key) == GATE_KEY_ROOM - 1);
        FUZZ_HOLDS(zmq_z85_decode(bytes, public_key) != NULL);
        FUZZ_HOLDS(role == ROLE_NONE || role_named(role_name(role)) == role);
    }
    fuzz_memory_end(size, GATE_MEMORY);
    return 0;
}
