/* service_ids.h - the numbers that clients use, and those that helpers use.
 *
 * Each helper numbers from the same beginning. The front gives out one number for each thing, in
 * the order in which it hears of them, and never uses one again. Not thread-safe.
 */
#ifndef DAEMON_SERVICE_IDS_H
#define DAEMON_SERVICE_IDS_H

#include <stdbool.h>
#include <stdint.h>

struct id_entry {
    uint32_t plugin;  /* the front's number of the helper */
    uint32_t own;     /* the helper's number of the thing */
    uint32_t object;  /* devices: the driver's object ID */
    bool is_listed;   /* devices: was in the last list of its helper */
    char *uid, *name; /* devices; NULL: not known */
};

struct id_table {
    struct id_entry *entries;
    uint32_t count, room;
    uint32_t first; /* the first number given out */
};

void id_table_free(struct id_table *table);
/* The front's number; a new one when the thing is not known. UINT32_MAX when memory is out. */
uint32_t id_give(struct id_table *table, uint32_t plugin, uint32_t own);
/* NULL for a number that was never given out. */
struct id_entry *id_find(const struct id_table *table, uint64_t number);
/* What is known of a device. */
void id_describe(struct id_entry *entry, const char *uid, const char *name, uint32_t object);

#endif
