#include "activation.h"
#include "host_internal.h"
#include <stdio.h>

#define APPLE_TYPE      "443ABAB8-E7B3-491A-B985-BEB9187030DB" /* kAudioServerPlugInTypeUUID */
#define APPLE_INTERFACE "EEA5773D-CC43-49F1-8E00-8F96E7D23B17" /* ...DriverInterfaceUUID */

static const struct halsim_profile_uuids *types_of(const struct halsim_profile *profile) {
    return profile != NULL && profile->types.count > 0 ? &profile->types : NULL;
}

static const struct halsim_profile_uuids *interfaces_of(const struct halsim_profile *profile) {
    return profile != NULL && profile->interfaces.count > 0 ? &profile->interfaces : NULL;
}

uint32_t halsim_profile_type_count(const struct halsim_profile *profile) {
    return types_of(profile) != NULL ? profile->types.count : 1;
}

const char *halsim_profile_type(const struct halsim_profile *profile, uint32_t index) {
    return types_of(profile) != NULL ? profile->types.uuids[index] : APPLE_TYPE;
}

uint32_t halsim_profile_interface_count(const struct halsim_profile *profile) {
    return interfaces_of(profile) != NULL ? profile->interfaces.count : 1;
}

const char *halsim_profile_interface(const struct halsim_profile *profile, uint32_t index) {
    return interfaces_of(profile) != NULL ? profile->interfaces.uuids[index] : APPLE_INTERFACE;
}

void halsim_profile_says(const struct halsim_profile *profile, const char *key, const char *source,
                         char *text, size_t size) {
    text[0] = '\0';
    if (profile != NULL) {
        (void)snprintf(text, size, " in profile %s (%s%s%s)", profile->name, key,
                       source[0] != '\0' ? "; " : "", source);
    }
}

bool halsim_activation_allows(struct halsim_device *device) {
    const struct halsim_profile *profile = device->host->config.profile;
    for (uint32_t i = 0; profile != NULL && i < profile->required_count; i++) {
        const AudioObjectPropertyAddress *address =
            HALSIM_ADDRESS(profile->required[i], kAudioObjectPropertyScopeGlobal);
        if (!halsim_property_has(device->host, device->object, address)) {
            char says[HALSIM_PROFILE_TEXT_MAX + 128], selector[16];
            halsim_profile_says(profile, "activation.required-properties", profile->required_source,
                                says, sizeof says);
            halsim_warn(device->plugin, device->object.id,
                        "device \"%s\" is not shown: it has no property %s, which is required%s; "
                        "answer it in HasProperty and GetPropertyData",
                        device->info.name, halsim_fourcc_text(profile->required[i], selector),
                        says);
            return false;
        }
    }
    return true;
}
