/* AudioServerPlugIn.h - the interface between the host (coreaudiod) and a driver.
 *
 * A driver is a CFPlugIn: a bundle whose Info.plist names a factory function for
 * kAudioServerPlugInTypeUUID,
 *
 *     void *Factory(CFAllocatorRef allocator, CFUUIDRef requestedTypeUUID);
 *
 * which returns an AudioServerPlugInDriverRef with one reference, or NULL for other types.
 *
 * Written from a table of names, values and layouts, not from Apple's header.
 */
#ifndef HALSDK_AUDIOSERVERPLUGIN_H
#define HALSDK_AUDIOSERVERPLUGIN_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudio/AudioHardwareBase.h>
#include <CoreFoundation/CFPlugInCOM.h>
#include <CoreFoundation/CoreFoundation.h>
#include <sys/types.h> /* pid_t */

#ifdef __cplusplus
extern "C" {
#endif

/* 443ABAB8-E7B3-491A-B985-BEB9187030DB: the type, key of CFPlugInTypes, asked of the factory. */
#define kAudioServerPlugInTypeUUID                                                                 \
    CFUUIDGetConstantUUIDWithBytes(NULL, 0x44, 0x3A, 0xBA, 0xB8, 0xE7, 0xB3, 0x49, 0x1A, 0xB9,     \
                                   0x85, 0xBE, 0xB9, 0x18, 0x70, 0x30, 0xDB)

/* EEA5773D-CC43-49F1-8E00-8F96E7D23B17: the interface, asked of QueryInterface(). */
#define kAudioServerPlugInDriverInterfaceUUID                                                      \
    CFUUIDGetConstantUUIDWithBytes(NULL, 0xEE, 0xA5, 0x77, 0x3D, 0xCC, 0x43, 0x49, 0xF1, 0x8E,     \
                                   0x00, 0x8F, 0x96, 0xE7, 0xD2, 0x3B, 0x17)

typedef const struct AudioServerPlugInHostInterface *AudioServerPlugInHostRef;
typedef struct AudioServerPlugInDriverInterface **AudioServerPlugInDriverRef;

/* ---- identity ------------------------------------------------------------------------------- */

enum HALSDK_OF(AudioObjectID) {
    kAudioObjectPlugInObject = 1
};

enum HALSDK_OF(UInt32) {
    kAudioServerPlugInHostClientID = 0
};

/* ---- properties that only drivers have ------------------------------------------------------ */

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioObjectPropertyCustomPropertyInfoList =
        'cust', /* array of AudioServerPlugInCustomPropertyInfo */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioPlugInPropertyResourceBundle =
        'rsrc', /* CFString; path in the bundle, "" is the bundle itself */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioDevicePropertyZeroTimeStampPeriod =
        'ring', /* UInt32, frames between zero time stamps; at least 10923 */
    kAudioDevicePropertyClockAlgorithm =
        'clok', /* UInt32; without it kAudioDeviceClockAlgorithmSimpleIIR */
    kAudioDevicePropertyClockIsStable = 'cstb', /* UInt32; without it 1 */
};

enum HALSDK_OF(UInt32) {
    kAudioDeviceClockAlgorithmRaw = 'raww',                     /* time stamps as they come */
    kAudioDeviceClockAlgorithmSimpleIIR = 'iirf',               /* the default */
    kAudioDeviceClockAlgorithm12PtMovingWindowAverage = 'mavg', /* mean of twelve */
};

enum HALSDK_OF(UInt32) {
    kAudioServerPlugInCustomPropertyDataTypeNone = 0,
    kAudioServerPlugInCustomPropertyDataTypeCFString = 'cfst',       /* CFStringRef */
    kAudioServerPlugInCustomPropertyDataTypeCFPropertyList = 'plst', /* CFPropertyListRef */
};

/* One element of kAudioObjectPropertyCustomPropertyInfoList. */
typedef struct AudioServerPlugInCustomPropertyInfo {
    AudioObjectPropertySelector mSelector;
    UInt32 mPropertyDataType;  /* kAudioServerPlugInCustomPropertyDataType... */
    UInt32 mQualifierDataType; /* likewise */
} AudioServerPlugInCustomPropertyInfo;

/* ---- IO operations -------------------------------------------------------------------------- */

/* In the order in which a cycle does them. Native is the physical format of the stream; canonical
 * is native-endian packed interleaved Float32 at the device's nominal rate. */
