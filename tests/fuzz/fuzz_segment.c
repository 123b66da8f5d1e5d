/* fuzz_segment - a segment of the journal, as a file and through a journal that is opened on it.
 * Input: a byte of choices, then bytes that are the file, or the entries of one that is sealed here
 * so that the reader gets behind the checksums. */
#include "store/segment.h"
#include "tests/fuzz/fuzz.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALED_HEAD = 1, SEALED_ENTRIES = 2, SEGMENT_MEMORY = 64 * 1024 };

static int
segment_file(void)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/0000000000000001.seg", fuzz_folder());
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    FUZZ_HOLDS(fd >= 0);
    return fd;
}

/* Entries whose heads are right but for what the input says otherwise. */
static void
segment_seal_entries(int fd, const segment_head_t *head, fuzz_input_t *input)
{
    uint64_t sequence = 1;
    uint8_t chain[JOURNAL_CHAIN_SIZE] = { 0 };
    uint64_t offset = SEGMENT_HEAD;
    while (input->left > 2) {
        uint8_t flaw = (uint8_t)fuzz_take(input, 1);
        size_t size = fuzz_take(input, 1) * 4;
        size = size < input->left ? size : input->left;
        journal_entry_t entry = { .sequence = flaw == 7 ? sequence + 1 : sequence,
                                  .now_ms = flaw == 8 ? -5 : (int64_t)sequence,
                                  .count = flaw,
                                  .size = (uint32_t)size,
                                  .payload = input->at };
        journal_chain(entry.chain, chain, &entry);
        if (flaw == 9)
            entry.chain[0] ^= 1;
        segment_entry_t stored;
        segment_seal(&stored, head, &entry, 1);
        if (flaw == 10)
            stored.size = UINT32_MAX;
        FUZZ_HOLDS(pwrite(fd, &stored, sizeof stored, (off_t)offset) == sizeof stored);
        FUZZ_HOLDS(pwrite(fd, input->at, size, (off_t)(offset + sizeof stored)) == (ssize_t)size);
        memcpy(chain, entry.chain, sizeof chain);
        offset += segment_space((uint32_t)size);
        sequence++;
        input->at += size;
        input->left -= size;
    }
    FUZZ_HOLDS(ftruncate(fd, (off_t)offset + 4096) == 0);
}

static int
segment_count(void *argument, const journal_entry_t *entry)
{
    uint64_t *last = argument;
    FUZZ_HOLDS(entry->sequence == *last + 1 || *last == 0);
    *last = entry->sequence;
    return 0;
}

static void
segment_as_journal(void)
{
    static const uint8_t none[JOURNAL_CHAIN_SIZE];
    char error[JOURNAL_ERROR_MAX] = "";
    journal_file_options_t options = { .directory = fuzz_folder(),
                                       .partitions = 1,
                                       .apply_version = 1,
                                       .read_only = true,
                                       .inline_io = true };
    journal_t *journal = NULL;
    if (journal_file_open(&journal, &options, 0, none, error) != 0) {
        FUZZ_HOLDS(error[0]);
        return;
    }
    uint64_t last = 0;
    int rc = journal->read(journal, 1, segment_count, &last, error);
    FUZZ_HOLDS(rc == 0 || error[0]);
    journal->close(&journal);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static segment_reader_t reader;
    char error[JOURNAL_ERROR_MAX] = "", path[128];
    fuzz_input_t input = { data, size };
    if (sodium_init() < 0)
        return 0;
    uint8_t choice = (uint8_t)fuzz_take(&input, 1);
    int fd = segment_file();
    segment_head_t head = { .apply_version = 1, .partitions = 1, .number = 1, .base = 1 };
    if (choice & SEALED_HEAD)
        FUZZ_HOLDS(segment_write_head(fd, &head) == 0);
    if (choice & SEALED_ENTRIES)
        segment_seal_entries(fd, &head, &input);
    else
        FUZZ_HOLDS(pwrite(fd, input.at, input.left, choice & SEALED_HEAD ? SEGMENT_HEAD : 0) ==
                   (ssize_t)input.left);
    struct stat status;
    FUZZ_HOLDS(fstat(fd, &status) == 0 && close(fd) == 0);
    snprintf(path, sizeof path, "%s/0000000000000001.seg", fuzz_folder());
    fuzz_memory_begin();
    if (segment_open(&reader, path, error) == 0) {
        journal_entry_t entry;
        segment_result_t result;
        uint64_t found;
        while ((result = segment_next(&reader, &entry, error)) == SEGMENT_ENTRY)
            FUZZ_HOLDS(entry.size <= JOURNAL_ENTRY_MAX);
        FUZZ_HOLDS(result == SEGMENT_END || error[0]);
        if (result == SEGMENT_END)
            FUZZ_HOLDS(segment_later(&reader, &found, error) == 0);
        segment_close(&reader);
    } else {
        FUZZ_HOLDS(error[0]);
    }
    segment_as_journal();
    fuzz_memory_end((size_t)status.st_size, SEGMENT_MEMORY); /* what is read is the file */
    return 0;
}
