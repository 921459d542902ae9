/* object.h - the objects of a driver and their properties, as tables.
 *
 * A driver lists its objects (struct haldrv_object) with the properties of each (struct
 * haldrv_property) and hands the list to haldrv_plugin_init(). One dispatcher serves all of them:
 * it finds the object ('!obj'), the property and whether the address makes sense ('who?'), checks
 * that the buffers are there ('nope') and large enough ('!siz'), that a set is allowed ('unop'),
 * and takes the plug-in's lock around the functions in the table. What has changed is told to the
 * host when the lock is free again.
 */
#ifndef HALDRV_OBJECT_H
#define HALDRV_OBJECT_H

#include <CoreAudio/AudioServerPlugIn.h>
#include <stdbool.h>
#include <stddef.h>

struct haldrv_plugin;
struct haldrv_object;

/* ---- what a function in a table is asked --------------------------------------------------- */

struct haldrv_query {
    struct haldrv_plugin *plugin;
    const struct haldrv_object *object;
    AudioObjectPropertyAddress address;
    pid_t client_pid;
    UInt32 qualifier_size;
    const void *qualifier;
};

/* What a set, or a configuration change, leads to. */
#define HALDRV_MAX_NOTICES     16
#define HALDRV_MAX_STORED_TEXT 64

struct haldrv_changes {
    UInt32 count;
    struct haldrv_notice {
        AudioObjectID object;
        AudioObjectPropertyAddress address;
    } notices[HALDRV_MAX_NOTICES];
    /* A change that the host must grant: PerformDeviceConfigurationChange() gets the rest. */
    bool wants_configuration;
    AudioObjectID device;
    UInt64 action;
    void *info;
    /* What the host is to store, when store_key is not NULL. */
    const char *store_key;
    char store_text[HALDRV_MAX_STORED_TEXT];
};

/* Element main. */
void haldrv_changes_add(struct haldrv_changes *changes, AudioObjectID object,
                        AudioObjectPropertySelector selector, AudioObjectPropertyScope scope);
void haldrv_changes_request(struct haldrv_changes *changes, AudioObjectID device, UInt64 action,
                            void *info);
/* A string that the host keeps for the next start; `key` outlives the call, `text` is shorter than
 * HALDRV_MAX_STORED_TEXT. A host that cannot store is no error. */
void haldrv_changes_store(struct haldrv_changes *changes, const char *key, const char *text);

/* ---- properties ---------------------------------------------------------------------------- */

/* Scopes as bits. */
#define HALDRV_GLOBAL 0x1u
#define HALDRV_INPUT  0x2u
#define HALDRV_OUTPUT 0x4u
#define HALDRV_SIDES  (HALDRV_INPUT | HALDRV_OUTPUT)
/* What belongs to the whole object is answered under each scope: old client calls ask with the
 * scope of a direction. */
#define HALDRV_ANY    (HALDRV_GLOBAL | HALDRV_SIDES)

enum haldrv_shape {
    HALDRV_VALUE, /* `size` bytes; a smaller buffer is an error */
    HALDRV_LIST,  /* elements of `size` bytes; a smaller buffer gets as many as fit */
    HALDRV_BLOB,  /* as many bytes as count() says; a smaller buffer is an error */
};

struct haldrv_property {
    AudioObjectPropertySelector selector;
    UInt32 scopes;
    enum haldrv_shape shape;
    UInt32 size;
    /* A qualifier of exactly this size is needed; 0: none is looked at by the dispatcher. */
    UInt32 qualifier_size;
    /* Lists: elements. Blobs: bytes. May refuse, e.g. a qualifier. NULL for values. */
    OSStatus (*count)(const struct haldrv_query *query, UInt32 *count);
    /* Whether the object has it at all; NULL: yes. */
    bool (*exists)(const struct haldrv_query *query);
    /* Writes a value, the first `count` elements, or a blob. */
    OSStatus (*get)(const struct haldrv_query *query, UInt32 count, void *data);
    /* NULL: not settable. `data` has `size` bytes exactly (HALDRV_VALUE only). A set that takes
     * effect names what it changed, also when the value is the old one: whoever set it waits for
     * the notification. */
    OSStatus (*set)(const struct haldrv_query *query, const void *data,
                    struct haldrv_changes *changes);
};

struct haldrv_property_set {
    const struct haldrv_property *properties;
    size_t count;
};

#define HALDRV_PROPERTY_SET(table)                                                                 \
    { (table), sizeof(table) / sizeof((table)[0]) }

/* ---- objects ------------------------------------------------------------------------------- */

struct haldrv_object {
    AudioObjectID id; /* place in the list + 1 */
    AudioClassID class_id;
    AudioClassID base_class;
    AudioObjectID owner;
    UInt32 side; /* HALDRV_INPUT or HALDRV_OUTPUT: the scope of the owner that lists it; else 0 */
    const struct haldrv_property_set *const *sets; /* NULL at the end; the first hit counts */
    void *state;                                   /* of the kind that its sets expect */
};

/* HALDRV_* bit of a scope, 0 for others. */
UInt32 haldrv_scope_bit(AudioObjectPropertyScope scope);
/* Whether an object of side `side` is listed under `scope`. */
bool haldrv_side_is_in_scope(UInt32 side, AudioObjectPropertyScope scope);
/* Whether `object` is of `class_id` or of a class derived from it. */
bool haldrv_object_is_a(const struct haldrv_object *object, AudioClassID class_id);

/* Helper for get functions: a new CFString, which the caller of the property releases. */
OSStatus haldrv_get_string(const char *text, void *data);
/* The objects that `keep` accepts, in order of their IDs; `ids` may be NULL to count only. Returns
 * how many there are; writes `most` at most. */
UInt32 haldrv_list_objects(const struct haldrv_query *query,
                           bool (*keep)(const struct haldrv_query *query,
                                        const struct haldrv_object *object),
                           AudioObjectID *ids, UInt32 most);

/* ---- the dispatcher ------------------------------------------------------------------------ */

const struct haldrv_object *haldrv_object_find(const struct haldrv_plugin *plugin,
                                               AudioObjectID id);
Boolean haldrv_property_has(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                            const AudioObjectPropertyAddress *address);
OSStatus haldrv_property_settable(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                                  const AudioObjectPropertyAddress *address, Boolean *settable);
OSStatus haldrv_property_size(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                              const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                              const void *qualifier, UInt32 *size);
OSStatus haldrv_property_get(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                             const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                             const void *qualifier, UInt32 room, UInt32 *size, void *data);
OSStatus haldrv_property_set(struct haldrv_plugin *plugin, AudioObjectID object, pid_t client,
                             const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                             const void *qualifier, UInt32 size, const void *data);

#endif
