/* CFString.h - strings, counted in UTF-16 units.
 *
 * Left out, because they need Unicode tables: normalisation, transforms, tokenising, and the
 * compare options Nonliteral, Localized, DiacriticInsensitive and WidthInsensitive, which are
 * ignored. Case mapping is one unit to one unit, and "ß" to "SS".
 *
 * A range outside the string, or a change to an immutable string, is a fault.
 */
#ifndef COREFOUNDATION_CFSTRING_H
#define COREFOUNDATION_CFSTRING_H

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFLocale.h>
#include <stdarg.h>

CF_EXTERN_C_BEGIN

typedef UInt32 CFStringEncoding;
#define kCFStringEncodingInvalidId (0xffffffffU)

/* Known here: MacRoman, WindowsLatin1, ISOLatin1, ASCII, UTF-8, UTF-16 and UTF-32. */
typedef CF_ENUM(CFStringEncoding, CFStringBuiltInEncodings) {
    kCFStringEncodingMacRoman = 0,
    kCFStringEncodingWindowsLatin1 = 0x0500,
    kCFStringEncodingISOLatin1 = 0x0201,
    kCFStringEncodingNextStepLatin = 0x0B01,
    kCFStringEncodingASCII = 0x0600,
    kCFStringEncodingUnicode = 0x0100,
    kCFStringEncodingUTF8 = 0x08000100,
    kCFStringEncodingNonLossyASCII = 0x0BFF,
    kCFStringEncodingUTF16 = 0x0100,
    kCFStringEncodingUTF16BE = 0x10000100,
    kCFStringEncodingUTF16LE = 0x14000100,
    kCFStringEncodingUTF32 = 0x0c000100,
    kCFStringEncodingUTF32BE = 0x18000100,
    kCFStringEncodingUTF32LE = 0x1c000100,
};

typedef CF_OPTIONS(CFOptionFlags, CFStringCompareFlags) {
    kCFCompareCaseInsensitive = 1,
    kCFCompareBackwards = 4,
    kCFCompareAnchored = 8,
    kCFCompareNonliteral = 16,
    kCFCompareLocalized = 32,
    kCFCompareNumerically = 64,
    kCFCompareDiacriticInsensitive = 128,
    kCFCompareWidthInsensitive = 256,
    kCFCompareForcedOrdering = 512,
};

/* ---- literals ----------------------------------------------------------------------------- */

/* clang lays the literal out at compile time, so it also initialises file-scope variables; gcc
 * has no such thing and looks the text up at run time: equal texts give the same object. Both live
 * for ever. */
CF_EXPORT CFStringRef __CFStringMakeConstantString(const char *cStr);
CF_EXPORT int __CFConstantStringClassReference[24];
#if defined(__clang__)
#define CFSTR(cStr) ((CFStringRef)__builtin___CFStringMakeConstantString("" cStr ""))
#else
#define CFSTR(cStr) __CFStringMakeConstantString("" cStr "")
#endif

CF_EXPORT CFTypeID CFStringGetTypeID(void);

/* ---- making strings ----------------------------------------------------------------------- */

/* NULL for bytes that are not valid in the encoding, and for an encoding not known here.
 * `isExternalRepresentation`: a byte order mark is honoured and dropped; UTF-16 and UTF-32 without
 * one are then big-endian, else native. */
CF_EXPORT CFStringRef CFStringCreateWithBytes(CFAllocatorRef alloc, const UInt8 *bytes,
                                              CFIndex numBytes, CFStringEncoding encoding,
                                              Boolean isExternalRepresentation);
CF_EXPORT CFStringRef CFStringCreateWithCString(CFAllocatorRef alloc, const char *cStr,
                                                CFStringEncoding encoding);
/* Any units, unpaired surrogates too. */
CF_EXPORT CFStringRef CFStringCreateWithCharacters(CFAllocatorRef alloc, const UniChar *chars,
                                                   CFIndex numChars);

