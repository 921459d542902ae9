/* Controls.h - classes and properties of controls: volume, mute, data source, pan and their kin. */
#ifndef HALSDK_COREAUDIO_CONTROLS_H
#define HALSDK_COREAUDIO_CONTROLS_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudio/AudioHardwareBase.h>

/* ---- AudioControl: which part of its device a control acts on ------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioControlClassID = 'actl', /* is an AudioObject */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioControlPropertyScope = 'cscp',   /* AudioObjectPropertyScope */
    kAudioControlPropertyElement = 'celm', /* AudioObjectPropertyElement */
};

/* ---- AudioSliderControl --------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioSliderControlClassID = 'sldr', /* is an AudioControl */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioSliderControlPropertyValue = 'sdrv', /* UInt32, settable */
    kAudioSliderControlPropertyRange = 'sdrr', /* UInt32[2] */
};

/* ---- AudioLevelControl ---------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioLevelControlClassID = 'levl',     /* is an AudioControl */
    kAudioVolumeControlClassID = 'vlme',    /* is an AudioLevelControl */
    kAudioLFEVolumeControlClassID = 'subv', /* is an AudioLevelControl */
};

/* The two conversions read the data buffer and answer in it. */
enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioLevelControlPropertyScalarValue = 'lcsv',             /* Float32, 0 to 1, settable */
    kAudioLevelControlPropertyDecibelValue = 'lcdv',            /* Float32, dB, settable */
    kAudioLevelControlPropertyDecibelRange = 'lcdr',            /* AudioValueRange, dB */
    kAudioLevelControlPropertyConvertScalarToDecibels = 'lcsd', /* Float32 */
    kAudioLevelControlPropertyConvertDecibelsToScalar = 'lcds', /* Float32 */
};

/* ---- AudioBooleanControl -------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioBooleanControlClassID = 'togl',      /* is an AudioControl */
    kAudioMuteControlClassID = 'mute',         /* is an AudioBooleanControl */
    kAudioSoloControlClassID = 'solo',         /* is an AudioBooleanControl */
    kAudioJackControlClassID = 'jack',         /* is an AudioBooleanControl */
    kAudioLFEMuteControlClassID = 'subm',      /* is an AudioBooleanControl */
    kAudioPhantomPowerControlClassID = 'phan', /* is an AudioBooleanControl */
    kAudioPhaseInvertControlClassID = 'phsi',  /* is an AudioBooleanControl */
    kAudioClipLightControlClassID = 'clip',    /* is an AudioBooleanControl */
    kAudioTalkbackControlClassID = 'talb',     /* is an AudioBooleanControl */
    kAudioListenbackControlClassID = 'lsnb',   /* is an AudioBooleanControl */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioBooleanControlPropertyValue = 'bcvl', /* UInt32, 0 or not, settable */
};

/* ---- AudioSelectorControl ------------------------------------------------------------------- */

enum HALSDK_OF(AudioClassID) {
    kAudioSelectorControlClassID = 'slct',        /* is an AudioControl */
    kAudioDataSourceControlClassID = 'dsrc',      /* is an AudioSelectorControl */
    kAudioDataDestinationControlClassID = 'dest', /* is an AudioSelectorControl */
    kAudioClockSourceControlClassID = 'clck',     /* is an AudioSelectorControl */
    kAudioLineLevelControlClassID = 'nlvl',       /* is an AudioSelectorControl */
    kAudioHighPassFilterControlClassID = 'hipf',  /* is an AudioSelectorControl */
};

/* Name and kind take a UInt32 as qualifier: the ID of the item. */
enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioSelectorControlPropertyCurrentItem = 'scci',    /* array of UInt32, settable */
    kAudioSelectorControlPropertyAvailableItems = 'scai', /* array of UInt32 */
    kAudioSelectorControlPropertyItemName = 'scin',       /* CFString */
    kAudioSelectorControlPropertyItemKind = 'clkk',       /* UInt32 */
};

enum HALSDK_OF(UInt32) {
    kAudioSelectorControlItemKindSpacer = 'spcr', /* cannot be selected */
};

enum HALSDK_OF(UInt32) {
    kAudioClockSourceItemKindInternal = 'int ', /* the device's own clock */
};

/* ---- AudioStereoPanControl ------------------------------------------------------------------ */

enum HALSDK_OF(AudioClassID) {
    kAudioStereoPanControlClassID = 'span', /* is an AudioControl */
};

enum HALSDK_OF(AudioObjectPropertySelector) {
    kAudioStereoPanControlPropertyValue = 'spcv', /* Float32, 0 left to 1 right, settable */
    kAudioStereoPanControlPropertyPanningChannels = 'spcc', /* UInt32[2] */
};

#endif
