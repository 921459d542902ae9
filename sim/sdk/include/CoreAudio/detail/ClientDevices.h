/* ClientDevices.h - device properties that the host answers for the driver.
 *
 * Among them the level, mute and source properties, which the host makes from the device's
 * controls.
 */
#ifndef HALSDK_COREAUDIO_CLIENTDEVICES_H
#define HALSDK_COREAUDIO_CLIENTDEVICES_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudio/AudioHardwareBase.h>

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioDevicePropertyPlugIn = 'plug',
    kAudioDevicePropertyDeviceHasChanged = 'diff',
    kAudioDevicePropertyDeviceIsRunningSomewhere = 'gone',
    kAudioDeviceProcessorOverload = 'over',
    kAudioDevicePropertyIOStoppedAbnormally = 'stpd',
    kAudioDevicePropertyHogMode = 'oink',
    kAudioDevicePropertyBufferFrameSize = 'fsiz',
    kAudioDevicePropertyBufferFrameSizeRange = 'fsz#',
    kAudioDevicePropertyUsesVariableBufferFrameSizes = 'vfsz',
    kAudioDevicePropertyIOCycleUsage = 'ncyc',
    kAudioDevicePropertyStreamConfiguration = 'slay',
    kAudioDevicePropertyIOProcStreamUsage = 'suse',
    kAudioDevicePropertyActualSampleRate = 'asrt',
    kAudioDevicePropertyClockDevice = 'apcd',
    kAudioDevicePropertyIOThreadOSWorkgroup = 'oswg',
    kAudioDevicePropertyProcessMute = 'appm',
    kAudioDevicePropertyJackIsConnected = 'jack',
    kAudioDevicePropertyVolumeScalar = 'volm',
    kAudioDevicePropertyVolumeDecibels = 'vold',
    kAudioDevicePropertyVolumeRangeDecibels = 'vdb#',
    kAudioDevicePropertyVolumeScalarToDecibels = 'v2db',
    kAudioDevicePropertyVolumeDecibelsToScalar = 'db2v',
    kAudioDevicePropertyStereoPan = 'span',
    kAudioDevicePropertyStereoPanChannels = 'spn#',
    kAudioDevicePropertyMute = 'mute',
    kAudioDevicePropertySolo = 'solo',
    kAudioDevicePropertyPhantomPower = 'phan',
    kAudioDevicePropertyPhaseInvert = 'phsi',
    kAudioDevicePropertyClipLight = 'clip',
    kAudioDevicePropertyTalkback = 'talb',
    kAudioDevicePropertyListenback = 'lsnb',
    kAudioDevicePropertyDataSource = 'ssrc',
    kAudioDevicePropertyDataSources = 'ssc#',
    kAudioDevicePropertyDataSourceNameForIDCFString = 'lscn',
    kAudioDevicePropertyDataSourceKindForID = 'ssck',
    kAudioDevicePropertyClockSource = 'csrc',
    kAudioDevicePropertyClockSources = 'csc#',
    kAudioDevicePropertyClockSourceNameForIDCFString = 'lcsn',
    kAudioDevicePropertyClockSourceKindForID = 'csck',
    kAudioDevicePropertyPlayThru = 'thru',
    kAudioDevicePropertyPlayThruSolo = 'thrs',
    kAudioDevicePropertyPlayThruVolumeScalar = 'mvsc',
    kAudioDevicePropertyPlayThruVolumeDecibels = 'mvdb',
    kAudioDevicePropertyPlayThruVolumeRangeDecibels = 'mvd#',
    kAudioDevicePropertyPlayThruVolumeScalarToDecibels = 'mv2d',
    kAudioDevicePropertyPlayThruVolumeDecibelsToScalar = 'mv2s',
    kAudioDevicePropertyPlayThruStereoPan = 'mspn',
    kAudioDevicePropertyPlayThruStereoPanChannels = 'msp#',
    kAudioDevicePropertyPlayThruDestination = 'mdds',
    kAudioDevicePropertyPlayThruDestinations = 'mdd#',
    kAudioDevicePropertyPlayThruDestinationNameForIDCFString = 'mddc',
    kAudioDevicePropertyChannelNominalLineLevel = 'nlvl',
    kAudioDevicePropertyChannelNominalLineLevels = 'nlv#',
    kAudioDevicePropertyChannelNominalLineLevelNameForIDCFString = 'lcnl',
    kAudioDevicePropertyHighPassFilterSetting = 'hipf',
    kAudioDevicePropertyHighPassFilterSettings = 'hip#',
    kAudioDevicePropertyHighPassFilterSettingNameForIDCFString = 'hipl',
    kAudioDevicePropertySubVolumeScalar = 'svlm',
    kAudioDevicePropertySubVolumeDecibels = 'svld',
    kAudioDevicePropertySubVolumeRangeDecibels = 'svd#',
    kAudioDevicePropertySubVolumeScalarToDecibels = 'sv2d',
    kAudioDevicePropertySubVolumeDecibelsToScalar = 'sd2v',
    kAudioDevicePropertySubMute = 'smut',
    kAudioDevicePropertyVoiceActivityDetectionEnable = 'vAd+',
    kAudioDevicePropertyVoiceActivityDetectionState = 'vAdS',
};

enum HALSDK_OF(UInt32) {
    kAudioDeviceStartTimeIsInputFlag = 1u << 0,
    kAudioDeviceStartTimeDontConsultDeviceFlag = 1u << 1,
    kAudioDeviceStartTimeDontConsultHALFlag = 1u << 2,
};

#endif
