/* probe_random_property.c - random questions for properties. */
#include "probe_random_private.h"
#include "property_types.h"
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES_MAX 65536u

/* One that the object has, most of the time; else any of the contract; else any at all (NULL). */
static const struct property_contract *random_property(struct probe_run *run, size_t place) {
    size_t count;
    const struct property_contract *all = property_contracts(&count);
    uint32_t kind = probe_run_below(run, 100);
    uint32_t known = place != SIZE_MAX ? run->world.known_count[place] : 0;
    if (kind < 70 && known > 0) {
        return &all[run->world.known[place][probe_run_below(run, known)]];
    }
    return kind < 95 ? &all[probe_run_below(run, (uint32_t)count)] : NULL;
}

static AudioObjectPropertyAddress random_address(struct probe_run *run,
                                                 const struct property_contract *contract) {
    const AudioObjectPropertyScope scopes[] = {
        kAudioObjectPropertyScopeGlobal,
        kAudioObjectPropertyScopeInput,
        kAudioObjectPropertyScopeOutput,
        kAudioObjectPropertyScopePlayThrough,
        (AudioObjectPropertyScope)probe_run_draw(run),
    };
    const AudioObjectPropertyElement elements[] = {1, 2,
                                                   (AudioObjectPropertyElement)probe_run_draw(run)};
    bool is_main = probe_run_chance(run, 70);
    uint32_t scope = probe_run_below(run, 5), element = probe_run_below(run, 3);
    return (AudioObjectPropertyAddress){
        .mSelector = contract != NULL ? contract->selector : (uint32_t)probe_run_draw(run),
        .mScope = is_main ? kAudioObjectPropertyScopeGlobal : scopes[scope],
        .mElement = is_main || probe_run_chance(run, 50) ? 0 : elements[element],
    };
}

static bool is_reference(const struct property_contract *contract) {
    return contract != NULL && (contract->type == PROPERTY_STRING ||
                                contract->type == PROPERTY_PLIST || contract->type == PROPERTY_URL);
}

static bool set_bytes(struct property_data *data, const void *bytes, uint32_t size) {
    data->bytes = malloc((size_t)size + 1);
    if (data->bytes != NULL) {
        memcpy(data->bytes, bytes, size);
        data->size = size;
    }
    return data->bytes != NULL;
}

/* Takes over the reference. */
static bool set_reference(struct property_data *data, CFTypeRef value) {
    data->reference = value;
    return value != NULL && set_bytes(data, &value, sizeof value);
}

/* What the contract says that this property is asked with. */
static void add_qualifier(struct probe_run *run, struct probe_call *call,
                          const struct property_contract *contract) {
    if (contract != NULL && (contract->traits & PROPERTY_TAKES_STRING) != 0) {
        (void)set_reference(&call->qualifier, CFRetain(CFSTR("nobody has this UID")));
    } else if (contract != NULL && (contract->traits & PROPERTY_TAKES_ITEM) != 0) {
        UInt32 item = probe_run_below(run, 4);
        (void)set_bytes(&call->qualifier, &item, sizeof item);
    } else if (call->address.mSelector == kAudioObjectPropertyOwnedObjects &&
               probe_run_chance(run, 50)) {
        AudioClassID class = kAudioStreamClassID;
        (void)set_bytes(&call->qualifier, &class, sizeof class);
    }
    call->qualifier_size = call->qualifier.size;
}

/* How much the driver says that it is. */
static uint32_t size_of(struct probe_run *run, const struct probe_call *asked) {
    struct probe_call call = {
        .function = PROBE_GET_SIZE,
        .object = asked->object,
        .process_id = asked->process_id,
        .address = asked->address,
    };
    if (asked->qualifier.bytes != NULL) {
        if (asked->qualifier.reference != NULL) {
            (void)set_reference(&call.qualifier, CFRetain(asked->qualifier.reference));
        } else {
            (void)set_bytes(&call.qualifier, asked->qualifier.bytes, asked->qualifier.size);
        }
        call.qualifier_size = call.qualifier.size;
    }
    struct probe_outcome outcome;
    probe_call_perform(run->world.driver, run->world.host, &call, &outcome);
    uint32_t size = outcome.has_memory && outcome.status == 0 && outcome.size <= VALUE_BYTES_MAX
                        ? outcome.size
                        : probe_run_below(run, 64);
    probe_outcome_free(&call, &outcome);
    probe_call_free(&call);
    return size;
}

