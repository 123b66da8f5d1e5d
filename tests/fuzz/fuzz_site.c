/* fuzz_site - the file of a site's identity. */
#include "actors/site.h"
#include "tests/fuzz/fuzz.h"
#include <sodium.h>
#include <string.h>

enum { SITE_FILE_MAX = 4096, SITE_MEMORY = 1024 * 1024 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[SITE_ERROR_MAX] = "";
    site_t site;
    if (size > SITE_FILE_MAX || sodium_init() < 0)
        return 0;
    (void)fuzz_file("site", data, size);
    fuzz_memory_begin();
    int rc = site_find(&site, fuzz_folder(), error);
    FUZZ_HOLDS(rc == 0 ? site.partitions > 0 : error[0] != 0);
    fuzz_memory_end(size, SITE_MEMORY);
    return 0;
}
