/* ChannelLabels.h - where one channel belongs: labels, bits of AudioChannelBitmap, coordinates. */
#ifndef HALSDK_COREAUDIOTYPES_CHANNELLABELS_H
#define HALSDK_COREAUDIOTYPES_CHANNELLABELS_H

/* Four-character literals and fixed enumerations are what every compiler warns about. */
#ifndef HALSDK_CHECK_HEADERS
#pragma GCC system_header
#endif

#include <CoreAudioTypes/detail/Macros.h>

typedef UInt32 AudioChannelLabel;

enum HALSDK_OF(AudioChannelLabel) {
    kAudioChannelLabel_Unknown = 0xFFFFFFFFu,
    kAudioChannelLabel_Unused = 0,
    kAudioChannelLabel_Left = 1,
    kAudioChannelLabel_Right = 2,
    kAudioChannelLabel_Center = 3,
    kAudioChannelLabel_LFEScreen = 4,
    kAudioChannelLabel_LeftSurround = 5,
    kAudioChannelLabel_RightSurround = 6,
    kAudioChannelLabel_LeftCenter = 7,
    kAudioChannelLabel_RightCenter = 8,
    kAudioChannelLabel_CenterSurround = 9,
    kAudioChannelLabel_LeftSurroundDirect = 10,
    kAudioChannelLabel_RightSurroundDirect = 11,
    kAudioChannelLabel_TopCenterSurround = 12,
    kAudioChannelLabel_CenterTopMiddle = kAudioChannelLabel_TopCenterSurround,
    kAudioChannelLabel_VerticalHeightLeft = 13,
    kAudioChannelLabel_LeftTopFront = kAudioChannelLabel_VerticalHeightLeft,
    kAudioChannelLabel_VerticalHeightCenter = 14,
    kAudioChannelLabel_CenterTopFront = kAudioChannelLabel_VerticalHeightCenter,
    kAudioChannelLabel_VerticalHeightRight = 15,
    kAudioChannelLabel_RightTopFront = kAudioChannelLabel_VerticalHeightRight,
    kAudioChannelLabel_TopBackLeft = 16,
    kAudioChannelLabel_TopBackCenter = 17,
    kAudioChannelLabel_TopBackRight = 18,
    kAudioChannelLabel_RearSurroundLeft = 33,
    kAudioChannelLabel_RearSurroundRight = 34,
    kAudioChannelLabel_LeftWide = 35,
    kAudioChannelLabel_RightWide = 36,
    kAudioChannelLabel_LFE2 = 37,
    kAudioChannelLabel_LeftTotal = 38,
    kAudioChannelLabel_RightTotal = 39,
    kAudioChannelLabel_HearingImpaired = 40,
    kAudioChannelLabel_Narration = 41,
    kAudioChannelLabel_Mono = 42,
    kAudioChannelLabel_DialogCentricMix = 43,
    kAudioChannelLabel_CenterSurroundDirect = 44,
    kAudioChannelLabel_Haptic = 45,
    kAudioChannelLabel_LeftTopMiddle = 49,
    kAudioChannelLabel_RightTopMiddle = 51,
    kAudioChannelLabel_LeftTopRear = 52,
    kAudioChannelLabel_CenterTopRear = 53,
    kAudioChannelLabel_RightTopRear = 54,
    kAudioChannelLabel_LeftSideSurround = 55,
    kAudioChannelLabel_RightSideSurround = 56,
    kAudioChannelLabel_LeftBottom = 57,
    kAudioChannelLabel_RightBottom = 58,
    kAudioChannelLabel_CenterBottom = 59,
    kAudioChannelLabel_LeftTopSurround = 60,
    kAudioChannelLabel_RightTopSurround = 61,
    kAudioChannelLabel_LFE3 = 62,
    kAudioChannelLabel_LeftBackSurround = 63,
    kAudioChannelLabel_RightBackSurround = 64,
    kAudioChannelLabel_LeftEdgeOfScreen = 65,
    kAudioChannelLabel_RightEdgeOfScreen = 66,
    kAudioChannelLabel_UseCoordinates = 100, /* see mCoordinates */
    kAudioChannelLabel_Ambisonic_W = 200,
    kAudioChannelLabel_Ambisonic_X = 201,
    kAudioChannelLabel_Ambisonic_Y = 202,
    kAudioChannelLabel_Ambisonic_Z = 203,
    kAudioChannelLabel_MS_Mid = 204,
    kAudioChannelLabel_MS_Side = 205,
    kAudioChannelLabel_XY_X = 206,
    kAudioChannelLabel_XY_Y = 207,
    kAudioChannelLabel_BinauralLeft = 208,
    kAudioChannelLabel_BinauralRight = 209,
    kAudioChannelLabel_HeadphonesLeft = 301,
    kAudioChannelLabel_HeadphonesRight = 302,
    kAudioChannelLabel_ClickTrack = 304,
    kAudioChannelLabel_ForeignLanguage = 305,
    kAudioChannelLabel_Discrete = 400, /* has no place of its own */
    kAudioChannelLabel_HOA_ACN = 500,
    kAudioChannelLabel_Discrete_0 = (1u << 16) | 0,
    kAudioChannelLabel_Discrete_1 = (1u << 16) | 1,
    kAudioChannelLabel_Discrete_2 = (1u << 16) | 2,
    kAudioChannelLabel_Discrete_3 = (1u << 16) | 3,
    kAudioChannelLabel_Discrete_4 = (1u << 16) | 4,
    kAudioChannelLabel_Discrete_5 = (1u << 16) | 5,
    kAudioChannelLabel_Discrete_6 = (1u << 16) | 6,
    kAudioChannelLabel_Discrete_7 = (1u << 16) | 7,
    kAudioChannelLabel_Discrete_8 = (1u << 16) | 8,
    kAudioChannelLabel_Discrete_9 = (1u << 16) | 9,
    kAudioChannelLabel_Discrete_10 = (1u << 16) | 10,
    kAudioChannelLabel_Discrete_11 = (1u << 16) | 11,
    kAudioChannelLabel_Discrete_12 = (1u << 16) | 12,
    kAudioChannelLabel_Discrete_13 = (1u << 16) | 13,
    kAudioChannelLabel_Discrete_14 = (1u << 16) | 14,
    kAudioChannelLabel_Discrete_15 = (1u << 16) | 15,
    kAudioChannelLabel_Discrete_65535 = (1u << 16) | 65535,
    kAudioChannelLabel_HOA_ACN_0 = (2u << 16) | 0,
    kAudioChannelLabel_HOA_SN3D = (2u << 16) | 0,
    kAudioChannelLabel_HOA_ACN_1 = (2u << 16) | 1,
    kAudioChannelLabel_HOA_ACN_2 = (2u << 16) | 2,
    kAudioChannelLabel_HOA_ACN_3 = (2u << 16) | 3,
    kAudioChannelLabel_HOA_ACN_4 = (2u << 16) | 4,
    kAudioChannelLabel_HOA_ACN_5 = (2u << 16) | 5,
    kAudioChannelLabel_HOA_ACN_6 = (2u << 16) | 6,
    kAudioChannelLabel_HOA_ACN_7 = (2u << 16) | 7,
    kAudioChannelLabel_HOA_ACN_8 = (2u << 16) | 8,
    kAudioChannelLabel_HOA_ACN_9 = (2u << 16) | 9,
    kAudioChannelLabel_HOA_ACN_10 = (2u << 16) | 10,
    kAudioChannelLabel_HOA_ACN_11 = (2u << 16) | 11,
    kAudioChannelLabel_HOA_ACN_12 = (2u << 16) | 12,
    kAudioChannelLabel_HOA_ACN_13 = (2u << 16) | 13,
    kAudioChannelLabel_HOA_ACN_14 = (2u << 16) | 14,
    kAudioChannelLabel_HOA_ACN_15 = (2u << 16) | 15,
    kAudioChannelLabel_HOA_ACN_65024 = (2u << 16) | 65024,
    kAudioChannelLabel_HOA_N3D = (3u << 16) | 0,
    kAudioChannelLabel_Object = (4u << 16) | 0,
    kAudioChannelLabel_BeginReserved = 0xF0000000u,
    kAudioChannelLabel_EndReserved = 0xFFFFFFFEu,
};

