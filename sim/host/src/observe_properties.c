/* Property data: bytes, or what a reference leads to. Which of the two the contract says, and for
 * custom properties the driver, when someone asked it ('cust') before. */
#include "digest.h"
#include "observe.h"
#include "property_types.h"
#include <stdlib.h>
#include <string.h>

#define MAX_CUSTOMS     256u

/* No address lies outside: the lowest page is never mapped, and user space ends at 2^47. */
#define LOWEST_ADDRESS  UINT64_C(65536)
#define HIGHEST_ADDRESS (UINT64_C(1) << 47)

enum holding {
    HOLDS_BYTES,
    HOLDS_REFERENCE,
    HOLDS_WHO_KNOWS,
};

struct custom {
    uint32_t plugin;
    AudioObjectID object;
    AudioObjectPropertySelector selector;
    enum holding value, qualifier;
};

struct halsim_customs {
    uint32_t count;
    struct custom list[MAX_CUSTOMS];
};

struct halsim_customs *halsim_customs_create(void) {
    return calloc(1, sizeof(struct halsim_customs));
}

void halsim_customs_forget(struct halsim_customs *customs) {
    customs->count = 0;
}

void halsim_customs_destroy(struct halsim_customs *customs) {
    free(customs);
}

static struct custom *find_custom(struct halsim_customs *customs,
                                  const struct halsim_observation *seen, uint32_t selector) {
    for (uint32_t i = 0; i < customs->count; i++) {
        struct custom *custom = &customs->list[i];
        if (custom->plugin == seen->plugin && custom->object == seen->object &&
            custom->selector == selector) {
            return custom;
        }
    }
    return NULL;
}

static enum holding holding_of(UInt32 type) {
    return type == kAudioServerPlugInCustomPropertyDataTypeCFString ||
                   type == kAudioServerPlugInCustomPropertyDataTypeCFPropertyList
               ? HOLDS_REFERENCE
               : HOLDS_BYTES;
}

static void learn(struct halsim_customs *customs, const struct halsim_observation *seen,
                  const void *data, UInt32 size) {
    AudioServerPlugInCustomPropertyInfo info;
    for (UInt32 i = 0; i < size / sizeof info; i++) {
        memcpy(&info, (const char *)data + i * sizeof info, sizeof info);
        struct custom *custom = find_custom(customs, seen, info.mSelector);
        if (custom == NULL && customs->count < MAX_CUSTOMS) {
            custom = &customs->list[customs->count++];
        }
        if (custom != NULL) {
            *custom = (struct custom){
                .plugin = seen->plugin,
                .object = seen->object,
                .selector = info.mSelector,
                .value = holding_of(info.mPropertyDataType),
                .qualifier = holding_of(info.mQualifierDataType),
            };
        }
    }
}

static struct custom nature_of(struct halsim_fingerprint *fingerprint,
                               const struct halsim_observation *seen) {
    const struct property_contract *contract = property_contract_find(seen->code);
    if (contract != NULL) {
        return (struct custom){
            .value = property_type_is_reference(contract->type) ? HOLDS_REFERENCE : HOLDS_BYTES,
            .qualifier =
                (contract->traits & PROPERTY_TAKES_STRING) != 0 ? HOLDS_REFERENCE : HOLDS_BYTES,
        };
    }
    const struct custom *custom =
        find_custom(halsim_fingerprint_customs(fingerprint), seen, seen->code);
    return custom != NULL ? *custom
                          : (struct custom){.value = HOLDS_WHO_KNOWS, .qualifier = HOLDS_WHO_KNOWS};
}

