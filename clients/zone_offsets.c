/* zone_offsets - see zone_offsets.h for the contract. */
#include "clients/zone_offsets.h"
#include "clients/zone_load.h"

json_t *
zone_offsets(const char *name)
{
    zone_t zone;
    if (zone_load(&zone, name) != 0)
        return NULL;
    uint32_t at = 0;
    int32_t first_s = zone.first_offset_s;
    for (; at < zone.count && zone.at_s[at] <= ZONE_OFFSETS_FROM_S; at++)
        first_s = zone.offset_s[at];
    json_t *list = json_pack("[[i, i]]", 0, (int)first_s);
    for (; list && at < zone.count; at++)
        (void)json_array_append_new(
            list, json_pack("[I, i]", (json_int_t)zone.at_s[at], (int)zone.offset_s[at]));
    return list;
}
