/* ClientSystem.h - properties that only clients see: the system object, processes, taps. */
#ifndef HALSDK_COREAUDIO_CLIENTSYSTEM_H
#define HALSDK_COREAUDIO_CLIENTSYSTEM_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudio/AudioHardwareBase.h>

/* ---- what the host adds to objects, plug-ins and transport managers -------------------------- */

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioObjectPropertyCreator = 'oplg',         /* CFString bundle ID */
    kAudioObjectPropertyListenerAdded = 'lisa',   /* AudioObjectPropertyAddress */
    kAudioObjectPropertyListenerRemoved = 'lisr', /* AudioObjectPropertyAddress */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioPlugInCreateAggregateDevice = 'cagg',  /* AudioObjectID */
    kAudioPlugInDestroyAggregateDevice = 'dagg', /* AudioObjectID */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioTransportManagerCreateEndPointDevice = 'cdev',  /* AudioObjectID */
    kAudioTransportManagerDestroyEndPointDevice = 'ddev', /* AudioObjectID */
};

/* ---- AudioSystemObject ---------------------------------------------------------------------- */

enum HALSDK_OF(AudioObjectID) {
    kAudioObjectSystemObject = 1
};

enum HALSDK_OF(AudioClassID) {
    kAudioSystemObjectClassID = 'asys', /* is an AudioObject */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioHardwarePropertyDevices = 'dev#',
    kAudioHardwarePropertyDefaultInputDevice = 'dIn ',
    kAudioHardwarePropertyDefaultOutputDevice = 'dOut',
    kAudioHardwarePropertyDefaultSystemOutputDevice = 'sOut',
    kAudioHardwarePropertyTranslateUIDToDevice = 'uidd',
    kAudioHardwarePropertyMixStereoToMono = 'stmo',
    kAudioHardwarePropertyPlugInList = 'plg#',
    kAudioHardwarePropertyTranslateBundleIDToPlugIn = 'bidp',
    kAudioHardwarePropertyTransportManagerList = 'tmg#',
    kAudioHardwarePropertyTranslateBundleIDToTransportManager = 'tmbi',
    kAudioHardwarePropertyBoxList = 'box#',
    kAudioHardwarePropertyTranslateUIDToBox = 'uidb',
    kAudioHardwarePropertyClockDeviceList = 'clk#',
    kAudioHardwarePropertyTranslateUIDToClockDevice = 'uidc',
    kAudioHardwarePropertyProcessIsMain = 'main',
    kAudioHardwarePropertyIsInitingOrExiting = 'inot',
    kAudioHardwarePropertyUserIDChanged = 'euid',
    kAudioHardwarePropertyProcessInputMute = 'pmin',
    kAudioHardwarePropertyProcessIsAudible = 'pmut',
    kAudioHardwarePropertySleepingIsAllowed = 'slep',
    kAudioHardwarePropertyUnloadingIsAllowed = 'unld',
    kAudioHardwarePropertyHogModeIsAllowed = 'hogr',
    kAudioHardwarePropertyUserSessionIsActiveOrHeadless = 'user',
    kAudioHardwarePropertyServiceRestarted = 'srst',
    kAudioHardwarePropertyPowerHint = 'powh',
    kAudioHardwarePropertyProcessObjectList = 'prs#',
    kAudioHardwarePropertyTranslatePIDToProcessObject = 'id2p',
    kAudioHardwarePropertyTapList = 'tps#',
    kAudioHardwarePropertyTranslateUIDToTap = 'uidt',
};

enum HALSDK_NAMED(AudioHardwarePowerHint, UInt32) {
    kAudioHardwarePowerHintNone = 0,
    kAudioHardwarePowerHintFavorSavingPower = 1,
};
HALSDK_ENUM_TYPE(AudioHardwarePowerHint, UInt32);

/* ---- AudioProcess --------------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioProcessClassID = 'clnt', /* is an AudioObject */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioProcessPropertyPID = 'ppid',
    kAudioProcessPropertyBundleID = 'pbid',
    kAudioProcessPropertyDevices = 'pdv#',
    kAudioProcessPropertyIsRunning = 'pir?',
    kAudioProcessPropertyIsRunningInput = 'piri',
    kAudioProcessPropertyIsRunningOutput = 'piro',
};

/* ---- AudioTap ------------------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioTapClassID = 'tcls', /* is an AudioObject */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioTapPropertyUID = 'tuid',
    kAudioTapPropertyDescription = 'tdsc',
    kAudioTapPropertyFormat = 'tfmt',
};

#endif
