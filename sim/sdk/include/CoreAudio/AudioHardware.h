/* AudioHardware.h - the client's API of Core Audio.
 *
 * A driver must not call it: the host it lives in answers no client. The functions are declared so
 * that sources which name them compile; the SDK does not define them, and loading a driver that
 * needs one fails with its name.
 *
 * Written from a table of names, values and layouts, not from Apple's header.
 */
#ifndef HALSDK_AUDIOHARDWARE_H
#define HALSDK_AUDIOHARDWARE_H

#include <CoreAudio/AudioHardwareBase.h>
#include <CoreFoundation/CoreFoundation.h>

#ifdef __BLOCKS__
#include <dispatch/dispatch.h>
#endif

#include <CoreAudio/detail/ClientAggregates.h>
#include <CoreAudio/detail/ClientDevices.h>
#include <CoreAudio/detail/ClientSystem.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- objects -------------------------------------------------------------------------------- */

typedef OSStatus (*AudioObjectPropertyListenerProc)(AudioObjectID inObjectID,
                                                    UInt32 inNumberAddresses,
                                                    const AudioObjectPropertyAddress *inAddresses,
                                                    void *HALSDK_NULLABLE inClientData);

CF_EXPORT void AudioObjectShow(AudioObjectID inObjectID);
CF_EXPORT Boolean AudioObjectHasProperty(AudioObjectID inObjectID,
                                         const AudioObjectPropertyAddress *inAddress);
CF_EXPORT OSStatus AudioObjectIsPropertySettable(AudioObjectID inObjectID,
                                                 const AudioObjectPropertyAddress *inAddress,
                                                 Boolean *outIsSettable);
CF_EXPORT OSStatus AudioObjectGetPropertyDataSize(AudioObjectID inObjectID,
                                                  const AudioObjectPropertyAddress *inAddress,
                                                  UInt32 inQualifierDataSize,
                                                  const void *HALSDK_NULLABLE inQualifierData,
                                                  UInt32 *outDataSize);
/* *ioDataSize: room in bytes, then bytes written. */
CF_EXPORT OSStatus AudioObjectGetPropertyData(AudioObjectID inObjectID,
                                              const AudioObjectPropertyAddress *inAddress,
                                              UInt32 inQualifierDataSize,
                                              const void *HALSDK_NULLABLE inQualifierData,
                                              UInt32 *ioDataSize, void *outData);
CF_EXPORT OSStatus AudioObjectSetPropertyData(AudioObjectID inObjectID,
                                              const AudioObjectPropertyAddress *inAddress,
                                              UInt32 inQualifierDataSize,
                                              const void *HALSDK_NULLABLE inQualifierData,
                                              UInt32 inDataSize, const void *inData);

/* Added and removed as a pair of function and data. */
CF_EXPORT OSStatus AudioObjectAddPropertyListener(AudioObjectID inObjectID,
                                                  const AudioObjectPropertyAddress *inAddress,
                                                  AudioObjectPropertyListenerProc inListener,
                                                  void *HALSDK_NULLABLE inClientData);
CF_EXPORT OSStatus AudioObjectRemovePropertyListener(AudioObjectID inObjectID,
                                                     const AudioObjectPropertyAddress *inAddress,
                                                     AudioObjectPropertyListenerProc inListener,
                                                     void *HALSDK_NULLABLE inClientData);

#ifdef __BLOCKS__
typedef void (^AudioObjectPropertyListenerBlock)(UInt32 inNumberAddresses,
                                                 const AudioObjectPropertyAddress *inAddresses);

/* NULL as queue: called on the thread that notifies. */
CF_EXPORT OSStatus AudioObjectAddPropertyListenerBlock(
    AudioObjectID inObjectID, const AudioObjectPropertyAddress *inAddress,
    dispatch_queue_t HALSDK_NULLABLE inDispatchQueue, AudioObjectPropertyListenerBlock inListener);
CF_EXPORT OSStatus AudioObjectRemovePropertyListenerBlock(
    AudioObjectID inObjectID, const AudioObjectPropertyAddress *inAddress,
    dispatch_queue_t HALSDK_NULLABLE inDispatchQueue, AudioObjectPropertyListenerBlock inListener);
#endif

/* ---- devices -------------------------------------------------------------------------------- */

