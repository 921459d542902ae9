/* Objects.h - the properties of every AudioObject, and those of plug-ins, boxes and end points. */
#ifndef HALSDK_COREAUDIO_OBJECTS_H
#define HALSDK_COREAUDIO_OBJECTS_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudio/AudioHardwareBase.h>

/* ---- AudioObject: every object has these ---------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioObjectClassID = 'aobj'
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioObjectPropertyBaseClass = 'bcls', /* AudioClassID */
    kAudioObjectPropertyClass = 'clas',     /* AudioClassID */
    kAudioObjectPropertyOwner =
        'stdv', /* AudioObjectID; kAudioObjectUnknown for the plug-in itself */
    kAudioObjectPropertyName = 'lnam',                /* CFString, settable */
    kAudioObjectPropertyModelName = 'lmod',           /* CFString */
    kAudioObjectPropertyManufacturer = 'lmak',        /* CFString */
    kAudioObjectPropertyElementName = 'lchn',         /* CFString; scope and element say of what */
    kAudioObjectPropertyElementCategoryName = 'lccn', /* CFString */
    kAudioObjectPropertyElementNumberName = 'lcnn',   /* CFString */
    kAudioObjectPropertyOwnedObjects =
        'ownd', /* array of AudioObjectID; qualifier: array of AudioClassID, to filter */
    kAudioObjectPropertyIdentify = 'iden',        /* UInt32, 0 or 1, settable */
    kAudioObjectPropertySerialNumber = 'snum',    /* CFString */
    kAudioObjectPropertyFirmwareVersion = 'fwvn', /* CFString */
};

/* ---- AudioPlugIn ---------------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioPlugInClassID = 'aplg', /* is an AudioObject */
};

/* The translations take a CFStringRef as qualifier; for a UID nobody has they answer
 * kAudioObjectUnknown and no error. */
enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioPlugInPropertyBundleID = 'piid',                  /* CFString */
    kAudioPlugInPropertyDeviceList = 'dev#',                /* array of AudioObjectID */
    kAudioPlugInPropertyTranslateUIDToDevice = 'uidd',      /* AudioObjectID */
    kAudioPlugInPropertyBoxList = 'box#',                   /* array of AudioObjectID */
    kAudioPlugInPropertyTranslateUIDToBox = 'uidb',         /* AudioObjectID */
    kAudioPlugInPropertyClockDeviceList = 'clk#',           /* array of AudioObjectID */
    kAudioPlugInPropertyTranslateUIDToClockDevice = 'uidc', /* AudioObjectID */
};

/* ---- AudioTransportManager ------------------------------------------------------------------ */

enum HALSDK_OF(AudioClassID) {
    kAudioTransportManagerClassID = 'trpm', /* is an AudioPlugIn */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioTransportManagerPropertyEndPointList = 'end#',           /* array of AudioObjectID */
    kAudioTransportManagerPropertyTranslateUIDToEndPoint = 'uide', /* AudioObjectID */
    kAudioTransportManagerPropertyTransportType = 'tran',          /* UInt32 */
};

/* ---- AudioBox ------------------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioBoxClassID = 'abox', /* is an AudioObject */
};

/* The lists are empty until the box is acquired. */
enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioBoxPropertyBoxUID = 'buid',            /* CFString; the same after a reboot */
    kAudioBoxPropertyTransportType = 'tran',     /* UInt32 */
    kAudioBoxPropertyHasAudio = 'bhau',          /* UInt32 */
    kAudioBoxPropertyHasVideo = 'bhvi',          /* UInt32 */
    kAudioBoxPropertyHasMIDI = 'bhmi',           /* UInt32 */
    kAudioBoxPropertyIsProtected = 'bpro',       /* UInt32 */
    kAudioBoxPropertyAcquired = 'bxon',          /* UInt32, settable */
    kAudioBoxPropertyAcquisitionFailed = 'bxof', /* OSStatus; seen in notifications */
    kAudioBoxPropertyDeviceList = 'bdv#',        /* array of AudioObjectID */
    kAudioBoxPropertyClockDeviceList = 'bcl#',   /* array of AudioObjectID */
};

/* ---- AudioEndPointDevice and AudioEndPoint -------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioEndPointDeviceClassID = 'edev', /* is an AudioDevice */
    kAudioEndPointClassID = 'endp',       /* is an AudioDevice */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioEndPointDevicePropertyComposition = 'acom',  /* CFDictionary */
    kAudioEndPointDevicePropertyEndPointList = 'agrp', /* array of AudioObjectID */
    kAudioEndPointDevicePropertyIsPrivate = 'priv',    /* pid_t; 0 is public */
};

/* Keys of the composition... */
#define kAudioEndPointDeviceEndPointListKey   "endpoints"
#define kAudioEndPointDeviceIsPrivateKey      "private"
#define kAudioEndPointDeviceMainEndPointKey   "main"
#define kAudioEndPointDeviceMasterEndPointKey "master" /* deprecated name */
#define kAudioEndPointDeviceNameKey           "name"
#define kAudioEndPointDeviceUIDKey            "uid"
/* ...and of each end point in it. */
#define kAudioEndPointInputChannelsKey        "channels-in"
#define kAudioEndPointNameKey                 "name"
#define kAudioEndPointOutputChannelsKey       "channels-out"
#define kAudioEndPointUIDKey                  "uid"

#endif
