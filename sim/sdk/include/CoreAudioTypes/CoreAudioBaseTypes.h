/* CoreAudioBaseTypes.h - samples, buffers, formats, time stamps, channel layouts.
 *
 * Written from a table of names, values and layouts, not from Apple's header.
 * A HALSDK_SIZE or HALSDK_OFFSET line is part of the contract of the struct above it.
 */
#ifndef HALSDK_COREAUDIOBASETYPES_H
#define HALSDK_COREAUDIOBASETYPES_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudioTypes/detail/ChannelLabels.h>
#include <CoreAudioTypes/detail/ChannelLayouts.h>
#include <CoreAudioTypes/detail/Formats.h>
#include <CoreAudioTypes/detail/Macros.h>
#include <CoreFoundation/CFBase.h>
#include <MacTypes.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- results -------------------------------------------------------------------------------- */

enum HALSDK_OF(OSStatus) {
    kAudio_NoError = 0,
    kAudio_UnimplementedError = -4,
    kAudio_ParamError = -50,
    kAudio_MemFullError = -108,
    kAudio_FileNotFoundError = -43,
    kAudio_FilePermissionError = -54,
    kAudio_TooManyFilesOpenError = -42,
    kAudio_BadFilePathError = '!pth',
};

/* ---- values --------------------------------------------------------------------------------- */

typedef Float32 AudioSampleType;     /* deprecated */
typedef Float32 AudioUnitSampleType; /* deprecated */

typedef struct AudioValueRange {
    Float64 mMinimum;
    Float64 mMaximum;
} AudioValueRange;

HALSDK_SIZE(AudioValueRange, 16);
HALSDK_OFFSET(AudioValueRange, mMaximum, 8);

/* Asks a property to turn one value into another: input and output are memory of the caller. */
typedef struct AudioValueTranslation {
    void *mInputData;
    UInt32 mInputDataSize; /* bytes */
    void *mOutputData;
    UInt32 mOutputDataSize; /* bytes */
} AudioValueTranslation;

HALSDK_SIZE(AudioValueTranslation, 32);
HALSDK_OFFSET(AudioValueTranslation, mInputDataSize, 8);
HALSDK_OFFSET(AudioValueTranslation, mOutputData, 16);
HALSDK_OFFSET(AudioValueTranslation, mOutputDataSize, 24);

typedef struct AudioClassDescription {
    OSType mType;
    OSType mSubType;
    OSType mManufacturer;
} AudioClassDescription;

HALSDK_SIZE(AudioClassDescription, 12);
HALSDK_OFFSET(AudioClassDescription, mSubType, 4);
HALSDK_OFFSET(AudioClassDescription, mManufacturer, 8);

/* ---- buffers -------------------------------------------------------------------------------- */

typedef struct AudioBuffer {
    UInt32 mNumberChannels; /* interleaved in this buffer */
    UInt32 mDataByteSize;
    void *HALSDK_NULLABLE mData;
} AudioBuffer;

HALSDK_SIZE(AudioBuffer, 16);
HALSDK_OFFSET(AudioBuffer, mDataByteSize, 4);
HALSDK_OFFSET(AudioBuffer, mData, 8);

typedef struct AudioBufferList {
    UInt32 mNumberBuffers;
    AudioBuffer mBuffers[1]; /* mNumberBuffers of them */
} AudioBufferList;

HALSDK_SIZE(AudioBufferList, 24);
HALSDK_OFFSET(AudioBufferList, mBuffers, 8);

/* ---- formats -------------------------------------------------------------------------------- */

/* A frame is one sample of each channel; with PCM a packet is one frame. */
typedef struct AudioStreamBasicDescription {
    Float64 mSampleRate; /* frames per second */
    AudioFormatID mFormatID;
    AudioFormatFlags mFormatFlags;
    UInt32 mBytesPerPacket;
    UInt32 mFramesPerPacket;
    UInt32 mBytesPerFrame; /* of one channel when not interleaved */
    UInt32 mChannelsPerFrame;
    UInt32 mBitsPerChannel;
    UInt32 mReserved; /* 0 */
} AudioStreamBasicDescription;

