/* MacTypes.h - the scalar types that every other header here is written in.
 *
 * Sizes are those of a 64-bit Mac. The 64-bit integers are `long long`, not `long`: printf formats
 * and C++ overloads tell the two apart, and a driver that compiles there has to compile here.
 */
#ifndef HALSDK_MACTYPES_H
#define HALSDK_MACTYPES_H

#include <ConditionalMacros.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- words that the Mac's compiler knows without a header ----------------------------------- */

/* Not `__nonnull`: glibc owns that name as a macro with arguments. */
#ifndef __clang__
#ifndef _Nonnull
#define _Nonnull
#endif
#ifndef _Nullable
#define _Nullable
#endif
#ifndef _Null_unspecified
#define _Null_unspecified
#endif
#endif
#ifndef __nullable
#define __nullable _Nullable
#endif
#ifndef __null_unspecified
#define __null_unspecified _Null_unspecified
#endif

/* ---- integers ------------------------------------------------------------------------------- */

typedef unsigned char UInt8;
typedef signed char SInt8;
typedef unsigned short UInt16;
typedef signed short SInt16;
typedef unsigned int UInt32;
typedef signed int SInt32;
__extension__ typedef unsigned long long UInt64;
__extension__ typedef signed long long SInt64;

typedef UInt8 Byte;
typedef SInt8 SignedByte;
typedef unsigned char Boolean; /* 0 or 1; one byte, and not C's bool */

typedef long Size;
typedef unsigned long ByteCount;
typedef unsigned long ByteOffset;
typedef unsigned long ItemCount;
typedef UInt32 OptionBits;
typedef SInt32 Duration; /* milliseconds when positive, microseconds when negative */
typedef UInt32 PBVersion;
typedef SInt16 ScriptCode;
typedef SInt16 LangCode;
typedef SInt16 RegionCode;

/* ---- fixed and floating point --------------------------------------------------------------- */

typedef SInt32 Fixed; /* 16.16 */
typedef SInt32 Fract; /* 2.30 */
typedef UInt32 UnsignedFixed;
typedef float Float32;
typedef double Float64;

/* ---- 64 bits as two halves, the low one first ----------------------------------------------- */

typedef struct UnsignedWide {
    UInt32 lo;
    UInt32 hi;
} UnsignedWide;

typedef UnsignedWide AbsoluteTime;

/* ---- pointers ------------------------------------------------------------------------------- */

typedef char *Ptr;
typedef Ptr *Handle;
typedef void *LogicalAddress;
typedef const void *ConstLogicalAddress;
typedef void *PhysicalAddress;
typedef UInt8 *BytePtr;
typedef long (*ProcPtr)(void);
typedef ProcPtr UniversalProcPtr;

/* ---- codes ---------------------------------------------------------------------------------- */

/* Four characters, the first in the most significant byte: 'abcd' is 0x61626364. */
typedef UInt32 FourCharCode;
typedef FourCharCode OSType;
typedef FourCharCode ResType;
typedef OSType *OSTypePtr;
typedef ResType *ResTypePtr;

typedef SInt16 OSErr;
typedef SInt32 OSStatus;

enum {
    noErr = 0
};
enum {
    kNilOptions = 0
};
enum {
    kVariableLengthArray = 1,
    kInvalidID = 0
};

#define kUnknownType 0x3F3F3F3F /* four question marks */

/* ---- text ----------------------------------------------------------------------------------- */

typedef UInt16 UniChar;
typedef UniChar *UniCharPtr;
typedef unsigned long UniCharCount;
typedef UniCharCount *UniCharCountPtr;
typedef UInt32 UTF32Char;
typedef UInt16 UTF16Char;
typedef UInt8 UTF8Char;

/* Pascal strings: the length, then the bytes. */
typedef unsigned char Str255[256];
typedef unsigned char Str63[64];
typedef unsigned char Str31[32];
typedef unsigned char *StringPtr;
typedef StringPtr *StringHandle;
typedef const unsigned char *ConstStringPtr;
typedef const unsigned char *ConstStr255Param;
typedef const unsigned char *ConstStr63Param;
typedef const unsigned char *ConstStr31Param;

#ifdef __cplusplus
}
#endif
#endif
