/* AudioHardwareBase.h - the object model that drivers and clients of Core Audio share.
 *
 * Everything is an AudioObject with a class, an owner and properties. A property is addressed by
 * selector, scope and element. This header has the ground; the properties of each family of objects
 * are in detail/. Comments behind a selector say what type its value has; "settable" means that a
 * client may set it where a driver implements it. Who gets a CF object from a property releases it.
 *
 * Written from a table of names, values and layouts, not from Apple's header.
 */
#ifndef HALSDK_AUDIOHARDWAREBASE_H
#define HALSDK_AUDIOHARDWAREBASE_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudioTypes/CoreAudioTypes.h>
#include <CoreFoundation/CoreFoundation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- identity ------------------------------------------------------------------------------- */

typedef UInt32 AudioObjectID;
typedef UInt32 AudioClassID;

enum HALSDK_OF(AudioObjectID) {
    kAudioObjectUnknown = 0
};

/* ---- property addresses --------------------------------------------------------------------- */

typedef UInt32 AudioObjectPropertySelector;
typedef UInt32 AudioObjectPropertyScope;
typedef UInt32 AudioObjectPropertyElement; /* 0 is the object itself, 1 to n are its channels */

typedef struct AudioObjectPropertyAddress {
    AudioObjectPropertySelector mSelector;
    AudioObjectPropertyScope mScope;
    AudioObjectPropertyElement mElement;
} AudioObjectPropertyAddress;

HALSDK_SIZE(AudioObjectPropertyAddress, 12);
HALSDK_OFFSET(AudioObjectPropertyAddress, mScope, 4);
HALSDK_OFFSET(AudioObjectPropertyAddress, mElement, 8);

enum HALSDK_OF(AudioObjectPropertyScope) {
    kAudioObjectPropertyScopeGlobal = 'glob',
    kAudioObjectPropertyScopeInput = 'inpt',
    kAudioObjectPropertyScopeOutput = 'outp',
    kAudioObjectPropertyScopePlayThrough = 'ptru',
};

enum HALSDK_OF(AudioObjectPropertyElement) {
    kAudioObjectPropertyElementMain = 0,
    kAudioObjectPropertyElementMaster = kAudioObjectPropertyElementMain, /* deprecated name */
};

/* Wildcards stand in listeners' addresses and in tests, not in requests for data. */
enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioObjectPropertySelectorWildcard = '****'
};

enum HALSDK_OF(AudioObjectPropertyScope) {
    kAudioObjectPropertyScopeWildcard = '****'
};

enum HALSDK_OF(AudioObjectPropertyElement) {
    kAudioObjectPropertyElementWildcard = 0xFFFFFFFFu
};

enum HALSDK_OF(AudioClassID) {
    kAudioObjectClassIDWildcard = '****'
};

/* ---- values of properties ------------------------------------------------------------------- */

/* A format and the sample rates it is offered at; mFormat.mSampleRate may be kAudioStreamAnyRate.
 */
typedef struct AudioStreamRangedDescription {
    AudioStreamBasicDescription mFormat;
    AudioValueRange mSampleRateRange;
} AudioStreamRangedDescription;

HALSDK_SIZE(AudioStreamRangedDescription, 56);
HALSDK_OFFSET(AudioStreamRangedDescription, mSampleRateRange, 40);

/* ---- results -------------------------------------------------------------------------------- */

enum HALSDK_OF(OSStatus) {
    kAudioHardwareNoError = 0,
    kAudioHardwareNotRunningError = 'stop',           /* needs running hardware */
    kAudioHardwareUnspecifiedError = 'what',          /* no reason given */
    kAudioHardwareUnknownPropertyError = 'who?',      /* the object has no such property */
    kAudioHardwareBadPropertySizeError = '!siz',      /* buffer of the wrong size */
    kAudioHardwareIllegalOperationError = 'nope',     /* cannot be done */
    kAudioHardwareBadObjectError = '!obj',            /* no object has this ID */
    kAudioHardwareBadDeviceError = '!dev',            /* the object is not a device */
    kAudioHardwareBadStreamError = '!str',            /* the object is not a stream */
    kAudioHardwareUnsupportedOperationError = 'unop', /* the object cannot do this */
    kAudioHardwareNotReadyError = 'nrdy',             /* not yet */
    kAudioDeviceUnsupportedFormatError = '!dat',      /* the stream cannot have this format */
    kAudioDevicePermissionsError = '!hog',            /* not for this process */
};

#ifdef __cplusplus
}
#endif

#include <CoreAudio/detail/Controls.h>
#include <CoreAudio/detail/Devices.h>
#include <CoreAudio/detail/Objects.h>

#endif