enum HALSDK_NAMED(AudioServerPlugInIOOperation, UInt32) {
    kAudioServerPlugInIOOperationThread = 'thrd',        /* the IO thread begins, ends; never Do */
    kAudioServerPlugInIOOperationCycle = 'cycl',         /* a cycle begins, ends; never Do */
    kAudioServerPlugInIOOperationReadInput = 'read',     /* device to buffer, native; in place */
    kAudioServerPlugInIOOperationConvertInput = 'cinp',  /* native to canonical */
    kAudioServerPlugInIOOperationProcessInput = 'pinp',  /* canonical */
    kAudioServerPlugInIOOperationProcessOutput = 'pout', /* one client's output, canonical */
    kAudioServerPlugInIOOperationMixOutput =
        'mixo', /* one client's output into the device; instead of the rest */
    kAudioServerPlugInIOOperationProcessMix = 'pmix', /* all clients together, canonical */
    kAudioServerPlugInIOOperationConvertMix = 'cmix', /* canonical to native */
    kAudioServerPlugInIOOperationWriteMix = 'rite',   /* buffer to device, native; in place */
};
HALSDK_ENUM_TYPE(AudioServerPlugInIOOperation, UInt32);

typedef struct AudioServerPlugInClientInfo {
    UInt32 mClientID;
    pid_t mProcessID;
    Boolean mIsNativeEndian;
    CFStringRef HALSDK_NULLABLE mBundleID;
} AudioServerPlugInClientInfo;

typedef struct AudioServerPlugInIOCycleInfo {
    UInt64 mIOCycleCounter; /* 1, 2, ...; 1 again when the host resynchronises */
    UInt32 mNominalIOBufferFrameSize;
    AudioTimeStamp mCurrentTime; /* when the cycle began */
    AudioTimeStamp mInputTime;   /* of the first frame to read */
    AudioTimeStamp mOutputTime;  /* of the first frame to write */
    /* Ticks of host time per frame: of the clock the device follows, and of the device itself. */
    union {
        Float64 mMainHostTicksPerFrame;
        Float64 mMasterHostTicksPerFrame; /* deprecated name */
    };
    Float64 mDeviceHostTicksPerFrame;
} AudioServerPlugInIOCycleInfo;

/* ---- the host, as the driver sees it -------------------------------------------------------- */

/* Valid as long as the driver lives. */
struct AudioServerPlugInHostInterface {
    /* Says that values have changed. A set value counts as set only once this was called. */
    OSStatus (*PropertiesChanged)(AudioServerPlugInHostRef inHost, AudioObjectID inObjectID,
                                  UInt32 inNumberAddresses,
                                  const AudioObjectPropertyAddress *inAddresses);

    /* The driver's own key-value store, which outlives it. The caller releases *outData. */
    OSStatus (*CopyFromStorage)(AudioServerPlugInHostRef inHost, CFStringRef inKey,
                                CFPropertyListRef HALSDK_NULLABLE *outData);
    OSStatus (*WriteToStorage)(AudioServerPlugInHostRef inHost, CFStringRef inKey,
                               CFPropertyListRef inData);
    OSStatus (*DeleteFromStorage)(AudioServerPlugInHostRef inHost, CFStringRef inKey);

    /* Asks to be called back, perhaps later and on another thread, with PerformDevice... or
     * AbortDeviceConfigurationChange() and the same action and info. Success promises no more. */
    OSStatus (*RequestDeviceConfigurationChange)(AudioServerPlugInHostRef inHost,
                                                 AudioObjectID inDeviceObjectID,
                                                 UInt64 inChangeAction,
                                                 void *HALSDK_NULLABLE inChangeInfo);
};
typedef struct AudioServerPlugInHostInterface AudioServerPlugInHostInterface;

/* ---- the driver, as the host sees it -------------------------------------------------------- */

/* inClientProcessID is 0 when the host asks for itself. */
struct AudioServerPlugInDriverInterface {
    /* IUnknown */
    void *_reserved; /* NULL */
    HRESULT (*QueryInterface)(void *inDriver, REFIID inUUID, LPVOID HALSDK_NULLABLE *outInterface);
    ULONG (*AddRef)(void *inDriver);
    ULONG (*Release)(void *inDriver);

    /* Once, before anything below. */
    OSStatus (*Initialize)(AudioServerPlugInDriverRef inDriver, AudioServerPlugInHostRef inHost);

    /* For transport managers. */
    OSStatus (*CreateDevice)(AudioServerPlugInDriverRef inDriver, CFDictionaryRef inDescription,
                             const AudioServerPlugInClientInfo *inClientInfo,
                             AudioObjectID *outDeviceObjectID);
    OSStatus (*DestroyDevice)(AudioServerPlugInDriverRef inDriver, AudioObjectID inDeviceObjectID);

    /* *inClientInfo lives only during the call. */
    OSStatus (*AddDeviceClient)(AudioServerPlugInDriverRef inDriver, AudioObjectID inDeviceObjectID,
                                const AudioServerPlugInClientInfo *inClientInfo);
    OSStatus (*RemoveDeviceClient)(AudioServerPlugInDriverRef inDriver,
                                   AudioObjectID inDeviceObjectID,
                                   const AudioServerPlugInClientInfo *inClientInfo);

