/* crc32c - the Castagnoli checksum (RFC 3720, appendix B.4), by the processor where it can. */
#ifndef CRC32C_H
#define CRC32C_H
#include <stddef.h>
#include <stdint.h>

/* The checksum of `data`, going on from `crc` (0 to begin). */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);
/* The same without the processor's instruction; the tests compare the two. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t size);
#endif
