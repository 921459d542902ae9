/* CFPropertyList.h - property lists: strings, numbers, booleans, dates, data, arrays, dictionaries.
 *
 * The formats are read and written by libplist. What it cannot say is an error here:
 *   - integers are signed 64 bits; a larger unsigned one is refused, not wrapped
 *   - dates reach from 1932-12-14 to 2069-01-19 (32 bits of seconds about 2001), to the microsecond
 *     in binary, to the second in XML
 *   - a UID (of keyed archives), a set or a null of the binary format is refused
 *   - OpenStep text is read when libplist can (2.3 and later) and when it is an array, a dictionary
 *     or a .strings file; it is never written
 * XML must be UTF-8 (a byte order mark is skipped). libplist is lenient about what stands in a
 * scalar: <integer>abc</integer> reads as 0.
 *
 * Hostile input: a document may have 16 MiB, 262 144 values, 512 levels; in XML also 16 384
 * containers and 8192 keys; in OpenStep text 1 MiB and 4096 containers. Values that a binary
 * document refers to many times count as often as they appear. More is an error, at once.
 *
 * Errors carry kCFErrorDomainCocoa, a code below, and a description that says what and where.
 */
#ifndef COREFOUNDATION_CFPROPERTYLIST_H
#define COREFOUNDATION_CFPROPERTYLIST_H

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFError.h>

CF_EXTERN_C_BEGIN

typedef CF_OPTIONS(CFOptionFlags, CFPropertyListMutabilityOptions) {
    kCFPropertyListImmutable = 0,
    kCFPropertyListMutableContainers = 1 << 0,
    kCFPropertyListMutableContainersAndLeaves = 1 << 1, /* strings and data, too */
};

typedef CF_ENUM(CFIndex, CFPropertyListFormat) {
    kCFPropertyListOpenStepFormat = 1,
    kCFPropertyListXMLFormat_v1_0 = 100,
    kCFPropertyListBinaryFormat_v1_0 = 200,
};

CF_ENUM(CFIndex){
    kCFPropertyListReadCorruptError = 3840,
    kCFPropertyListReadUnknownVersionError = 3841,
    kCFPropertyListReadStreamError = 3842,
    kCFPropertyListWriteStreamError = 3851,
};

/* `format` (may be NULL) is set to what the data was. NULL on failure, with `error` set. */
CF_EXPORT CFPropertyListRef CFPropertyListCreateWithData(CFAllocatorRef allocator, CFDataRef data,
                                                         CFOptionFlags options,
                                                         CFPropertyListFormat *format,
                                                         CFErrorRef *error);

/* `options` must be 0. */
CF_EXPORT CFDataRef CFPropertyListCreateData(CFAllocatorRef allocator,
                                             CFPropertyListRef propertyList,
                                             CFPropertyListFormat format, CFOptionFlags options,
                                             CFErrorRef *error);

/* NULL when `propertyList` holds anything that is not a property list. */
CF_EXPORT CFPropertyListRef CFPropertyListCreateDeepCopy(CFAllocatorRef allocator,
                                                         CFPropertyListRef propertyList,
                                                         CFOptionFlags mutabilityOption);

/* Could it be written in this format? Cycles and more than 512 levels are not valid. */
CF_EXPORT Boolean CFPropertyListIsValid(CFPropertyListRef plist, CFPropertyListFormat format);

CF_EXTERN_C_END

#endif
