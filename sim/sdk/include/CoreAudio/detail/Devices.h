/* Devices.h - the properties of devices, clock devices and streams. */
#ifndef HALSDK_COREAUDIO_DEVICES_H
#define HALSDK_COREAUDIO_DEVICES_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudio/AudioHardwareBase.h>

/* ---- AudioDevice ---------------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioDeviceClassID = 'adev', /* is an AudioObject */
};

enum HALSDK_OF(UInt32) {
    kAudioDeviceTransportTypeUnknown = 0,
    kAudioDeviceTransportTypeBuiltIn = 'bltn',
    kAudioDeviceTransportTypeAggregate = 'grup',
    kAudioDeviceTransportTypeVirtual = 'virt',
    kAudioDeviceTransportTypePCI = 'pci ',
    kAudioDeviceTransportTypeUSB = 'usb ',
    kAudioDeviceTransportTypeFireWire = '1394',
    kAudioDeviceTransportTypeBluetooth = 'blue',
    kAudioDeviceTransportTypeBluetoothLE = 'blea',
    kAudioDeviceTransportTypeHDMI = 'hdmi',
    kAudioDeviceTransportTypeDisplayPort = 'dprt',
    kAudioDeviceTransportTypeAirPlay = 'airp',
    kAudioDeviceTransportTypeAVB = 'eavb',
    kAudioDeviceTransportTypeThunderbolt = 'thun',
    kAudioDeviceTransportTypeContinuityCaptureWired = 'ccwd',
    kAudioDeviceTransportTypeContinuityCaptureWireless = 'ccwl',
    kAudioDeviceTransportTypeContinuityCapture = 'ccap',
    kAudioDeviceTransportTypeAutoAggregate = 'fgrp',
};

/* What touches IO or structure (rate, streams, controls, latency, safety offset) changes only
 * inside PerformDeviceConfigurationChange(). */
enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioDevicePropertyConfigurationApplication = 'capp', /* CFString; bundle ID */
    kAudioDevicePropertyDeviceUID = 'uid ',                /* CFString; the same after a reboot */
    kAudioDevicePropertyModelUID = 'muid',                 /* CFString; the same after a reboot */
    kAudioDevicePropertyTransportType = 'tran',            /* UInt32 */
    kAudioDevicePropertyRelatedDevices = 'akin',  /* array of AudioObjectID, itself included */
    kAudioDevicePropertyClockDomain = 'clkd',     /* UInt32; 0 says nothing about it */
    kAudioDevicePropertyDeviceIsAlive = 'livn',   /* UInt32, 0 or 1 */
    kAudioDevicePropertyDeviceIsRunning = 'goin', /* UInt32, 0 or 1 */
    kAudioDevicePropertyDeviceCanBeDefaultDevice = 'dflt',       /* UInt32; scope input or output */
    kAudioDevicePropertyDeviceCanBeDefaultSystemDevice = 'sflt', /* UInt32; scope output */
    kAudioDevicePropertyLatency = 'ltnc',           /* UInt32, frames; scope input or output */
    kAudioDevicePropertyStreams = 'stm#',           /* array of AudioObjectID; by scope */
    kAudioObjectPropertyControlList = 'ctrl',       /* array of AudioObjectID */
    kAudioDevicePropertySafetyOffset = 'saft',      /* UInt32, frames; scope input or output */
    kAudioDevicePropertyNominalSampleRate = 'nsrt', /* Float64, settable */
    kAudioDevicePropertyAvailableNominalSampleRates = 'nsr#', /* array of AudioValueRange */
    kAudioDevicePropertyIcon = 'icon',                        /* CFURL of an image in the bundle */
    kAudioDevicePropertyIsHidden = 'hidn', /* UInt32; not 0: not listed, never the default */
    kAudioDevicePropertyPreferredChannelsForStereo =
        'dch2', /* UInt32[2], settable; scope input or output */
    kAudioDevicePropertyPreferredChannelLayout =
        'srnd', /* AudioChannelLayout, settable; scope input or output */
    kAudioDevicePropertyWantsControlsRestored =
        'resc', /* UInt32; 0: the host keeps its hands off saved values */
    kAudioDevicePropertyWantsStreamFormatsRestored = 'resf', /* UInt32; likewise for formats */
};

/* ---- AudioClockDevice: a device's time line without streams --------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioClockDeviceClassID = 'aclk', /* is an AudioObject */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioClockDevicePropertyDeviceUID = 'cuid',                   /* CFString */
    kAudioClockDevicePropertyTransportType = 'tran',               /* UInt32 */
    kAudioClockDevicePropertyClockDomain = 'clkd',                 /* UInt32 */
    kAudioClockDevicePropertyDeviceIsAlive = 'livn',               /* UInt32 */
    kAudioClockDevicePropertyDeviceIsRunning = 'goin',             /* UInt32 */
    kAudioClockDevicePropertyLatency = 'ltnc',                     /* UInt32 */
    kAudioClockDevicePropertyControlList = 'ctrl',                 /* array of AudioObjectID */
    kAudioClockDevicePropertyNominalSampleRate = 'nsrt',           /* Float64, settable */
    kAudioClockDevicePropertyAvailableNominalSampleRates = 'nsr#', /* array of AudioValueRange */
};

/* ---- AudioStream ---------------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioStreamClassID = 'astr', /* is an AudioObject */
};

enum HALSDK_OF(UInt32) {
    kAudioStreamTerminalTypeUnknown = 0,
    kAudioStreamTerminalTypeLine = 'line',
    kAudioStreamTerminalTypeDigitalAudioInterface = 'spdf',
    kAudioStreamTerminalTypeSpeaker = 'spkr',
    kAudioStreamTerminalTypeHeadphones = 'hdph',
    kAudioStreamTerminalTypeLFESpeaker = 'lfes',
    kAudioStreamTerminalTypeReceiverSpeaker = 'rspk',
    kAudioStreamTerminalTypeMicrophone = 'micr',
    kAudioStreamTerminalTypeHeadsetMicrophone = 'hmic',
    kAudioStreamTerminalTypeReceiverMicrophone = 'rmic',
    kAudioStreamTerminalTypeTTY = 'tty_',
    kAudioStreamTerminalTypeHDMI = 'hdmi',
    kAudioStreamTerminalTypeDisplayPort = 'dprt',
};

/* Clients and the mixer see the virtual format, the wire has the physical one. */
enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioStreamPropertyIsActive = 'sact',        /* UInt32, settable */
    kAudioStreamPropertyDirection = 'sdir',       /* UInt32; 0 is output, 1 input */
    kAudioStreamPropertyTerminalType = 'term',    /* UInt32 */
    kAudioStreamPropertyStartingChannel = 'schn', /* UInt32; first channel on the device, from 1 */
    kAudioStreamPropertyLatency =
        kAudioDevicePropertyLatency,            /* UInt32, frames on top of the device's */
    kAudioStreamPropertyVirtualFormat = 'sfmt', /* AudioStreamBasicDescription, settable */
    kAudioStreamPropertyAvailableVirtualFormats =
        'sfma',                                  /* array of AudioStreamRangedDescription */
    kAudioStreamPropertyPhysicalFormat = 'pft ', /* AudioStreamBasicDescription, settable */
    kAudioStreamPropertyAvailablePhysicalFormats =
        'pfta', /* array of AudioStreamRangedDescription */
};

#endif