static uint64_t add_data(uint64_t digest, enum holding holding, const void *data, UInt32 size) {
    digest = halsim_digest_word(digest, size);
    if (data == NULL || size == 0) {
        return digest;
    }
    CFTypeRef reference;
    if (holding == HOLDS_BYTES || (holding == HOLDS_WHO_KNOWS && size != sizeof reference)) {
        return halsim_digest_bytes(digest, data, size);
    }
    if (size != sizeof reference) {
        return digest; /* no reference: the host will say so */
    }
    memcpy(&reference, data, sizeof reference);
    if (holding == HOLDS_REFERENCE) {
        return halsim_digest_plist(digest, reference);
    }
    uint64_t word = (uint64_t)(uintptr_t)reference;
    bool may_be_address = word >= LOWEST_ADDRESS && word < HIGHEST_ADDRESS;
    return may_be_address ? digest : halsim_digest_word(digest, word);
}

/* How long it is, and the beginning: of bytes themselves, of a string as text (0 behind it). */
static void show(struct halsim_observation *seen, enum holding holding, const void *data,
                 UInt32 size) {
    const size_t room = sizeof seen->values - sizeof seen->values[0];
    CFTypeRef reference = NULL;
    seen->values[0] = size;
    if (data == NULL || holding == HOLDS_WHO_KNOWS) {
        return;
    }
    if (holding == HOLDS_BYTES) {
        memcpy(&seen->values[1], data, size < room ? size : room);
        return;
    }
    if (size == sizeof reference) {
        memcpy(&reference, data, sizeof reference);
    }
    char text[256];
    if (reference != NULL && CFGetTypeID(reference) == CFStringGetTypeID() &&
        CFStringGetCString(reference, text, sizeof text, kCFStringEncodingUTF8)) {
        seen->values[0] = HALSIM_OBSERVED_TEXT | strlen(text);
        memcpy(&seen->values[1], text, strlen(text) < room ? strlen(text) : room);
    }
}

static uint64_t begin(struct halsim_observation *seen, const AudioObjectPropertyAddress *address) {
    seen->detail = address->mScope;
    return halsim_digest_word(0, address->mElement);
}

HALSIM_OBSERVE(HasProperty, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address) {
    (void)fingerprint, (void)object, (void)client;
    seen->status = seen->status != 0;
    seen->data = begin(seen, address);
}

HALSIM_OBSERVE(IsPropertySettable, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address, const Boolean *settable) {
    (void)fingerprint, (void)object, (void)client;
    seen->data = begin(seen, address);
    if (seen->status == 0) {
        seen->data = halsim_digest_word(seen->data, *settable ? 1 : 0);
        seen->values[0] = *settable ? 1 : 0;
    }
}

HALSIM_OBSERVE(GetPropertyDataSize, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
               const void *qualifier, const UInt32 *size) {
    (void)object, (void)client;
    const struct custom nature = nature_of(fingerprint, seen);
    seen->data = add_data(begin(seen, address), nature.qualifier, qualifier, qualifier_size);
    if (seen->status == 0) {
        seen->data = halsim_digest_word(seen->data, *size);
        seen->values[0] = *size;
    }
}

HALSIM_OBSERVE(GetPropertyData, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
               const void *qualifier, UInt32 room, const UInt32 *written, const void *data) {
    (void)object, (void)client;
    const struct custom nature = nature_of(fingerprint, seen);
    uint64_t digest = add_data(begin(seen, address), nature.qualifier, qualifier, qualifier_size);
    digest = halsim_digest_word(digest, room);
    if (seen->status == 0) {
        digest = halsim_digest_word(digest, *written);
        if (*written <= room) {
            digest = add_data(digest, nature.value, data, *written);
            show(seen, nature.value, data, *written);
            if (seen->code == kAudioObjectPropertyCustomPropertyInfoList) {
                learn(halsim_fingerprint_customs(fingerprint), seen, data, *written);
            }
        }
    }
    seen->data = digest;
}

HALSIM_OBSERVE(SetPropertyData, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
               const void *qualifier, UInt32 size, const void *data) {
    (void)object, (void)client;
    const struct custom nature = nature_of(fingerprint, seen);
    uint64_t digest = add_data(begin(seen, address), nature.qualifier, qualifier, qualifier_size);
    seen->data = add_data(digest, nature.value, data, size);
    show(seen, nature.value, data, size);
}