HALSDK_SIZE(AudioStreamBasicDescription, 40);
HALSDK_OFFSET(AudioStreamBasicDescription, mFormatID, 8);
HALSDK_OFFSET(AudioStreamBasicDescription, mFormatFlags, 12);
HALSDK_OFFSET(AudioStreamBasicDescription, mBytesPerPacket, 16);
HALSDK_OFFSET(AudioStreamBasicDescription, mFramesPerPacket, 20);
HALSDK_OFFSET(AudioStreamBasicDescription, mBytesPerFrame, 24);
HALSDK_OFFSET(AudioStreamBasicDescription, mChannelsPerFrame, 28);
HALSDK_OFFSET(AudioStreamBasicDescription, mBitsPerChannel, 32);
HALSDK_OFFSET(AudioStreamBasicDescription, mReserved, 36);

/* Stands for "every rate" in an AudioStreamBasicDescription. */
static const Float64 kAudioStreamAnyRate __attribute__((unused)) = 0.0;

/* Where a packet lies in a stream of packets of different sizes. */
typedef struct AudioStreamPacketDescription {
    SInt64 mStartOffset;            /* bytes */
    UInt32 mVariableFramesInPacket; /* 0 when all packets have the same number */
    UInt32 mDataByteSize;
} AudioStreamPacketDescription;

HALSDK_SIZE(AudioStreamPacketDescription, 16);
HALSDK_OFFSET(AudioStreamPacketDescription, mVariableFramesInPacket, 8);
HALSDK_OFFSET(AudioStreamPacketDescription, mDataByteSize, 12);

typedef struct AudioStreamPacketDependencyDescription {
    UInt32 mIsIndependentlyDecodable; /* 0 or 1 */
    UInt32 mPreRollCount;             /* packets to decode before this one sounds right */
    UInt32 mFlags;                    /* 0 */
    UInt32 mReserved;                 /* 0 */
} AudioStreamPacketDependencyDescription;

HALSDK_SIZE(AudioStreamPacketDependencyDescription, 16);
HALSDK_OFFSET(AudioStreamPacketDependencyDescription, mPreRollCount, 4);
HALSDK_OFFSET(AudioStreamPacketDependencyDescription, mFlags, 8);
HALSDK_OFFSET(AudioStreamPacketDependencyDescription, mReserved, 12);

/* ---- time stamps ---------------------------------------------------------------------------- */

enum HALSDK_NAMED(SMPTETimeType, UInt32) {
    kSMPTETimeType24 = 0,
    kSMPTETimeType25 = 1,
    kSMPTETimeType30Drop = 2,
    kSMPTETimeType30 = 3,
    kSMPTETimeType2997 = 4,
    kSMPTETimeType2997Drop = 5,
    kSMPTETimeType60 = 6,
    kSMPTETimeType5994 = 7,
    kSMPTETimeType60Drop = 8,
    kSMPTETimeType5994Drop = 9,
    kSMPTETimeType50 = 10,
    kSMPTETimeType2398 = 11,
};
HALSDK_ENUM_TYPE(SMPTETimeType, UInt32);

typedef UInt32 SMPTETimeFlags;
enum HALSDK_OF(SMPTETimeFlags) {
    kSMPTETimeUnknown = 0,
    kSMPTETimeValid = 1u << 0,
    kSMPTETimeRunning = 1u << 1,
};

typedef struct SMPTETime {
    SInt16 mSubframes;
    SInt16 mSubframeDivisor;
    UInt32 mCounter; /* messages received */
    SMPTETimeType mType;
    SMPTETimeFlags mFlags;
    SInt16 mHours;
    SInt16 mMinutes;
    SInt16 mSeconds;
    SInt16 mFrames;
} SMPTETime;

