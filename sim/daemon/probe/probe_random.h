/* probe_random.h - random calls over the whole interface, the same for the same seed.
 *
 * Objects are those that the driver has, and now and then others; properties those of the contract,
 * and others; values those that it gave, and others. References are always objects of the right
 * kind: a driver must be able to follow what it is given.
 *
 *   PROBE_ORDER_LEGAL  clients, IO and configuration changes come in an order in which a host could
 *                      ask; in the end IO is stopped and clients are removed
 *   PROBE_ORDER_ANY    in any, with any ID
 */
#ifndef PROBE_RANDOM_H
#define PROBE_RANDOM_H

#include "probe_tally.h"

enum probe_order {
    PROBE_ORDER_LEGAL,
    PROBE_ORDER_ANY,
};

struct probe_random_plan {
    uint64_t seed;
    uint64_t count; /* of calls; the last step may make a few more */
    bool avoided[PROBE_FUNCTION_COUNT];
    enum probe_order order;
};

struct probe_random_result {
    uint64_t calls;
    uint64_t hash; /* of what was called and answered, but for out parameters */
    struct probe_tally tallies[PROBE_FUNCTION_COUNT];
    struct probe_violations violations;
};

/* On the calling thread. The driver is initialized. */
void probe_random(AudioServerPlugInDriverRef driver, struct probe_host *host,
                  const struct probe_random_plan *plan, struct probe_random_result *result);

#endif