/* ---- bits of AudioChannelBitmap ------------------------------------------------------------- */

typedef UInt32 AudioChannelBitmap;

enum HALSDK_OF(AudioChannelBitmap) {
    kAudioChannelBit_Left = 1u << 0,
    kAudioChannelBit_Right = 1u << 1,
    kAudioChannelBit_Center = 1u << 2,
    kAudioChannelBit_LFEScreen = 1u << 3,
    kAudioChannelBit_LeftSurround = 1u << 4,
    kAudioChannelBit_RightSurround = 1u << 5,
    kAudioChannelBit_LeftCenter = 1u << 6,
    kAudioChannelBit_RightCenter = 1u << 7,
    kAudioChannelBit_CenterSurround = 1u << 8,
    kAudioChannelBit_LeftSurroundDirect = 1u << 9,
    kAudioChannelBit_RightSurroundDirect = 1u << 10,
    kAudioChannelBit_TopCenterSurround = 1u << 11,
    kAudioChannelBit_CenterTopMiddle = kAudioChannelBit_TopCenterSurround,
    kAudioChannelBit_VerticalHeightLeft = 1u << 12,
    kAudioChannelBit_LeftTopFront = kAudioChannelBit_VerticalHeightLeft,
    kAudioChannelBit_VerticalHeightCenter = 1u << 13,
    kAudioChannelBit_CenterTopFront = kAudioChannelBit_VerticalHeightCenter,
    kAudioChannelBit_VerticalHeightRight = 1u << 14,
    kAudioChannelBit_RightTopFront = kAudioChannelBit_VerticalHeightRight,
    kAudioChannelBit_TopBackLeft = 1u << 15,
    kAudioChannelBit_TopBackCenter = 1u << 16,
    kAudioChannelBit_TopBackRight = 1u << 17,
    kAudioChannelBit_LeftTopMiddle = 1u << 21,
    kAudioChannelBit_RightTopMiddle = 1u << 23,
    kAudioChannelBit_LeftTopRear = 1u << 24,
    kAudioChannelBit_CenterTopRear = 1u << 25,
    kAudioChannelBit_RightTopRear = 1u << 26,
};

/* ---- what the coordinates of an AudioChannelDescription mean -------------------------------- */

typedef UInt32 AudioChannelFlags;

enum HALSDK_OF(AudioChannelFlags) {
    kAudioChannelFlags_AllOff = 0,
    kAudioChannelFlags_RectangularCoordinates = 1u << 0, /* x, y, z */
    kAudioChannelFlags_SphericalCoordinates = 1u << 1,   /* angles and distance */
    kAudioChannelFlags_Meters = 1u << 2, /* else relative to the unit cube or sphere */
};

enum HALSDK_OF(UInt32) {
    kAudioChannelCoordinates_LeftRight = 0,
    kAudioChannelCoordinates_BackFront = 1,
    kAudioChannelCoordinates_DownUp = 2,
    kAudioChannelCoordinates_Azimuth = 0,
    kAudioChannelCoordinates_Elevation = 1,
    kAudioChannelCoordinates_Distance = 2,
};

#endif
