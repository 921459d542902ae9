#include "digest.h"
#include "observe.h"

/* What a driver gets that is not a value of its own: said once, that it is there. */
static uint64_t presence(const void *pointer) {
    return pointer != NULL ? 1 : 0;
}

uint64_t halsim_digest_addresses(uint64_t digest, uint32_t count,
                                 const AudioObjectPropertyAddress *addresses) {
    digest = halsim_digest_word(digest, count);
    for (uint32_t i = 0; i < count; i++) {
        const AudioObjectPropertyAddress *address = &addresses[i];
        digest = halsim_digest_word(digest, address->mSelector | (uint64_t)address->mScope << 32);
        digest = halsim_digest_word(digest, address->mElement);
    }
    return digest;
}

void halsim_observe_call(struct halsim_fingerprint *fingerprint, enum halsim_observed kind,
                         uint32_t plugin, int32_t status) {
    struct halsim_observation seen = {
        .kind = (uint16_t)kind,
        .plugin = (uint16_t)plugin,
        .status = status,
    };
    halsim_observe(fingerprint, &seen);
}

HALSIM_OBSERVE(Initialize, AudioServerPlugInHostRef host) {
    (void)fingerprint;
    seen->data = presence(host);
}

/* Not its process: another one in each run. */
static uint64_t digest_client(const AudioServerPlugInClientInfo *client) {
    uint64_t digest = halsim_digest_word(client->mClientID, client->mIsNativeEndian);
    return halsim_digest_plist(digest, client->mBundleID);
}

HALSIM_OBSERVE(AddDeviceClient, AudioObjectID device, const AudioServerPlugInClientInfo *client) {
    (void)fingerprint, (void)device;
    seen->data = digest_client(client);
    seen->values[0] = client->mClientID;
    seen->values[1] = client->mIsNativeEndian;
}

HALSIM_OBSERVE(RemoveDeviceClient, AudioObjectID device,
               const AudioServerPlugInClientInfo *client) {
    (void)fingerprint, (void)device;
    seen->data = digest_client(client);
    seen->values[0] = client->mClientID;
    seen->values[1] = client->mIsNativeEndian;
}

HALSIM_OBSERVE(PerformDeviceConfigurationChange, AudioObjectID device, UInt64 action, void *info) {
    (void)fingerprint, (void)device;
    seen->data = halsim_digest_word(action, presence(info));
    seen->values[0] = action;
}

HALSIM_OBSERVE(AbortDeviceConfigurationChange, AudioObjectID device, UInt64 action, void *info) {
    (void)fingerprint, (void)device;
    seen->data = halsim_digest_word(action, presence(info));
    seen->values[0] = action;
}

HALSIM_OBSERVE(StartIO, AudioObjectID device, UInt32 client) {
    (void)fingerprint, (void)seen, (void)device, (void)client;
}

HALSIM_OBSERVE(StopIO, AudioObjectID device, UInt32 client) {
    (void)fingerprint, (void)seen, (void)device, (void)client;
}

HALSIM_OBSERVE(GetZeroTimeStamp, AudioObjectID device, UInt32 client, const Float64 *sample,
               const UInt64 *host_time, const UInt64 *seed) {
    (void)fingerprint, (void)device, (void)client;
    if (seen->status == 0) {
        seen->data = halsim_digest_word(halsim_digest_real(*seed, *sample), *host_time);
        memcpy(&seen->values[0], sample, sizeof seen->values[0]);
        seen->values[1] = *host_time;
        seen->values[2] = *seed;
    }
}

HALSIM_OBSERVE(WillDoIOOperation, AudioObjectID device, UInt32 client, UInt32 operation,
               const Boolean *will_do, const Boolean *in_place) {
    (void)fingerprint, (void)device, (void)client, (void)operation;
    if (seen->status == 0) {
        seen->data = (*will_do ? 1u : 0u) | (*in_place ? 2u : 0u);
        seen->values[0] = *will_do;
        seen->values[1] = *in_place;
    }
}

/* The fields that the host fills; between them there is padding. */
static uint64_t digest_info(struct halsim_observation *seen, UInt32 frames,
                            const AudioServerPlugInIOCycleInfo *info) {
    const AudioTimeStamp *const stamps[] = {&info->mCurrentTime, &info->mInputTime,
                                            &info->mOutputTime};
    uint64_t words[16] = {
        frames | (uint64_t)info->mNominalIOBufferFrameSize << 32,
        info->mIOCycleCounter,
    };
    memcpy(&words[2], &info->mMainHostTicksPerFrame, sizeof words[0]);
    memcpy(&words[3], &info->mDeviceHostTicksPerFrame, sizeof words[0]);
    for (size_t i = 0; i < 3; i++) {
        uint64_t *stamp = &words[4 + 4 * i];
        memcpy(&stamp[0], &stamps[i]->mSampleTime, sizeof words[0]);
        stamp[1] = stamps[i]->mHostTime;
        memcpy(&stamp[2], &stamps[i]->mRateScalar, sizeof words[0]);
        stamp[3] = stamps[i]->mFlags;
    }
    seen->values[0] = words[0];
    seen->values[1] = words[1];
    for (size_t i = 0; i < 3; i++) {
        seen->values[2 + 2 * i] = words[4 + 4 * i];
        seen->values[3 + 2 * i] = words[5 + 4 * i];
    }
    return halsim_digest_bytes(0, words, sizeof words);
}

HALSIM_OBSERVE(BeginIOOperation, AudioObjectID device, UInt32 client, UInt32 operation,
               UInt32 frames, const AudioServerPlugInIOCycleInfo *info) {
    (void)fingerprint, (void)device, (void)client, (void)operation;
    seen->data = digest_info(seen, frames, info);
}

/* The samples are events of their own, before and after. */
HALSIM_OBSERVE(DoIOOperation, AudioObjectID device, AudioObjectID stream, UInt32 client,
               UInt32 operation, UInt32 frames, const AudioServerPlugInIOCycleInfo *info,
               const void *main, const void *secondary) {
    (void)fingerprint, (void)device, (void)client, (void)operation, (void)main;
    seen->detail = stream;
    seen->data = halsim_digest_word(digest_info(seen, frames, info), presence(secondary));
}

HALSIM_OBSERVE(EndIOOperation, AudioObjectID device, UInt32 client, UInt32 operation, UInt32 frames,
               const AudioServerPlugInIOCycleInfo *info) {
    (void)fingerprint, (void)device, (void)client, (void)operation;
    seen->data = digest_info(seen, frames, info);
}
