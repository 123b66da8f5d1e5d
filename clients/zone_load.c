/* zone_load - see zone_load.h for the contract. */
#include "clients/zone_load.h"
#include "clients/zone_rule.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char zone_folder[] = "/usr/share/zoneinfo";

enum { TZIF_HEAD_SIZE = 44, TZIF_TYPE_SIZE = 6, TZIF_TYPES_MAX = 256, TZIF_TIMES_MAX = 2000 };

/* The six counts of a header, in the file's order. */
typedef struct {
    uint32_t utc_flags, standard_flags, leaps, times, types, letters;
} tzif_head_t;

static uint32_t
tzif_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t
tzif_i64(const uint8_t *at)
{
    return (int64_t)((uint64_t)tzif_u32(at) << 32 | tzif_u32(at + 4));
}

static bool
tzif_head(tzif_head_t *head, const uint8_t *at, size_t left)
{
    if (left < TZIF_HEAD_SIZE || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
        return false;
    *head = (tzif_head_t){ tzif_u32(at + 20), tzif_u32(at + 24), tzif_u32(at + 28),
                           tzif_u32(at + 32), tzif_u32(at + 36), tzif_u32(at + 40) };
    return head->times <= TZIF_TIMES_MAX && head->types >= 1 && head->types <= TZIF_TYPES_MAX &&
           head->letters >= 1 && head->letters <= 1024 && head->leaps <= 1024 &&
           (head->utc_flags == 0 || head->utc_flags == head->types) &&
           (head->standard_flags == 0 || head->standard_flags == head->types);
}

static size_t
tzif_body_size(const tzif_head_t *head, size_t time_size)
{
    return head->times * (time_size + 1) + head->types * TZIF_TYPE_SIZE + head->letters +
           head->leaps * (time_size + 4) + head->standard_flags + head->utc_flags;
}

/* One more change, unless it changes nothing; false when it is out of order or there is no room. */
static bool
zone_append(zone_t *zone, int64_t at_s, int32_t offset_s)
{
    int32_t before = zone->count ? zone->offset_s[zone->count - 1] : zone->first_offset_s;
    if (at_s < 0) {
        zone->first_offset_s = offset_s;
        return true;
    }
    if (zone->count && at_s <= zone->at_s[zone->count - 1])
        return false;
    if (offset_s == before)
        return true;
    if (zone->count == ZONE_CHANGES_MAX)
        return false;
    zone->at_s[zone->count] = at_s;
    zone->offset_s[zone->count++] = offset_s;
    return true;
}

/* The changes of the second body; the last moment it speaks of is left in `last_s`. */
static bool
tzif_body(zone_t *zone, const tzif_head_t *head, const uint8_t *at, int64_t *last_s)
{
    const uint8_t *types = at + (size_t)head->times * 9;
    for (uint32_t i = 0; i < head->types; i++) {
        int64_t offset_s = (int32_t)tzif_u32(types + i * TZIF_TYPE_SIZE);
        if (offset_s <= -ZONE_OFFSET_MAX_S || offset_s >= ZONE_OFFSET_MAX_S)
            return false;
    }
    zone->first_offset_s = (int32_t)tzif_u32(types);
    *last_s = INT64_MIN;
    for (uint32_t i = 0; i < head->times; i++) {
        int64_t at_s = tzif_i64(at + (size_t)i * 8);
        uint8_t type = at[(size_t)head->times * 8 + i];
        if (type >= head->types || (i > 0 && at_s <= *last_s))
            return false;
        if (!zone_append(zone, at_s, (int32_t)tzif_u32(types + type * TZIF_TYPE_SIZE)))
            return false;
        *last_s = at_s;
    }
    return true;
}

/* What the footer's rule changes after the file's own last change. */
static bool
tzif_footer(zone_t *zone, const char *text, size_t size, int64_t last_s)
{
    zone_rule_t rule;
    if (size == 0) /* there is none: the last offset stays */
        return true;
    if (!zone_rule_parse(&rule, text, size))
        return false;
    if (!rule.has_summer)
        return last_s != INT64_MIN || zone_append(zone, -1, rule.offset_s);
    for (int32_t year = ZONE_RULE_FIRST_YEAR; year <= ZONE_RULE_LAST_YEAR; year++) {
        zone_change_t changes[2];
        zone_rule_year(&rule, year, changes);
        for (int i = 0; i < 2; i++)
            if (changes[i].at_s > last_s &&
                !zone_append(zone, changes[i].at_s, changes[i].offset_s))
                return false;
    }
    return true;
}

bool
zone_parse(zone_t *zone, const void *bytes, size_t size)
{
    tzif_head_t old, head;
    const uint8_t *at = bytes;
    int64_t last_s;
    memset(zone, 0, sizeof *zone);
    if (size > ZONE_FILE_MAX || !tzif_head(&old, at, size))
        return false;
    size_t skip = TZIF_HEAD_SIZE + tzif_body_size(&old, 4);
    if (size < skip || !tzif_head(&head, at + skip, size - skip))
        return false;
    at += skip + TZIF_HEAD_SIZE;
    size -= skip + TZIF_HEAD_SIZE;
    size_t body = tzif_body_size(&head, 8);
    /* The footer lies between two newlines. */
    if (size < body + 2 || at[body] != '\n' || at[size - 1] != '\n' || head.leaps != 0)
        return false;
    return tzif_body(zone, &head, at, &last_s) &&
           tzif_footer(zone, (const char *)at + body + 1, size - body - 2, last_s) &&
           zone_valid(zone);
}

bool
zone_name_valid(const char *name)
{
    size_t length = strnlen(name, ZONE_NAME_MAX + 1);
    if (length < 1 || length > ZONE_NAME_MAX || name[length - 1] == '/')
        return false;
    for (size_t i = 0; i < length; i++) {
        bool plain = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
                     (name[i] >= '0' && name[i] <= '9') || strchr("-_+", name[i]) != NULL;
        if (!plain && (name[i] != '/' || i == 0 || name[i - 1] == '/'))
            return false;
    }
    return true;
}

int
zone_load(zone_t *zone, const char *name)
{
    char path[sizeof zone_folder + ZONE_NAME_MAX + 2];
    uint8_t bytes[ZONE_FILE_MAX + 1];
    if (!zone_name_valid(name))
        return -EINVAL;
    snprintf(path, sizeof path, "%s/%s", zone_folder, name);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return -errno;
    errno = 0;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    int fault = ferror(file) ? (errno ? errno : EIO) : 0;
    (void)fclose(file);
    if (fault)
        return -fault;
    return zone_parse(zone, bytes, size) ? 0 : -EBADMSG;
}
