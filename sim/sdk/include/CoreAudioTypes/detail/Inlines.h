/* Inlines.h - small functions on formats, time stamps and layout tags.
 *
 * C has one form of each, with pointers. C++ sources pass references, so it has both.
 */
#ifndef HALSDK_COREAUDIOTYPES_INLINES_H
#define HALSDK_COREAUDIOTYPES_INLINES_H

#include <CoreAudioTypes/CoreAudioBaseTypes.h>
#include <stdbool.h>

/* Meaningless for the tags that say "look at the bitmap" or "at the descriptions": 0 there. */
static inline UInt32 AudioChannelLayoutTag_GetNumberOfChannels(AudioChannelLayoutTag inLayoutTag) {
    return inLayoutTag & 0xFFFFu;
}

/* Samples that fill their container are packed, others are aligned to its high end. */
#ifdef __cplusplus
static inline AudioFormatFlags
CalculateLPCMFlags(UInt32 inValidBitsPerChannel, UInt32 inTotalBitsPerChannel, bool inIsFloat,
                   bool inIsBigEndian, bool inIsNonInterleaved = false)
#else
static inline AudioFormatFlags CalculateLPCMFlags(UInt32 inValidBitsPerChannel,
                                                  UInt32 inTotalBitsPerChannel, bool inIsFloat,
                                                  bool inIsBigEndian, bool inIsNonInterleaved)
#endif
{
    AudioFormatFlags flags = 0;
    flags |= inIsFloat ? (UInt32)kAudioFormatFlagIsFloat : (UInt32)kAudioFormatFlagIsSignedInteger;
    flags |= inValidBitsPerChannel == inTotalBitsPerChannel ? (UInt32)kAudioFormatFlagIsPacked
                                                            : (UInt32)kAudioFormatFlagIsAlignedHigh;
    if (inIsBigEndian) {
        flags |= (UInt32)kAudioFormatFlagIsBigEndian;
    }
    if (inIsNonInterleaved) {
        flags |= (UInt32)kAudioFormatFlagIsNonInterleaved;
    }
    return flags;
}

/* Linear PCM; total bits (the container) are a multiple of 8. */
#ifdef __cplusplus
static inline void FillOutASBDForLPCM(AudioStreamBasicDescription *outASBD, Float64 inSampleRate,
                                      UInt32 inChannelsPerFrame, UInt32 inValidBitsPerChannel,
                                      UInt32 inTotalBitsPerChannel, bool inIsFloat,
                                      bool inIsBigEndian, bool inIsNonInterleaved = false)
#else
static inline void FillOutASBDForLPCM(AudioStreamBasicDescription *outASBD, Float64 inSampleRate,
                                      UInt32 inChannelsPerFrame, UInt32 inValidBitsPerChannel,
                                      UInt32 inTotalBitsPerChannel, bool inIsFloat,
                                      bool inIsBigEndian, bool inIsNonInterleaved)
#endif
{
    const UInt32 bytes =
        (inIsNonInterleaved ? 1 : inChannelsPerFrame) * (inTotalBitsPerChannel / 8);
    outASBD->mSampleRate = inSampleRate;
    outASBD->mFormatID = kAudioFormatLinearPCM;
    outASBD->mFormatFlags = CalculateLPCMFlags(inValidBitsPerChannel, inTotalBitsPerChannel,
                                               inIsFloat, inIsBigEndian, inIsNonInterleaved);
    outASBD->mBytesPerPacket = bytes;
    outASBD->mFramesPerPacket = 1;
    outASBD->mBytesPerFrame = bytes;
    outASBD->mChannelsPerFrame = inChannelsPerFrame;
    outASBD->mBitsPerChannel = inValidBitsPerChannel;
    outASBD->mReserved = 0;
}

/* Also false for what is not linear PCM. `f` is an AudioStreamBasicDescription, not a pointer. */
#define TestAudioFormatNativeEndian(f)                                                             \
    ((f).mFormatID == kAudioFormatLinearPCM &&                                                     \
     ((f).mFormatFlags & (UInt32)kAudioFormatFlagIsBigEndian) ==                                   \
         (UInt32)kAudioFormatFlagsNativeEndian)

static inline bool IsAudioFormatNativeEndian(const AudioStreamBasicDescription *f) {
    return TestAudioFormatNativeEndian(*f);
}

/* Each sets every field: those it is not given are 0 and not valid. */
static inline void FillOutAudioTimeStampWithSampleAndHostTime(AudioTimeStamp *outATS,
                                                              Float64 inSampleTime,
                                                              UInt64 inHostTime) {
    const AudioTimeStamp zero = {0, 0, 0, 0, {0, 0, 0, kSMPTETimeType24, 0, 0, 0, 0, 0}, 0, 0};
    *outATS = zero;
    outATS->mSampleTime = inSampleTime;
    outATS->mHostTime = inHostTime;
    outATS->mFlags = kAudioTimeStampSampleHostTimeValid;
}

static inline void FillOutAudioTimeStampWithSampleTime(AudioTimeStamp *outATS,
                                                       Float64 inSampleTime) {
    FillOutAudioTimeStampWithSampleAndHostTime(outATS, inSampleTime, 0);
    outATS->mFlags = kAudioTimeStampSampleTimeValid;
}

static inline void FillOutAudioTimeStampWithHostTime(AudioTimeStamp *outATS, UInt64 inHostTime) {
    FillOutAudioTimeStampWithSampleAndHostTime(outATS, 0, inHostTime);
    outATS->mFlags = kAudioTimeStampHostTimeValid;
}

#ifdef __cplusplus
static inline void FillOutASBDForLPCM(AudioStreamBasicDescription &outASBD, Float64 inSampleRate,
                                      UInt32 inChannelsPerFrame, UInt32 inValidBitsPerChannel,
                                      UInt32 inTotalBitsPerChannel, bool inIsFloat,
                                      bool inIsBigEndian, bool inIsNonInterleaved = false) {
    FillOutASBDForLPCM(&outASBD, inSampleRate, inChannelsPerFrame, inValidBitsPerChannel,
                       inTotalBitsPerChannel, inIsFloat, inIsBigEndian, inIsNonInterleaved);
}

static inline bool IsAudioFormatNativeEndian(const AudioStreamBasicDescription &f) {
    return IsAudioFormatNativeEndian(&f);
}

static inline void FillOutAudioTimeStampWithSampleAndHostTime(AudioTimeStamp &outATS,
                                                              Float64 inSampleTime,
                                                              UInt64 inHostTime) {
    FillOutAudioTimeStampWithSampleAndHostTime(&outATS, inSampleTime, inHostTime);
}

static inline void FillOutAudioTimeStampWithSampleTime(AudioTimeStamp &outATS,
                                                       Float64 inSampleTime) {
    FillOutAudioTimeStampWithSampleTime(&outATS, inSampleTime);
}

static inline void FillOutAudioTimeStampWithHostTime(AudioTimeStamp &outATS, UInt64 inHostTime) {
    FillOutAudioTimeStampWithHostTime(&outATS, inHostTime);
}
#endif

#endif
