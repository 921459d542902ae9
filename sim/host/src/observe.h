/* observe.h - what the host tells its fingerprint: one function for each slot of a driver, called
 * with the arguments of the call when it has returned. Internal to sim/host.
 *
 * They fill `data`, the hash of arguments and out-values, and `detail`. Out-values count when the
 * call succeeded: else nobody says that they were written.
 */
#ifndef HALSIM_OBSERVE_H
#define HALSIM_OBSERVE_H

#include "halsim/fingerprint.h"

struct halsim_fingerprint;

#define HALSIM_NO_PLUGIN UINT16_MAX

/* Numbers the event, gives it its time, and adds it to the hash and the log. Any thread. */
void halsim_observe(struct halsim_fingerprint *fingerprint, struct halsim_observation *seen);
/* The samples of what was just observed, for a log that has them. */
void halsim_observe_content(struct halsim_fingerprint *fingerprint,
                            const struct halsim_observation *seen, const void *samples,
                            size_t bytes);
/* A cycle begins: it is counted. Before anything of it is observed. */
void halsim_observe_cycle_begun(struct halsim_fingerprint *fingerprint);
/* All of a cycle is done: a checkpoint, if one is due. */
void halsim_observe_cycle_done(struct halsim_fingerprint *fingerprint);
/* Hash of a block of samples. Remembers the last one, as the same block is often met again: handed
 * to a driver, handed back, at the far end. On the thread that runs cycles only. */
uint64_t halsim_observe_block(struct halsim_fingerprint *fingerprint, const void *samples,
                              size_t bytes);
/* NULL is allowed. */
void halsim_fingerprint_destroy(struct halsim_fingerprint *fingerprint);

/* ---- observe_calls.c ---- */

/* A call without arguments that are values: Factory, QueryInterface, Release. */
void halsim_observe_call(struct halsim_fingerprint *fingerprint, enum halsim_observed kind,
                         uint32_t plugin, int32_t status);
/* `digest` with addresses of properties. */
uint64_t halsim_digest_addresses(uint64_t digest, uint32_t count,
                                 const AudioObjectPropertyAddress *addresses);

#define HALSIM_OBSERVE(entry_, ...)                                                                \
    void halsim_observe_##entry_(struct halsim_fingerprint *fingerprint,                           \
                                 struct halsim_observation *seen, ##__VA_ARGS__)

HALSIM_OBSERVE(Initialize, AudioServerPlugInHostRef host);
HALSIM_OBSERVE(AddDeviceClient, AudioObjectID device, const AudioServerPlugInClientInfo *client);
HALSIM_OBSERVE(RemoveDeviceClient, AudioObjectID device, const AudioServerPlugInClientInfo *client);
HALSIM_OBSERVE(PerformDeviceConfigurationChange, AudioObjectID device, UInt64 action, void *info);
HALSIM_OBSERVE(AbortDeviceConfigurationChange, AudioObjectID device, UInt64 action, void *info);
HALSIM_OBSERVE(StartIO, AudioObjectID device, UInt32 client);
HALSIM_OBSERVE(StopIO, AudioObjectID device, UInt32 client);
HALSIM_OBSERVE(GetZeroTimeStamp, AudioObjectID device, UInt32 client, const Float64 *sample,
               const UInt64 *host_time, const UInt64 *seed);
HALSIM_OBSERVE(WillDoIOOperation, AudioObjectID device, UInt32 client, UInt32 operation,
               const Boolean *will_do, const Boolean *in_place);
HALSIM_OBSERVE(BeginIOOperation, AudioObjectID device, UInt32 client, UInt32 operation,
               UInt32 frames, const AudioServerPlugInIOCycleInfo *info);
HALSIM_OBSERVE(DoIOOperation, AudioObjectID device, AudioObjectID stream, UInt32 client,
               UInt32 operation, UInt32 frames, const AudioServerPlugInIOCycleInfo *info,
               const void *main, const void *secondary);
HALSIM_OBSERVE(EndIOOperation, AudioObjectID device, UInt32 client, UInt32 operation, UInt32 frames,
               const AudioServerPlugInIOCycleInfo *info);

/* ---- observe_properties.c ---- */

HALSIM_OBSERVE(HasProperty, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address);
HALSIM_OBSERVE(IsPropertySettable, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address, const Boolean *settable);
HALSIM_OBSERVE(GetPropertyDataSize, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
               const void *qualifier, const UInt32 *size);
HALSIM_OBSERVE(GetPropertyData, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
               const void *qualifier, UInt32 room, const UInt32 *written, const void *data);
HALSIM_OBSERVE(SetPropertyData, AudioObjectID object, pid_t client,
               const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
               const void *qualifier, UInt32 size, const void *data);

/* What custom properties hold, learnt from what drivers say of them ('cust'). */
struct halsim_customs;
struct halsim_customs *halsim_fingerprint_customs(struct halsim_fingerprint *fingerprint);
struct halsim_customs *halsim_customs_create(void);
void halsim_customs_forget(struct halsim_customs *customs);
void halsim_customs_destroy(struct halsim_customs *customs);

/* ---- digest_plist.c ---- */

/* `digest` with a property list: type and content, whatever the order in a dictionary, never an
 * address. NULL is a value. Of a URL the last part of its path. Takes no reference. */
uint64_t halsim_digest_plist(uint64_t digest, CFTypeRef value);

#endif
