/* AudioHardwareDeprecated.h - names of the past that old sources still use.
 *
 * None of them is marked deprecated: whether to warn is the business of Apple's compiler, and a
 * driver that builds with -Werror there builds here.
 */
#ifndef HALSDK_AUDIOHARDWAREDEPRECATED_H
#define HALSDK_AUDIOHARDWAREDEPRECATED_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudio/AudioHardware.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- constants ------------------------------------------------------------------------------ */

enum HALSDK_OF(AudioObjectID) {
    kAudioDeviceUnknown = kAudioObjectUnknown,
    kAudioStreamUnknown = kAudioObjectUnknown,
};

enum HALSDK_OF(UInt8) {
    kAudioPropertyWildcardSection = 255
};

enum HALSDK_OF(AudioObjectPropertyElement) {
    kAudioPropertyWildcardChannel = kAudioObjectPropertyElementWildcard
};

enum HALSDK_OF(AudioObjectPropertyScope) {
    kAudioDevicePropertyScopeInput = kAudioObjectPropertyScopeInput,
    kAudioDevicePropertyScopeOutput = kAudioObjectPropertyScopeOutput,
    kAudioDevicePropertyScopePlayThrough = kAudioObjectPropertyScopePlayThrough,
};

enum HALSDK_OF(AudioClassID) {
    kAudioISubOwnerControlClassID = 'atch',
    kAudioBootChimeVolumeControlClassID = 'pram',
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioPropertyWildcardPropertyID = kAudioObjectPropertySelectorWildcard,
    kAudioLevelControlPropertyDecibelsToScalarTransferFunction = 'lctf',
    kAudioHardwarePropertyRunLoop = 'rnlp',
    kAudioHardwarePropertyDeviceForUID = 'duid',
    kAudioHardwarePropertyPlugInForBundleID = 'pibi',
    kAudioHardwarePropertyProcessIsMaster = 'mast',
    kAudioHardwarePropertyBootChimeVolumeScalar = 'bbvs',
    kAudioHardwarePropertyBootChimeVolumeDecibels = 'bbvd',
    kAudioHardwarePropertyBootChimeVolumeRangeDecibels = 'bbd#',
    kAudioHardwarePropertyBootChimeVolumeScalarToDecibels = 'bv2d',
    kAudioHardwarePropertyBootChimeVolumeDecibelsToScalar = 'bd2v',
    kAudioHardwarePropertyBootChimeVolumeDecibelsToScalarTransferFunction = 'bvtf',
    kAudioDevicePropertyVolumeDecibelsToScalarTransferFunction = 'vctf',
    kAudioDevicePropertyPlayThruVolumeDecibelsToScalarTransferFunction = 'mvtf',
    kAudioDevicePropertyDriverShouldOwniSub = 'isub',
    kAudioDevicePropertySubVolumeDecibelsToScalarTransferFunction = 'svtf',
    kAudioDevicePropertyDeviceName = 'name',
    kAudioDevicePropertyDeviceNameCFString = kAudioObjectPropertyName,
    kAudioDevicePropertyDeviceManufacturer = 'makr',
    kAudioDevicePropertyDeviceManufacturerCFString = kAudioObjectPropertyManufacturer,
    kAudioDevicePropertyRegisterBufferList = 'rbuf',
    kAudioDevicePropertyBufferSize = 'bsiz',
    kAudioDevicePropertyBufferSizeRange = 'bsz#',
    kAudioDevicePropertyChannelName = 'chnm',
    kAudioDevicePropertyChannelNameCFString = kAudioObjectPropertyElementName,
    kAudioDevicePropertyChannelCategoryName = 'ccnm',
    kAudioDevicePropertyChannelCategoryNameCFString = kAudioObjectPropertyElementCategoryName,
    kAudioDevicePropertyChannelNumberName = 'cnnm',
    kAudioDevicePropertyChannelNumberNameCFString = kAudioObjectPropertyElementNumberName,
    kAudioDevicePropertySupportsMixing = 'mix?',
    kAudioDevicePropertyStreamFormat = 'sfmt',
    kAudioDevicePropertyStreamFormats = 'sfm#',
    kAudioDevicePropertyStreamFormatSupported = 'sfm?',
    kAudioDevicePropertyStreamFormatMatch = 'sfmm',
    kAudioDevicePropertyDataSourceNameForID = 'sscn',
    kAudioDevicePropertyClockSourceNameForID = 'cscn',
    kAudioDevicePropertyPlayThruDestinationNameForID = 'mddn',
    kAudioDevicePropertyChannelNominalLineLevelNameForID = 'cnlv',
    kAudioDevicePropertyHighPassFilterSettingNameForID = 'chip',
    kAudioAggregateDevicePropertyMasterSubDevice = kAudioAggregateDevicePropertyMainSubDevice,
    kAudioStreamPropertyOwningDevice = kAudioObjectPropertyOwner,
    kAudioStreamPropertyPhysicalFormats = 'pft#',
    kAudioStreamPropertyPhysicalFormatSupported = 'pft?',
    kAudioStreamPropertyPhysicalFormatMatch = 'pftm',
    kAudioControlPropertyVariant = 'cvar',
    kAudioClockSourceControlPropertyItemKind = kAudioSelectorControlPropertyItemKind,
};

