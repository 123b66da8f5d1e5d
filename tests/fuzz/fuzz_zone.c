/* fuzz_zone - a zone's file as it lies on a disk; then clocks by the table that came of it. */
#include "clients/zone_load.h"
#include "tests/fuzz/fuzz.h"

static zone_t zone;

/* Changes within a minute are nobody's; of such a table only the bounds are asked. */
static bool
zone_by_minutes(void)
{
    int64_t rest = zone.first_offset_s % 60;
    for (uint32_t i = 0; i < zone.count; i++)
        rest |= zone.at_s[i] % 60 | zone.offset_s[i] % 60;
    return rest == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_memory_begin();
    bool good = zone_parse(&zone, data, size);
    fuzz_memory_end(size, 0);
    FUZZ_HOLDS(!good || zone_valid(&zone));
    bool minutes = good && zone_by_minutes();
    for (uint32_t i = 0; good && i < zone.count; i++) {
        for (int64_t step = -1; step <= 1; step++) {
            zone_local_t local = zone_local(&zone, zone.at_s[i] * 1000 + step * 1800000);
            int64_t utc_ms = zone_utc_ms(&zone, local.day, local.minute);
            FUZZ_HOLDS(local.minute >= 0 && local.minute < ZONE_DAY_MINUTES);
            if (!minutes)
                continue;
            FUZZ_HOLDS(utc_ms <= zone.at_s[i] * 1000 + step * 1800000);
            zone_local_t again = zone_local(&zone, utc_ms);
            FUZZ_HOLDS(again.day == local.day && again.minute == local.minute);
        }
    }
    return 0;
}
