/* UnsignedFlags.h - gives flags their unsigned type back where enumerations cannot (Macros.h).
 *
 * Without it `flags & ~kAudioFormatFlagIsNonMixable` is a sign conversion in gcc's C. The macros
 * have the names of the constants, which is well defined: a macro is not expanded inside itself.
 */
#ifndef HALSDK_COREAUDIOTYPES_UNSIGNEDFLAGS_H
#define HALSDK_COREAUDIOTYPES_UNSIGNEDFLAGS_H

#include <CoreAudioTypes/CoreAudioBaseTypes.h>

#if !HALSDK_FIXED_ENUMS

#define kSMPTETimeUnknown                   ((SMPTETimeFlags)kSMPTETimeUnknown)
#define kSMPTETimeValid                     ((SMPTETimeFlags)kSMPTETimeValid)
#define kSMPTETimeRunning                   ((SMPTETimeFlags)kSMPTETimeRunning)

#define kAudioTimeStampNothingValid         ((AudioTimeStampFlags)kAudioTimeStampNothingValid)
#define kAudioTimeStampSampleTimeValid      ((AudioTimeStampFlags)kAudioTimeStampSampleTimeValid)
#define kAudioTimeStampHostTimeValid        ((AudioTimeStampFlags)kAudioTimeStampHostTimeValid)
#define kAudioTimeStampRateScalarValid      ((AudioTimeStampFlags)kAudioTimeStampRateScalarValid)
#define kAudioTimeStampWordClockTimeValid   ((AudioTimeStampFlags)kAudioTimeStampWordClockTimeValid)
#define kAudioTimeStampSMPTETimeValid       ((AudioTimeStampFlags)kAudioTimeStampSMPTETimeValid)
#define kAudioTimeStampSampleHostTimeValid  ((AudioTimeStampFlags)kAudioTimeStampSampleHostTimeValid)

#define kAudioFormatFlagIsFloat             ((AudioFormatFlags)kAudioFormatFlagIsFloat)
#define kAudioFormatFlagIsBigEndian         ((AudioFormatFlags)kAudioFormatFlagIsBigEndian)
#define kAudioFormatFlagIsSignedInteger     ((AudioFormatFlags)kAudioFormatFlagIsSignedInteger)
#define kAudioFormatFlagIsPacked            ((AudioFormatFlags)kAudioFormatFlagIsPacked)
#define kAudioFormatFlagIsAlignedHigh       ((AudioFormatFlags)kAudioFormatFlagIsAlignedHigh)
#define kAudioFormatFlagIsNonInterleaved    ((AudioFormatFlags)kAudioFormatFlagIsNonInterleaved)
#define kAudioFormatFlagIsNonMixable        ((AudioFormatFlags)kAudioFormatFlagIsNonMixable)
#define kAudioFormatFlagsAreAllClear        ((AudioFormatFlags)kAudioFormatFlagsAreAllClear)
#define kAudioFormatFlagsNativeEndian       ((AudioFormatFlags)kAudioFormatFlagsNativeEndian)
#define kAudioFormatFlagsNativeFloatPacked  ((AudioFormatFlags)kAudioFormatFlagsNativeFloatPacked)
#define kAudioFormatFlagsCanonical          ((AudioFormatFlags)kAudioFormatFlagsCanonical)
#define kAudioFormatFlagsAudioUnitCanonical ((AudioFormatFlags)kAudioFormatFlagsAudioUnitCanonical)
#define kLinearPCMFormatFlagIsFloat         ((AudioFormatFlags)kLinearPCMFormatFlagIsFloat)
#define kLinearPCMFormatFlagIsBigEndian     ((AudioFormatFlags)kLinearPCMFormatFlagIsBigEndian)
#define kLinearPCMFormatFlagIsSignedInteger ((AudioFormatFlags)kLinearPCMFormatFlagIsSignedInteger)
#define kLinearPCMFormatFlagIsPacked        ((AudioFormatFlags)kLinearPCMFormatFlagIsPacked)
#define kLinearPCMFormatFlagIsAlignedHigh   ((AudioFormatFlags)kLinearPCMFormatFlagIsAlignedHigh)
#define kLinearPCMFormatFlagIsNonInterleaved                                                       \
    ((AudioFormatFlags)kLinearPCMFormatFlagIsNonInterleaved)
#define kLinearPCMFormatFlagIsNonMixable ((AudioFormatFlags)kLinearPCMFormatFlagIsNonMixable)
#define kLinearPCMFormatFlagsAreAllClear ((AudioFormatFlags)kLinearPCMFormatFlagsAreAllClear)
#define kLinearPCMFormatFlagsSampleFractionShift                                                   \
    ((AudioFormatFlags)kLinearPCMFormatFlagsSampleFractionShift)
#define kLinearPCMFormatFlagsSampleFractionMask                                                    \
    ((AudioFormatFlags)kLinearPCMFormatFlagsSampleFractionMask)
