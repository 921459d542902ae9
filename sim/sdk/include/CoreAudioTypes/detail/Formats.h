/* Formats.h - what AudioStreamBasicDescription.mFormatID and mFormatFlags may be. */
#ifndef HALSDK_COREAUDIOTYPES_FORMATS_H
#define HALSDK_COREAUDIOTYPES_FORMATS_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudioTypes/detail/Macros.h>

/* ---- format IDs: a HAL driver moves linear PCM ---------------------------------------------- */

typedef UInt32 AudioFormatID;

enum HALSDK_OF(AudioFormatID) {
    kAudioFormatLinearPCM = 'lpcm',
    kAudioFormat60958AC3 = 'cac3', /* AC-3 in IEC 60958 frames: what goes over S/PDIF */
    kAudioFormatAC3 = 'ac-3',
    kAudioFormatAES3 = 'aes3',
    kAudioFormatALaw = 'alaw',
    kAudioFormatAMR = 'samr',
    kAudioFormatAMR_WB = 'sawb',
    kAudioFormatAPAC = 'apac',
    kAudioFormatAppleIMA4 = 'ima4',
    kAudioFormatAppleLossless = 'alac',
    kAudioFormatAudible = 'AUDB',
    kAudioFormatDVIIntelIMA = 0x6D730011u,
    kAudioFormatEnhancedAC3 = 'ec-3',
    kAudioFormatFLAC = 'flac',
    kAudioFormatiLBC = 'ilbc',
    kAudioFormatMACE3 = 'MAC3',
    kAudioFormatMACE6 = 'MAC6',
    kAudioFormatMicrosoftGSM = 0x6D730031u,
    kAudioFormatMIDIStream = 'midi',
    kAudioFormatMPEG4AAC = 'aac ',
    kAudioFormatMPEG4AAC_ELD = 'aace',
    kAudioFormatMPEG4AAC_ELD_SBR = 'aacf',
    kAudioFormatMPEG4AAC_ELD_V2 = 'aacg',
    kAudioFormatMPEG4AAC_HE = 'aach',
    kAudioFormatMPEG4AAC_HE_V2 = 'aacp',
    kAudioFormatMPEG4AAC_LD = 'aacl',
    kAudioFormatMPEG4AAC_Spatial = 'aacs',
    kAudioFormatMPEG4CELP = 'celp',
    kAudioFormatMPEG4HVXC = 'hvxc',
    kAudioFormatMPEG4TwinVQ = 'twvq',
    kAudioFormatMPEGD_USAC = 'usac',
    kAudioFormatMPEGLayer1 = '.mp1',
    kAudioFormatMPEGLayer2 = '.mp2',
    kAudioFormatMPEGLayer3 = '.mp3',
    kAudioFormatOpus = 'opus',
    kAudioFormatParameterValueStream = 'apvs',
    kAudioFormatQDesign = 'QDMC',
    kAudioFormatQDesign2 = 'QDM2',
    kAudioFormatQUALCOMM = 'Qclp',
    kAudioFormatTimeCode = 'time',
    kAudioFormatULaw = 'ulaw',
};

/* ---- flags ---------------------------------------------------------------------------------- */

typedef UInt32 AudioFormatFlags;

/* All clear: distinguishes "no flag is set" from 0, which stands for "any flags". */
enum HALSDK_OF(AudioFormatFlags) {
    kAudioFormatFlagIsFloat = 1u << 0,
    kAudioFormatFlagIsBigEndian = 1u << 1,
    kAudioFormatFlagIsSignedInteger = 1u << 2,
    kAudioFormatFlagIsPacked = 1u << 3,
    kAudioFormatFlagIsAlignedHigh = 1u << 4,    /* with sample bits to spare: in the high bits */
    kAudioFormatFlagIsNonInterleaved = 1u << 5, /* one AudioBuffer for each channel */
    kAudioFormatFlagIsNonMixable = 1u << 6,
    kAudioFormatFlagsAreAllClear = 1u << 31,
    kAudioFormatFlagsNativeEndian = 0,
    kAudioFormatFlagsNativeFloatPacked =
        kAudioFormatFlagIsFloat | kAudioFormatFlagsNativeEndian | kAudioFormatFlagIsPacked,
    kAudioFormatFlagsCanonical = kAudioFormatFlagsNativeFloatPacked, /* deprecated */
    kAudioFormatFlagsAudioUnitCanonical =
        kAudioFormatFlagsNativeFloatPacked | kAudioFormatFlagIsNonInterleaved, /* deprecated */
    kLinearPCMFormatFlagIsFloat = kAudioFormatFlagIsFloat,
    kLinearPCMFormatFlagIsBigEndian = kAudioFormatFlagIsBigEndian,
    kLinearPCMFormatFlagIsSignedInteger = kAudioFormatFlagIsSignedInteger,
    kLinearPCMFormatFlagIsPacked = kAudioFormatFlagIsPacked,
    kLinearPCMFormatFlagIsAlignedHigh = kAudioFormatFlagIsAlignedHigh,
    kLinearPCMFormatFlagIsNonInterleaved = kAudioFormatFlagIsNonInterleaved,
    kLinearPCMFormatFlagIsNonMixable = kAudioFormatFlagIsNonMixable,
    kLinearPCMFormatFlagsAreAllClear = kAudioFormatFlagsAreAllClear,
    kLinearPCMFormatFlagsSampleFractionShift = 7,
    kLinearPCMFormatFlagsSampleFractionMask =
        0x3Fu << kLinearPCMFormatFlagsSampleFractionShift, /* bits behind the point, of fixed-point
                                                              samples */
};

/* ---- values of fields in formats that are not PCM ------------------------------------------- */

enum HALSDK_OF(AudioFormatFlags) {
    kAppleLosslessFormatFlag_16BitSourceData = 1,
    kAppleLosslessFormatFlag_20BitSourceData = 2,
    kAppleLosslessFormatFlag_24BitSourceData = 3,
    kAppleLosslessFormatFlag_32BitSourceData = 4,
};

enum HALSDK_NAMED(MPEG4ObjectID, long) {
    kMPEG4Object_AAC_Main = 1,
    kMPEG4Object_AAC_LC = 2,
    kMPEG4Object_AAC_SSR = 3,
    kMPEG4Object_AAC_LTP = 4,
    kMPEG4Object_AAC_SBR = 5,
    kMPEG4Object_AAC_Scalable = 6,
    kMPEG4Object_TwinVQ = 7,
    kMPEG4Object_CELP = 8,
    kMPEG4Object_HVXC = 9,
};
HALSDK_ENUM_TYPE(MPEG4ObjectID, long);

#endif