/* The buffer belongs to the string, and goes to `contentsDeallocator` (NULL: the default
 * allocator; kCFAllocatorNull: nobody) when the string no longer needs it, which may be at once. On
 * a NULL return it still belongs to the caller. */
CF_EXPORT CFStringRef CFStringCreateWithBytesNoCopy(CFAllocatorRef alloc, const UInt8 *bytes,
                                                    CFIndex numBytes, CFStringEncoding encoding,
                                                    Boolean isExternalRepresentation,
                                                    CFAllocatorRef contentsDeallocator);
CF_EXPORT CFStringRef CFStringCreateWithCStringNoCopy(CFAllocatorRef alloc, const char *cStr,
                                                      CFStringEncoding encoding,
                                                      CFAllocatorRef contentsDeallocator);
CF_EXPORT CFStringRef CFStringCreateWithCharactersNoCopy(CFAllocatorRef alloc, const UniChar *chars,
                                                         CFIndex numChars,
                                                         CFAllocatorRef contentsDeallocator);

CF_EXPORT CFStringRef CFStringCreateWithSubstring(CFAllocatorRef alloc, CFStringRef str,
                                                  CFRange range);
/* An immutable string is not copied but retained. */
CF_EXPORT CFStringRef CFStringCreateCopy(CFAllocatorRef alloc, CFStringRef theString);
CF_EXPORT CFStringRef CFStringCreateFromExternalRepresentation(CFAllocatorRef alloc, CFDataRef data,
                                                               CFStringEncoding encoding);

/* printf's conversions and %@ (an object), %C and %S (UTF-16), %1$@ (positions). As on a Mac, %s is
 * in the system encoding, MacRoman: UTF-8 text given to %s comes out garbled. formatOptions is not
 * used. At most 128 arguments. */
CF_EXPORT CFStringRef CFStringCreateWithFormat(CFAllocatorRef alloc, CFDictionaryRef formatOptions,
                                               CFStringRef format, ...) CF_FORMAT_FUNCTION(3, 4);
CF_EXPORT CFStringRef CFStringCreateWithFormatAndArguments(CFAllocatorRef alloc,
                                                           CFDictionaryRef formatOptions,
                                                           CFStringRef format, va_list arguments)
    CF_FORMAT_FUNCTION(3, 0);

/* maxLength is a hint, here without effect: strings grow as needed. */
CF_EXPORT CFMutableStringRef CFStringCreateMutable(CFAllocatorRef alloc, CFIndex maxLength);
CF_EXPORT CFMutableStringRef CFStringCreateMutableCopy(CFAllocatorRef alloc, CFIndex maxLength,
                                                       CFStringRef theString);

/* ---- reading ------------------------------------------------------------------------------ */

CF_EXPORT CFIndex CFStringGetLength(CFStringRef theString);
CF_EXPORT UniChar CFStringGetCharacterAtIndex(CFStringRef theString, CFIndex idx);
CF_EXPORT void CFStringGetCharacters(CFStringRef theString, CFRange range, UniChar *buffer);

/* False when the text does not fit with its NUL, or cannot be written in the encoding. */
CF_EXPORT Boolean CFStringGetCString(CFStringRef theString, char *buffer, CFIndex bufferSize,
                                     CFStringEncoding encoding);

/* Borrowed, NULL whenever a conversion would be needed: always have CFStringGetCString() ready. */
CF_EXPORT const char *CFStringGetCStringPtr(CFStringRef theString, CFStringEncoding encoding);
CF_EXPORT const UniChar *CFStringGetCharactersPtr(CFStringRef theString);

/* Returns the number of UTF-16 units converted. Stops at the end of the buffer or at a character
 * that the encoding lacks, unless lossByte (not 0) stands in for it. A NULL buffer only counts
 * bytes. `isExternalRepresentation` puts a byte order mark before UTF-16 and UTF-32. */