#define kAppleLosslessFormatFlag_16BitSourceData                                                   \
    ((AudioFormatFlags)kAppleLosslessFormatFlag_16BitSourceData)
#define kAppleLosslessFormatFlag_20BitSourceData                                                   \
    ((AudioFormatFlags)kAppleLosslessFormatFlag_20BitSourceData)
#define kAppleLosslessFormatFlag_24BitSourceData                                                   \
    ((AudioFormatFlags)kAppleLosslessFormatFlag_24BitSourceData)
#define kAppleLosslessFormatFlag_32BitSourceData                                                   \
    ((AudioFormatFlags)kAppleLosslessFormatFlag_32BitSourceData)

#define kAudioChannelFlags_AllOff ((AudioChannelFlags)kAudioChannelFlags_AllOff)
#define kAudioChannelFlags_RectangularCoordinates                                                  \
    ((AudioChannelFlags)kAudioChannelFlags_RectangularCoordinates)
#define kAudioChannelFlags_SphericalCoordinates                                                    \
    ((AudioChannelFlags)kAudioChannelFlags_SphericalCoordinates)
#define kAudioChannelFlags_Meters       ((AudioChannelFlags)kAudioChannelFlags_Meters)

#define kAudioChannelBit_Left           ((AudioChannelBitmap)kAudioChannelBit_Left)
#define kAudioChannelBit_Right          ((AudioChannelBitmap)kAudioChannelBit_Right)
#define kAudioChannelBit_Center         ((AudioChannelBitmap)kAudioChannelBit_Center)
#define kAudioChannelBit_LFEScreen      ((AudioChannelBitmap)kAudioChannelBit_LFEScreen)
#define kAudioChannelBit_LeftSurround   ((AudioChannelBitmap)kAudioChannelBit_LeftSurround)
#define kAudioChannelBit_RightSurround  ((AudioChannelBitmap)kAudioChannelBit_RightSurround)
#define kAudioChannelBit_LeftCenter     ((AudioChannelBitmap)kAudioChannelBit_LeftCenter)
#define kAudioChannelBit_RightCenter    ((AudioChannelBitmap)kAudioChannelBit_RightCenter)
#define kAudioChannelBit_CenterSurround ((AudioChannelBitmap)kAudioChannelBit_CenterSurround)
#define kAudioChannelBit_LeftSurroundDirect                                                        \
    ((AudioChannelBitmap)kAudioChannelBit_LeftSurroundDirect)
#define kAudioChannelBit_RightSurroundDirect                                                       \
    ((AudioChannelBitmap)kAudioChannelBit_RightSurroundDirect)
#define kAudioChannelBit_TopCenterSurround ((AudioChannelBitmap)kAudioChannelBit_TopCenterSurround)
#define kAudioChannelBit_CenterTopMiddle   ((AudioChannelBitmap)kAudioChannelBit_CenterTopMiddle)
#define kAudioChannelBit_VerticalHeightLeft                                                        \
    ((AudioChannelBitmap)kAudioChannelBit_VerticalHeightLeft)
#define kAudioChannelBit_LeftTopFront ((AudioChannelBitmap)kAudioChannelBit_LeftTopFront)
#define kAudioChannelBit_VerticalHeightCenter                                                      \
    ((AudioChannelBitmap)kAudioChannelBit_VerticalHeightCenter)
#define kAudioChannelBit_CenterTopFront ((AudioChannelBitmap)kAudioChannelBit_CenterTopFront)
#define kAudioChannelBit_VerticalHeightRight                                                       \
    ((AudioChannelBitmap)kAudioChannelBit_VerticalHeightRight)
#define kAudioChannelBit_RightTopFront  ((AudioChannelBitmap)kAudioChannelBit_RightTopFront)
#define kAudioChannelBit_TopBackLeft    ((AudioChannelBitmap)kAudioChannelBit_TopBackLeft)
#define kAudioChannelBit_TopBackCenter  ((AudioChannelBitmap)kAudioChannelBit_TopBackCenter)
#define kAudioChannelBit_TopBackRight   ((AudioChannelBitmap)kAudioChannelBit_TopBackRight)
#define kAudioChannelBit_LeftTopMiddle  ((AudioChannelBitmap)kAudioChannelBit_LeftTopMiddle)
#define kAudioChannelBit_RightTopMiddle ((AudioChannelBitmap)kAudioChannelBit_RightTopMiddle)
#define kAudioChannelBit_LeftTopRear    ((AudioChannelBitmap)kAudioChannelBit_LeftTopRear)
#define kAudioChannelBit_CenterTopRear  ((AudioChannelBitmap)kAudioChannelBit_CenterTopRear)
#define kAudioChannelBit_RightTopRear   ((AudioChannelBitmap)kAudioChannelBit_RightTopRear)

#endif
#endif
