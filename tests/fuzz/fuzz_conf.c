/* fuzz_conf - a configuration file. czmq makes a node of some 150 bytes of every line, so memory is
 * the file's size times that: it is the operator's file, and its keys are few. */
#include "actors/conf.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

enum { CONF_FILE_MAX = 4096, CONF_MEMORY = 1024 * 1024 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static zpl_t conf;
    char error[ZPL_ERROR_MAX] = "";
    if (size > CONF_FILE_MAX)
        return 0;
    const char *path = fuzz_file("conf", data, size);
    conf_defaults(&conf);
    fuzz_memory_begin();
    int rc = zpl_load(&conf, path, error);
    FUZZ_HOLDS(rc == 0 || error[0]);
    FUZZ_HOLDS(memchr(error, 0, sizeof error) != NULL);
    if (rc == 0) {
        rc = zpl_check(&conf, error);
        FUZZ_HOLDS(rc == 0 || error[0]);
        FUZZ_HOLDS(conf.number[CONF_sale_cap] >= 1 && conf.number[CONF_sale_cap] <= 16);
        FUZZ_HOLDS(conf.number[CONF_site_partitions] >= 1 &&
                   conf.number[CONF_site_partitions] <= 1024);
    }
    fuzz_memory_end(size, CONF_MEMORY);
    if (size < 200) { /* as --set would have it */
        char assignment[201] = { 0 };
        memcpy(assignment, data, size);
        (void)zpl_set(&conf, assignment, error);
    }
    return 0;
}