CF_EXPORT CFIndex CFStringGetBytes(CFStringRef theString, CFRange range, CFStringEncoding encoding,
                                   UInt8 lossByte, Boolean isExternalRepresentation, UInt8 *buffer,
                                   CFIndex maxBufLen, CFIndex *usedBufLen);
CF_EXPORT CFDataRef CFStringCreateExternalRepresentation(CFAllocatorRef alloc,
                                                         CFStringRef theString,
                                                         CFStringEncoding encoding, UInt8 lossByte);

/* Bytes that `length` units need at worst, without NUL or byte order mark; kCFNotFound on overflow.
 */
CF_EXPORT CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding);

/* File names are UTF-8; a string that holds a NUL is none (false). The maximum size includes the
 * NUL at the end. */
CF_EXPORT Boolean CFStringGetFileSystemRepresentation(CFStringRef string, char *buffer,
                                                      CFIndex maxBufLen);
CF_EXPORT CFIndex CFStringGetMaximumSizeOfFileSystemRepresentation(CFStringRef string);
CF_EXPORT CFStringRef CFStringCreateWithFileSystemRepresentation(CFAllocatorRef alloc,
                                                                 const char *buffer);

/* Leading white space is skipped, what follows the number is ignored; 0 without a number.
 * Integers saturate. */
CF_EXPORT SInt32 CFStringGetIntValue(CFStringRef str);
CF_EXPORT double CFStringGetDoubleValue(CFStringRef str);

/* ---- comparing and finding ---------------------------------------------------------------- */

/* Numerically: runs of ASCII digits compare by value, so "take 9" comes before "take 10". */
CF_EXPORT CFComparisonResult CFStringCompare(CFStringRef theString1, CFStringRef theString2,
                                             CFStringCompareFlags compareOptions);
CF_EXPORT CFComparisonResult CFStringCompareWithOptions(CFStringRef theString1,
                                                        CFStringRef theString2,
                                                        CFRange rangeToCompare,
                                                        CFStringCompareFlags compareOptions);
CF_EXPORT CFComparisonResult CFStringCompareWithOptionsAndLocale(
    CFStringRef theString1, CFStringRef theString2, CFRange rangeToCompare,
    CFStringCompareFlags compareOptions, CFLocaleRef locale);

/* {kCFNotFound, 0} when absent. The empty string is found nowhere and is no prefix or suffix. */
CF_EXPORT CFRange CFStringFind(CFStringRef theString, CFStringRef stringToFind,
                               CFStringCompareFlags compareOptions);
CF_EXPORT Boolean CFStringFindWithOptions(CFStringRef theString, CFStringRef stringToFind,
                                          CFRange rangeToSearch, CFStringCompareFlags searchOptions,
                                          CFRange *result);
CF_EXPORT Boolean CFStringHasPrefix(CFStringRef theString, CFStringRef prefix);
CF_EXPORT Boolean CFStringHasSuffix(CFStringRef theString, CFStringRef suffix);

/* Without separators in it, the whole string; "a//b" by "/" is "a", "", "b". */
CF_EXPORT CFArrayRef CFStringCreateArrayBySeparatingStrings(CFAllocatorRef alloc,
                                                            CFStringRef theString,
                                                            CFStringRef separatorString);
CF_EXPORT CFStringRef CFStringCreateByCombiningStrings(CFAllocatorRef alloc, CFArrayRef theArray,
                                                       CFStringRef separatorString);

/* ---- changing mutable strings ------------------------------------------------------------- */

CF_EXPORT void CFStringAppend(CFMutableStringRef theString, CFStringRef appendedString);
CF_EXPORT void CFStringAppendCharacters(CFMutableStringRef theString, const UniChar *chars,
                                        CFIndex numChars);
/* Text not valid in the encoding is not appended. */
CF_EXPORT void CFStringAppendCString(CFMutableStringRef theString, const char *cStr,
                                     CFStringEncoding encoding);
CF_EXPORT void CFStringAppendFormat(CFMutableStringRef theString, CFDictionaryRef formatOptions,
                                    CFStringRef format, ...) CF_FORMAT_FUNCTION(3, 4);
