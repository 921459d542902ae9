/* CFURL.h - URLs, above all file URLs.
 *
 * Done: splitting into scheme, authority, path, query and fragment; percent escapes as UTF-8; file
 * system paths (POSIX style); resolving a relative URL against its base, dot segments included.
 * Not done: Windows and HFS path styles (those calls return NULL), other encodings than UTF-8 and
 * ASCII, parameters (";x"), user and password, ports, bookmarks, file reference URLs, resource
 * properties, Unicode normalisation of file names, and rewriting (not only checking) of strings
 * that are not valid URLs. Two URLs are equal when their strings and bases are.
 */
#ifndef COREFOUNDATION_CFURL_H
#define COREFOUNDATION_CFURL_H

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFString.h>

CF_EXTERN_C_BEGIN

typedef const struct __CFURL *CFURLRef;

typedef CF_ENUM(CFIndex, CFURLPathStyle) {
    kCFURLPOSIXPathStyle = 0,
    kCFURLHFSPathStyle = 1,
    kCFURLWindowsPathStyle = 2,
};

CF_EXPORT CFTypeID CFURLGetTypeID(void);

/* ---- making ------------------------------------------------------------------------------- */

/* A string with its escapes already in place; NULL when it holds a character that a URL must
 * escape, or when it is empty and has no base. */
CF_EXPORT CFURLRef CFURLCreateWithString(CFAllocatorRef allocator, CFStringRef URLString,
                                         CFURLRef baseURL);

/* The same from bytes; here what is not allowed in a URL gets escaped. */
CF_EXPORT CFURLRef CFURLCreateWithBytes(CFAllocatorRef allocator, const UInt8 *URLBytes,
                                        CFIndex length, CFStringEncoding encoding,
                                        CFURLRef baseURL);

/* An unescaped path; none of the names below may hold a NUL. A relative one is based on the working
 * directory. Slashes within it stay; at its end a directory has one, anything else none. NULL for
 * an empty path. */
CF_EXPORT CFURLRef CFURLCreateWithFileSystemPath(CFAllocatorRef allocator, CFStringRef filePath,
                                                 CFURLPathStyle pathStyle, Boolean isDirectory);
CF_EXPORT CFURLRef CFURLCreateWithFileSystemPathRelativeToBase(CFAllocatorRef allocator,
                                                               CFStringRef filePath,
                                                               CFURLPathStyle pathStyle,
                                                               Boolean isDirectory,
                                                               CFURLRef baseURL);
CF_EXPORT CFURLRef CFURLCreateFromFileSystemRepresentation(CFAllocatorRef allocator,
                                                           const UInt8 *buffer, CFIndex bufLen,
                                                           Boolean isDirectory);

/* ---- asking ------------------------------------------------------------------------------- */

CF_EXPORT CFURLRef CFURLCopyAbsoluteURL(CFURLRef relativeURL);
CF_EXPORT CFStringRef CFURLGetString(CFURLRef anURL); /* without the base */
CF_EXPORT CFURLRef CFURLGetBaseURL(CFURLRef anURL);   /* NULL when absolute */

/* All of these look at the string without its base and keep its escapes, unless said otherwise. */
CF_EXPORT Boolean CFURLCanBeDecomposed(CFURLRef anURL); /* not for "mailto:x" */
CF_EXPORT CFStringRef CFURLCopyScheme(CFURLRef anURL);  /* the base's when it has none */
CF_EXPORT CFStringRef CFURLCopyNetLocation(CFURLRef anURL);
CF_EXPORT CFStringRef CFURLCopyHostName(CFURLRef anURL);
CF_EXPORT CFStringRef CFURLCopyPath(CFURLRef anURL);
CF_EXPORT CFStringRef CFURLCopyQueryString(CFURLRef anURL, CFStringRef charactersToLeaveEscaped);
CF_EXPORT CFStringRef CFURLCopyFragment(CFURLRef anURL, CFStringRef charactersToLeaveEscaped);
CF_EXPORT Boolean CFURLHasDirectoryPath(CFURLRef anURL);

/* Unescaped, without slashes at the end but for "/"; a relative URL gives a relative path. NULL
 * when the result is not UTF-8. */
CF_EXPORT CFStringRef CFURLCopyFileSystemPath(CFURLRef anURL, CFURLPathStyle pathStyle);

/* The same as bytes with a NUL behind, UTF-8 or not. False when it does not fit, holds an escaped
 * NUL, or when the URL has another scheme than file. */
CF_EXPORT Boolean CFURLGetFileSystemRepresentation(CFURLRef url, Boolean resolveAgainstBase,
                                                   UInt8 *buffer, CFIndex maxBufLen);

/* Unescaped. "/" is the last component of the root; NULL when there is no extension. */
CF_EXPORT CFStringRef CFURLCopyLastPathComponent(CFURLRef url);
CF_EXPORT CFStringRef CFURLCopyPathExtension(CFURLRef url);

/* ---- changing: new URLs, with the base of the old one --------------------------------------- */

CF_EXPORT CFURLRef CFURLCreateCopyAppendingPathComponent(CFAllocatorRef allocator, CFURLRef url,
                                                         CFStringRef pathComponent,
                                                         Boolean isDirectory);
CF_EXPORT CFURLRef CFURLCreateCopyDeletingLastPathComponent(CFAllocatorRef allocator, CFURLRef url);
CF_EXPORT CFURLRef CFURLCreateCopyAppendingPathExtension(CFAllocatorRef allocator, CFURLRef url,
                                                         CFStringRef extension);
CF_EXPORT CFURLRef CFURLCreateCopyDeletingPathExtension(CFAllocatorRef allocator, CFURLRef url);

/* ---- escapes ------------------------------------------------------------------------------ */

/* Escapes what a URL must escape and what `legalURLCharactersToBeEscaped` adds (may be NULL). */
CF_EXPORT CFStringRef CFURLCreateStringByAddingPercentEscapes(
    CFAllocatorRef allocator, CFStringRef originalString, CFStringRef charactersToLeaveUnescaped,
    CFStringRef legalURLCharactersToBeEscaped, CFStringEncoding encoding);

/* NULL for `charactersToLeaveEscaped` replaces nothing, "" everything (Apple's rule). NULL when
 * the result is not UTF-8. */
CF_EXPORT CFStringRef CFURLCreateStringByReplacingPercentEscapes(
    CFAllocatorRef allocator, CFStringRef originalString, CFStringRef charactersToLeaveEscaped);

CF_EXTERN_C_END

#endif
