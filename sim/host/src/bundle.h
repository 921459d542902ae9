/* bundle.h - what Info.plist says of a HAL plug-in, checked before anything is loaded. */
#ifndef HALSIM_BUNDLE_H
#define HALSIM_BUNDLE_H

#include "halsim/profile.h"
#include "halsim/status.h"
#include <limits.h>

struct halsim_bundle {
    char path[PATH_MAX]; /* absolute */
    char executable[PATH_MAX];
    char identifier[256];
    char type_uuid[HALSIM_UUID_TEXT]; /* the accepted one under which the factory was found */
    char factory_uuid[64];
    char factory_symbol[256];
};

/* `profile` says which type UUIDs are looked for, in order; NULL: Apple's. */
bool halsim_bundle_read(const char *path, const struct halsim_profile *profile,
                        struct halsim_bundle *bundle, struct halsim_error *error);

#endif
