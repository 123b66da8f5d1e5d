/* history_file - see history_file.h for the contract. */
#include "tests/history/history_file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READ_AT_ONCE = 65536 };

static int
file_refuse(char *why, const char *path, const char *what)
{
    (void)snprintf(why, HISTORY_WHY_MAX, "%s: %s", path, what);
    return -1;
}

static bool
file_head(FILE *file, history_t *to)
{
    past_head_t head;
    if (fread(&head, sizeof head, 1, file) != 1 || head.magic != PAST_MAGIC ||
        head.record_size != sizeof(past_call_t) || head.partitions == 0 ||
        (to->partitions && to->partitions != head.partitions))
        return false;
    to->partitions = head.partitions;
    return true;
}

int
history_read(history_t *to, const char *path, char *why)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return file_refuse(why, path, strerror(errno));
    int rc = file_head(file, to) ? 0 : file_refuse(why, path, "not a history, or of another site");
    size_t count = READ_AT_ONCE;
    while (rc == 0 && count == READ_AT_ONCE) {
        past_call_t *more = realloc(to->calls, (to->count + READ_AT_ONCE) * sizeof *to->calls);
        if (!more) {
            rc = file_refuse(why, path, "out of memory");
            break;
        }
        to->calls = more;
        count = fread(to->calls + to->count, sizeof *to->calls, READ_AT_ONCE, file);
        to->count += count;
    }
    if (rc == 0 && (ferror(file) || !feof(file)))
        rc = file_refuse(why, path, "cannot be read");
    (void)fclose(file);
    return rc;
}
