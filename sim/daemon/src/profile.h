/* profile.h - the flat JSON of a resolved profile (docs/reference/profiles.md), as far as a daemon
 * follows it. */
#ifndef DAEMON_PROFILE_H
#define DAEMON_PROFILE_H

#include "halinterpose/sandbox.h"
#include "halsim/profile.h"
#include <stdbool.h>

enum profile_model {
    PROFILE_MODEL_UNSAID, /* the profile does not know */
    PROFILE_MODEL_IN_PROCESS,
    PROFILE_MODEL_HELPER,
};

struct profile {
    struct halsim_profile asks;
    enum profile_model model; /* loading.process-model */
    double throttle_s;        /* service.coreaudiod-throttle-s, else launchd's; below 0: unsaid */
    struct halsandbox_list sandbox[HALSANDBOX_KIND_COUNT]; /* sandbox.files, ... */
};

/* False with one line on stderr. */
bool profile_read(const char *path, struct profile *profile);

#endif