CF_EXPORT void CFStringAppendFormatAndArguments(CFMutableStringRef theString,
                                                CFDictionaryRef formatOptions, CFStringRef format,
                                                va_list arguments) CF_FORMAT_FUNCTION(3, 0);
CF_EXPORT void CFStringInsert(CFMutableStringRef str, CFIndex idx, CFStringRef insertedStr);
CF_EXPORT void CFStringDelete(CFMutableStringRef theString, CFRange range);
CF_EXPORT void CFStringReplace(CFMutableStringRef theString, CFRange range,
                               CFStringRef replacement);
CF_EXPORT void CFStringReplaceAll(CFMutableStringRef theString, CFStringRef replacement);
/* Returns how many were replaced. */
CF_EXPORT CFIndex CFStringFindAndReplace(CFMutableStringRef theString, CFStringRef stringToFind,
                                         CFStringRef replacementString, CFRange rangeToSearch,
                                         CFStringCompareFlags compareOptions);
/* Cuts, or repeats padString from its unit indexIntoPad on; NULL padString only cuts. */
CF_EXPORT void CFStringPad(CFMutableStringRef theString, CFStringRef padString, CFIndex length,
                           CFIndex indexIntoPad);
CF_EXPORT void CFStringTrim(CFMutableStringRef theString, CFStringRef trimString);
CF_EXPORT void CFStringTrimWhitespace(CFMutableStringRef theString);
/* The locale is not used. */
CF_EXPORT void CFStringLowercase(CFMutableStringRef theString, CFLocaleRef locale);
CF_EXPORT void CFStringUppercase(CFMutableStringRef theString, CFLocaleRef locale);
CF_EXPORT void CFStringCapitalize(CFMutableStringRef theString, CFLocaleRef locale);

/* ---- encodings ---------------------------------------------------------------------------- */

/* MacRoman, as on a Mac set to a western language. */
CF_EXPORT CFStringEncoding CFStringGetSystemEncoding(void);
CF_EXPORT Boolean CFStringIsEncodingAvailable(CFStringEncoding encoding);
CF_EXPORT CFStringRef CFStringGetNameOfEncoding(CFStringEncoding encoding);
CF_EXPORT CFStringRef CFStringConvertEncodingToIANACharSetName(CFStringEncoding encoding);
CF_EXPORT CFStringEncoding CFStringConvertIANACharSetNameToEncoding(CFStringRef theString);
CF_EXPORT unsigned long CFStringConvertEncodingToNSStringEncoding(CFStringEncoding encoding);
CF_EXPORT CFStringEncoding CFStringConvertNSStringEncodingToEncoding(unsigned long encoding);

CF_INLINE Boolean CFStringIsSurrogateHighCharacter(UniChar character) {
    return (Boolean)((character & 0xFC00u) == 0xD800u);
}

CF_INLINE Boolean CFStringIsSurrogateLowCharacter(UniChar character) {
    return (Boolean)((character & 0xFC00u) == 0xDC00u);
}

CF_INLINE UTF32Char CFStringGetLongCharacterForSurrogatePair(UniChar surrogateHigh,
                                                             UniChar surrogateLow) {
    return (((UTF32Char)surrogateHigh - 0xD800u) << 10) + ((UTF32Char)surrogateLow - 0xDC00u) +
           0x10000u;
}

/* True when the character needed a pair. */
CF_INLINE Boolean CFStringGetSurrogatePairForLongCharacter(UTF32Char character,
                                                           UniChar *surrogates) {
    if (character < 0x10000u) {
        surrogates[0] = (UniChar)character;
        return false;
    }
    surrogates[0] = (UniChar)(0xD800u + ((character - 0x10000u) >> 10));
    surrogates[1] = (UniChar)(0xDC00u + ((character - 0x10000u) & 0x3FFu));
    return true;
}

CF_EXTERN_C_END

#endif
