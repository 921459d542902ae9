/* service_ids.c */
#include "service_ids.h"
#include <stdlib.h>
#include <string.h>

void id_table_free(struct id_table *table) {
    for (uint32_t i = 0; i < table->count; i++) {
        free(table->entries[i].uid);
        free(table->entries[i].name);
    }
    free(table->entries);
    table->entries = NULL;
    table->count = table->room = 0;
}

static bool make_room(struct id_table *table) {
    if (table->count < table->room) {
        return true;
    }
    uint32_t room = table->room > 0 ? 2 * table->room : 16;
    struct id_entry *entries = realloc(table->entries, room * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    table->entries = entries;
    table->room = room;
    return true;
}

uint32_t id_give(struct id_table *table, uint32_t plugin, uint32_t own) {
    /* From the newest on: it is mostly one of these. */
    for (uint32_t i = table->count; i-- > 0;) {
        if (table->entries[i].plugin == plugin && table->entries[i].own == own) {
            return table->first + i;
        }
    }
    if (!make_room(table)) {
        return UINT32_MAX;
    }
    table->entries[table->count] = (struct id_entry){.plugin = plugin, .own = own};
    return table->first + table->count++;
}

struct id_entry *id_find(const struct id_table *table, uint64_t number) {
    return number >= table->first && number - table->first < table->count
               ? &table->entries[number - table->first]
               : NULL;
}

static void replace(char **text, const char *by) {
    if (by != NULL && (*text == NULL || strcmp(*text, by) != 0)) {
        free(*text);
        *text = strdup(by);
    }
}

void id_describe(struct id_entry *entry, const char *uid, const char *name, uint32_t object) {
    replace(&entry->uid, uid);
    replace(&entry->name, name);
    entry->object = object;
}