/* How a level control's scalar maps to decibels. (The missing s is in the names.) */
enum HALSDK_NAMED(AudioLevelControlTransferFunction, UInt32) {
    kAudioLevelControlTranferFunctionLinear = 0,
    kAudioLevelControlTranferFunction1Over3 = 1,
    kAudioLevelControlTranferFunction1Over2 = 2,
    kAudioLevelControlTranferFunction3Over4 = 3,
    kAudioLevelControlTranferFunction3Over2 = 4,
    kAudioLevelControlTranferFunction2Over1 = 5,
    kAudioLevelControlTranferFunction3Over1 = 6,
    kAudioLevelControlTranferFunction4Over1 = 7,
    kAudioLevelControlTranferFunction5Over1 = 8,
    kAudioLevelControlTranferFunction6Over1 = 9,
    kAudioLevelControlTranferFunction7Over1 = 10,
    kAudioLevelControlTranferFunction8Over1 = 11,
    kAudioLevelControlTranferFunction9Over1 = 12,
    kAudioLevelControlTranferFunction10Over1 = 13,
    kAudioLevelControlTranferFunction11Over1 = 14,
    kAudioLevelControlTranferFunction12Over1 = 15,
};
HALSDK_ENUM_TYPE(AudioLevelControlTransferFunction, UInt32);

#define kAudioHardwareRunLoopMode "com.apple.audio.CoreAudio"

/* ---- properties of the system --------------------------------------------------------------- */

typedef AudioObjectPropertySelector AudioHardwarePropertyID;
typedef AudioObjectPropertySelector AudioDevicePropertyID;
typedef AudioObjectPropertySelector AudioStreamPropertyID;

typedef OSStatus (*AudioHardwarePropertyListenerProc)(AudioHardwarePropertyID inPropertyID,
                                                      void *inClientData);

struct __CFRunLoopSource;
CF_EXPORT OSStatus AudioHardwareAddRunLoopSource(struct __CFRunLoopSource *inRunLoopSource);
CF_EXPORT OSStatus AudioHardwareRemoveRunLoopSource(struct __CFRunLoopSource *inRunLoopSource);

CF_EXPORT OSStatus AudioHardwareGetPropertyInfo(AudioHardwarePropertyID inPropertyID,
                                                UInt32 *outSize, Boolean *outWritable);
CF_EXPORT OSStatus AudioHardwareGetProperty(AudioHardwarePropertyID inPropertyID,
                                            UInt32 *ioPropertyDataSize, void *outPropertyData);
CF_EXPORT OSStatus AudioHardwareSetProperty(AudioHardwarePropertyID inPropertyID,
                                            UInt32 inPropertyDataSize, const void *inPropertyData);
CF_EXPORT OSStatus AudioHardwareAddPropertyListener(AudioHardwarePropertyID inPropertyID,
                                                    AudioHardwarePropertyListenerProc inProc,
                                                    void *inClientData);
