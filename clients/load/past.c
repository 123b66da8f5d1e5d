/* past - see past.h for the contract. */
#include "clients/load/past.h"
#include <stdlib.h>

enum { PAST_BUFFER = 4 * 1024 * 1024 };

struct past {
    FILE *file;
    char *buffer;
};

past_t *
past_create(const char *path, uint32_t partitions)
{
    past_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    past_head_t head = { .magic = PAST_MAGIC,
                         .record_size = sizeof(past_call_t),
                         .partitions = partitions };
    self->file = fopen(path, "wb");
    self->buffer = malloc(PAST_BUFFER);
    if (self->file && self->buffer && setvbuf(self->file, self->buffer, _IOFBF, PAST_BUFFER) == 0 &&
        fwrite(&head, sizeof head, 1, self->file) == 1)
        return self;
    (void)past_close(&self);
    return NULL;
}

void
past_add(past_t *self, const past_call_t *call)
{
    /* stdio locks the file, and remembers an error until it is closed */
    (void)fwrite(call, sizeof *call, 1, self->file);
}

int
past_close(past_t **self_p)
{
    past_t *self = *self_p;
    if (!self)
        return 0;
    bool good = self->file && !ferror(self->file);
    if (self->file && fclose(self->file) != 0)
        good = false;
    free(self->buffer);
    free(self);
    *self_p = NULL;
    return good ? 0 : -1;
}
