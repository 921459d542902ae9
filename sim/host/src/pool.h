/* pool.h - the autorelease pool around a call into a driver: what the driver autoreleases goes when
 * the call is over, as on a dispatch queue, and not when the thread ends, which may be never. */
#ifndef HALSIM_POOL_H
#define HALSIM_POOL_H

#ifdef __APPLE__
/* CFAutorelease() uses libobjc's pools, which has no C header for them. */
extern void *objc_autoreleasePoolPush(void);
extern void objc_autoreleasePoolPop(void *pool);

typedef void *halsim_pool;

static inline halsim_pool halsim_pool_push(void) {
    return objc_autoreleasePoolPush();
}

static inline void halsim_pool_pop(halsim_pool pool) {
    objc_autoreleasePoolPop(pool);
}
#else
#include "halsdk/halsdk.h"

typedef size_t halsim_pool;

static inline halsim_pool halsim_pool_push(void) {
    return halsdk_autorelease_push();
}

static inline void halsim_pool_pop(halsim_pool pool) {
    halsdk_autorelease_pop(pool);
}
#endif

#endif
