/* probe.h - a bundle that the probe has opened, and the drivers that its factories made.
 *
 * The probe calls a driver slot by slot, with arguments that no host would give, to find out
 * whether it keeps the rules. It does not go through the plug-ins of libhalsim: what it has opened
 * the host does not know. Crashes and hangs in its calls are told as in any other.
 *
 * One bundle at a time. All functions are called by the thread that carries out requests; what they
 * call may come back on others.
 */
#ifndef PROBE_H
#define PROBE_H

#include "halsim/status.h"
#include "probe_call.h"
#include "rpc_resources.h"
#include <limits.h>

#define PROBE_FACTORIES_MAX 32
#define PROBE_TYPES_MAX     16
#define PROBE_INSTANCES_MAX 65536
#define PROBE_OTHERS_MAX    64

/* One factory function of the bundle, as Info.plist has it. */
struct probe_factory {
    char uuid[64];
    char symbol[256];
    char types[PROBE_TYPES_MAX][64]; /* that name it, in CFPlugInTypes */
    size_t type_count;
    void *function; /* NULL: the executable does not export it */
};

/* What a factory made. It stays, closed or not, as long as the probe. */
struct probe_instance {
    AudioServerPlugInDriverRef driver;
    struct probe_host *host;
    uint32_t held; /* references that the probe has to it; 0: it must not be called any more */
    bool is_initialized;            /* Initialize() was called and answered 0 */
    void *others[PROBE_OTHERS_MAX]; /* other interfaces that QueryInterface gave, one reference each
                                     */
    size_t other_count;
    bool is_of_open_bundle; /* its code is still there */
};

struct probe {
    bool is_open;
    char path[PATH_MAX];
    char executable[PATH_MAX];
    char identifier[256];
    CFBundleRef bundle; /* so that the driver finds itself */
    void *handle;       /* of dlopen() */
    uint64_t open_ns;
    struct rpc_resources at_open; /* right before that */
    struct probe_factory *factories;
    size_t factory_count;
    struct probe_storage *storage; /* of all instances; outlives the bundle */
    struct probe_instance **instances;
    size_t instance_count;
    struct probe *next; /* of those that were destroyed with a driver open */
};

/* NULL: out of memory. */
struct probe *probe_create(void);
/* Drivers that were not closed are not called any more. NULL is allowed. */
void probe_destroy(struct probe *probe);

/* ---- the bundle (probe_bundle.c) ---- */

/* Reads Info.plist and loads the executable; calls nothing but its constructors. */
bool probe_open(struct probe *probe, const char *path, struct halsim_error *error);
/* Lets go of the code. False (STATE) while an instance is not closed. *is_unmapped says whether the
 * code has gone. With `stays` it is left where it is: something may still run in it. */
bool probe_unload(struct probe *probe, bool stays, bool *is_unmapped, struct halsim_error *error);

/* ---- instances (probe_instance.c) ---- */

/* NULL, with a message, for a number that has no instance, or one that the probe has let go of. */
struct probe_instance *probe_instance_at(struct probe *probe, uint32_t number,
                                         struct halsim_error *error);
/* Calls a factory with `type`, which may be NULL. *number is UINT32_MAX when it made nothing. */
bool probe_instance_create(struct probe *probe, const struct probe_factory *factory, CFUUIDRef type,
                           uint32_t *number, uint64_t *elapsed_ns, struct halsim_error *error);

/* The names of the slots that the driver's table leaves empty, with single spaces; "" for none. A
 * table that is not there leaves all empty. Calling one would crash in it. */
#define PROBE_SLOT_NAMES_MAX 512
void probe_instance_missing(const struct probe_instance *instance,
                            char names[PROBE_SLOT_NAMES_MAX]);

enum probe_interface {
    PROBE_INTERFACE_NONE,
    PROBE_INTERFACE_SAME,
    PROBE_INTERFACE_OTHER,
    PROBE_INTERFACE_UNTOUCHED, /* the out pointer is as it was, not NULL */
};
/* QueryInterface(), with NULL in the place of the out pointer unless `has_out`. An interface that
 * it gives is a reference of the probe's. */
HRESULT probe_instance_query(struct probe_instance *instance, CFUUIDRef uuid, bool has_out,
                             enum probe_interface *interface);
ULONG probe_instance_add_ref(struct probe_instance *instance);
ULONG probe_instance_release(struct probe_instance *instance);
OSStatus probe_instance_initialize(struct probe_instance *instance, bool has_host,
                                   uint64_t *elapsed_ns);

#endif