typedef AudioObjectID AudioDeviceID; /* old names */
typedef AudioObjectID AudioStreamID;

/* Called once per cycle on the IO thread: consume the input, fill the output. */
typedef OSStatus (*AudioDeviceIOProc)(AudioObjectID inDevice, const AudioTimeStamp *inNow,
                                      const AudioBufferList *inInputData,
                                      const AudioTimeStamp *inInputTime,
                                      AudioBufferList *outOutputData,
                                      const AudioTimeStamp *inOutputTime,
                                      void *HALSDK_NULLABLE inClientData);
typedef AudioDeviceIOProc AudioDeviceIOProcID;

/* Value of kAudioDevicePropertyIOProcStreamUsage. */
typedef struct AudioHardwareIOProcStreamUsage {
    void *mIOProc;
    UInt32 mNumberStreams;
    UInt32 mStreamIsOn[1]; /* mNumberStreams of them, 0 or not */
} AudioHardwareIOProcStreamUsage;

HALSDK_SIZE(AudioHardwareIOProcStreamUsage, 16);
HALSDK_OFFSET(AudioHardwareIOProcStreamUsage, mNumberStreams, 8);
HALSDK_OFFSET(AudioHardwareIOProcStreamUsage, mStreamIsOn, 12);

CF_EXPORT OSStatus AudioDeviceCreateIOProcID(AudioObjectID inDevice, AudioDeviceIOProc inProc,
                                             void *HALSDK_NULLABLE inClientData,
                                             AudioDeviceIOProcID HALSDK_NULLABLE *outIOProcID);
CF_EXPORT OSStatus AudioDeviceDestroyIOProcID(AudioObjectID inDevice,
                                              AudioDeviceIOProcID inIOProcID);

/* NULL as proc: start or stop the hardware alone. */
CF_EXPORT OSStatus AudioDeviceStart(AudioObjectID inDevice,
                                    AudioDeviceIOProcID HALSDK_NULLABLE inProcID);
CF_EXPORT OSStatus AudioDeviceStop(AudioObjectID inDevice,
                                   AudioDeviceIOProcID HALSDK_NULLABLE inProcID);

/* inFlags: kAudioDeviceStartTime... */
CF_EXPORT OSStatus AudioDeviceStartAtTime(AudioObjectID inDevice,
                                          AudioDeviceIOProcID HALSDK_NULLABLE inProcID,
                                          AudioTimeStamp *ioRequestedStartTime, UInt32 inFlags);
CF_EXPORT OSStatus AudioDeviceGetNearestStartTime(AudioObjectID inDevice,
                                                  AudioTimeStamp *ioRequestedStartTime,
                                                  UInt32 inFlags);
CF_EXPORT OSStatus AudioDeviceGetCurrentTime(AudioObjectID inDevice, AudioTimeStamp *outTime);

/* outTime->mFlags says which fields to fill. */
CF_EXPORT OSStatus AudioDeviceTranslateTime(AudioObjectID inDevice, const AudioTimeStamp *inTime,
                                            AudioTimeStamp *outTime);

#ifdef __BLOCKS__
typedef void (^AudioDeviceIOBlock)(const AudioTimeStamp *inNow, const AudioBufferList *inInputData,
                                   const AudioTimeStamp *inInputTime,
                                   AudioBufferList *outOutputData,
                                   const AudioTimeStamp *inOutputTime);

CF_EXPORT OSStatus AudioDeviceCreateIOProcIDWithBlock(
    AudioDeviceIOProcID HALSDK_NULLABLE *outIOProcID, AudioObjectID inDevice,
    dispatch_queue_t HALSDK_NULLABLE inDispatchQueue, AudioDeviceIOBlock inIOBlock);
#endif

/* ---- the system ----------------------------------------------------------------------------- */

CF_EXPORT OSStatus AudioHardwareUnload(void);
CF_EXPORT OSStatus AudioHardwareCreateAggregateDevice(CFDictionaryRef inDescription,
                                                      AudioObjectID *outDeviceID);
CF_EXPORT OSStatus AudioHardwareDestroyAggregateDevice(AudioObjectID inDeviceID);
CF_EXPORT OSStatus AudioHardwareDestroyProcessTap(AudioObjectID inTapID);

#ifdef __cplusplus
}
#endif

#include <CoreAudio/AudioHardwareDeprecated.h>

#endif
