/* profile.h - what one version of macOS asks of a plug-in before its devices are shown.
 *
 * Data from outside (sim/profiles, docs/reference/profiles.md): nothing here knows a version. What
 * a profile does not say is as it is without a profile: Apple's UUIDs, and no property required.
 */
#ifndef HALSIM_PROFILE_H
#define HALSIM_PROFILE_H

#include <CoreAudio/AudioServerPlugIn.h>
#include <stdint.h>

#define HALSIM_PROFILE_UUIDS_MAX      8
#define HALSIM_PROFILE_PROPERTIES_MAX 32
#define HALSIM_PROFILE_TEXT_MAX       256
#define HALSIM_UUID_TEXT              37 /* 36 characters and their end */

/* Upper case, without braces. `source` is who says so, for messages. */
struct halsim_profile_uuids {
    uint32_t count; /* 0: Apple's */
    char uuids[HALSIM_PROFILE_UUIDS_MAX][HALSIM_UUID_TEXT];
    char source[HALSIM_PROFILE_TEXT_MAX];
};

struct halsim_profile {
    char name[64];
    struct halsim_profile_uuids types;      /* loading.plugin-type-uuids */
    struct halsim_profile_uuids interfaces; /* loading.driver-interface-uuids */
    /* activation.required-properties: a device that lacks one is not shown, and a warning says so
     */
    uint32_t required_count;
    AudioObjectPropertySelector required[HALSIM_PROFILE_PROPERTIES_MAX];
    char required_source[HALSIM_PROFILE_TEXT_MAX];
};

#endif