    /* The host's answer to RequestDeviceConfigurationChange(): now, or not at all. */
    OSStatus (*PerformDeviceConfigurationChange)(AudioServerPlugInDriverRef inDriver,
                                                 AudioObjectID inDeviceObjectID,
                                                 UInt64 inChangeAction,
                                                 void *HALSDK_NULLABLE inChangeInfo);
    OSStatus (*AbortDeviceConfigurationChange)(AudioServerPlugInDriverRef inDriver,
                                               AudioObjectID inDeviceObjectID,
                                               UInt64 inChangeAction,
                                               void *HALSDK_NULLABLE inChangeInfo);

    /* Sizes are bytes. */
    Boolean (*HasProperty)(AudioServerPlugInDriverRef inDriver, AudioObjectID inObjectID,
                           pid_t inClientProcessID, const AudioObjectPropertyAddress *inAddress);
    OSStatus (*IsPropertySettable)(AudioServerPlugInDriverRef inDriver, AudioObjectID inObjectID,
                                   pid_t inClientProcessID,
                                   const AudioObjectPropertyAddress *inAddress,
                                   Boolean *outIsSettable);
    OSStatus (*GetPropertyDataSize)(AudioServerPlugInDriverRef inDriver, AudioObjectID inObjectID,
                                    pid_t inClientProcessID,
                                    const AudioObjectPropertyAddress *inAddress,
                                    UInt32 inQualifierDataSize,
                                    const void *HALSDK_NULLABLE inQualifierData,
                                    UInt32 *outDataSize);
    OSStatus (*GetPropertyData)(AudioServerPlugInDriverRef inDriver, AudioObjectID inObjectID,
                                pid_t inClientProcessID,
                                const AudioObjectPropertyAddress *inAddress,
                                UInt32 inQualifierDataSize,
                                const void *HALSDK_NULLABLE inQualifierData, UInt32 inDataSize,
                                UInt32 *outDataSize, void *outData);
    OSStatus (*SetPropertyData)(AudioServerPlugInDriverRef inDriver, AudioObjectID inObjectID,
                                pid_t inClientProcessID,
                                const AudioObjectPropertyAddress *inAddress,
                                UInt32 inQualifierDataSize,
                                const void *HALSDK_NULLABLE inQualifierData, UInt32 inDataSize,
                                const void *inData);

    /* These nest: IO runs while at least one client has started it. */
    OSStatus (*StartIO)(AudioServerPlugInDriverRef inDriver, AudioObjectID inDeviceObjectID,
                        UInt32 inClientID);
    OSStatus (*StopIO)(AudioServerPlugInDriverRef inDriver, AudioObjectID inDeviceObjectID,
                       UInt32 inClientID);

    /* The rest runs on the IO thread, against a deadline, except WillDoIOOperation(). */

    /* The last multiple of kAudioDevicePropertyZeroTimeStampPeriod, and when it happened. Another
     * seed says that a new time line has begun. */
    OSStatus (*GetZeroTimeStamp)(AudioServerPlugInDriverRef inDriver,
                                 AudioObjectID inDeviceObjectID, UInt32 inClientID,
                                 Float64 *outSampleTime, UInt64 *outHostTime, UInt64 *outSeed);

    /* Asked before IO starts; the answer may differ from client to client. In place means that the
     * secondary buffer of DoIOOperation() is not used. */
    OSStatus (*WillDoIOOperation)(AudioServerPlugInDriverRef inDriver,
                                  AudioObjectID inDeviceObjectID, UInt32 inClientID,
                                  UInt32 inOperationID, Boolean *outWillDo,
                                  Boolean *outWillDoInPlace);
    OSStatus (*BeginIOOperation)(AudioServerPlugInDriverRef inDriver,
                                 AudioObjectID inDeviceObjectID, UInt32 inClientID,
                                 UInt32 inOperationID, UInt32 inIOBufferFrameSize,
                                 const AudioServerPlugInIOCycleInfo *inIOCycleInfo);
    OSStatus (*DoIOOperation)(AudioServerPlugInDriverRef inDriver, AudioObjectID inDeviceObjectID,
                              AudioObjectID inStreamObjectID, UInt32 inClientID,
                              UInt32 inOperationID, UInt32 inIOBufferFrameSize,
                              const AudioServerPlugInIOCycleInfo *inIOCycleInfo,
                              void *HALSDK_NULLABLE ioMainBuffer,
                              void *HALSDK_NULLABLE ioSecondaryBuffer);
    OSStatus (*EndIOOperation)(AudioServerPlugInDriverRef inDriver, AudioObjectID inDeviceObjectID,
                               UInt32 inClientID, UInt32 inOperationID, UInt32 inIOBufferFrameSize,
                               const AudioServerPlugInIOCycleInfo *inIOCycleInfo);
};
typedef struct AudioServerPlugInDriverInterface AudioServerPlugInDriverInterface;

#ifdef __cplusplus
}
#endif

#include <CoreAudio/detail/AudioServerPlugInLayout.h>

#endif
