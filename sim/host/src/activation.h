/* activation.h - what the profile of a host asks of bundles, drivers and devices. */
#ifndef HALSIM_ACTIVATION_H
#define HALSIM_ACTIVATION_H

#include "halsim/profile.h"
#include "halsim/status.h"
#include <stdbool.h>

struct halsim_device;

/* The UUIDs under which a plug-in is looked for, and those of the interface that is asked for, in
 * order. Without a profile, or where it does not say: Apple's. */
uint32_t halsim_profile_type_count(const struct halsim_profile *profile);
const char *halsim_profile_type(const struct halsim_profile *profile, uint32_t index);
uint32_t halsim_profile_interface_count(const struct halsim_profile *profile);
const char *halsim_profile_interface(const struct halsim_profile *profile, uint32_t index);

/* " in profile macos-26 (loading.plugin-type-uuids; sdk-header: ...)", empty without a profile. */
void halsim_profile_says(const struct halsim_profile *profile, const char *key, const char *source,
                         char *text, size_t size);

/* Whether the device has what the profile requires. False after a warning that names profile, key,
 * source and what to do; the device is not to be shown then. */
bool halsim_activation_allows(struct halsim_device *device);

#endif