CF_EXPORT OSStatus AudioHardwareRemovePropertyListener(AudioHardwarePropertyID inPropertyID,
                                                       AudioHardwarePropertyListenerProc inProc);

/* ---- devices: channel 0 is the device, isInput the scope ------------------------------------- */

typedef OSStatus (*AudioDevicePropertyListenerProc)(AudioDeviceID inDevice, UInt32 inChannel,
                                                    Boolean isInput,
                                                    AudioDevicePropertyID inPropertyID,
                                                    void *inClientData);

CF_EXPORT OSStatus AudioDeviceAddIOProc(AudioDeviceID inDevice, AudioDeviceIOProc inProc,
                                        void *inClientData);
CF_EXPORT OSStatus AudioDeviceRemoveIOProc(AudioDeviceID inDevice, AudioDeviceIOProc inProc);
CF_EXPORT OSStatus AudioDeviceRead(AudioDeviceID inDevice, const AudioTimeStamp *inStartTime,
                                   AudioBufferList *outData);

CF_EXPORT OSStatus AudioDeviceGetPropertyInfo(AudioDeviceID inDevice, UInt32 inChannel,
                                              Boolean isInput, AudioDevicePropertyID inPropertyID,
                                              UInt32 *outSize, Boolean *outWritable);
CF_EXPORT OSStatus AudioDeviceGetProperty(AudioDeviceID inDevice, UInt32 inChannel, Boolean isInput,
                                          AudioDevicePropertyID inPropertyID,
                                          UInt32 *ioPropertyDataSize, void *outPropertyData);
CF_EXPORT OSStatus AudioDeviceSetProperty(AudioDeviceID inDevice, const AudioTimeStamp *inWhen,
                                          UInt32 inChannel, Boolean isInput,
                                          AudioDevicePropertyID inPropertyID,
                                          UInt32 inPropertyDataSize, const void *inPropertyData);
CF_EXPORT OSStatus AudioDeviceAddPropertyListener(AudioDeviceID inDevice, UInt32 inChannel,
                                                  Boolean isInput,
                                                  AudioDevicePropertyID inPropertyID,
                                                  AudioDevicePropertyListenerProc inProc,
                                                  void *inClientData);
CF_EXPORT OSStatus AudioDeviceRemovePropertyListener(AudioDeviceID inDevice, UInt32 inChannel,
                                                     Boolean isInput,
                                                     AudioDevicePropertyID inPropertyID,
                                                     AudioDevicePropertyListenerProc inProc);

/* ---- streams -------------------------------------------------------------------------------- */

typedef OSStatus (*AudioStreamPropertyListenerProc)(AudioStreamID inStream, UInt32 inChannel,
                                                    AudioDevicePropertyID inPropertyID,
                                                    void *inClientData);

CF_EXPORT OSStatus AudioStreamGetPropertyInfo(AudioStreamID inStream, UInt32 inChannel,
                                              AudioDevicePropertyID inPropertyID, UInt32 *outSize,
                                              Boolean *outWritable);
CF_EXPORT OSStatus AudioStreamGetProperty(AudioStreamID inStream, UInt32 inChannel,
                                          AudioDevicePropertyID inPropertyID,
                                          UInt32 *ioPropertyDataSize, void *outPropertyData);
CF_EXPORT OSStatus AudioStreamSetProperty(AudioStreamID inStream, const AudioTimeStamp *inWhen,
                                          UInt32 inChannel, AudioDevicePropertyID inPropertyID,
                                          UInt32 inPropertyDataSize, const void *inPropertyData);
CF_EXPORT OSStatus AudioStreamAddPropertyListener(AudioStreamID inStream, UInt32 inChannel,
                                                  AudioDevicePropertyID inPropertyID,
                                                  AudioStreamPropertyListenerProc inProc,
                                                  void *inClientData);
CF_EXPORT OSStatus AudioStreamRemovePropertyListener(AudioStreamID inStream, UInt32 inChannel,
                                                     AudioDevicePropertyID inPropertyID,
                                                     AudioStreamPropertyListenerProc inProc);

#ifdef __cplusplus
}
#endif
#endif