HALSDK_SIZE(SMPTETime, 24);
HALSDK_OFFSET(SMPTETime, mSubframeDivisor, 2);
HALSDK_OFFSET(SMPTETime, mCounter, 4);
HALSDK_OFFSET(SMPTETime, mType, 8);
HALSDK_OFFSET(SMPTETime, mFlags, 12);
HALSDK_OFFSET(SMPTETime, mHours, 16);
HALSDK_OFFSET(SMPTETime, mMinutes, 18);
HALSDK_OFFSET(SMPTETime, mSeconds, 20);
HALSDK_OFFSET(SMPTETime, mFrames, 22);

typedef UInt32 AudioTimeStampFlags;
enum HALSDK_OF(AudioTimeStampFlags) {
    kAudioTimeStampNothingValid = 0,
    kAudioTimeStampSampleTimeValid = 1u << 0,
    kAudioTimeStampHostTimeValid = 1u << 1,
    kAudioTimeStampRateScalarValid = 1u << 2,
    kAudioTimeStampWordClockTimeValid = 1u << 3,
    kAudioTimeStampSMPTETimeValid = 1u << 4,
    kAudioTimeStampSampleHostTimeValid =
        kAudioTimeStampSampleTimeValid | kAudioTimeStampHostTimeValid,
};

typedef struct AudioTimeStamp {
    Float64 mSampleTime; /* frames */
    UInt64 mHostTime;    /* ticks of mach_absolute_time() */
    Float64 mRateScalar; /* measured ticks per frame over nominal ticks per frame */
    UInt64 mWordClockTime;
    SMPTETime mSMPTETime;
    AudioTimeStampFlags mFlags; /* which of the above are valid */
    UInt32 mReserved;           /* 0 */
} AudioTimeStamp;

HALSDK_SIZE(AudioTimeStamp, 64);
HALSDK_OFFSET(AudioTimeStamp, mHostTime, 8);
HALSDK_OFFSET(AudioTimeStamp, mRateScalar, 16);
HALSDK_OFFSET(AudioTimeStamp, mWordClockTime, 24);
HALSDK_OFFSET(AudioTimeStamp, mSMPTETime, 32);
HALSDK_OFFSET(AudioTimeStamp, mFlags, 56);
HALSDK_OFFSET(AudioTimeStamp, mReserved, 60);

/* ---- channels ------------------------------------------------------------------------------- */

typedef struct AudioChannelDescription {
    AudioChannelLabel mChannelLabel;
    AudioChannelFlags mChannelFlags;
    Float32 mCoordinates[3];
} AudioChannelDescription;

HALSDK_SIZE(AudioChannelDescription, 20);
HALSDK_OFFSET(AudioChannelDescription, mChannelFlags, 4);
HALSDK_OFFSET(AudioChannelDescription, mCoordinates, 8);

typedef struct AudioChannelLayout {
    AudioChannelLayoutTag mChannelLayoutTag;
    AudioChannelBitmap mChannelBitmap; /* with kAudioChannelLayoutTag_UseChannelBitmap */
    UInt32 mNumberChannelDescriptions;
    AudioChannelDescription mChannelDescriptions[1]; /* mNumberChannelDescriptions of them */
} AudioChannelLayout;

HALSDK_SIZE(AudioChannelLayout, 32);
HALSDK_OFFSET(AudioChannelLayout, mChannelBitmap, 4);
HALSDK_OFFSET(AudioChannelLayout, mNumberChannelDescriptions, 8);
HALSDK_OFFSET(AudioChannelLayout, mChannelDescriptions, 12);

typedef struct AudioFormatListItem {
    AudioStreamBasicDescription mASBD;
    AudioChannelLayoutTag mChannelLayoutTag;
} AudioFormatListItem;

HALSDK_SIZE(AudioFormatListItem, 48);
HALSDK_OFFSET(AudioFormatListItem, mChannelLayoutTag, 40);

#ifdef __cplusplus
}
#endif

/* These come last: they build on all of the above. */
#include <CoreAudioTypes/detail/UnsignedFlags.h>

#include <CoreAudioTypes/detail/Inlines.h>

#endif