static void add_room(struct probe_run *run, struct probe_call *call, bool holds_reference) {
    uint32_t size = size_of(run, call);
    uint32_t how = probe_run_below(run, 10);
    call->size = how < 6   ? size
                 : how < 8 ? probe_run_below(run, size + 1)
                           : size + probe_run_below(run, 64);
    call->is_reference = holds_reference;
}

static CFTypeRef random_reference(struct probe_run *run, enum property_type type) {
    static const char *const texts[] = {"", "hal-lab", "\xC3\xA4\xF0\x9F\xA6\x8E", "0", "a/b:c"};
    CFStringRef text =
        CFStringCreateWithCString(NULL, texts[probe_run_below(run, 5)], kCFStringEncodingUTF8);
    if (type == PROPERTY_URL) {
        CFRelease(text);
        return CFURLCreateWithString(NULL, CFSTR("file:///nowhere"), NULL);
    }
    if (type == PROPERTY_PLIST && probe_run_chance(run, 70)) {
        const void *keys[] = {text};
        const void *values[] = {kCFBooleanTrue};
        CFDictionaryRef dictionary =
            CFDictionaryCreate(NULL, keys, values, 1, &kCFTypeDictionaryKeyCallBacks,
                               &kCFTypeDictionaryValueCallBacks);
        CFRelease(text);
        return dictionary;
    }
    return text;
}

/* The value that it has, the same with other bytes, or one of another size. */
static void add_value(struct probe_run *run, struct probe_call *call,
                      const struct property_contract *contract) {
    if (is_reference(contract)) {
        (void)set_reference(&call->data, random_reference(run, contract->type));
        call->size = probe_run_chance(run, 90) ? call->data.size
                                               : probe_run_below(run, (uint32_t)sizeof(CFTypeRef));
        return;
    }
    uint8_t bytes[512] = {0};
    uint32_t size =
        probe_world_get(&run->world, call->object, call->address.mSelector, bytes, sizeof bytes);
    size = size == 0 ? probe_run_below(run, 48) : size;
    uint32_t how = probe_run_below(run, 10);
    if (how >= 5) {
        for (uint32_t i = 0; i < size; i++) {
            bytes[i] = how >= 7 ? (uint8_t)probe_run_draw(run) : bytes[i];
        }
        bytes[probe_run_below(run, size + 1) % sizeof bytes] ^=
            (uint8_t)(1u << probe_run_below(run, 8));
    }
    (void)set_bytes(&call->data, bytes, size);
    call->size = how == 9 ? probe_run_below(run, size + 16) : call->data.size;
}

void probe_step_property(struct probe_run *run) {
    static const enum probe_function functions[] = {PROBE_HAS_PROPERTY, PROBE_IS_SETTABLE,
                                                    PROBE_GET_SIZE,     PROBE_GET_DATA,
                                                    PROBE_GET_DATA,     PROBE_SET_DATA};
    size_t place;
    struct probe_call call = {
        .function = functions[probe_run_below(run, 6)],
        .object = probe_run_object(run, &place),
        .process_id = probe_run_chance(run, 50) ? 0 : 4711,
    };
    const struct property_contract *contract = random_property(run, place);
    call.address = random_address(run, contract);
    if (run->plan->avoided[call.function]) {
        return;
    }
    if (call.function >= PROBE_GET_SIZE) {
        add_qualifier(run, &call, contract);
    }
    if (call.function == PROBE_GET_DATA) {
        add_room(run, &call, is_reference(contract));
    } else if (call.function == PROBE_SET_DATA) {
        add_value(run, &call, contract);
    }
    (void)probe_run_make(run, &call);
}
