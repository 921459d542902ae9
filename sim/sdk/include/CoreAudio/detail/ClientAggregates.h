/* ClientAggregates.h - aggregate devices, their sub-devices and sub-taps, which the host makes
 * itself. */
#ifndef HALSDK_COREAUDIO_CLIENTAGGREGATES_H
#define HALSDK_COREAUDIO_CLIENTAGGREGATES_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudio/AudioHardwareBase.h>

/* ---- AudioAggregateDevice ------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioAggregateDeviceClassID = 'aagg', /* is an AudioDevice */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioAggregateDevicePropertyFullSubDeviceList = 'grup',
    kAudioAggregateDevicePropertyActiveSubDeviceList = 'agrp',
    kAudioAggregateDevicePropertyComposition = 'acom',
    kAudioAggregateDevicePropertyMainSubDevice = 'amst',
    kAudioAggregateDevicePropertyClockDevice = 'apcd',
    kAudioAggregateDevicePropertyTapList = 'tap#',
    kAudioAggregateDevicePropertySubTapList = 'atap',
};

/* Keys of the dictionary that describes one; values are CFString, CFArray or CFNumber. */
#define kAudioAggregateDeviceClockDeviceKey     "clock"
#define kAudioAggregateDeviceIsPrivateKey       "private"
#define kAudioAggregateDeviceIsStackedKey       "stacked"
#define kAudioAggregateDeviceMainSubDeviceKey   "master"
#define kAudioAggregateDeviceMasterSubDeviceKey "master" /* deprecated name */
#define kAudioAggregateDeviceNameKey            "name"
#define kAudioAggregateDeviceSubDeviceListKey   "subdevices"
#define kAudioAggregateDeviceTapAutoStartKey    "tapautostart"
#define kAudioAggregateDeviceTapListKey         "taps"
#define kAudioAggregateDeviceUIDKey             "uid"

enum HALSDK_OF(UInt32) {
    kAudioAggregateDriftCompensationMinQuality = 0,
    kAudioAggregateDriftCompensationLowQuality = 32,
    kAudioAggregateDriftCompensationMediumQuality = 64,
    kAudioAggregateDriftCompensationHighQuality = 96,
    kAudioAggregateDriftCompensationMaxQuality = 127,
};

/* ---- AudioSubDevice ------------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioSubDeviceClassID = 'asub', /* is an AudioDevice */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioSubDevicePropertyExtraLatency = 'xltc',
    kAudioSubDevicePropertyDriftCompensation = 'drft',
    kAudioSubDevicePropertyDriftCompensationQuality = 'drfq',
};

#define kAudioSubDeviceDriftCompensationKey        "drift"
#define kAudioSubDeviceDriftCompensationQualityKey "drift quality"
#define kAudioSubDeviceExtraInputLatencyKey        "latency-in"
#define kAudioSubDeviceExtraOutputLatencyKey       "latency-out"
#define kAudioSubDeviceInputChannelsKey            "channels-in"
#define kAudioSubDeviceNameKey                     "name"
#define kAudioSubDeviceOutputChannelsKey           "channels-out"
#define kAudioSubDeviceUIDKey                      "uid"

enum HALSDK_OF(UInt32) {
    kAudioSubDeviceDriftCompensationMinQuality = 0,
    kAudioSubDeviceDriftCompensationLowQuality = 32,
    kAudioSubDeviceDriftCompensationMediumQuality = 64,
    kAudioSubDeviceDriftCompensationHighQuality = 96,
    kAudioSubDeviceDriftCompensationMaxQuality = 127,
};

/* ---- AudioSubTap ---------------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioSubTapClassID = 'stap', /* is an AudioObject */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioSubTapPropertyExtraLatency = 'xltc',
    kAudioSubTapPropertyDriftCompensation = 'drft',
    kAudioSubTapPropertyDriftCompensationQuality = 'drfq',
};

#define kAudioSubTapDriftCompensationKey        "drift"
#define kAudioSubTapDriftCompensationQualityKey "drift quality"
#define kAudioSubTapExtraInputLatencyKey        "latency-in"
#define kAudioSubTapExtraOutputLatencyKey       "latency-out"
#define kAudioSubTapUIDKey                      "uid"

#endif
